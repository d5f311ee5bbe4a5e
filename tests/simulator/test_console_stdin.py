"""A program that listens at the console while it does other things, in virtual time."""

import textwrap

from simulator.board_place import needs_vm
from simulator.console_place import Desk, at_desk

pytestmark = needs_vm

HOUR_S = 3600

LISTENER = textwrap.dedent("""
    import asyncio, micropython, select, sys, time
    micropython.kbd_intr(-1)

    async def tick():
        while True:
            await asyncio.sleep(600)
            ticks.append(time.ticks_ms())

    async def listen():
        poll = select.poll()
        poll.register(sys.stdin.buffer, select.POLLIN)
        line = b""
        while True:
            await readable()
            while poll.poll(0):
                byte = sys.stdin.buffer.read(1)
                if byte == b"\\n":
                    print("heard", line, len(ticks))
                    line = b""
                else:
                    line += byte

    def readable():
        yield asyncio.core._io_queue.queue_read(sys.stdin.buffer)

    async def main():
        asyncio.create_task(tick())
        await listen()

    ticks = []
    print("on")
    asyncio.run(main())
    """)

READER = textwrap.dedent("""
    import asyncio, sys

    async def main():
        stream = asyncio.StreamReader(sys.stdin.buffer)
        while True:
            print("heard", await stream.readline())

    print("on")
    asyncio.run(main())
    """)


def test_bytes_wake_a_program_that_sleeps_for_hours(tmp_path):
    async def story(desk: Desk) -> None:
        terminal = await desk.terminal(main=LISTENER)
        await terminal.until(b"on\r\n")
        clock = desk.place.clock
        for hour in range(1, 4):
            await clock.sleep_until(hour * HOUR_S * 1_000_000 + 300_000_000)
            before_us = clock.now_us()
            terminal.send(b"varde?\x03\x04 %d" % hour)
            terminal.send(b"\n")
            said = await terminal.until(b"\r\n")
            assert said == b"heard b'varde?\\x03\\x04 %d' %d\r\n" % (hour, hour * 6)
            assert clock.now_us() - before_us < 60_000_000  # time did not leap over it

    place = at_desk(tmp_path, story)
    assert place.clock.leaps > 10


def test_a_stream_reader_of_asyncio_works_on_it(tmp_path):
    async def story(desk: Desk) -> None:
        terminal = await desk.terminal(main=READER)
        await terminal.until(b"on\r\n")
        terminal.send(b"one\ntwo\nth")
        await terminal.until(b"heard b'one\\n'\r\nheard b'two\\n'\r\n")
        terminal.send(b"ree\n")
        await terminal.until(b"heard b'three\\n'\r\n")

    at_desk(tmp_path, story)


def test_what_nobody_reads_is_bounded_and_does_not_stop_time(tmp_path):
    async def story(desk: Desk) -> None:
        terminal = await desk.terminal(main="import time\nprint('on')\ntime.sleep(86400)")
        await terminal.until(b"on\r\n")
        for _ in range(64):
            terminal.send(b"x" * 4096)
        assert terminal.board.console.lost_bytes >= 128 * 1024
        clock = desk.place.clock
        await clock.sleep_until(clock.now_us() + 86_000_000_000)
        terminal.send(b"\x03")
        await terminal.until(b"KeyboardInterrupt")

    at_desk(tmp_path, story)


def test_output_keeps_the_lines_pace(tmp_path):
    async def story(desk: Desk) -> None:
        terminal = await desk.terminal(main="print('x' * 46000)\nprint('done')")
        clock = desk.place.clock
        await terminal.until(b"x")
        before_us = clock.now_us()
        await terminal.until(b"done")
        assert 0.45 < (clock.now_us() - before_us) / 1e6 < 2
        terminal.board.console.bytes_per_s = 1000
        await terminal.until(b">>> ")
        terminal.send(b"print('y' * 3000, 'end')\r")
        await terminal.until(b"'end')")
        before_us = clock.now_us()
        await terminal.until(b"end")
        assert 2.5 < (clock.now_us() - before_us) / 1e6 < 5

    at_desk(tmp_path, story)
