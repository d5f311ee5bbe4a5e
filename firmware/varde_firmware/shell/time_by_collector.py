"""Asks the collector the time under a clock that nobody vouches for. Loaded when needed.

The request has no records: who holds a stolen certificate that has expired learns our number and
how much waits, and cannot answer, because the answer is signed by the collector's own key. With
the time that it brings, certificates are judged again as they should be.
"""

import asyncio

from varde_firmware.core import time_search
from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Optional

    from varde_firmware.shell.exchange_round import Exchanger
    from varde_firmware.shell.hub_time import HubTime

BETWEEN_MS = const(1_000)


async def ask(exchanger: "Exchanger", hub_time: "HubTime") -> None:
    """Look for a time at which the server's certificate holds; ask; judge by the answer."""
    search = time_search.TimeSearch(hub_time.floor_ms())
    utc_ms: "Optional[int]" = search.utc_ms
    tries = 0
    while utc_ms is not None:
        tries += 1
        hub_time.judge_by(utc_ms)
        await exchanger.deliver(True)
        if not exchanger.doubts_time:
            break
        utc_ms = search.refused(exchanger.is_early)
        await asyncio.sleep_ms(BETWEEN_MS)  # type: ignore[attr-defined]
    exchanger.close()
    is_told = exchanger.measured is not None
    if exchanger.measured is not None:
        hub_time.note_signed(exchanger.measured)
    hub_time.judge_by(None)
    print("varde: time: asked the collector, %d tries: %s" % (tries, is_told))
