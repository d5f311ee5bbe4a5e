"""One week from finger to FHIR file: a hub on the real interpreter, a receiver, two targets.

Each measured value is at each target exactly once, with the digits and the unit that the sensor
sent, after all that can happen to it on the way. Built firmware and an interpreter are needed.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from host import signed_bench
from host.inventory_bench import K2
from stories import handover_week as week
from varde_host import errors, messages
from varde_host.inventory import items, models
from varde_host.site import files
from varde_protocols import gatt
from varde_simulator import clock, interpreter, play, scenario_file
from varde_simulator.stage import Stage, StageError, as_option, firmware_files

try:
    firmware_files(interpreter.find())
except (interpreter.NoInterpreterError, StageError) as error:
    pytest.skip(str(error), allow_module_level=True)

STORY = Path(__file__).with_name("handover_week.toml")
CUFF = items.Item(
    week.CUFF, models.SENSOR, "microlife-x", "C1", *[None] * 6, None, "good", *[None] * 7
)
DAY_MS = 86_400_000
WEIGHT = 0x2A9D
FIRST_OF_NEW_SCALE = (("117.92", "kg"), ("32.0", "kg/m2"), ("1.92", "m"))
FOLLOW_UP = "oppfolgingstjeneste:f3"


class Week:
    """A stage whose cuff was verified before the first day."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.story = scenario_file.load(STORY)
        self.stage = Stage(folder / "stage", self.story.start, self.story.heartbeat_min, 1)
        self._start_ms = int(self.story.start.timestamp() * 1000)
        self._monkeypatch = monkeypatch
        self.playing: Any = None
        self.outcome: Any = None
        self.verified: Any = None

    async def run(self) -> None:
        async with self.stage:
            site = files.load(self.stage.host.site)
            self._monkeypatch.setattr(signed_bench, "site", lambda: site)
            self.verified = self.verification(-10, is_good=True)
            name = f",verification={self.verified.sha256[:16]}"
            self._monkeypatch.setattr(play, "as_option", lambda planned, sensor: (
                as_option(planned, sensor) + (name if planned.name == "cuff" else "")
            ))  # fmt: skip
            self.playing = play.Play(self.stage, self.story, 1)
            draw = await self.playing.run()
            rows, repeats = await self.stage.host.readings(), await self.stage.host.repeats()
            self.outcome = draw(rows, repeats)

    def verification(self, day: int, *, is_good: bool) -> Any:
        """Sign what was seen of the cuff so many days after the first."""
        moment_ms = self._start_ms + day * DAY_MS
        seen = signed_bench.seen(CUFF, signed_bench.today(moment_ms), "cuff-static")
        seen = seen if is_good else signed_bench.failing(seen)
        return signed_bench.verification(seen, moment_ms, K2)


def test_from_finger_to_two_targets_each_value_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    played = Week(tmp_path, monkeypatch)
    clock.run(played.stage.clock, played.run())
    came = played.outcome.sum
    assert played.outcome.passed, came.details
    assert week.sent_again(played.playing)
    assert not came.in_hand + came.given_up
    receiver = week.Receiver(
        tmp_path / "receiver", played.playing, bytes.fromhex(played.verified.sha256)[:8]
    )
    receiver.lend()
    receiver.keep(played.verified)
    true, missing = week.truth(played.playing), week.not_there(played.playing)
    assert missing

    _a_target_is_down_and_a_decoder_wrong(receiver, monkeypatch, true)
    _the_decoder_is_mended(receiver, true)
    _the_things_are_told(receiver, true, missing)
    _the_cuff_is_found_bad(receiver, played, true)
    _somebody_types_a_weight(receiver, tmp_path, true)
    before = {name: receiver.files(name) for name in week.PROFILES}
    receiver.run("run", "--once")
    assert {name: receiver.files(name) for name in week.PROFILES} == before


def _a_target_is_down_and_a_decoder_wrong(
    receiver: week.Receiver, monkeypatch: pytest.MonkeyPatch, true: week.Said
) -> None:
    real = gatt.decode

    def wrong(characteristic: int, value: bytes, model: str = "") -> Any:
        fields = dict(real(characteristic, value, model))
        if characteristic == WEIGHT and fields["weight"] is not None:
            fields["weight"] = gatt.Scaled(1, -1)
        return fields

    down = receiver.folder.out / "region"
    down.parent.mkdir(exist_ok=True)
    down.write_text("no folder")
    with monkeypatch.context() as patch:
        patch.setattr(gatt, "decode", wrong)
        receiver.run("run", "--once", status=errors.EXIT_WORLD)
        receiver.run("run", "--once", status=errors.EXIT_WORLD)
        down.unlink()
        receiver.run("run", "--once")
    for name in week.PROFILES:
        handed = week.said(receiver.handed(name))
        assert handed.total() == true.total()
        assert {code for _, code in handed - true} == {"kg", "[lb_av]"}


def _the_decoder_is_mended(receiver: week.Receiver, true: week.Said) -> None:
    receiver.run("run", "--once")
    assert all(week.said(receiver.handed(name)) != true for name in week.PROFILES)
    receiver.run("redecode", "--apply", "--by", FOLLOW_UP)
    receiver.run("run", "--once")
    for name in week.PROFILES:
        amended = [each for each in receiver.handed(name) if each["status"] == "amended"]
        assert {code for _, code in week.said(amended)} <= {"kg", "[lb_av]"}
        assert len(amended) == 6
        assert week.said(receiver.handed(name)) == true


def _the_things_are_told(receiver: week.Receiver, true: week.Said, missing: int) -> None:
    for name in week.PROFILES:
        handed = receiver.handed(name)
        assert week.absent(handed) >= missing
        swapped = week.said(week.marked(handed, "scale-swapped"))
        assert swapped == {(Decimal(value), unit): 1 for value, unit in FIRST_OF_NEW_SCALE}
        own = week.marked(handed, "privately-owned")
        assert {code for _, code in week.said(own)} == {"%", "/min"}
        assert all(each["subject"]["identifier"]["value"] == week.LOAN for each in handed)
        assert {"kPa", "[lb_av]"} <= {code for _, code in true}


def _the_cuff_is_found_bad(receiver: week.Receiver, played: Week, true: week.Said) -> None:
    before = {name: len(receiver.files(name)) for name in week.PROFILES}
    receiver.keep(played.verification(9, is_good=False))
    with messages.spoken("nb"):
        words = messages.text(
            "fhir.standing.found-bad", until=played.verified.content["valid_until"]
        )
    receiver.run("run", "--once")
    for name in week.PROFILES:
        handed = receiver.handed(name)
        bad = [each for each in handed if {"text": words} in each.get("note", ())]
        assert "mm[Hg]" in {code for _, code in week.said(bad)}
        assert {each["status"] for each in bad} == {"amended"}
        assert len(receiver.files(name)) == before[name] + len(bad)
        assert week.said(handed) == true


def _somebody_types_a_weight(receiver: week.Receiver, path: Path, true: week.Said) -> None:
    values = path / "typed"
    values.write_text("weight=80.50\n")
    receiver.run(
        "enter", week.LOAN, "scale", "--at", "2026-03-05 09:00", "--values", str(values),
        "--by", FOLLOW_UP,
    )  # fmt: skip
    receiver.run("run", "--once")
    for name in week.PROFILES:
        handed = receiver.handed(name)
        more = week.said(handed) - true
        assert [(str(value), code) for value, code in more.elements()] == [("80.50", "kg")]
        assert week.said(handed).total() == true.total() + 1
