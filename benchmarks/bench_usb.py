"""What a simulated board costs on its cable: esptool writes and reads 1 MiB, beside bare links.

By PTY and by RFC 2217 the whole command is timed, with the start of Python and the stub's upload;
"a MiB more" is what the second MiB adds. The peers carry the same bytes through a bare PTY or TCP
connection and back a byte an answer, a block at a time, as the loader's protocol does. RFC 2217 is
slow by its client: pyserial waits 0.2 s for each change of a time limit, two a command
(docs/board.md). "codec alone" is the loader without any link.
"""

from __future__ import annotations

import asyncio
import json
import os
import pathlib
import random
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import tty
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from varde_simulator import clock
from varde_simulator.usb import app_image, chips, efuse, slip
from varde_simulator.usb.nor_flash import NorFlash
from varde_simulator.usb.registers import Registers
from varde_simulator.usb.rom_loader import RomLoader
from varde_simulator.usb.usb_board import UsbBoard

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULT = ROOT / "build/bench/usb.json"
MIB = chips.MIB
FLASH_BYTES = 4 * MIB
BLOCK_BYTES = 0x4000
BOARDS = 8
DATA = random.Random(6).randbytes(2 * MIB)
BARE_PTY, BARE_TCP = "a bare PTY", "bare TCP"


class DarkConsole:
    """Nobody is there."""

    def __init__(self) -> None:
        self.on_output: Callable[[bytes], None] = lambda _data: None

    def write(self, data: bytes) -> None:
        pass

    def drop_output(self) -> None:
        pass


class DarkBoard:
    """A board without an interpreter."""

    def __init__(self, world_clock: clock.VirtualClock, flash: pathlib.Path) -> None:
        self.clock = world_clock
        self.node = flash.stem
        self.flash = flash
        self.console = DarkConsole()
        self.on_bootloader: Callable[[], None] | None = None
        flash.write_bytes(b"\xff" * FLASH_BYTES)

    async def power_on(self) -> None:
        pass

    async def cut_power(self) -> None:
        pass

    def hold_in_reset(self) -> None:
        pass

    async def release(self, cause: int) -> None:
        pass


async def esptool(*arguments: object) -> float:
    """Seconds of a command that went well."""
    start_s = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "esptool", "--chip", "esp32s3", *map(str, arguments),
        stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    if await process.wait():
        raise SystemExit(f"bench_usb: esptool ended with {process.returncode}")
    return time.monotonic() - start_s


