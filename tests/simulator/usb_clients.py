"""Clients at both ends of a cable that say exactly what a test wants said."""

import asyncio
import contextlib
import os
import tty
from collections.abc import Awaitable, Callable
from pathlib import Path

from simulator import usb_place
from simulator.usb_place import Bench

IAC, SB, SE = 0xFF, 0xFA, 0xF0
COM_PORT_OPTION, SET_CONTROL, PURGE_DATA = 0x2C, 5, 12
DTR_ON, DTR_OFF, RTS_ON, RTS_OFF = 8, 9, 11, 12
WAIT_S = 300  # against hanging for ever, no more: machines are busy


opened: list["RawClient"] = []


def play(folder: Path, act: Callable[[Bench], Awaitable[None]]) -> None:
    """As everywhere, and no client stays."""

    async def closing(bench: Bench) -> None:
        try:
            await act(bench)
        finally:
            while opened:
                opened.pop().close()
            await asyncio.sleep(0.01)

    usb_place.play(folder, closing)


class RawClient:
    """A client that says exactly what a test wants said."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.heard = b""

    @classmethod
    async def open(cls, usb) -> "RawClient":
        port = int(usb.port.rpartition(":")[2])
        client = cls(*await asyncio.open_connection("127.0.0.1", port))
        opened.append(client)
        return client

    def say(self, data: bytes) -> None:
        self.writer.write(data)

    def control(self, *values: int) -> None:
        for value in values:
            self.say(bytes([IAC, SB, COM_PORT_OPTION, SET_CONTROL, value, IAC, SE]))

    async def until(self, text: bytes) -> None:
        async with asyncio.timeout(WAIT_S):
            while text not in self.heard:
                piece = await self.reader.read(65536)
                assert piece, f"closed; heard {self.heard!r}"
                self.heard += piece

    async def ends(self) -> bool:
        """The other side hangs up."""
        async with asyncio.timeout(WAIT_S):
            with contextlib.suppress(ConnectionError):
                while await self.reader.read(65536):
                    pass
        return True

    def close(self) -> None:
        self.writer.transport.abort()


async def heard(usb, count: int) -> bytes:
    """What the application has heard, once it is this much."""
    async with asyncio.timeout(WAIT_S):
        while len(usb.board.console.heard) < count:
            await asyncio.sleep(0.01)
    return bytes(usb.board.console.heard)


async def running(bench: Bench, node: str = "bench-1"):
    """A board whose (stuck) application has the console."""
    usb = bench.cable(node)
    await usb.plug()
    async with asyncio.timeout(WAIT_S):
        while usb.board.events[-1] != "stuck":
            await asyncio.sleep(0.01)
    return usb


def open_pty(usb) -> int:
    file = os.open(usb.pty, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    tty.setraw(file)
    return file


async def read_all(file: int) -> bytes:
    await asyncio.sleep(0.05)
    data = b""
    with contextlib.suppress(BlockingIOError):
        while piece := os.read(file, 65536):
            data += piece
            await asyncio.sleep(0.01)
    return data


async def text_of(file: int) -> bytes:
    async with asyncio.timeout(WAIT_S):
        while not (text := await read_all(file)):
            pass
    return text
