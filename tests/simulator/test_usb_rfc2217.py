"""A board's port by RFC 2217, for one client at a time."""

import asyncio
import contextlib
import random
import socket

import pytest
import serial
from hypothesis import given, settings
from hypothesis import strategies as st
from serial import rfc2217

from simulator.usb_clients import (
    COM_PORT_OPTION,
    DTR_OFF,
    DTR_ON,
    IAC,
    PURGE_DATA,
    RTS_OFF,
    RTS_ON,
    SB,
    SE,
    WAIT_S,
    RawClient,
    heard,
    play,
    running,
)
from simulator.usb_place import Bench
from varde_simulator.usb import rfc2217_link
from varde_simulator.usb.usb_board import TO_BOARD, TO_HOST


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

        talking = asyncio.ensure_future(asyncio.to_thread(talk))
        assert await heard(usb, 9) == b"hello \xff\xff\x00"
        usb.board.console.on_output(b"\xffhost")
        assert await talking == b"\xffhost"

    play(tmp_path, act)
