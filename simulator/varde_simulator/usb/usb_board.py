"""A virtual board on a USB cable: the port that unmodified esptool, espefuse and mpremote open.

    board = world.add_bare_board("bench-1")
    usb = UsbBoard(board, folder)
    await usb.plug()                 # power, and usb.port to open
    ...
    await usb.unplug()               # at any moment: port gone, power gone

Beside `usb.port` (RFC 2217, with DTR and RTS) lies `usb.pty` for bulk. It has no reset lines, so
press the buttons: `usb.hold_boot_button(True); usb.press_reset()` puts the chip into its loader.

While a client has either open, virtual time keeps its natural pace.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from varde_simulator.clock import VirtualClock
from varde_simulator.usb import chips

TO_BOARD, TO_HOST = "to-board", "to-host"


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

    @property
    def console(self) -> Console:
        """Stays the same object for the board's life."""

    async def power_on(self) -> None:
        """From nothing: power. Boots, unless `hold_in_reset` came before: then `release` does, which
        is how a UsbBoard does it, since a held boot button may ask for the loader."""

    async def cut_power(self) -> None:
        """Now, whatever it is doing."""

    def hold_in_reset(self) -> None:
        """EN low: the VM is killed at once, nothing runs, no timer starts it, also not what a
        `release` still under way was about to start; power stays. Also what keeps the application
        down while the ROM's loader has the chip."""

    async def release(self, cause: int) -> None:
        """EN high, and the strapping pins say: boot from flash. `cause`: a reset cause of
        `board.py`."""


class UsbBoard:
    """`port` "rfc2217://127.0.0.1:N", `pty` "/dev/pts/N" ("" while unplugged). `taps`: called with
    (TO_BOARD or TO_HOST, bytes) for all serial traffic, which `capture` (a file) holds too."""

    def __init__(
        self,
        board: BoardOnCable,
        folder: Path,
        kind: chips.Chip = chips.ESP32_S3,
        *,
        psram_bytes: int | None = None,
        claimed_flash_bytes: int | None = None,
        real_flash_bytes: int | None = None,
        efuse: Path | None = None,
    ) -> None:
        """`psram_bytes` None: as the kind has. `claimed_flash_bytes`: what the flash says of
        itself (JEDEC id, SFDP); `real_flash_bytes`: what it has, both None: as the file is long.
        A counterfeit claims more, and addresses wrap. `efuse`: a file as `espefuse --virt
        --path-efuse-file` keeps it; None: one in `folder`, made with the board's MAC."""
        self.board = board
        self.folder = folder
        self.kind = kind
        self.psram_bytes = kind.psram_bytes if psram_bytes is None else psram_bytes
        self.claimed_flash_bytes = claimed_flash_bytes
        self.real_flash_bytes = real_flash_bytes
        self.efuse = efuse
        self.port = ""
        self.pty = ""
        self.taps: list[Callable[[str, bytes], None]] = []
        self.capture = folder / f"{board.node}.serial"
        self.on_cut: Callable[[], None] = lambda: None

    # The cable

    async def plug(self, elsewhere: bool = False) -> None:
        """Power and port. The port's number is the one of last time, or another if `elsewhere`."""
        raise NotImplementedError

    async def unplug(self) -> None:
        """Port and power are gone, whatever goes on; what was programmed so far stays."""
        raise NotImplementedError

    async def close(self) -> None:
        """Unplugged for good."""
        raise NotImplementedError

    @property
    def is_plugged(self) -> bool:
        """Whether there is a port."""
        raise NotImplementedError

    # The buttons

    def hold_boot_button(self, is_down: bool) -> None:
        """IO0 low: a reset that ends while it is down ends in the loader."""
        raise NotImplementedError

    def press_reset(self) -> None:
        """EN low and high again."""
        raise NotImplementedError

    @property
    def is_in_loader(self) -> bool:
        """The ROM's loader (or the stub) has the chip, not the application."""
        raise NotImplementedError

    # Faults

    def cut_after_flash_operations(self, count: int, fraction: float = 0.5) -> None:
        """Power goes in the loader's count-th program (a page) or erase (a sector) from now, after
        that fraction of it; the port goes with it, `on_cut()` tells. `plug()` brings both back."""
        raise NotImplementedError