async def measure(folder: pathlib.Path, world_clock: clock.VirtualClock) -> dict[str, Any]:
    boards = [
        UsbBoard(DarkBoard(world_clock, folder / f"{number}.flash"), folder)
        for number in range(BOARDS)
    ]
    for usb in boards:
        usb.hold_boot_button(True)
        await usb.plug()
    files = [folder / "1.bin", folder / "2.bin"]
    for size, file in enumerate(files, 1):
        file.write_bytes(DATA[: size * MIB])
    text = folder / "text.bin"
    text.write_bytes(b"varde " * (MIB // 6))
    figures = await by_pty(boards[0], files, text)
    start_s = time.monotonic()
    await asyncio.gather(*(write(on_pty(usb), files[0]) for usb in boards))
    took_s = time.monotonic() - start_s
    figures[f"{BOARDS} boards at once, write 1 MiB each by PTY"] = figure(took_s, "s")
    for usb in boards[1:]:
        await usb.close()
    boards[0].hold_boot_button(False)
    figures |= await by_rfc2217(boards[0], files)
    await boards[0].close()
    return figures


def on_pty(usb: UsbBoard) -> tuple[object, ...]:
    return ("--port", usb.pty, "--before", "no-reset", "--after", "no-reset")


async def write(port: tuple[object, ...], file: pathlib.Path) -> float:
    return await esptool(*port, "write-flash", "0x0", file)


async def read(port: tuple[object, ...], size: int, folder: pathlib.Path) -> float:
    return await esptool(*port, "read-flash", "0x0", size, folder / "back.bin")


async def by_pty(usb: UsbBoard, files: list[pathlib.Path], text: pathlib.Path) -> dict[str, Any]:
    port = on_pty(usb)
    bare_s = await asyncio.to_thread(through_pty, DATA[:MIB])
    writes = [await write(port, file) for file in files]
    reads = [await read(port, size * MIB, text.parent) for size in (1, 2)]
    return {
        "PTY, esptool, write 1 MiB": figure(writes[0], "s", bare_s, BARE_PTY),
        "PTY, esptool, write a MiB more": figure(writes[1] - writes[0], "s", bare_s, BARE_PTY),
        "PTY, esptool, write 1 MiB of text": figure(await write(port, text), "s"),
        "PTY, esptool, read 1 MiB": figure(reads[0], "s", bare_s, BARE_PTY),
        "PTY, esptool, read a MiB more": figure(reads[1] - reads[0], "s", bare_s, BARE_PTY),
    }


async def by_rfc2217(usb: UsbBoard, files: list[pathlib.Path]) -> dict[str, Any]:
    port = ("--port", usb.port)
    bare_s = await asyncio.to_thread(through_tcp, DATA[:MIB])
    identified_s = await esptool(*port, "flash-id")
    written_s = await write(port, files[0])
    read_s = await read(port, MIB, files[0].parent)
    return {
        "RFC 2217, esptool, flash-id": figure(identified_s, "s"),
        "RFC 2217, esptool, write 1 MiB": figure(written_s, "s", bare_s, BARE_TCP),
        "RFC 2217, esptool, read 1 MiB": figure(read_s, "s", bare_s, BARE_TCP),
    }


# The bounds


def through_pty(data: bytes) -> float:
    near, far = os.openpty()
    tty.setraw(far)
    try:
        return exchange(
            data,
            lambda block: os.write(far, block),
            lambda: os.read(far, 1),
            lambda: os.read(near, 65536),
            lambda: os.write(near, b"."),
        )
    finally:
        os.close(near)
        os.close(far)


def through_tcp(data: bytes) -> float:
    with socket.create_server(("127.0.0.1", 0)) as server:
        far = socket.create_connection(server.getsockname())
        near, _ = server.accept()
    far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with far, near:
        return exchange(
            data,
            far.send,
            lambda: far.recv(1),
            lambda: near.recv(65536),
            lambda: near.send(b"."),
        )


def exchange(
    data: bytes,
    say: Callable[[bytes], int],
    hear: Callable[[], bytes],
    take: Callable[[], bytes],
    answer: Callable[[], int],
) -> float:
    """Seconds for blocks one way, each answered by a byte."""

    def other_side() -> None:
        for _ in range(0, len(data), BLOCK_BYTES):
            got = 0
            while got < BLOCK_BYTES:
                got += len(take())
            answer()

    other = threading.Thread(target=other_side)
    other.start()
    start_s = time.monotonic()
    for at in range(0, len(data), BLOCK_BYTES):
        block = data[at : at + BLOCK_BYTES]
        while block:
            block = block[say(block) :]
        hear()
    other.join()
    return time.monotonic() - start_s


def codec_alone(folder: pathlib.Path) -> dict[str, Any]:
    """The loader's own time for 1 MiB, written block by block and read in windows."""
    path, fuses = folder / "codec.flash", folder / "codec.efuse"
    path.write_bytes(b"\xff" * FLASH_BYTES)
    efuse.virgin(fuses, bytes(6), chips.ESP32_S3.mac_offset, {})
    flash = NorFlash(path, None, None)
    loader = RomLoader(chips.ESP32_S3, flash, Registers(chips.ESP32_S3, flash, efuse.Efuse(fuses)))
    ask(loader, 0x06, struct.pack("<II", 0, 1))
    requests = [(0x02, struct.pack("<IIIII", MIB, MIB // BLOCK_BYTES, BLOCK_BYTES, 0, 0), 0)]
    for number in range(MIB // BLOCK_BYTES):
        block = DATA[number * BLOCK_BYTES : (number + 1) * BLOCK_BYTES]
        header = struct.pack("<IIII", len(block), number, 0, 0)
        requests.append((0x03, header + block, app_image.checksum(block)))
    start_s = time.monotonic()
    for operation, data, checksum in requests:
        ask(loader, operation, data, checksum)
    written_s = time.monotonic() - start_s
    assert path.read_bytes()[:MIB] == DATA[:MIB]
    start_s = time.monotonic()
    ask(loader, 0xD2, struct.pack("<IIII", 0, MIB, 4096, 64))
    for got in range(4096, MIB + 1, 4096):
        loader.receive(slip.encode(struct.pack("<I", got)))
        loader.next_answer()
    read_s = time.monotonic() - start_s
    return {
        "codec alone, write 1 MiB": figure(written_s, "s"),
        "codec alone, read 1 MiB": figure(read_s, "s"),
    }


def ask(loader: RomLoader, operation: int, data: bytes, checksum: int = 0) -> None:
    loader.receive(slip.encode(struct.pack("<BBHI", 0, operation, len(data), checksum) + data))
    assert loader.next_answer()


def figure(
    value: float, unit: str, peer: float | None = None, peer_name: str | None = None
) -> dict[str, Any]:
    return {
        "value": round(value, 4),
        "unit": unit,
        "goal": None,
        "peer": None if peer is None else round(peer, 4),
        "peer_name": peer_name,
    }


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        world_clock = clock.VirtualClock(folder / "clock", datetime(2026, 3, 2, tzinfo=UTC))
        figures = codec_alone(folder)
        figures |= clock.run(world_clock, measure(folder, world_clock))
        world_clock.close()
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps({"subject": "usb", "figures": figures}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
