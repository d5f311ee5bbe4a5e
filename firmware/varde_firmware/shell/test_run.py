"""Makes one run of test readings. Loaded when one is asked for.

They are journaled as a sensor's values are, and delivered as soon. If the link is to be cut, the
one in use is taken down after half of them, and comes back ten seconds after the last: whoever
tests what a power cut does has that long, with half of the run in this hub's flash only.
"""

import asyncio

from varde_firmware.core import ladder_words
from varde_firmware.shell import keeper as keeping
from varde_protocols import assigned, records, test_readings
from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import List

    from varde_firmware.core.recorder import Recorder
    from varde_firmware.shell.link_task import LinkTask
    from varde_firmware.shell.uplink_task import UplinkTask

PACE_MS = const(2_000)
CUT_ON_MS = const(10_000)
_CARRIED_BY_WIFI = ("wifi", "probing", "warming")  # states of core/ladder.py
_CARRIED_BY_MODEM = ("modem", "proving")


async def make(uplink: "UplinkTask", run: bytes, cause: int, is_cut: bool) -> None:
    """Journal a run, between two reports, and tell its first and last number at the console.

    Raises OSError without room; what was journaled until then stays.
    """
    recorder, keeper, clock = uplink.report_of[2], uplink.report_of[3], uplink.clock
    if recorder.journal.free_bytes < keeping.ROOM_FOR_STREAMS_BYTES:
        raise OSError("the journal is nearly full")  # what is left is for a home's own values
    uplink.report()
    keeper.event(clock.now_ms(), records.EVENT_TEST, test_readings.COUNT << 8 | cause)
    made: "List[int]" = []
    cut = None
    try:
        for number in range(1, test_readings.COUNT + 1):
            if made:
                await asyncio.sleep_ms(PACE_MS)  # type: ignore[attr-defined]
            keeper.readings += 1
            value = test_readings.value(run, number)
            if not keeper.write(_append, recorder, made, clock.now_ms(), value):
                raise OSError("the journal is full")
            if is_cut and number == test_readings.COUNT // 2:
                cut = _Cut(uplink.links)
        print("varde: test %d %d" % (made[0], made[-1]))
        if cut is not None:
            await asyncio.sleep_ms(CUT_ON_MS)  # type: ignore[attr-defined]
    finally:
        if cut is not None:
            cut.end()
    uplink.report()


def _append(recorder: "Recorder", made: "List[int]", uptime_ms: int, value: bytes) -> None:
    made.append(
        recorder.reading(
            uptime_ms, test_readings.SLOT, assigned.TEST, value, assigned.TEST, bytes(7)
        )
    )


class _Cut:
    """The link that was in use is down; without one nothing is."""

    def __init__(self, links: "LinkTask") -> None:
        self._links = links
        self._link = links.link
        if self._link == records.LINK_WIFI:
            links._wifi.switch(False)
        elif self._link:
            assert links._failover is not None
            links._failover._call = 0  # this one falls because we want it to
            links._failover._modem.wish(ladder_words.MODEM_READY)
        links._links_changed()

    def end(self) -> None:
        """Let it come up again, unless another is to carry now."""
        links, failover = self._links, self._links._failover
        state = "" if failover is None else failover._ladder.state
        if self._link == records.LINK_WIFI:
            if failover is None or state in _CARRIED_BY_WIFI:
                links._wifi.switch(True)
                links._links_changed()
        elif failover is not None and self._link and state in _CARRIED_BY_MODEM:
            failover._modem.wish(ladder_words.MODEM_CALL)
