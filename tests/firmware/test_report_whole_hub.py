"""A whole hub reports how it is, the collector keeps it, `varde hub report` shows it: and all of
it is true of the simulator's hub."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from varde_firmware.core.version import VERSION
from varde_protocols import records
from varde_simulator import clock, interpreter, stage
from varde_simulator.board import VirtualBoard
from varde_simulator.scenario import SensorPlan
from varde_simulator.sensors import models

try:
    stage.firmware_files(interpreter.find())
except (interpreter.NoInterpreterError, stage.StageError) as error:
    pytest.skip(str(error), allow_module_level=True)

START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
HEARTBEAT_MIN = 60  # a report comes once an hour at most
JOURNAL_BYTES = 128 * 1024
WATCHDOG = 3
PRESSURE = bytes.fromhex("04780050005d003c00")


class Story:
    """One hub with a bonded cuff that measures, and a scale that is never heard."""

    def __init__(self, place: stage.Stage) -> None:
        self.place = place
        self.lines: list[str] = []
        self.reports: list[dict[str, Any]] = []

    async def play(self) -> None:
        await self._begin()
        self.cuff.bonding.begin_pairing()
        self.cuff.measure([(0x2A35, PRESSURE)])
        await asyncio.sleep((HEARTBEAT_MIN + 2) * 60)
        await self._look()
        await self.board._kill(WATCHDOG)  # the dog bites
        await asyncio.sleep(120)
        await self._look()

    async def _begin(self) -> None:
        place = self.place
        self.cuff = await place.world.add_sensor(models.MODELS["and-ua651"](), "cuff")
        scale = await place.world.add_sensor(models.MODELS["scale"](), "scale")
        wanted = [
            stage.as_option(SensorPlan("cuff", "and-ua651", 1, 0x1810, (0x2A35,)), self.cuff),
            stage.as_option(SensorPlan("scale", "scale", 2, 0x181D, (0x2A9D,)), scale),
        ]
        files = await place.hub_files(wanted, "generic")
        self.board: VirtualBoard = place.world.add_board("hub-1", files, JOURNAL_BYTES)
        self.board.on_console = self.lines.append
        await place.wire(self.board)
        await self.board.power_on()
        while not self.lines or " public " not in self.lines[0]:
            await asyncio.sleep(1)
        await place.enrol(self.lines[0].split()[-1])

    async def _look(self) -> None:
        host = self.place.host
        where = ("--site", str(host.site), "--database", str(host.database))
        (shown,) = json.loads(await host.run("hub", "report", *where, "--json"))
        self.reports.append(shown)


def test_what_a_report_says_is_true(tmp_path: Path) -> None:
    place = stage.Stage(tmp_path, START, HEARTBEAT_MIN)
    story = Story(place)

    async def main() -> None:
        async with place:
            await story.play()

    clock.run(place.clock, main())
    at_heartbeat, after_bite = story.reports
    check(at_heartbeat, 1, 1)
    facts = at_heartbeat["facts"]
    assert HEARTBEAT_MIN * 60_000 <= at_heartbeat["uptime_ms"] < (HEARTBEAT_MIN + 1) * 60_000
    assert (facts["pending"], facts["next-seq"]) == (0, at_heartbeat["seq"])
    assert facts["bonds"] == [1]
    assert (facts["month"], facts["modem-bytes"]) == (202603, 0)
    assert facts["wifi-bytes"] > 4000
    (cuff, scale) = facts["sensors"]
    assert cuff[0] == 1
    assert HEARTBEAT_MIN * 60 - 30 <= cuff[1] <= HEARTBEAT_MIN * 60 + 10
    assert -100 < cuff[3] < 0
    assert scale == [2, None, None, None]
    source, uncertainty_ms, age_ms = facts["clock"]
    assert source == records.SOURCE_SNTP
    assert uncertainty_ms < 1000
    assert age_ms <= at_heartbeat["uptime_ms"]
    check(after_bite, 2, WATCHDOG)
    assert after_bite["facts"]["first-seq"] < after_bite["seq"]
    assert after_bite["facts"]["sensors"] == [[1, None, None, None], [2, None, None, None]]


def check(report: dict[str, Any], boot: int, cause: int) -> None:
    """What holds of both."""
    facts = report["facts"]
    assert (report["boot"], facts["reset-cause"], facts["crashes"]) == (boot, cause, 0)
    assert facts["application"] == VERSION
    assert facts["interpreter"].startswith("micropython 1.")
    assert (facts["slot"], facts["config-number"]) == ("a", 1)
    assert facts["next-seq"] == report["seq"]
    assert 0 < facts["free-bytes"] < JOURNAL_BYTES
    assert (facts["link"], facts["network"]) == (1, 0)
    assert facts["given-up"] == facts["dropped"] == facts["damage"] == 0
    assert facts["least-heap"] > 20_000
    assert "battery-mv" not in facts  # the board has no divider
