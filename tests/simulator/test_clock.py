"""Virtual time: it flows while somebody works, leaps when nobody does, and is told in a file."""

import asyncio
import mmap
import time
from datetime import UTC, datetime

import pytest

from varde_simulator import clock

START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
DAY_S = 86_400


@pytest.fixture
def virtual(tmp_path):
    made = clock.VirtualClock(tmp_path / "clock", START)
    yield made
    made.close()


def run(virtual, work):
    started_s = time.monotonic()
    result = clock.run(virtual, work())
    return result, time.monotonic() - started_s


def test_a_day_of_sleep_takes_no_time(virtual):
    async def work():
        await asyncio.sleep(DAY_S)
        return virtual.now_us()

    now_us, real_s = run(virtual, work)
    assert DAY_S * 1_000_000 <= now_us < (DAY_S + 1) * 1_000_000
    assert real_s < 500


def test_timers_fire_in_order_at_their_times(virtual):
    seen = []

    def note(delay_s):
        seen.append((delay_s, virtual.now_us()))

    async def work():
        for delay_s in (300, 1, 60):
            virtual.call_later(
                delay_s * 1_000_000, lambda d=delay_s: seen.append((d, virtual.now_us()))
            )
        await asyncio.sleep(301)

    run(virtual, work)
    assert [delay_s for delay_s, _ in seen] == [1, 60, 300]
    assert all(abs(at_us - delay_s * 1_000_000) < 50_000 for delay_s, at_us in seen)


def test_busy_holds_time_at_its_natural_pace(virtual):
    async def work():
        with virtual.busy("a test"):
            assert virtual.blocked_by() == ["a test"]
            await asyncio.sleep(0.2)
        return virtual.leaps

    leaps, real_s = run(virtual, work)
    assert real_s >= 0.2
    assert leaps == 0


def test_a_shut_gate_stops_leaps_and_an_open_one_lets_them(virtual):
    def gate():
        return clock.NEVER if time.monotonic() < opens_s else 0

    async def work():
        virtual.add_gate(gate, "test")
        await asyncio.sleep(1000)
        virtual.remove_gate(gate)

    opens_s = time.monotonic() + 0.2
    _, real_s = run(virtual, work)
    assert 0.15 < real_s < 500


def test_silence_is_waited_for_in_real_time(virtual):
    async def work():
        virtual.add_gate(lambda: 0.1, "test")
        await asyncio.sleep(1000)

    _, real_s = run(virtual, work)
    assert 0.1 <= real_s < 500


def test_real_events_come_before_leaps(virtual):
    async def work():
        process = await asyncio.create_subprocess_exec("sleep", "0.1")
        with virtual.busy("a process"):
            await process.wait()
        return virtual.now_us()

    now_us, _ = run(virtual, work)
    assert now_us < 2_000_000


def test_the_file_tells_what_the_clock_does(virtual):
    async def work():
        await asyncio.sleep(1234)

    run(virtual, work)
    with virtual.path.open("rb") as file:
        view = mmap.mmap(file.fileno(), clock.CLOCK_FILE.size, access=mmap.ACCESS_READ)
    sequence, rate, offset_us, utc_minus_virtual_us = clock.CLOCK_FILE.unpack(view)
    assert sequence % 2 == 0
    assert rate == 1_000_000
    assert abs(time.monotonic_ns() // 1000 + offset_us - virtual.now_us()) < 50_000
    assert utc_minus_virtual_us == START.timestamp() * 1_000_000
    assert offset_us % clock.LEAP_STEP_US == 0


def test_utc_goes_with_virtual_time(virtual):
    async def work():
        before = virtual.utc()
        await asyncio.sleep(3600)
        return (virtual.utc() - before).total_seconds()

    hour_s, _ = run(virtual, work)
    assert 3600 <= hour_s < 3601
