"""Listens at the console of a locked hub for who may open it. Loaded on locked hubs only.

The application runs it as a task; while there is none, main.py listens with it.
"""

import asyncio

from varde_firmware.core import service, unload
from varde_protocols import records
from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.errors import WireError

if TYPE_CHECKING:
    from typing import Callable, Optional

    from varde_firmware.core.service import Event
    from varde_firmware.ports.console import Console
    from varde_firmware.shell.clock import Clock
    from varde_firmware.shell.keeper import Keeper

# Between two looks, of at most 256 bytes: who floods the console gets little of the hub's time.
PAUSE_MS = const(50)


class ServiceTask:
    """`keeper` journals what happens; it is None while there is no journal, and nothing tests."""

    def __init__(
        self, console: "Console", hub_id: bytes, keeper: "Optional[Keeper]", clock: "Clock",
        start_test: "Optional[Callable[[bytes, int], bool]]" = None,
    ) -> None:  # fmt: skip
        self._console = console
        self._hub_id = hub_id
        self._keeper = keeper
        self._clock = clock
        self._service = service.Service(
            hub_id, console.random_bytes, self._check, start_test
        )

    async def run(self) -> None:
        """Answer until the console ends, which only a simulated one does."""
        mark = self._console.opened()
        if mark and self._keeper is not None:
            self._keeper.event(self._clock.now_ms(), records.EVENT_SERVICE_OPENED, mark)
            self._console.forget_opened()
        while self.listen(0):
            await self._console.readable()  # type: ignore[misc]  # MicroPython awaits generators
            await asyncio.sleep_ms(PAUSE_MS)  # type: ignore[attr-defined]

    def listen(self, wait_ms: int) -> bool:
        """Answer one line of what comes within this time. False: nothing ever will."""
        data = self._console.read(wait_ms)
        if data is None:
            return False
        for line in self._service.receive(data):
            now_ms = self._clock.now_ms()
            text = self._service.answer(line, now_ms)
            event = self._service.event
            if self._service.is_open and event is not None:
                self._console.open(event[1])
            elif event is not None and self._keeper is not None:
                self._keeper.event_hourly(now_ms, *event)
            if text:
                print("varde:", text)
                break  # who asks waits for the answer; a flood gets one
        if self._service.is_open:
            self._console.restart()
        return True

    def _check(self, data: bytes, nonce: bytes) -> "Event":
        reason: int = records.SERVICE_NO_MEMORY
        before = unload.loaded()
        try:
            from varde_protocols import service_request  # noqa: PLC0415  (seldom needed)

            return service_request.check(data, self._console.service_keys(), nonce, self._hub_id)
        except (OSError, WireError):
            reason = records.SERVICE_NO_TRUST
        except MemoryError:
            pass
        finally:
            unload.since(before)
        return records.EVENT_SERVICE_REFUSED, reason
