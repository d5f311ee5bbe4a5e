"""Test readings of a whole hub, by a bench's signed request with a network cut and a power cut,
and by its button; beside them a cuff's reading that names its verification."""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from firmware import cable, desk
from varde_firmware.core import status
from varde_host.site import files, keys
from varde_protocols import cose, records, service_request, test_readings
from varde_simulator import clock, interpreter, stage
from varde_simulator.board import VirtualBoard
from varde_simulator.modem.settings import Settings
from varde_simulator.scenario import SensorPlan
from varde_simulator.scenario_links import MODEM_BOARD, LinksPlan, ModemPlan
from varde_simulator.sensors import models

try:
    stage.firmware_files(interpreter.find())
except (interpreter.NoInterpreterError, stage.StageError) as error:
    pytest.skip(str(error), allow_module_level=True)

START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
HEARTBEAT_MIN = 60
JOURNAL_BYTES = 128 * 1024
PRESSURE = bytes.fromhex("04780050005d003c00")
VERIFICATION = "5ea1ed0123456789"
COUNT = test_readings.COUNT
WHITE = bytes(status.RGB[status.STARTING])


class Kit:
    """A locked hub with a verified cuff, on a bench's cable, and the collector beside it."""

    def __init__(self, place: stage.Stage) -> None:
        self.place = place
        self.said = bytearray()

    async def make(self) -> None:
        """With WiFi."""
        place = self.place
        self.cuff = await place.world.add_sensor(models.MODELS["and-ua651"](), "cuff")
        planned = SensorPlan("cuff", "and-ua651", 1, 0x1810, (0x2A35,))
        option = f"{stage.as_option(planned, self.cuff)},verification={VERIFICATION}"
        hub_files = await place.hub_files([option], "generic")
        await self.begin(hub_files)

    async def make_with_4g_only(self) -> None:
        told = ModemPlan("internet", "", "", "", 0, Settings(), ())
        hub_files = await self.place.hub_files([], MODEM_BOARD, LinksPlan((), told))
        await self.begin(hub_files, Settings())

    async def begin(self, hub_files: dict[str, bytes], modem: Settings | None = None) -> None:
        place = self.place
        self.board: VirtualBoard = place.world.add_board("hub-1", hub_files, JOURNAL_BYTES)
        if modem is not None:
            self.board.fit_modem(modem)
        self.board.console.on_output = self.said.extend
        hub = desk.at(self.board.flash)
        made = hub.run("identity").result
        assert made is not None
        assert (hub.run("lock").result or {}).get("locked") == 1
        await place.wire(self.board)
        await place.enrol(str(made["public"]))
        self.hub_id = bytes.fromhex(str(made["hub"]))
        await self.board.power_on()
        await asyncio.sleep(30)

    def lines(self) -> list[str]:
        text = self.said.decode("utf-8", "replace")
        return [line.removeprefix("varde: ") for line in text.splitlines()]

    async def ask(self, command: int) -> bytes:
        """Ask for a test as a bench does; return its run."""
        self.board.console.write(b"varde?\n")
        await asyncio.sleep(2)
        nonce = bytes.fromhex(self.lines()[-1].split()[-1])
        signer = files.load(self.place.host.site).signer(keys.SERVICE)
        request = service_request.sign(signer, nonce, self.hub_id, command)
        self.board.console.write(cable.line_of(request) + b"\n")
        await asyncio.sleep(1.5)
        return nonce

    def told(self) -> list[list[int]]:
        """First and last number of each run that the hub has told."""
        rows = [line.split() for line in self.lines()]
        return [[int(n) for n in row[1:]] for row in rows if row[:1] == ["test"]]

    async def until_told(self, runs: int) -> list[int]:
        while len(self.told()) < runs:
            await asyncio.sleep(0.5)
        return self.told()[-1]

    def delivered(self) -> dict[int, bytes]:
        with sqlite3.connect(self.place.host.database) as connection:
            return dict(connection.execute("SELECT seq, record FROM records"))

    def tests(self) -> list[int]:
        """The numbers of the test readings that the collector has, by what is in clear."""
        found = [decoded(raw) for raw in self.delivered().values()]
        return sorted(
            record.seq
            for record in found
            if isinstance(record, records.Reading) and test_readings.is_one(record)
        )

    def events(self, code: int) -> list[int]:
        found = [decoded(raw) for _, raw in sorted(self.delivered().items())]
        return [e.detail for e in found if isinstance(e, records.Event) and e.code == code]

    def reports(self) -> list[int]:
        found = [decoded(raw) for _, raw in sorted(self.delivered().items())]
        return [record.seq for record in found if isinstance(record, records.Report)]

    async def readings(self, *options: str) -> list[dict[str, Any]]:
        host = self.place.host
        where = ("--site", str(host.site), "--database", str(host.database))
        rows: list[dict[str, Any]] = json.loads(
            await host.run("readings", *where, "--json", *options)
        )
        return rows


def decoded(raw: bytes) -> Any:
    return records.decode(cose.Sign1.parse(raw).unverified_payload)


