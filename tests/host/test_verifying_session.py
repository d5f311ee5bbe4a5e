"""The session at the bench: what is asked, believed, asked again, undone, and never shown."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest

from host.verifying_bench import BEGAN_MS, BY, LISTENING, PUMPED, Person, begun
from varde_host import messages
from varde_host.verification import judgement, measured, procedure
from varde_host.verifying import entry, plan, session, wording

D = Decimal


def at(name: str, check: str, nominal: str = ""):
    """Whether a question is that one."""

    def is_it(asked: session.Question) -> bool:
        step = asked.step
        if step.check is None or step.check.id != check or step.name != name:
            return False
        return not nominal or (step.planned is not None and step.planned.nominal == D(nominal))

    return is_it


@pytest.mark.parametrize("name", sorted(procedure.shipped()))
def test_every_procedure_is_asked_to_its_end(name: str):
    person = Person(begun(name))
    judged = person.finish().judged()
    assert judged.outcome in judgement.GOOD, [f for f in judged.handed_out if f.note]
    ids = [asked.step.id for asked in person.asked]
    assert len(set(ids)) == len(ids)  # nothing is asked twice of who makes no mistake
    assert [asked.number for asked in person.asked] == list(range(1, len(ids) + 1))


@pytest.mark.parametrize(("name", "ways"), [("cuff-static", PUMPED), ("scale-r76", LISTENING)])
def test_values_from_instruments(name: str, ways: plan.Ways):
    work = Person(begun(name, ways)).finish()
    assert work.judged().outcome == judgement.PASSED
    assert work.judged().level == 3
    points = work.seen().as_found.points
    if ways.manometer:
        assert {one.reference_source for one in points if one.check != "zero"} == {measured.SERIAL}
        assert work.seen().as_found.series[0].source == measured.SERIAL
    else:
        assert {one.indication_source for one in points} == {measured.BLE}
        assert all(one.ble == one.display for one in points)
        assert points[-3].pieces or any(one.pieces for one in points)


def test_the_reference_is_asked_and_shown_after_the_device(monkeypatch: pytest.MonkeyPatch):
    person = Person(begun("cuff-static"))
    seen: list[str] = []
    for _ in range(600):
        asked = person.work.question()
        if asked is None:
            break
        step = asked.step
        if step.planned is not None and step.name in ("set", "display"):
            assert wording.point(person.work, step) is None
        if step.name == "reference":
            assert seen[-1] == step.id.replace("reference", "display")
        seen.append(step.id)
        person.answer()
        if step.name == "reference":
            shown = wording.point(person.work, step)
            assert shown is not None
            assert "referansen" in shown.text


def test_what_the_manometer_read_is_in_no_question():
    person = Person(begun("cuff-static", PUMPED))
    person.gives = lambda step: "149.8712" if step.kind != plan.CURVE else [["0", "1"]]  # type: ignore[method-assign]
    asked = person.until(at("display", "static-up", "0"))
    assert "149" not in wording.question(asked, person.work)


@pytest.mark.parametrize("text", ["149,5", "149.5", " 149,5 mmHg ", "149,5mmhg"])
def test_comma_and_point(text: str):
    work = begun("cuff-static", resolution=D("0.1"))
    person = Person(work)
    person.until(at("display", "static-up", "150"))
    assert isinstance(work.answer(text, person.now_ms(), BY), session.Accepted)
    assert list(work.standing.answers.values())[-1].value == "149.5"


@pytest.mark.parametrize("text", ["", "1.234,5", "hundre", "150 kPa", "1e2", "٣", "9999", "--1"])
def test_what_is_no_number(text: str):
    work = begun("cuff-static", maximum=D(280))
    person = Person(work)
    before = person.until(at("display", "static-up", "150"))
    entries = list(work.entries)
    heard = work.answer(text, person.now_ms(), BY)
    assert isinstance(heard, session.Refused)
    assert heard.error.code == "verify-number"
    assert (work.question(), work.entries) == (before, entries)


def typed(work: session.Session, person: Person, *values: str) -> list[type]:
    return [type(work.answer(value, person.now_ms(), BY)) for value in values]


A, C = session.Accepted, session.Confirm


@pytest.mark.parametrize(
    ("nominal", "values", "heard"),
    [
        ("150", ["151"], [A]),  # no slip of 151 that could be would fail
        ("150", ["158", "158"], [C, A]),  # it fails: once more
        ("150", ["158", "151", "151"], [C, C, A]),  # two in a row
        ("100", ["101", "101"], [C, A]),  # 110 would have failed
        ("150", ["150,5", "150,5"], [C, A]),  # the display has no halves
    ],
)
def test_typed_twice_only_if_it_would_change_the_outcome(
    nominal: str, values: list[str], heard: list[type]
):
    work = begun("cuff-static", PUMPED)
    person = Person(work)
    person.until(at("display", "static-up", nominal))
    assert typed(work, person, *values) == heard
    after = work.question()
    assert after is not None
    assert after.step.name == "reference"


def test_what_has_no_reference_is_doubted_too():
    work = begun("cuff-static")
    person = Person(work)
    person.until(at("display", "zero"))
    assert typed(work, person, "233", "1", "1") == [C, C, A]


def test_where_both_are_typed_both_are_typed_again():
    work = begun("cuff-static")
    person = Person(work)
    person.until(at("display", "static-up", "150"))
    assert typed(work, person, "158", "150", "158", "150") == [A, C, A, A]
    assert work.seen().as_found.points[-1].indication == 158


def test_what_the_radio_said_too_is_typed_once():
    work = begun("scale-r76", LISTENING, ble_resolution=D("0.1"))
    person = Person(work, {"load-up": D("0.5")})
    person.until(at("display", "load-up", "20"))
    assert typed(work, person, "20,5") == [A]  # it fails, and nobody mistyped it


def test_radio_and_display_are_held_together_by_rounding():
    work = begun("scale-r76", LISTENING)
    person = Person(work)
    person.until(at("radio", "load-up", "20"))
    work.take("20.180", person.now_ms(), BY)
    assert typed(work, person, "20,0") == [C]
    assert typed(work, person, "20,0") == [A]
    person.finish()
    found = [one for one in work.judged().handed_out if one.check == "display"]
    assert judgement.worst(tuple(one.outcome for one in found)) == judgement.FAILED


@pytest.mark.parametrize(
    ("shown", "sent", "same"),
    [("142 85", "142 85 72", True), ("20,1", "20.12", True), ("20,1", "20.16", False),
     ("142 86", "142 85 72", False)],
)  # fmt: skip
def test_a_reading_that_arrives_is_seen_not_asked(shown: str, sent: str, same: bool):
    work = begun("cuff-static", LISTENING)
    person = Person(work)
    person.until(at("shown", "reading"))
    work.answer(shown, person.now_ms(), BY)
    work.take(sent, person.now_ms(), BY)
    answer = work.seen().as_found.answers[-1]
    assert (answer.check, answer.yes) == ("reading", same)
    assert answer.text == f"{shown.replace(',', '.')} / {sent}"


def test_the_reference_that_moved_meanwhile():
    work = begun("cuff-static", PUMPED)
    person = Person(work)
    asked = person.until(at("reference", "static-up", "150"))
    heard = work.take("148.9", person.now_ms(), BY)
    assert isinstance(heard, session.Refused)
    assert heard.error.code == "verify-moved"
    again = work.question()
    assert again is not None
    assert entry.point_of(again.step.id) == entry.point_of(asked.step.id)
    assert again.kind == plan.HOLD


def test_cannot_be_done_and_why():
    work = begun("cuff-static")
    person = Person(work)
    person.until(at("set", "static-up", "200"))
    assert work.scopes() == (entry.POINT, entry.CHECK)
    assert isinstance(work.cannot("", entry.POINT, person.now_ms(), BY), session.Refused)
    assert isinstance(
        work.cannot("pasient 01017012345", entry.POINT, person.now_ms(), BY), session.Refused
    )
    work.cannot("Pumpa når ikke opp", entry.POINT, person.now_ms(), BY)
    asked = work.question()
    assert asked is not None
    assert asked.step.planned is not None
    assert asked.step.planned.nominal == 250
    work.cannot("Pumpa er ødelagt", entry.CHECK, person.now_ms(), BY)
    asked = work.question()
    assert asked is not None
    assert asked.step.check is not None
    assert asked.step.check.id == "static-down"
    person.finish()
    reasons = {one.check: one.reason for one in work.seen().as_found.not_done}
    assert reasons["static-up"]
    assert work.judged().outcome == judgement.NOT_DONE
    assert work.judged().level < 3


def test_undo_is_a_line_with_a_reason():
    work = begun("cuff-static")
    person = Person(work)
    person.until(at("reference", "static-up", "100"))
    count = len(work.entries)
    assert isinstance(work.undo("", person.now_ms(), BY), session.Refused)
    assert isinstance(work.undo("Leste av feil", person.now_ms(), BY), session.Accepted)
    assert len(work.entries) == count + 1
    asked = work.question()
    assert asked is not None
    assert asked.step.name == "set"  # the pressure may have changed: the whole point
    work.undo("Og den før", person.now_ms(), BY)
    asked = work.question()
    assert asked is not None
    assert asked.step.planned is not None
    assert asked.step.planned.nominal == 50
    assert [one.value for one in work.entries if one.did == entry.UNDO] == [
        "Leste av feil", "Og den før",
    ]  # fmt: skip


def test_nothing_to_undo():
    work = begun("cuff-visual")
    heard = work.undo("Feil", BEGAN_MS, BY)
    assert isinstance(heard, session.Refused)
    assert heard.error.code == "verify-nothing-to-undo"


def test_as_left_only_if_something_was_changed_and_as_found_stays():
    work = begun("cuff-static", PUMPED)
    person = Person(work, {"static-up": D(6)})
    person.until(lambda asked: asked.step.id == plan.UNCHANGED)
    assert work.seen().as_left is None
    assert work.judged().trace_back
    found = work.seen().as_found
    work.answer("n", person.now_ms(), BY)
    person.answer()
    heard = work.undo("Angrer", person.now_ms(), BY)
    assert isinstance(heard, session.Refused)
    assert heard.error.code == "verify-changed"
    person.errors = {}
    person.finish()
    seen = work.seen()
    assert (seen.as_found, seen.change) == (found, "Ny mansjett")
    assert seen.as_left is not None
    assert len(seen.as_left.points) == len(found.points)
    judged = work.judged()
    assert judged.outcome == judgement.PASSED
    assert judged.as_found_outcome == judgement.FAILED
    assert judged.trace_back


def test_a_slip_at_the_question_of_change_costs_one_key():
    work = begun("cuff-static", PUMPED)
    person = Person(work)
    person.until(lambda asked: asked.step.id == plan.UNCHANGED)
    found = work.seen()
    work.answer("n", person.now_ms(), BY)
    asked = work.question()
    assert asked is not None
    assert asked.step.id == plan.CHANGE
    assert work.undo("Slo feil", person.now_ms(), BY) == session.Accepted()
    asked = work.question()
    assert asked is not None
    assert asked.step.id == plan.UNCHANGED
    assert work.seen().as_found == found.as_found
    work.answer("", person.now_ms(), BY)
    assert work.question() is None
    assert work.seen().as_left is None


def test_begun_anew_within_a_point():
    work = begun("cuff-static", PUMPED)
    Person(work).until(at("reference", "static-up", "150"))
    again = session.Session(work.used, work.fixed, work.entries, PUMPED)
    assert again.reopen(BEGAN_MS + 10**6, BY)
    asked = again.question()
    assert asked is not None
    assert asked.kind == plan.HOLD
    assert [one.did for one in again.entries[len(work.entries) :]] == [entry.REOPENED]


def test_a_load_lies_where_it_lay():
    work = begun("scale-r76", LISTENING)
    Person(work).until(at("display", "load-up", "40"))
    again = session.Session(work.used, work.fixed, work.entries, LISTENING)
    assert not again.reopen(BEGAN_MS + 10**6, BY)
    assert again.question() == work.question()


def test_a_reference_past_its_day_is_for_practice():
    work = begun("cuff-static")
    late = dataclasses.replace(work.fixed.references[0], due="2026-03-01")
    fixed = dataclasses.replace(work.fixed, references=(late,))
    practice = Person(session.Session(work.used, fixed)).finish()
    assert practice.past_due(practice.seen().measured_on) == [late]
    assert not practice.judged().may_approve
    assert practice.judged().level < 3


def test_the_label_is_the_inventorys():
    work = begun("cuff-visual")
    person = Person(work)
    person.until(at("yes", "identity"))
    heard = work.answer("S101", person.now_ms(), BY)
    assert isinstance(heard, session.Refused)
    assert heard.error.code == "verify-serial"


def test_a_model_of_which_little_is_known_is_asked_about():
    work = begun("scale-r76", scale_class=None, e=None, d=None, ble_resolution=None)
    person = Person(work)
    device = person.finish().seen().device
    assert (device.scale_class, device.e, device.d) == ("III", D("0.1"), D("0.1"))
    asked = {one.step.id for one in person.asked}
    assert {plan.SCALE_CLASS, plan.SCALE_E, plan.SCALE_D} <= asked


def test_without_a_test_mode_there_is_no_static_check():
    work = begun("cuff-static", has_test_mode=None)
    person = Person(work)
    person.until(lambda asked: asked.step.id == plan.TEST_MODE)
    heard = work.answer("nei", person.now_ms(), BY)
    assert isinstance(heard, session.Refused)
    assert heard.error.code == "verify-test-mode"


@pytest.mark.parametrize("language", messages.LANGUAGES)
@pytest.mark.parametrize("name", sorted(procedure.shipped()))
def test_every_question_is_worded(name: str, language: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(messages.speaker, "language", language)
    ways = plan.Ways(name == "cuff-static", measured.BLE)
    work = begun(name, ways, scale_class=None, e=None, d=None, resolution=None)
    fixed = dataclasses.replace(work.fixed, small_weights=True)
    person = Person(session.Session(work.used, fixed, (), ways))
    for _ in range(200):
        asked = person.work.question()
        if asked is None:
            break
        assert wording.question(asked, person.work).isprintable() or "\n" in wording.question(
            asked, person.work
        )
        person.answer()
