"""Readings from notification bytes to journaled, on flash in memory: `hub_on_vm.py COUNT`.

Run by bench_hub.py on the hub interpreter; the firmware's slot and tests/firmware are on the path.
"""

import gc
import sys

from varde_firmware import load_order

load_order.load([name for name in load_order.BOTTOM_UP if ".ports" not in name])

from nor_flash import NorFlash  # noqa: E402  (modules are loaded bottom up first)

from varde_firmware.core import value_ring  # noqa: E402
from varde_firmware.core.journal import Journal  # noqa: E402
from varde_firmware.core.recorder import Recorder  # noqa: E402
from varde_firmware.shell import identity, keeper, listeners  # noqa: E402
from varde_protocols import hub_config  # noqa: E402

SECTORS = 16
VALUE = bytes.fromhex("165000400057e80703060a230032000000")  # a cuff's 2A35 with time and pulse
ADDRESS = bytes.fromhex("01c00102030405")


class Alone:
    """Exclusive access without anybody to exclude."""

    def run(self, function, *args):
        return function(*args)


def main(count):
    journal = Journal(NorFlash(SECTORS))
    journal.mount()
    who = identity.Identity(bytes(range(32)), 1)
    recorder = Recorder(journal, who.signing_key, who.hub_id, who.boot)
    recorder.session(0, bytes(range(1, 33)), bytes([9]) + bytes(31))
    keeping = keeper.Keeper(Alone(), recorder)
    ring = value_ring.ValueRing()
    known = listeners.Listeners()
    cuff = hub_config.Sensor(3, ADDRESS, None, 0x1810, [0x2A35], "", 0, None, None, bytes(8))
    listener = known.add(1, cuff, 0x1810, 0x2A35, ADDRESS)
    gc.collect()
    for at_ms in range(count):
        ring.put(listener.number, at_ms, VALUE[:-1] + bytes([at_ms & 0xFF]))  # each is new
        number, taken_ms, value = ring.take()
        if not keeping.keep_notification(known[number], taken_ms, value):
            raise keeping.why_not
    assert journal.pending_count == count + 1


main(int(sys.argv[1]))