def play(
    folder: Path,
    act: Callable[[Kit], Awaitable[None]],
    make: Callable[[Kit], Awaitable[None]] = Kit.make,
) -> None:
    place = stage.Stage(folder, START, HEARTBEAT_MIN)

    async def main() -> None:
        async with place:
            kit = Kit(place)
            await make(kit)
            await act(kit)

    clock.run(place.clock, main())


def test_by_request_with_both_cuts_and_by_the_button(tmp_path: Path) -> None:
    async def act(kit: Kit) -> None:
        await measured(kit)
        run = await asked_with_cuts(kit)
        await by_button(kit)
        shown = [row for row in await kit.readings("--tests") if row["test"]]
        first = [row["values"] for row in shown[:COUNT]]
        assert first == [
            {"test_run": run.hex(), "test_number": number, "test_count": COUNT}
            for number in range(1, COUNT + 1)
        ]
        (runs,) = {row["values"]["test_run"] for row in shown[COUNT:]}
        assert runs != run.hex()
        assert {row["error"] for row in shown} == {None}
        (row,) = await kit.readings()  # the cuff's, and nothing else
        assert (row["slot"], row["hex"], row["test"]) == (1, PRESSURE.hex(), False)
        assert kit.board.crashes == 0
        assert not [line for line in kit.lines() if "Traceback" in line or "no test" in line]

    play(tmp_path, act)


def test_a_cut_of_4g_keeps_half_of_them_in_flash_too(tmp_path: Path) -> None:
    async def act(kit: Kit) -> None:
        while not kit.delivered():
            await asyncio.sleep(1)
        await asyncio.sleep(60)
        await kit.ask(service_request.COMMAND_TEST_CUT)
        first, last = await kit.until_told(1)
        assert len(kit.tests()) <= COUNT // 2
        await asyncio.sleep(120)  # ten seconds, and what a modem takes to dial
        assert kit.tests() == list(range(first, last + 1))
        assert not kit.events(records.EVENT_MODEM_FAILED)
        assert kit.board.crashes == 0

    play(tmp_path, act, Kit.make_with_4g_only)


async def measured(kit: Kit) -> None:
    """The cuff's reading bears the name of the verification that its row has."""
    kit.cuff.bonding.begin_pairing()
    kit.cuff.measure([(0x2A35, PRESSURE)])
    await asyncio.sleep(60)
    readings = [decoded(raw) for raw in kit.delivered().values()]
    (reading,) = [record for record in readings if isinstance(record, records.Reading)]
    assert reading.verification == bytes.fromhex(VERIFICATION)
    assert not test_readings.is_one(reading)


async def asked_with_cuts(kit: Kit) -> bytes:
    wifi = kit.board.links.wifi
    run = await kit.ask(service_request.COMMAND_TEST_CUT)
    assert kit.lines()[-1] == "testing"
    assert kit.board.signals.light == WHITE
    await kit.ask(service_request.COMMAND_TEST)  # one at a time
    assert kit.lines()[-1] == f"refused {records.SERVICE_NOT_NOW}"
    first, last = await kit.until_told(1)
    assert last - first >= COUNT - 1
    assert not wifi.is_connected
    before = kit.tests()
    assert COUNT // 2 - 3 <= len(before) <= COUNT // 2
    await kit.board.cut_power()
    held = desk.at(kit.board.flash).run("tail", f"since = {first}", "kinds = [1]").result
    assert held is not None
    stood = {seq: base64.b64decode(text) for seq, text in held["records"]}  # type: ignore[attr-defined]
    assert len(stood) == COUNT
    await kit.board.power_on()
    await asyncio.sleep(60)
    arrived = kit.delivered()
    assert kit.tests() == sorted(stood)
    assert {seq: arrived[seq] for seq in stood} == stood  # byte for byte, each once
    assert kit.events(records.EVENT_TEST) == [COUNT << 8 | test_readings.BY_BENCH]
    assert any(seq < first for seq in kit.reports())
    kit.board.console.write(b"\r\x03\x03\r\x01")
    await asyncio.sleep(2)
    assert not [sign for sign in cable.PROMPT_SIGNS if sign in kit.said]  # locked as it was
    return run


async def by_button(kit: Kit) -> None:
    signals, wifi = kit.board.signals, kit.board.links.wifi
    for seconds in (0.15, 4.5):  # not long enough
        signals.press_button(seconds)
        await asyncio.sleep(8)
    assert len(kit.told()) == 1
    signals.press_button(6)
    await asyncio.sleep(8)
    assert signals.light == WHITE
    signals.press_button(6)  # while one is under way
    first, last = await kit.until_told(2)
    assert wifi.is_connected
    await asyncio.sleep(10)
    assert signals.light != WHITE
    assert [seq for seq in kit.tests() if seq >= first] == list(range(first, last + 1))
    details = kit.events(records.EVENT_TEST)
    assert details[1:] == [COUNT << 8 | test_readings.BY_BUTTON]
    await asyncio.sleep(20)
    reports = kit.reports()
    assert any(first - 4 < seq < first for seq in reports)
    assert any(seq > last for seq in reports)
