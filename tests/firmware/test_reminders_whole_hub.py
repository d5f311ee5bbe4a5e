"""A whole hub reminds a home to measure: over the nights when the clocks change, by light and
sound, until somebody presses or measures; and its report tells."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from varde_firmware.core import status
from varde_protocols import cose, records
from varde_simulator import clock, interpreter, stage
from varde_simulator.board import VirtualBoard
from varde_simulator.scenario import SensorPlan
from varde_simulator.sensors import models

try:
    stage.firmware_files(interpreter.find())
except (interpreter.NoInterpreterError, stage.StageError) as error:
    pytest.skip(str(error), allow_module_level=True)

HEARTBEAT_MIN = 60  # a report comes once an hour at most
JOURNAL_BYTES = 128 * 1024
PRESSURE = bytes.fromhex("04780050005d003c00")
LIT, DARK = bytes(status.RGB[status.REMINDER]), bytes(3)
BUZZER_PIN, BUZZER_HZ = 21, 1500
# The kits that we know have no buzzer: one that somebody has soldered on.
BOARD = f"""LIGHT = ("ws2812", 48)
MODEM = None
BATTERY_ADC = None
BUTTON = 0
BUZZER = ({BUZZER_PIN}, {BUZZER_HZ})
"""
PULSE = timedelta(seconds=25)
BLINK = timedelta(seconds=1)
LOOK_S = 5  # how long somebody looks at the light


class Home:
    """One hub with a cuff, and somebody who has ears, eyes and a finger."""

    def __init__(self, place: stage.Stage) -> None:
        self.place = place
        self.lines: list[str] = []

    async def move_in(self, *options: str) -> None:
        place = self.place
        self.cuff = await place.world.add_sensor(models.MODELS["and-ua651"](), "cuff")
        plan = SensorPlan("cuff", "and-ua651", 1, 0x1810, (0x2A35,))
        wanted = [stage.as_option(plan, self.cuff)]
        files = await place.hub_files(wanted, "with_buzzer", None, options)
        files["a/boards/with_buzzer.py"] = BOARD.encode()
        self.board: VirtualBoard = place.world.add_board("hub-1", files, JOURNAL_BYTES)
        self.board.on_console = self.lines.append
        self.signals = self.board.signals
        self.signals.fit_buzzer()
        await place.wire(self.board)
        await self.board.power_on()
        while not self.lines or " public " not in self.lines[0]:
            await asyncio.sleep(1)
        await place.enrol(self.lines[0].split()[-1])
        self.cuff.bonding.begin_pairing()
        await self.measure()

    async def measure(self) -> None:
        self.cuff.measure([(0x2A35, PRESSURE)])
        await asyncio.sleep(60)

    async def press(self) -> None:
        self.signals.press_button()
        await asyncio.sleep(LOOK_S + 1)

    async def cut_power(self, dark: timedelta) -> None:
        await self.board.cut_power()
        await asyncio.sleep(dark.total_seconds())
        await self.board.power_on()
        await asyncio.sleep(20)

    async def until(self, *moment: int) -> None:
        """A UTC time."""
        wanted_ms = datetime(*moment, tzinfo=UTC).timestamp() * 1000  # type: ignore[arg-type]
        await asyncio.sleep(wanted_ms / 1000 - self.place.clock.utc_ms() / 1000)

    def utc(self, now_us: int) -> datetime:
        ms = self.place.utc_minus_virtual_ms() + now_us // 1000
        return datetime.fromtimestamp(ms / 1000, UTC)

    def asks(self) -> bool:
        """The light goes on and off in its colour, just now."""
        recent = [
            light.colours
            for light in self.signals.lights
            if self.place.clock.now_us() - light.now_us < LOOK_S * 1_000_000
        ]
        return {LIT, DARK} <= set(recent)

    def first_asked(self, since: datetime) -> datetime:
        return next(
            self.utc(light.now_us)
            for light in self.signals.lights
            if light.colours == LIT and self.utc(light.now_us) >= since
        )

    def tones(self) -> list[datetime]:
        """When a series of tones began."""
        begun = [self.utc(tone.now_us) for tone in self.signals.tones]
        return [at for i, at in enumerate(begun) if not i or at - begun[i - 1] > BLINK]

    def counts(self) -> list[int]:
        """Due, silenced and missed, summed over all reports that the collector has."""
        with sqlite3.connect(self.place.host.database) as connection:
            rows = connection.execute("SELECT record FROM records").fetchall()
        told = [0, 0, 0]
        for (row,) in rows:
            record = records.decode(cose.Sign1.parse(row).unverified_payload)
            if isinstance(record, records.Report):
                counts = record.facts[records.FACT_REMINDERS]
                told = [sum(pair) for pair in zip(told, counts, strict=True)]
        return told

    async def report(self) -> dict[str, Any]:
        """The facts of the newest, as `varde hub report` says them."""
        host = self.place.host
        where = ("--site", str(host.site), "--database", str(host.database))
        (shown,) = json.loads(await host.run("hub", "report", *where, "--json"))
        return shown["facts"]  # type: ignore[no-any-return]


def play(folder: Path, start: datetime, act: Callable[[Home], Awaitable[None]]) -> None:
    place = stage.Stage(folder, start, HEARTBEAT_MIN)

    async def main() -> None:
        async with place:
            await act(Home(place))

    clock.run(place.clock, main())


def test_the_night_of_october_when_an_hour_comes_twice(tmp_path: Path) -> None:
    async def act(home: Home) -> None:
        await home.move_in(
            "--reminder", "02:30", "--reminder", "07:00 slot=1", "--reminder", "17:00 slot=1",
            "--quiet", "22:00-06:30",
        )  # fmt: skip
        await home.until(2026, 10, 25, 0, 29)  # 02:29, summer time
        assert not home.asks()
        await home.until(2026, 10, 25, 0, 31)
        assert home.asks()
        due = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
        assert due <= home.first_asked(due) <= due + PULSE
        await home.press()
        assert not home.asks()
        assert home.tones() == []  # quiet hours: light only
        await home.until(2026, 10, 25, 1, 35)  # 02:35 again, by the other time
        assert not home.asks()

        await home.until(2026, 10, 25, 6, 5)  # 07:05
        assert home.asks()
        (tone,) = home.tones()
        seven = datetime(2026, 10, 25, 6, 0, tzinfo=UTC)
        assert seven <= tone <= seven + PULSE
        assert len(home.signals.tones) == 3
        assert {(one.pin, one.frequency_hz) for one in home.signals.tones} == {
            (BUZZER_PIN, BUZZER_HZ)
        }
        await home.until(2026, 10, 25, 6, 11)
        assert len(home.tones()) == 2
        await home.measure()
        assert not home.asks()
        assert not home.signals.is_sounding
        await home.until(2026, 10, 25, 7, 30)  # a heartbeat after
        assert home.counts() == [2, 1, 0]

        await home.until(2026, 10, 25, 16, 20)  # 17:20
        assert home.asks()
        await home.cut_power(timedelta(minutes=2))
        await home.until(2026, 10, 25, 16, 30)
        assert home.asks()
        await home.until(2026, 10, 25, 17, 2)
        assert not home.asks()
        await home.until(2026, 10, 25, 18, 30)
        assert home.counts() == [3, 1, 1]
        events = [line for line in home.lines if "Error" in line or "Traceback" in line]
        assert events == []

    play(tmp_path, datetime(2026, 10, 24, 20, 0, tzinfo=UTC), act)


def test_the_night_of_march_when_an_hour_is_missing(tmp_path: Path) -> None:
    async def act(home: Home) -> None:
        await home.move_in("--reminder", "02:30 slot=1", "--reminder", "04:00 sun slot=1")
        await home.until(2026, 3, 29, 0, 59)  # 01:59
        assert not home.asks()
        await home.until(2026, 3, 29, 1, 1)  # 03:01
        assert home.asks()
        changed = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
        assert changed <= home.first_asked(changed) <= changed + PULSE
        await home.press()
        await home.cut_power(timedelta(minutes=1))
        assert not home.asks()  # silenced, and the power cut has not forgotten it
        await home.measure()
        await home.until(2026, 3, 29, 2, 5)  # 04:05: it was measured within two hours
        assert not home.asks()
        await home.until(2026, 3, 29, 4, 30)
        assert home.counts() == [2, 1, 0]
        assert (await home.report())["reminders"] == [0, 0, 0]  # earlier ones have told it

    play(tmp_path, datetime(2026, 3, 28, 21, 0, tzinfo=UTC), act)


def test_a_home_without_reminders_loads_nothing_of_them(tmp_path: Path) -> None:
    async def act(home: Home) -> None:
        await home.move_in()
        await home.until(2026, 3, 2, 8, 30)
        assert "reminders" not in await home.report()
        assert not home.asks()

    play(tmp_path, datetime(2026, 3, 2, 6, 0, tzinfo=UTC), act)
