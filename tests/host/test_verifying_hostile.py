"""What may go wrong at the bench beside the measuring: clocks, files, weights, floats."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from host.terminal import Terminal
from host.test_verifying_command import ANSWERS, cuff, says, site, stocked, terminal
from host.verifying_bench import BEGAN_MS, BY, PUMPED, Person, begun
from varde_host.inventory import models
from varde_host.manometer import instrument, stability
from varde_host.verifying import (
    dialog,
    entry,
    finishing,
    line_editor,
    plan,
    sent_values,
    session,
    sources,
    state_file,
)

__all__ = ["cuff", "site", "terminal"]  # fixtures

DAY_MS = 86_400_000
WEIGHT = 0x2A9D


def fails(terminal: Terminal, site: Path, item: str, *options: str) -> str:
    status, told = terminal.json("verify", "run", item, "--site", site, *options)
    assert status == 1
    return str(told["error"])


@pytest.mark.parametrize("damage", ["truncated", "older form", "no number", "unknown step"])
def test_a_file_of_answers_that_is_none_is_put_aside(
    terminal: Terminal, site: Path, cuff: str, monkeypatch: pytest.MonkeyPatch, damage: str
):
    says(monkeypatch, "1.3.2025\n")
    terminal.run("verify", "run", cuff, "--site", site)
    path = state_file.path_of(site, cuff)
    state = json.loads(path.read_text())
    if damage == "older form":
        state["form"] = 0
    elif damage == "no number":
        state["setup"]["device"]["resolution"] = "much"
    elif damage == "unknown step":
        state["entries"][0] |= {"did": "cannot", "step": "as-found", "value": "Nei"}
        state["entries"][0] |= {"scope": "check"}
    text = json.dumps(state)
    path.write_text(text[: len(text) // 2] if damage == "truncated" else text)
    before = path.read_bytes()
    says(monkeypatch, ANSWERS)
    assert fails(terminal, site, cuff) == "verify-state"
    assert path.read_bytes() == before
    says(monkeypatch, ANSWERS)
    status, told = terminal.json("verify", "run", cuff, "--anew", "--site", site)
    assert (status, told["outcome"]) == (0, "passed")
    (aside,) = (site / state_file.FOLDER / state_file.DONE).glob("*-left-*.json")
    assert aside.read_bytes() == before


@pytest.mark.parametrize("option", ["--place", "--firmware"])
@pytest.mark.parametrize("text", ["x" * 10_000, "benk\x1b[2J", "Hos 17058612345"])
def test_what_no_record_takes_is_refused_before_the_first_question(
    terminal: Terminal, site: Path, cuff: str, option: str, text: str
):
    assert fails(terminal, site, cuff, option, text) in ("text-form", "birth-number")
    assert not state_file.path_of(site, cuff).exists()


def test_an_acceptance_is_not_done_at_a_place_that_no_record_takes(
    terminal: Terminal, site: Path, cuff: str
):
    options = ("--site", site, "--place", "x" * 10_000)
    status, told = terminal.json("accept", "run", cuff, *options)
    assert (status, told["error"]) == (1, "text-form")


def test_a_file_of_answers_of_another_thing(
    terminal: Terminal, site: Path, cuff: str, monkeypatch: pytest.MonkeyPatch
):
    says(monkeypatch, "1.3.2025\n")
    terminal.run("verify", "run", cuff, "--site", site)
    other = stocked(site, "cuff-l", models.CUFF)
    theirs = state_file.path_of(site, other)
    theirs.write_bytes(state_file.path_of(site, cuff).read_bytes())
    says(monkeypatch, ANSWERS)
    assert fails(terminal, site, other) == "verify-state"


def test_a_document_that_never_came_into_the_inventory_is_put_aside_with_its_answers(
    terminal: Terminal, site: Path, cuff: str, monkeypatch: pytest.MonkeyPatch
):
    says(monkeypatch, "1.3.2025\n")
    terminal.run("verify", "run", cuff, "--site", site)
    document = state_file.path_of(site, cuff).with_suffix(finishing.DOCUMENT)
    document.write_bytes(b"signed")
    says(monkeypatch, "")
    terminal.run("verify", "run", cuff, "--anew", "--site", site)
    (aside,) = (site / state_file.FOLDER / state_file.DONE).glob(f"*-left-*{finishing.DOCUMENT}")
    assert aside.read_bytes() == b"signed"
    assert not document.exists()


@pytest.mark.parametrize(
    "spelling", ["4x20   2x10" + " " * 5000, "4x20\t2x10", " ".join(["20"] * 60)]
)
def test_weights_are_kept_so_that_the_file_can_be_read_again(tmp_path: Path, spelling: str):
    work = begun("scale-r76")
    person = Person(work)
    person.until(lambda asked: asked.step.id == plan.OWNED)
    assert work.answer(spelling, person.now_ms(), BY) == session.Accepted()
    state_file.keep(tmp_path / "state.json", work.fixed, work.entries)
    kept = state_file.load(tmp_path / "state.json")
    assert kept is not None
    assert list(kept[1]) == work.entries


def test_more_kinds_of_weights_than_a_line_holds_are_refused():
    work = begun("scale-r76")
    person = Person(work)
    person.until(lambda asked: asked.step.id == plan.OWNED)
    many = " ".join(f"{100 + number}.125" for number in range(60))
    heard = work.answer(many, person.now_ms(), BY)
    assert isinstance(heard, session.Refused)
    assert heard.error.code == "verify-pieces"


@pytest.mark.parametrize("text", ["x" * 10_000, "1" * 10_000, "\x1b[2J", "a\x00b", "17058612345"])
def test_no_answer_breaks_the_file(tmp_path: Path, text: str):
    work = begun("cuff-static")
    person = Person(work)
    for _ in range(12):
        work.answer(text, person.now_ms(), BY)
        work.cannot(text, entry.CHECK, person.now_ms(), BY)
        work.undo(text, person.now_ms(), BY)
        state_file.keep(tmp_path / "state.json", work.fixed, work.entries)
        kept = state_file.load(tmp_path / "state.json")
        assert kept is not None
        assert list(kept[1]) == work.entries
        person.answer()


def test_a_sent_value_that_no_record_holds_is_none():
    heard = sent_values.Heard("")
    heard.add(0x2A1C, bytes.fromhex("00" + "01000080"), 1)  # 10 to the -128th degrees
    heard.add(0x2A1C, bytes.fromhex("00" + "0100007f"), 2)
    assert heard.wait("temperature", 0, 0) is None
    heard.add(0x2A1C, bytes.fromhex("00" + "6e0100ff"), 3)
    assert heard.wait("temperature", 0, 0) == Decimal("36.6")


def test_a_clock_set_back_does_not_wait_a_day_for_what_is_sent():
    work = begun("scale-r76", plan.Ways(radio="ble"))
    person = Person(work)
    asked = person.until(lambda asked: asked.kind == plan.RADIO)
    now_ms = BEGAN_MS - DAY_MS
    talk = dialog.Dialog(
        work, sources.Sources(None, None, None, lambda *_: None),
        lambda _text: line_editor.Said(line_editor.STOP), lambda _text: None, lambda: None,
        lambda: now_ms, BY,
    )  # fmt: skip
    assert talk._asked_ms(asked.step) == now_ms


class Clocked(instrument.Manometer):
    """A manometer that shows 150, at the moments given."""

    def __init__(self, moments: Iterator[int]) -> None:
        self.moments = moments
        self._now_ms = lambda: BEGAN_MS

    def prove_unit(self) -> None:
        pass

    def sample(self) -> stability.Sample:
        return stability.Sample(next(self.moments), Decimal(150))


def curve_of(moments: Iterator[int]) -> entry.Value:
    work = begun("cuff-static", PUMPED)
    asked = Person(work).until(lambda asked: asked.kind == plan.CURVE)
    return sources.Sources(Clocked(moments), None, None, lambda *_: None).value(asked.step, 0)


def test_a_curve_in_which_the_clock_was_set_is_none():
    even = itertools.count(BEGAN_MS, 1000)
    assert curve_of(even) is not None
    first = list(itertools.islice(itertools.count(BEGAN_MS, 1000), 70))
    for jump in (-DAY_MS, -5_000, DAY_MS):
        later = itertools.count(first[-1] + jump, 1000)
        assert curve_of(itertools.chain(first, later)) is None


def test_a_clock_set_back_ends_the_wait_for_a_pressure_that_stands():
    first = [BEGAN_MS, BEGAN_MS + 1000]
    moments = itertools.chain(first, itertools.count(BEGAN_MS - DAY_MS, 1000))
    found = Clocked(moments).still(Decimal(0), Decimal(2), lambda _sample: None)
    assert found is None


def test_a_terminal_of_nothing_but_noise_ends(
    terminal: Terminal, site: Path, cuff: str, monkeypatch: pytest.MonkeyPatch
):
    noise = "\n".join(
        ["x" * 10_000, "\x1b[31m", "?", "<", "!", "<17058612345", "?17058612345"] * 3
    )
    monkeypatch.setattr(line_editor.sys, "stdin", io.StringIO(noise))
    status, _, _ = terminal.run("verify", "run", cuff, "--site", site)
    assert status == 130
    assert state_file.load(state_file.path_of(site, cuff)) is not None
