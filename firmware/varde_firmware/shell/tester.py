"""Starts runs of test readings (`test_run`), one at a time: for a bench that asked at the console
of a locked hub, and for who holds the button.

The button is an interrupt: waiting for it costs nothing. It may stick, or be found by a child.
"""

import asyncio

from varde_firmware.core import unload
from varde_firmware.shell import inbox
from varde_protocols import service_request, test_readings
from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Any, Callable, Optional

    from varde_firmware.ports import Board
    from varde_firmware.shell.upkeep_task import Upkeep
    from varde_firmware.shell.uplink_task import UplinkTask

LOOK_MS = const(250)
HOLD_LOOKS = const(20)  # five seconds
RUNS_AN_HOUR = const(8)  # by the button: as many rooms as a home has
_HOUR_MS = const(3_600_000)


class Tester:
    """`run` never returns; `begin` is for the console's task. `on_press` hears of each press."""

    def __init__(self, uplink: "UplinkTask", upkeep: "Upkeep", board: "Board",
                 on_press: "Optional[Callable[[], None]]") -> None:  # fmt: skip
        self._uplink = uplink
        self._upkeep = upkeep
        self._board = board
        self._also = on_press
        self._hour = -1
        self._runs = 0  # of this hour, by the button
        self._inbox = inbox.Inbox(1, 0)  # only to be woken
        board.listen(self._on_press)

    def _on_press(self, _pin: "Any") -> None:
        if self._also is not None:
            self._also()
        self._inbox.wake()

    async def run(self) -> None:
        while True:
            await self._inbox.wait(None)
            looks = 0
            while looks < HOLD_LOOKS and self._board.is_pressed():
                await asyncio.sleep_ms(LOOK_MS)  # type: ignore[attr-defined]
                looks += 1
            if looks == HOLD_LOOKS:
                self._held()

    def _held(self) -> None:
        hour = self._uplink.clock.now_ms() // _HOUR_MS
        if hour != self._hour:
            self._hour = hour
            self._runs = 0
        if self._runs < RUNS_AN_HOUR:
            run = self._uplink.report_of[0].random_bytes(test_readings.RUN_BYTES)
            self._runs += self._begin(run, test_readings.BY_BUTTON, False)

    def begin(self, run: bytes, command: int) -> bool:
        """Begin what a signed request asks for; False if a run is under way."""
        is_cut = command == service_request.COMMAND_TEST_CUT
        return self._begin(run, test_readings.BY_BENCH, is_cut)

    def _begin(self, *asked: "Any") -> bool:
        facts = self._upkeep.facts
        if facts.is_testing:
            return False
        facts.is_testing = True
        self._upkeep.show()
        asyncio.create_task(self._make(*asked))  # noqa: RUF006  (the loop keeps it)
        return True

    async def _make(self, *asked: "Any") -> None:
        """Whatever is wrong with a test, the hub goes on."""
        try:
            from varde_firmware.shell import test_run  # noqa: PLC0415  (seldom needed)

            await test_run.make(self._uplink, *asked)
        except Exception as error:  # noqa: BLE001
            print("varde: no test:", type(error).__name__, error)
        unload.unload("varde_firmware.shell.test_run")
        unload.unload("varde_protocols.test_readings")
        self._upkeep.facts.is_testing = False
        self._upkeep.show()
