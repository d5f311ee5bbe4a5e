"""Boards on cables without an interpreter, and real tools as programs: what USB tests share."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from varde_simulator import clock
from varde_simulator.usb import boot_rom, chips
from varde_simulator.usb.usb_board import UsbBoard

START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
SMALL_FLASH_BYTES = 4 * chips.MIB  # most tests need no more, and eight boards are 32 MB on disk
TOOL_TIMEOUT_S = 600  # against hanging for ever, no more: machines are busy


class FakeConsole:
    """An application that says what it was told."""

    def __init__(self) -> None:
        self.on_output: Callable[[bytes], None] = lambda _data: None
        self.heard = bytearray()
        self.drops = 0

    def write(self, data: bytes) -> None:
        self.heard += data

    def drop_output(self) -> None:
        self.drops += 1


class FakeBoard:
    """As `VirtualBoard`, without a VM: `events` is what was done to it."""

    def __init__(
        self, world_clock: clock.VirtualClock, folder: Path, node: str, flash_bytes: int
    ) -> None:
        self.clock = world_clock
        self.node = node
        self.flash = folder / f"{node}.flash"
        self.flash.write_bytes(b"\xff" * flash_bytes)
        self.console = FakeConsole()
        self.events: list[str] = []
        self.is_held = False
        self.on_bootloader: Callable[[], None] | None = None
        self.boot: boot_rom.Boot | None = None

    async def power_on(self) -> None:
        self.events.append("power")
        if not self.is_held:
            await self.release(1)

    async def cut_power(self) -> None:
        self.events.append("dark")
        self.is_held = False

    def hold_in_reset(self) -> None:
        self.events.append("held")
        self.is_held = True

    async def release(self, cause: int) -> None:
        self.is_held = False
        self.boot = boot_rom.look(self.flash, cause)
        self.events.append("boots" if self.boot.boots else "stuck")
        self.console.on_output(self.boot.text)


class Bench:
    """A folder, a clock, boards on cables."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = clock.VirtualClock(folder / "clock", START)
        self.cables: list[UsbBoard] = []

    def cable(
        self,
        node: str = "bench-1",
        kind: chips.Chip = chips.ESP32_S3,
        flash_bytes: int = SMALL_FLASH_BYTES,
        **options: object,
    ) -> UsbBoard:
        board = FakeBoard(self.clock, self.folder, node, flash_bytes)
        usb = UsbBoard(board, self.folder, kind, **options)
        self.cables.append(usb)
        return usb

    async def in_loader(self, node: str = "bench-1", **options: object) -> UsbBoard:
        """Plugged in with its boot button held, for the PTY."""
        usb = self.cable(node, **options)
        usb.hold_boot_button(True)
        await usb.plug()
        return usb


def play(folder: Path, act: Callable[[Bench], Awaitable[None]]) -> None:
    """Run `act`; afterwards all is unplugged."""
    bench = Bench(folder)

    async def main() -> None:
        try:
            with bench.clock.busy("tools run"):
                await act(bench)
        finally:
            for usb in bench.cables:
                await usb.close()

    clock.run(bench.clock, main())
    bench.clock.close()


async def tool(name: str, *arguments: object) -> tuple[int, str]:
    """Run esptool or espefuse as installed: (exit code, all output)."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        name,
        *map(str, arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), TOOL_TIMEOUT_S)
    except TimeoutError:
        process.kill()
        output, _ = await process.communicate()
    return process.returncode or 0, output.decode("utf-8", "replace")


async def on_pty(usb: UsbBoard, *command: object, chip: str = "esp32s3") -> tuple[int, str]:
    """esptool by the PTY, where nothing resets the chip."""
    return await tool(
        "esptool", "--chip", chip, "--port", usb.pty, "--before", "no-reset", "--after",
        "no-reset", *command,
    )  # fmt: skip


async def on_socket(usb: UsbBoard, *command: object) -> tuple[int, str]:
    """esptool by RFC 2217, with its own resets."""
    return await tool("esptool", "--port", usb.port, *command)
