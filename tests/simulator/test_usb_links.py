"""The two ends of the cable: RFC 2217 for one client, a PTY beside it, plugged and pulled."""

import asyncio
import contextlib
import os
import random
import socket
import struct
import termios
import tty
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import serial
from hypothesis import given, settings
from hypothesis import strategies as st
from serial import rfc2217

from simulator import usb_place
from simulator.usb_place import Bench
from varde_simulator.usb import rfc2217_link
from varde_simulator.usb.usb_board import TO_BOARD, TO_HOST

IAC, SB, SE = 0xFF, 0xFA, 0xF0
COM_PORT_OPTION, SET_CONTROL, PURGE_DATA = 0x2C, 5, 12
DTR_ON, DTR_OFF, RTS_ON, RTS_OFF = 8, 9, 11, 12
WAIT_S = 10


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


def test_every_byte_goes_both_ways(tmp_path) -> None:
    data = bytes(range(256)) * 500 + random.Random(1).randbytes(100_000)

    async def act(bench: Bench) -> None:
        usb = await running(bench)
        client = await RawClient.open(usb)
        client.say(data.replace(b"\xff", b"\xff\xff"))
        assert await heard(usb, len(data)) == data
        usb.board.console.on_output(data[:200_000])
        await client.until(data[100_000:200_000].replace(b"\xff", b"\xff\xff"))
        assert usb.captures[TO_BOARD].read_bytes() == data
        assert usb.captures[TO_HOST].read_bytes().endswith(data[:200_000])

    play(tmp_path, act)


def test_lines_reset_and_choose(tmp_path) -> None:
    """As esptool sets them; then the client dies with the board held, and the lines fall back."""

    async def act(bench: Bench) -> None:
        usb = await running(bench)
        client = await RawClient.open(usb)
        client.control(DTR_OFF, RTS_ON, DTR_ON, RTS_OFF, DTR_OFF)
        await client.until(b"boot:0x0 (DOWNLOAD(USB/UART0))\r\nwaiting for download\r\n")
        assert usb.is_in_loader
        client.heard = b""
        client.control(RTS_ON)
        await client.until(bytes([IAC, SB, COM_PORT_OPTION, 105, RTS_ON, IAC, SE]))
        assert not usb.is_in_loader
        assert usb.board.is_held
        client.close()
        async with asyncio.timeout(WAIT_S):
            while usb.board.events[-1] != "stuck":
                await asyncio.sleep(0.01)
        assert not usb.board.is_held

    play(tmp_path, act)


def test_second_client_is_refused_and_the_first_goes_on(tmp_path) -> None:
    async def act(bench: Bench) -> None:
        usb = await running(bench)
        first = await RawClient.open(usb)
        first.say(b"one")
        await heard(usb, 3)
        second = await RawClient.open(usb)
        assert await second.ends()
        first.say(b"more")
        assert await heard(usb, 7) == b"onemore"

    play(tmp_path, act)


def test_unread_output_is_bounded_and_purged(tmp_path) -> None:
    async def act(bench: Bench) -> None:
        usb = await running(bench)
        client = await RawClient.open(usb)
        client.say(b"x")
        await heard(usb, 1)
        for _ in range(2000):
            usb.board.console.on_output(b"a" * 10_000)
        link = usb._rfc2217
        assert 0 < link.queued_bytes <= rfc2217_link.MAX_QUEUED_BYTES
        assert link.lost_bytes > 0
        client.say(bytes([IAC, SB, COM_PORT_OPTION, PURGE_DATA, 1, IAC, SE]))
        async with asyncio.timeout(WAIT_S):
            while link.queued_bytes:
                await asyncio.sleep(0.01)
        assert usb.board.console.drops == 1

    play(tmp_path, act)


@pytest.mark.parametrize(
    "said",
    [
        bytes([IAC, SB]) + b"a" * 1000,
        bytes([IAC, SE]),
        bytes([IAC, SB, COM_PORT_OPTION, 1, 0, IAC, SE]),
        bytes([IAC, SB, COM_PORT_OPTION, 3, 99, IAC, SE]),
    ],
    ids=["endless", "end of none", "short", "unknown parity"],
)
def test_who_speaks_no_rfc2217_is_hung_up_on(tmp_path, said) -> None:
    async def act(bench: Bench) -> None:
        usb = await running(bench)
        client = await RawClient.open(usb)
        client.say(said)
        assert await client.ends()
        again = await RawClient.open(usb)
        again.say(b"ok")
        assert (await heard(usb, 2)).endswith(b"ok")

    play(tmp_path, act)


TELNET = st.one_of(
    st.binary(max_size=50),
    st.builds(
        lambda option, rest: bytes([IAC, SB, option]) + rest + bytes([IAC, SE]),
        st.sampled_from([COM_PORT_OPTION, 0, 255]),
        st.binary(max_size=12),
    ),
    st.binary(min_size=1, max_size=2).map(lambda rest: bytes([IAC]) + rest),
)


