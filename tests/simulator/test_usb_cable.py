"""A board's port as a pseudo terminal; and what plugging, pulling and resets do to both ends."""

import asyncio
import contextlib
import os
import struct
import termios
from pathlib import Path

import pytest
import serial

from simulator.usb_clients import RawClient, heard, open_pty, play, read_all, running, text_of
from simulator.usb_place import Bench
from varde_simulator.usb import rfc2217_link


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


def test_name_of_a_pty_is_nobody_elses(tmp_path) -> None:
    """The kernel gives the number of a terminal that is gone to the next, maybe another board's:
    who waits for a lost board must not find that one under its name."""

    async def act(bench: Bench) -> None:
        usb, other = await running(bench), await running(bench, "bench-2")
        name = usb.pty
        assert name != other.pty
        with serial.Serial(name) as line:
            assert line.is_open
        await usb.unplug()
        assert not os.path.lexists(name)
        Path(name).symlink_to(os.path.realpath(other.pty))  # a world that was killed leaves such
        await usb.plug()
        assert usb.pty == name
        assert os.path.realpath(name) != os.path.realpath(other.pty)
        await usb.unplug()
        await usb.plug(elsewhere=True)
        assert usb.pty != name
        assert not os.path.lexists(name)

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


def test_time_keeps_its_pace_while_plugged(tmp_path) -> None:
    async def act(bench: Bench) -> None:
        usb = bench.cable()
        await usb.plug()
        assert any("bench-1 is plugged" in why for why in bench.clock.blocked_by())
        await usb.unplug()
        assert not any("bench-1" in why for why in bench.clock.blocked_by())

    play(tmp_path, act)
