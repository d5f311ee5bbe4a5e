"""A virtual board on a USB cable: the port that unmodified esptool, espefuse and mpremote open.

    board = world.add_bare_board("bench-1")
    usb = UsbBoard(board, folder)
    await usb.plug()                 # power, and usb.port to open
    ...
    await usb.unplug()               # at any moment: port gone, power gone

Beside `usb.port` (RFC 2217, with DTR and RTS) lies `usb.pty` for bulk. It has no reset lines, so
press the buttons: `usb.hold_boot_button(True); usb.press_reset()` puts the chip into its loader.

While it is plugged virtual time keeps its natural pace: the tools on the other side live in it.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, BinaryIO

from varde_simulator.air.station import address_bytes, address_of
from varde_simulator.usb import chips, efuse, reset_circuit
from varde_simulator.usb.board_on_cable import BoardOnCable
from varde_simulator.usb.nor_flash import NorFlash, PowerLostError
from varde_simulator.usb.pty_link import PtyLink
from varde_simulator.usb.registers import Registers
from varde_simulator.usb.reset_circuit import Buttons, ChipReset, Expired, Lines, Power
from varde_simulator.usb.rfc2217_link import Rfc2217Link
from varde_simulator.usb.rom_loader import RomLoader

TO_BOARD, TO_HOST = "to-board", "to-host"
POWER_ON = 1  # the reset cause of `board.py`: EN and power cannot be told apart by the chip
BLUETOOTH_MAC_OFFSET = 2  # an ESP32's Bluetooth address is its base address plus two
# The loader waits with its next answer while this much is on its way to the host that asked.
ANSWERS_AHEAD_BYTES = 256 * 1024

DOWNLOAD_TEXT = "rst:0x1 (POWERON),boot:0x0 (DOWNLOAD(USB/UART0))\r\nwaiting for download\r\n"


class UsbBoard:
    """`port` "rfc2217://127.0.0.1:N", `pty` "FOLDER/NODE.tty" ("" while unplugged). `taps`: called
    with (TO_BOARD or TO_HOST, bytes) for all serial traffic, which `captures` (a file a direction)
    hold too."""

    def __init__(
        self,
        board: BoardOnCable,
        folder: Path,
        kind: chips.Chip = chips.ESP32_S3,
        *,
        psram_bytes: int | None = None,
        claimed_flash_bytes: int | None = None,
        real_flash_bytes: int | None = None,
        efuse_file: Path | None = None,
    ) -> None:
        """`psram_bytes` None: as the kind has. `claimed_flash_bytes`: what the flash says of
        itself (JEDEC id, SFDP); `real_flash_bytes`: what it has, both None: as the file is long.
        A counterfeit claims more, and addresses wrap. `efuse_file`: as `espefuse --virt
        --path-efuse-file` keeps it; None: one in `folder`, made with the board's own address."""
        self.board = board
        self.kind = kind
        self.mac = base_mac(board.node)
        self.taps: list[Callable[[str, bytes], None]] = []
        self.captures = {way: folder / f"{board.node}.{way}" for way in (TO_BOARD, TO_HOST)}
        self.on_cut: Callable[[], None] = lambda: None
        self.efuse_file = efuse_file or folder / f"{board.node}.efuse"
        if not self.efuse_file.exists():
            words = chips.efuse_words(kind, psram_bytes)
            efuse.virgin(self.efuse_file, self.mac, kind.mac_offset, words)
        self._clock = board.clock
        self._claimed_flash_bytes = claimed_flash_bytes
        self._real_flash_bytes = real_flash_bytes
        self._cut: tuple[int, float] = (0, 0.0)
        self._circuit = reset_circuit.ResetCircuit()
        self._loader: RomLoader | None = None
        self._flash: NorFlash | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._plugged = contextlib.ExitStack()
        self._files: dict[str, BinaryIO] = {}
        self._rfc2217 = Rfc2217Link()
        self._pty = PtyLink(folder, board.node)
        self._rfc2217.on_lines = self._on_lines
        for link in (self._rfc2217, self._pty):
            self._connect(link)
        board.console.on_output = self._from_application
        board.on_bootloader = lambda: self._handle(ChipReset(asks_download=True))

    def _connect(self, link: Rfc2217Link | PtyLink) -> None:
        link.on_data = lambda data: self._from_host(link, data)
        link.on_purge = self.board.console.drop_output
        link.on_room = lambda: self._answer(link)

    # The cable

    @property
    def is_plugged(self) -> bool:
        """Whether there is a port."""
        return self._flash is not None

    @property
    def port(self) -> str:
        """The URL that pyserial opens; "" while unplugged."""
        return f"rfc2217://127.0.0.1:{self._rfc2217.port}" if self.is_plugged else ""

    @property
    def pty(self) -> str:
        """The device that tools open; "" while unplugged."""
        return self._pty.path

    async def plug(self, elsewhere: bool = False) -> None:
        """Power and port. Both have the names of last time, or others if `elsewhere`."""
        if self.is_plugged:
            return
        board = self.board
        self._flash = NorFlash(board.flash, self._claimed_flash_bytes, self._real_flash_bytes)
        self._flash.cut_after(*self._cut)
        self._plugged.enter_context(self._clock.busy(f"{board.node} is plugged into a host"))
        for way, path in self.captures.items():
            self._files[way] = self._plugged.enter_context(path.open("ab", buffering=0))
        await self._rfc2217.start(elsewhere)
        self._pty.start(elsewhere)
        board.hold_in_reset()
        await board.power_on()
        self._handle(Power(True))

    async def unplug(self) -> None:
        """Port and power are gone, whatever goes on; what was programmed so far stays."""
        self._vanish()
        await self.board.cut_power()

    async def close(self) -> None:
        """Unplugged for good."""
        await self.unplug()
        self._rfc2217.close()
        await asyncio.gather(*self._tasks)

    def _vanish(self) -> None:
        if self._flash is None:
            return
        self._handle(Power(False))
        self._loader = None
        self._rfc2217.stop()
        self._pty.stop()
        self._plugged.close()
        self._files.clear()
        self._flash.close()
        self._flash = None
        self._cut = (0, 0.0)

    # The buttons

    def hold_boot_button(self, is_down: bool) -> None:
        """IO0 low: a reset that ends while it is down ends in the loader."""
        self._handle(Buttons(boot=is_down, reset=False))

    def press_reset(self) -> None:
        """EN low and high again."""
        boot = self._circuit.buttons.boot
        self._handle(Buttons(boot, reset=True))
        self._handle(Buttons(boot, reset=False))

    @property
    def is_in_loader(self) -> bool:
        """The ROM's loader (or the stub) has the chip, not the application."""
        return self._loader is not None

    # Faults

    def cut_after_flash_operations(self, count: int, fraction: float = 0.5) -> None:
        """Power goes in the loader's count-th program (a page) or erase (a sector) from now, after
        that fraction of it; the port goes with it, `on_cut()` tells. `plug()` brings both back.
        Unplugged, it is armed for the next time; 0: not any more."""
        self._cut = (count, fraction)
        if self._flash is not None:
            self._flash.cut_after(count, fraction)

    @property
    def flash_operations(self) -> int:
        """Programs and erases of the loader since it was plugged in."""
        return self._flash.operations if self._flash is not None else 0

    # Reset

    def _on_lines(self, dtr: bool, rts: bool) -> None:
        self._handle(Lines(dtr, rts))

    def _handle(self, event: reset_circuit.Event) -> None:
        for action in self._circuit.handle(event, self._clock.now_us()):
            self._do(action)
        if self._timer is not None:
            self._timer.cancel()
        deadline_us = self._circuit.deadline_us
        self._timer = None
        if deadline_us is not None:
            self._timer = self._clock.call_at(deadline_us, self._handle, Expired())

    def _do(self, action: str) -> None:
        self._loader = None
        if action == reset_circuit.START_APPLICATION:
            self._spawn(self._release())
            return
        self.board.hold_in_reset()
        if action == reset_circuit.START_LOADER:
            assert self._flash is not None
            registers = Registers(self.kind, self._flash, efuse.Efuse(self.efuse_file))
            self._loader = RomLoader(self.kind, self._flash, registers)
            self._to_host((self.kind.rom_banner + DOWNLOAD_TEXT).encode())

    async def _release(self) -> None:
        await self.board.release(POWER_ON)
        if self._circuit.state not in (reset_circuit.APPLICATION, reset_circuit.OFF):
            self.board.hold_in_reset()  # in the meantime

    def _chip_resets(self, loader: RomLoader) -> None:
        if self._loader is loader:
            self._loader = None
            self._handle(ChipReset())

    # Bytes

    def _from_host(self, link: Rfc2217Link | PtyLink, data: bytes) -> None:
        self._tap(TO_BOARD, data)
        if self._loader is not None:
            self._loader.receive(data)
            self._answer(link)
        elif self._circuit.state == reset_circuit.APPLICATION:
            self.board.console.write(data)

    def _answer(self, link: Rfc2217Link | PtyLink) -> None:
        """What the loader says, as far as the host that asked has room."""
        while self._loader is not None and link.queued_bytes < ANSWERS_AHEAD_BYTES:
            loader = self._loader
            try:
                answer = loader.next_answer()
            except PowerLostError:
                self._lose_power()
                return
            if answer is None:
                return
            self._to_host(answer)
            if loader.reset_in_us is not None:
                self._clock.call_later(loader.reset_in_us, self._chip_resets, loader)
                loader.reset_in_us = None

    def _lose_power(self) -> None:
        self._vanish()
        self._spawn(self._cut_power())

    async def _cut_power(self) -> None:
        await self.board.cut_power()
        self.on_cut()

    def _from_application(self, data: bytes) -> None:
        if self._circuit.state == reset_circuit.APPLICATION:
            self._to_host(data)

    def _to_host(self, data: bytes) -> None:
        if self.is_plugged and data:
            self._tap(TO_HOST, data)
            self._rfc2217.send(data)
            self._pty.send(data)

    def _tap(self, way: str, data: bytes) -> None:
        self._files[way].write(data)
        for tap in self.taps:
            tap(way, data)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def base_mac(node: str) -> bytes:
    """The base address of the board of this name, six bytes: its chip id for tools."""
    address = bytearray(address_bytes(address_of(node)))
    address[5] = (address[5] - BLUETOOTH_MAC_OFFSET) & 0xFF
    return bytes(address)
