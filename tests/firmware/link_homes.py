"""Hubs with a modem, WiFi or both, each in a home of its own, on one stage with one collector."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from varde_protocols import records
from varde_simulator import clock, interpreter, stage
from varde_simulator.board import VirtualBoard
from varde_simulator.modem.settings import Settings
from varde_simulator.modem.virtual_modem import VirtualModem
from varde_simulator.scenario_links import HOME, MODEM_BOARD, LinksPlan, ModemPlan, NetworkPlan

try:
    stage.firmware_files(interpreter.find())
except (interpreter.NoInterpreterError, stage.StageError) as error:
    pytest.skip(str(error), allow_module_level=True)

START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
JOURNAL_BYTES = 128 * 1024
HEARTBEAT_MIN = 30
# Of a connection, its handshake and certificates are more: so much has only who has an answer.
ANSWER_BYTES = 900
_IDENTITY = re.compile(r"^varde: hub ([0-9a-f]{16}) public ([0-9a-f]{64})$")
MODEM_FAILED = records.EVENT_MODEM_FAILED
NO_WIFI: tuple[NetworkPlan, ...] = ()


@dataclass
class Home:
    """One hub and what is known of it; `act` is its story."""

    name: str
    act: Callable[[Home], Awaitable[None]]
    networks: tuple[NetworkPlan, ...] = (HOME,)
    settings: Settings = field(default_factory=Settings)
    pin: str = ""
    budget_mib: int = 0
    faults: tuple[str, ...] = ()
    hub_id: str = ""
    lines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    events: list[tuple[int, int]] = field(default_factory=list)
    seen: dict[str, Any] = field(default_factory=dict)  # what the story wants to remember
    problem: BaseException | None = None

    @property
    def modem(self) -> VirtualModem:
        """The board's."""
        modem = self.board.modem
        assert modem is not None
        return modem

    async def begin(self, place: stage.Stage) -> None:
        """Make the board, switch it on, enrol the hub."""
        self.place = place
        told = ModemPlan("internet", "", "", self.pin, self.budget_mib, self.settings, ())
        files = await place.hub_files([], MODEM_BOARD, LinksPlan(self.networks, told))
        self.board: VirtualBoard = place.world.add_board(
            self.name, files, JOURNAL_BYTES, self.name
        )
        self.access_points = [each.access_point() for each in self.networks]
        self.board.wifi.access_points = self.access_points
        self.board.fit_modem(self.settings)
        for fault in self.faults:
            self.modem.fault(fault)
        await place.wire(self.board)
        said = asyncio.Event()

        def note(line: str) -> None:
            self.lines.append(line)
            found = _IDENTITY.match(line)
            if found:
                self.hub_id, self.public = found[1], found[2]
                said.set()

        self.board.on_console = note
        self.board.on_note = self.notes.append
        await self.board.power_on()
        await asyncio.wait_for(said.wait(), 600)
        await place.enrol(self.public)

    def set_wifi(self, is_up: bool) -> None:
        """Of this home alone."""
        for access_point in self.access_points:
            access_point.is_up = is_up
        self.board.wifi.access_points_changed()

    def went(self, link: str = "modem") -> int:
        """How many bytes came down over a link."""
        network = self.modem.network if link == "modem" else self.board.network
        return network.traffic.down_bytes

    async def until(self, done: Callable[[], bool], most_min: float) -> float:
        """Wait for it; return how many minutes it took."""
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        while not done():
            if loop.time() - begun_s > most_min * 60:
                raise AssertionError(f"{self.name}: not in {most_min} min: {self.lines[-9:]}")
            await asyncio.sleep(1)
        return (loop.time() - begun_s) / 60

    async def reaches(self, most_min: float, link: str = "modem") -> float:
        """Wait for an answer of the collector that comes from now on."""
        before = self.went(link)
        return await self.until(lambda: self.went(link) > before + ANSWER_BYTES, most_min)

    def told(self, code: int) -> list[int]:
        """Details of the events of this code that the collector has."""
        return [detail for found, detail in self.events if found == code]


def play(folder: Path, homes: list[Home]) -> dict[str, Home]:
    """Play all of them at once; what failed in one is kept for its own test."""

    async def live(place: stage.Stage, home: Home) -> None:
        try:
            await home.begin(place)
            await home.act(home)
        except (AssertionError, TimeoutError) as error:
            home.problem = error
        await home.board.cut_power()  # a hub lives on otherwise, and its time is everybody's

    async def main(place: stage.Stage) -> None:
        async with place:
            place.enrol_together_s = 2.0
            await asyncio.gather(*[live(place, home) for home in homes])
            where = ("--site", str(place.host.site), "--database", str(place.host.database))
            rows = json.loads(await place.host.run("hub", "events", *where, "--json"))
        for home in homes:
            home.events = [
                (row["code"], row["detail"]) for row in rows if row["hub"] == home.hub_id
            ]

    place = stage.Stage(folder, START, HEARTBEAT_MIN)
    clock.run(place.clock, main(place))
    return {home.name: home for home in homes}

