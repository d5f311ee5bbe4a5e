"""What a serial cable asks of the board that it is plugged into (`varde_simulator.board`)."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from varde_simulator.clock import VirtualClock


class Console(Protocol):
    """The application's side of the chip's UART0. `on_output` is set by the UsbBoard."""

    on_output: Callable[[bytes], None]

    def write(self, data: bytes) -> None:
        """Bytes from the host, while the application runs. Never blocks; its queue is bounded."""

    def drop_output(self) -> None:
        """The host has purged its receive buffer: forget what is queued and not yet sent."""


class BoardOnCable(Protocol):
    """What a UsbBoard asks of a board (`VirtualBoard`).

    Every start of the application, be it by power, by EN, by `machine.reset()` or a watchdog, goes
    by `boot_rom.look(flash, ...)`: its `text` is printed to the console first; a VM starts only if
    `boots`; if not, the board prints `text` again each `boot_rom.RETRY_US` (bounded, paced).
    """

    clock: VirtualClock
    node: str
    flash: Path
    on_bootloader: Callable[[], None] | None  # the program asks for the loader, and has ended

    @property
    def console(self) -> Console:
        """Stays the same object for the board's life."""

    async def power_on(self) -> None:
        """From nothing: power. Boots, unless `hold_in_reset` came before: then `release` does. So
        does a UsbBoard, since a held boot button may ask for the loader."""

    async def cut_power(self) -> None:
        """Now, whatever it is doing."""

    def hold_in_reset(self) -> None:
        """EN low: the VM is killed at once, nothing runs, no timer starts it, also not what a
        `release` still under way was about to start; power stays. Also what keeps the application
        down while the ROM's loader has the chip."""

    async def release(self, cause: int) -> None:
        """EN high, and the strapping pins say: boot from flash. `cause`: a reset cause of
        `board.py`."""
