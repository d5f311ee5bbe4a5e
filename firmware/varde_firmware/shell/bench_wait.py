"""A hub that has no documents, or none that are for it, waits for the bench.

It has its identity and has said it. No radio, no journal, no watchdog: whoever is at the console
takes the time they need. The light goes on and off, which no other state does.
"""

import asyncio

from varde_firmware.core import status
from varde_firmware.shell import clock
from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from varde_firmware.ports import Ports

BLINK_MS = const(1_000)


async def run(ports: "Ports", hub_id: bytes) -> None:
    """Blink, and listen if there is no prompt; never returns."""
    ports.wifi.leave()  # it was on for the random source
    board = ports.make_board("")
    console = ports.make_console()
    if console is not None:
        from varde_firmware.shell import service_task  # noqa: PLC0415  (on locked hubs)

        task = service_task.ServiceTask(console, hub_id, console, clock.Clock())
        listening = asyncio.create_task(task.run())  # noqa: F841, RUF006  (we never return)
    while True:
        for rgb in (status.RGB[status.STARTING], (0, 0, 0)):
            board.show(rgb)
            await asyncio.sleep_ms(BLINK_MS)  # type: ignore[attr-defined]
