"""Viatom / Wellue O2Ring, an oximeter worn at night.

It speaks when it is spoken to: command 0x17 is answered with one live value. A command is AA, its
number, the number's complement, a block u16, a length u16, a CRC-8 (polynomial 0x07). This is the
only one the hub writes: there are commands that change its alarms, and relatives of it that
inflate a cuff. A value of 0xFF is one without a finger, and is kept like any other.

Source: home-health-hub/viatom-o2ring-ble 636b5d2.
"""

from varde_protocols import assigned
from varde_protocols._compat import const

from .. import procedures, steps
from .. import sensor_words as words
from . import plain

# One value a minute describes a night; 480 of them are some 120 kB of journal.
EVERY_MS = const(60_000)
READ_SENSORS = b"\xaa\x17\xe8\x00\x00\x00\x00\x1b"
_ANSWER_MS = const(5_000)
# Then others get the connection for a while.
_ROUNDS = const(15)


def procedure(facts: "steps.Facts") -> "steps.Procedure":
    """Ask once a minute."""
    yield steps.ExchangeMtu()  # an answer has 21 bytes
    wanted, found = yield from plain.set_up(facts, (facts.sensor.service,))
    command = procedures.pick(found, assigned.VIATOM_WRITE)
    if command is None:
        raise steps.EndedError(words.NO_CHARACTERISTIC)
    switches = yield from procedures.find_switches(wanted)
    yield from procedures.subscribe(facts, wanted, switches)
    yield words.Ready()
    for turn in range(_ROUNDS):
        if turn:
            yield steps.Wait(EVERY_MS)
        yield words.WriteHandle(command.value_handle, READ_SENSORS, False)
        if not (yield steps.AwaitValue(_ANSWER_MS)):
            return