def test_no_client_breaks_the_port(tmp_path) -> None:
    """Whatever one says, the next is served: one world, a client an example."""

    async def act(bench: Bench) -> None:
        usb = await running(bench)
        loop = asyncio.get_running_loop()

        @given(st.lists(TELNET, max_size=12))
        @settings(max_examples=40)
        def feed(pieces: list[bytes]) -> None:
            def talk() -> None:
                address = ("127.0.0.1", int(usb.port.rpartition(":")[2]))
                client = socket.create_connection(address, WAIT_S)
                with client, contextlib.suppress(OSError):
                    client.sendall(b"".join(pieces))

            asyncio.run_coroutine_threadsafe(asyncio.to_thread(talk), loop).result(WAIT_S)

        await asyncio.to_thread(feed)
        client = await RawClient.open(usb)
        async with asyncio.timeout(WAIT_S):
            while usb._rfc2217._client is None:
                await asyncio.sleep(0.01)
        client.control(DTR_OFF, RTS_ON, DTR_ON, RTS_OFF)
        await client.until(b"waiting for download")

    play(tmp_path, act)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_pyserial_agrees_on_all_settings(tmp_path) -> None:
    async def act(bench: Bench) -> None:
        usb = await running(bench)

        def talk() -> bytes:
            with serial.serial_for_url(usb.port, timeout=WAIT_S) as port:
                assert isinstance(port, rfc2217.Serial)
                port.baudrate = 921600
                port.parity = "E"
                port.stopbits = 2
                port.write(b"hello \xff\xff\x00")
                return port.read(5)

        asyncio.get_running_loop().call_later(1.5, usb.board.console.on_output, b"\xffhost")
        assert await asyncio.to_thread(talk) == b"\xffhost"
        assert await heard(usb, 9) == b"hello \xff\xff\x00"

    play(tmp_path, act)


# The other end


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


def test_pty_carries_every_byte(tmp_path) -> None:
    data = bytes(range(256)) * 400

    async def act(bench: Bench) -> None:
        usb = await running(bench)
        file = open_pty(usb)
        sent = 0
        while sent < len(data):
            with contextlib.suppress(BlockingIOError):
                sent += os.write(file, data[sent : sent + 1000])
            await asyncio.sleep(0)
        assert await heard(usb, len(data)) == data
        usb.board.console.on_output(data)
        assert await read_all(file) == data
        os.close(file)

    play(tmp_path, act)


def test_pty_keeps_nothing_for_the_next_client(tmp_path) -> None:
    async def act(bench: Bench) -> None:
        usb = await running(bench)
        usb.board.console.on_output(b"nobody there")
        file = open_pty(usb)
        assert await read_all(file) == b""
        usb.board.console.on_output(b"not read" * 100)
        await asyncio.sleep(0.05)
        os.close(file)
        await asyncio.sleep(0.05)
        file = open_pty(usb)
        usb.board.console.on_output(b"fresh")
        assert await read_all(file) == b"fresh"
        os.close(file)

    play(tmp_path, act)


def test_pty_flush_drops_what_is_queued(tmp_path) -> None:
    async def act(bench: Bench) -> None:
        usb = await running(bench)
        file = open_pty(usb)
        for _ in range(200):
            usb.board.console.on_output(b"a" * 10_000)
        assert 0 < usb._pty.queued_bytes <= rfc2217_link.MAX_QUEUED_BYTES
        termios.tcflush(file, termios.TCIFLUSH)
        await asyncio.sleep(0.05)
        assert usb._pty.queued_bytes == 0
        assert usb.board.console.drops >= 1
        os.close(file)

    play(tmp_path, act)


# Plugged and pulled


def test_application_may_ask_for_the_loader(tmp_path) -> None:
    """`machine.bootloader()`; the reset line ends it."""

    async def act(bench: Bench) -> None:
        usb = await running(bench)
        file = open_pty(usb)
        usb.board.on_bootloader()
        assert b"waiting for download" in await text_of(file)
        assert usb.is_in_loader
        usb.press_reset()
        assert b"invalid header" in await text_of(file)
        os.close(file)

    play(tmp_path, act)


def test_port_comes_back_under_its_name_or_another(tmp_path) -> None:
    async def act(bench: Bench) -> None:
        usb = await running(bench)
        first = usb.port
        client = await RawClient.open(usb)
        client.say(b"x")
        await heard(usb, 1)
        file = open_pty(usb)
        await usb.unplug()
        assert (usb.port, usb.pty) == ("", "")
        assert await client.ends()
        with pytest.raises(OSError, match="Input/output error"):
            os.write(file, b"x")
        os.close(file)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", int(first.rpartition(":")[2]))
        await usb.plug()
        assert usb.port == first
        await usb.unplug()
        await usb.unplug()
        await usb.plug(elsewhere=True)
        assert usb.port != first
        again = await RawClient.open(usb)
        await again.until(b"invalid header")
        again.say(b"y")
        assert (await heard(usb, 2)).endswith(b"y")

    play(tmp_path, act)


def test_application_hears_nothing_while_the_loader_has_the_chip(tmp_path) -> None:
    async def act(bench: Bench) -> None:
        usb = await bench.in_loader()
        assert usb.is_in_loader
        assert usb.board.is_held
        file = open_pty(usb)
        os.write(file, b"import os\r\n" + struct.pack("<I", 0))
        usb.board.console.on_output(b"a ghost")
        assert await read_all(file) == b""
        assert not usb.board.console.heard
        usb.hold_boot_button(False)
        usb.press_reset()
        assert b"invalid header" in await text_of(file)
        assert not usb.is_in_loader
        os.close(file)

    play(tmp_path, act)


async def text_of(file: int) -> bytes:
    async with asyncio.timeout(WAIT_S):
        while not (text := await read_all(file)):
            pass
    return text


def test_time_keeps_its_pace_while_plugged(tmp_path) -> None:
    async def act(bench: Bench) -> None:
        usb = bench.cable()
        await usb.plug()
        assert any("bench-1 is plugged" in why for why in bench.clock.blocked_by())
        await usb.unplug()
        assert not any("bench-1" in why for why in bench.clock.blocked_by())

    play(tmp_path, act)
