"""Whole hubs on trial, each in a home of its own: what is good stays, what is not heals by itself.

What is staged was put there beforehand; the hubs are as they are handed out. Times are the
virtual clock's: a trial's ten minutes are ten minutes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from firmware import trial_hub
from firmware.link_homes import JOURNAL_BYTES, Home, play
from golden import site
from stories import hub_flash
from varde_firmware.core import update_record
from varde_firmware.core.update_record import APPLICATION, CONFIG, INTERPRETER
from varde_protocols import assignment, documents, hub_config, records
from varde_protocols import update_words as words
from varde_simulator import stage
from varde_simulator.usb import stand_in_image

# Waits, as a hub mostly does when it hangs: a busy loop would hold everybody to real time.
HANGS = b"import time\nwhile True:\n    time.sleep(1)\n"
RAISES = b"raise ImportError('no such thing')\n"
DEADLINE_MIN = 10
AGAIN_MIN = 3  # until a hub that starts anew has an answer
WATCHDOG_MIN = 1
STARTS = 3


@dataclass
class Trial(Home):
    """A home whose hub begins with something on trial."""

    parts: int = 0
    config: dict[str, Any] | None = None
    module: bytes = b""  # in place of a module of the application on trial
    ends: str = ""
    record: update_record.Record | None = None
    minutes: float = 0
    slot: str = ""

    async def begin(self, place: stage.Stage) -> None:
        self.place = place
        files = await place.hub_files([], "generic")
        given = assignment.unverified(files["assignment.cbor"])
        if self.parts & CONFIG:
            files["assignment.trial"] = unsigned(given, self.config or {})
        if self.parts & APPLICATION:
            files |= {
                "b/" + path[2:]: data for path, data in files.items() if path.startswith("a/")
            }
        if self.module:
            files["b/varde_firmware/shell/app.py"] = self.module
        self.board = place.world.add_board(self.name, files, JOURNAL_BYTES, self.name)
        if self.parts & INTERPRETER:
            trial_hub.put_image(self.board.flash, "ota_1", self.ends)
        trial_hub.put_record(self.board.flash, staged(self.parts, given.number))
        self.board.wifi.access_points = [each.access_point() for each in self.networks]
        await place.wire(self.board)
        self.board.on_console = self.lines.append
        self.board.on_note = self.notes.append
        await self.board.power_on()
        await self.enrol()

    async def enrol(self) -> None:
        await self.until(lambda: self._said("varde: hub ") is not None, 30)
        said = self._said("varde: hub ")
        assert said is not None
        self.hub_id, self.public = said[2], said[4]
        await self.place.enrol(self.public)

    def _said(self, begins: str) -> list[str] | None:
        return next((line.split() for line in self.lines if line.startswith(begins)), None)


def unsigned(given: assignment.Assignment, config: dict[str, Any]) -> bytes:
    """The next assignment: signatures are looked at when one comes, not when it runs."""
    fields = {name: getattr(given.config, name) for name in given.config.FIELDS}
    values = {name: getattr(given, name) for name in given.FIELDS}
    values["number"] = given.number + 1
    values["config"] = hub_config.HubConfig(**{**fields, **config})
    return site.signed(documents.ASSIGNMENT, assignment.Assignment(**values), "assignment-1")


def staged(parts: int, number: int) -> update_record.Record:
    """As `trial.begin` leaves it, but for the bootloader: the supervisor tells that."""
    none = update_record.load(trial_hub.Nothing())
    return none.changed(
        state=words.TRIAL, parts=parts, assignment=number, new_assignment=number + 1,
        new_release=7, new_floor=5,
    )  # fmt: skip


def ends(state: int, most_min: float) -> Callable[[Trial], Awaitable[None]]:
    async def act(home: Trial) -> None:
        code = records.EVENT_UPDATE_CONFIRMED
        if state == words.RETURNED:
            code = records.EVENT_UPDATE_RETURNED
            home.minutes = await home.until(lambda: said_returned(home), most_min)
        await home.reaches(AGAIN_MIN + 1, "wifi")
        await asyncio.sleep(60)
        home.slot = home.board.slot
        home.seen["code"] = code
        await home.board.cut_power()
        home.record = hub_flash.look(home.board.flash).record

    return act


def said_returned(home: Trial) -> bool:
    return any(line.startswith("varde: returned from trial") for line in home.lines)


NOWHERE = {"collector_host": "nobody.varde.example"}
OTHER_WIFI = {"networks": [hub_config.Network("elsewhere", "twelve strokes")]}
stays, late = ends(words.CONFIRMED, 0), ends(words.RETURNED, DEADLINE_MIN + 1)
early = ends(words.RETURNED, STARTS * (WATCHDOG_MIN + 1))
HOMES = [
    Trial("good-config", stays, parts=CONFIG, config={"heartbeat_s": 600}),
    Trial("good-application", stays, parts=APPLICATION),
    Trial("good-interpreter", stays, parts=INTERPRETER),
    Trial("all-three", stays, parts=7, config={"heartbeat_s": 600}),
    Trial("wrong-wifi", late, parts=CONFIG, config=OTHER_WIFI),
    Trial("wrong-collector", late, parts=CONFIG, config=NOWHERE),
    Trial("wrong-wifi-with-code", late, parts=7, config=OTHER_WIFI),
    Trial("raises", early, parts=APPLICATION, module=RAISES),
    Trial("hangs", early, parts=APPLICATION, module=HANGS),
    Trial("interpreter-crashes", early, parts=INTERPRETER, ends=stand_in_image.CRASHES),
    Trial("interpreter-hangs", early, parts=INTERPRETER, ends=stand_in_image.HANGS),
]
GOOD, BAD = HOMES[:4], HOMES[4:]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Home]:
    return play(tmp_path_factory.mktemp("trials"), list(HOMES))


def ended(played: dict[str, Home], home: Trial) -> update_record.Record:
    trial = played[home.name]
    assert isinstance(trial, Trial)
    assert trial.problem is None, (trial.problem, trial.lines[-30:], trial.notes)
    assert trial.record is not None
    for what, number in trial.record.numbers():
        detail = words.detail(what, trial.record.reason, number)
        assert trial.told(trial.seen["code"]).count(detail) == 1, trial.events
    assert trial.record.is_told == 1
    return trial.record


@pytest.mark.parametrize("home", GOOD, ids=lambda home: home.name)
def test_what_proves_itself_stays(played: dict[str, Home], home: Trial) -> None:
    record = ended(played, home)
    assert record.state == words.CONFIRMED
    assert record.slot == (1 if home.parts & APPLICATION else 0)
    assert home.slot == ("ota_1" if home.parts & INTERPRETER else "ota_0")


@pytest.mark.parametrize("home", BAD, ids=lambda home: home.name)
def test_what_does_not_is_given_back(played: dict[str, Home], home: Trial) -> None:
    record = ended(played, home)
    assert (record.state, record.slot, record.release) == (words.RETURNED, 0, 0)
    assert home.slot == "ota_0"
    is_late = home.act is late
    assert record.reason == (words.NO_EXCHANGE if is_late else words.NO_START)
    if is_late:
        assert DEADLINE_MIN - 0.5 <= home.minutes <= DEADLINE_MIN + 0.5
