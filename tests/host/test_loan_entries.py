"""What the follow-up service says of loans: entries from paper, pauses, plans, and whose it is."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from host import loan_place as place
from host.inventory_bench import refusal
from host.terminal import Terminal
from varde_host import errors
from varde_host.fhir import measured as m
from varde_host.fhir import of, style
from varde_host.handover import sealed
from varde_host.inventory import who
from varde_host.loan_facts import (
    entered,
    entries,
    entry_form,
    facts,
    kept,
    plan_text,
    stream,
)
from varde_host.loan_facts.sheet import Span
from varde_host.receiver import source, verification_of
from varde_host.receiver_store import schema, store

LOAN = "2503481100000001"
BY = who.Who(who.FOLLOW_UP, "o5")
SEALER = sealed.Sealer(bytes(32))
MORNING_MS = 1_790_236_800_000  # 2026-09-24T08:00:00Z
STYLE = style.Style(bytes(32), "phd")


@pytest.fixture
def opened(tmp_path: Path):
    found = store.open_store(tmp_path / "receiver.sqlite")
    yield found
    found.close()


def entry(name: str = "AAAA", kind: str = m.SCALE, unit: str = "kg", **values: str):
    values = values or {"weight": "80.50"}
    return entries.Entry(
        name, LOAN, kind, values, unit, MORNING_MS, MORNING_MS + 59_999, BY.function, BY.person,
        MORNING_MS + 3_600_000,
    )  # fmt: skip


def said(each: entries.Entry) -> dict[str, tuple[Decimal, str]]:
    """Value and unit of what is handed on, by LOINC or MDC code."""
    found = {}
    for observation in of.of(entered.measured(each), STYLE).observations:
        for part in (observation, *observation.get("component", ())):
            if "valueQuantity" in part:
                codes = [coding["code"] for coding in part["code"]["coding"]]
                quantity = part["valueQuantity"]
                found[codes[0]] = (quantity["value"], quantity["code"])
    return found


# Forms


@pytest.mark.parametrize(
    ("kind", "unit", "values", "expected"),
    [
        (m.SCALE, "kg", {"weight": "80.50"}, ("80.50", "kg")),
        (m.SCALE, "lb", {"weight": "177"}, ("177", "[lb_av]")),
        (m.THERMOMETER, "Cel", {"temperature": "37.0"}, ("37.0", "Cel")),
        (m.GLUCOSE, "mmol/L", {"concentration": "5.30"}, ("5.30", "mmol/L")),
        (m.GLUCOSE, "mg/dL", {"concentration": "95"}, ("95", "mg/dL")),
        (m.OXIMETER, "", {"spo2": "94"}, ("94", "%")),
    ],
)
def test_every_digit_that_was_typed_is_handed_on_and_no_other(kind, unit, values, expected):
    [(value, code)] = said(entry(kind=kind, unit=unit, **values)).values()
    assert (str(value), code) == expected


def test_a_pressure_keeps_its_unit_and_a_pulse_that_nobody_wrote_is_not_there():
    found = said(entry(kind=m.CUFF, unit="kPa", systolic="16.0", diastolic="10.5"))
    assert {(str(value), code) for value, code in found.values()} == {("16.0", "kPa"),
                                                                     ("10.5", "kPa")}  # fmt: skip
    with_pulse = entry(kind=m.CUFF, unit="mmHg", systolic="120", diastolic="80", pulse_rate="61")
    assert len(said(with_pulse)) == 3


def test_an_entry_is_marked_and_has_the_time_that_was_written_down():
    found = entered.measured(entry())
    assert (found.marks, found.thing, found.hub_id) == ((m.MANUAL,), m.Thing(m.SCALE), None)
    assert found.entered == m.Entered("AAAA", BY.function, BY.person, MORNING_MS + 3_600_000)
    assert found.when is not None
    assert (found.when.earliest_ms, found.when.latest_ms) == (MORNING_MS - 1, MORNING_MS + 59_999)
    gone = entered.measured(kept_with(entry(), withdrawn="BBBB"))
    [observation] = of.of(gone, STYLE).observations
    assert observation["status"] == "entered-in-error"
    assert gone.details == {entries.WITHDRAWN: "BBBB"}


def kept_with(each: entries.Entry, **changes: str) -> entries.Entry:
    return dataclasses.replace(each, **changes)


def test_what_is_typed_is_a_number_as_on_the_form_and_never_in_the_error():
    assert entry_form.values(m.SCALE, {"weight": " 80,5 "}) == {"weight": "80.5"}
    assert entry_form.values(m.OXIMETER, {"spo2": "94", "pulse_rate": ""}) == {"spo2": "94"}
    wrong = ("", "8x", "-80", "12345", "\u0663", "8,5,1")
    for typed in ({}, {"spo2": "94"}, *({"weight": text} for text in wrong)):
        error = refusal(entry_form.values, m.SCALE, typed)
        assert error.code == "typed-value"
        assert error.where in ("weight", "spo2")
    assert refusal(entry_form.unit, m.SCALE, "stone").code == "typed-unit"
    assert refusal(entry_form.form, "blood").code == "typed-kind"


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=12))
def test_any_text_is_a_number_or_refused(text: str):
    try:
        found = entry_form.values(m.SCALE, {"weight": text})
    except errors.InputRefused as error:
        assert error.code == "typed-value"  # noqa: PT017
        return
    assert Decimal(found["weight"]) >= 0
    assert said(entry(weight=found["weight"]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-23 08:00", ("2026-11-23T07:00", 1)),
        ("2026-07-01T08:00", ("2026-07-01T06:00", 1)),
        ("2026-11-23", ("2026-11-22T23:00", 24 * 60)),
        ("2026-03-29", ("2026-03-28T23:00", 23 * 60)),
        ("2026-10-25", ("2026-10-24T22:00", 25 * 60)),
        ("2026-10-25 02:30", ("2026-10-25T00:30", 61)),  # twice that night
        ("2026-03-29 02:30", ("2026-03-29T01:00", 1)),  # never that night
    ],
)
def test_a_moment_is_all_that_was_written_down(text: str, expected: tuple[str, int]):
    found = entry_form.moments(text)
    begin = dt.datetime.fromisoformat(expected[0]).replace(tzinfo=dt.UTC)
    assert found.from_ms == int(begin.timestamp()) * 1000
    assert found.until_ms == found.from_ms + expected[1] * 60_000 - 1


@pytest.mark.parametrize("text", ["", "now", "2026-02-30", "2026-11-23 24:00", "1999-01-01", "x"])
def test_what_is_no_moment_is_refused(text: str):
    assert refusal(entry_form.moments, text).code == "typed-moment"


# The log


def test_an_entry_is_corrected_by_another_and_nothing_is_forgotten(opened):
    for _ in range(2):  # a write may be repeated
        opened.write(lambda c: kept.enter(c, SEALER, entry("A")))
    for _ in range(2):
        opened.write(lambda c: kept.enter(c, SEALER, entry("B", weight="80.5"), corrects="A"))
    found = opened.read(lambda c: kept.entries(c, SEALER))
    assert [(each.entry_id, each.withdrawn) for each in found] == [("A", "B"), ("B", "")]
    assert [dict(each.values) for each in found] == [{"weight": "80.50"}, {"weight": "80.5"}]
    with pytest.raises(errors.InputRefused, match="typed-gone"):
        opened.write(lambda c: kept.enter(c, SEALER, entry("C"), corrects="A"))
    for _ in range(2):
        assert opened.write(lambda c: kept.withdraw(c, "B", BY, MORNING_MS)) == LOAN
    found = opened.read(lambda c: kept.entries(c, SEALER))
    assert [each.withdrawn for each in found] == ["B", kept.NOBODY]
    with pytest.raises(errors.InputRefused, match="typed-unknown"):
        opened.write(lambda c: kept.withdraw(c, "C", BY, MORNING_MS))


def test_a_correction_is_of_the_same_loan(opened):
    opened.write(lambda c: kept.enter(c, SEALER, entry("A")))
    other = kept_with(entry("B"), loan_id="2503481100000002")
    with pytest.raises(errors.InputRefused, match="typed-unknown"):
        opened.write(lambda c: kept.enter(c, SEALER, other, corrects="A"))
    found = opened.read(lambda c: kept.entries(c, SEALER))
    assert [(each.entry_id, each.withdrawn) for each in found] == [("A", "")]


def test_the_store_has_no_value_in_clear_and_another_key_opens_none(opened, tmp_path: Path):
    opened.write(lambda c: kept.enter(c, SEALER, entry("A", weight="81.37")))
    opened.close()
    files = [path.read_bytes() for path in tmp_path.iterdir()]
    assert files
    assert not any(b"81.37" in data or b"weight" in data for data in files)
    stranger = sealed.Sealer(bytes(31) + b"x")
    with pytest.raises(errors.InputRefused, match="outbox-sealed"):
        opened.read(lambda c: kept.entries(c, stranger))


def test_an_entry_moved_to_another_loan_in_the_database_is_not_believed(opened):
    opened.write(lambda c: kept.enter(c, SEALER, entry("A")))
    table = schema.loan_log
    opened.write(lambda c: c.execute(sa.update(table).values(loan="2503481100000002")))
    with pytest.raises(errors.InputRefused, match="outbox-sealed"):
        opened.read(lambda c: kept.entries(c, SEALER))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 50), st.integers(1, 30) | st.none()), max_size=8
    )
)
def test_a_pause_ends_where_somebody_ended_it(tmp_path_factory, deeds):
    """Against the plainest model: hour by hour, what was said last of it."""
    opened = _shared(tmp_path_factory)
    opened.write(lambda c: c.execute(sa.delete(schema.loan_log)))
    paused: set[int] = set()
    for number, (is_pause, begin, hours) in enumerate(deeds):
        if is_pause:
            end = None if hours is None else begin + hours
            span = Span(begin, end)
            opened.write(lambda c, n=number, s=span: kept.pause(c, f"{n}", LOAN, s, BY, 1))
            paused |= set(range(begin, 100 if end is None else end))
        else:
            opened.write(lambda c, n=number, b=begin: kept.resume(c, f"{n}", LOAN, b, BY, 1))
            paused = {hour for hour in paused if hour < begin}
    known = opened.read(lambda c: kept.read(c, ()))
    assert {hour for hour in range(100) if known.is_paused(LOAN, hour)} == paused
    assert not known.is_paused("2503481100000002", 5)


_kept_open: list[store.Store] = []


def _shared(factory) -> store.Store:
    if not _kept_open:
        _kept_open.append(store.open_store(factory.mktemp("loans") / "receiver.sqlite"))
    return _kept_open[0]


def test_a_plan_holds_until_the_next_and_gives_way_to_reminders(opened):
    row = plan_text.expected(m.SCALE, 480, 127)
    assert (row.before_minutes, row.after_minutes) == (120, 60)
    plans = [facts.Plan(LOAN, 10, plan_text.whole([row, row])), facts.Plan(LOAN, 20, ()),
             facts.Plan(LOAN, 30, None)]  # fmt: skip
    for number, each in enumerate(plans):
        opened.write(lambda c, n=number, p=each: kept.plan(c, f"{n}", p, BY, 1))
    known = opened.read(lambda c: kept.read(c, ()))
    assert [known.plan_at(LOAN, at) for at in (5, 15, 25, 35)] == [None, *plans[:2], None]
    assert plans[0].expected == (row,)
    assert refusal(plan_text.expected, "blood", 480, 127).code == "plan-kind"
    assert refusal(plan_text.expected, m.SCALE, 480, 127, 1440).code == "plan-window"
    many = [plan_text.expected(m.SCALE, minute, 127) for minute in range(33)]
    assert refusal(plan_text.whole, many).code == "plan-long"


def test_who_asks_again_is_told_what_changed(opened):
    reader, sheets = kept.Reader(), ()
    first = opened.read(lambda c: reader.read(c, sheets))
    assert opened.read(lambda c: reader.read(c, sheets)) is first
    opened.write(lambda c: kept.pause(c, "P", LOAN, Span(5), BY, 1))
    assert opened.read(lambda c: reader.read(c, sheets)).is_paused(LOAN, 6)
    other = (place.sheet(),)
    assert opened.read(lambda c: reader.read(c, other)).loan(place.LOAN) == other[0]


def test_entries_are_of_no_hub_and_of_their_loan():
    known, register = facts.LoanFacts(), verification_of.Register([])
    nobody = source.Opened(entries.ENTERED_HUB, [], [])
    [found] = stream.measured(nobody, known, [entry()], register)
    assert (found.loan_id, found.hub_id, found.marks) == (LOAN, None, (m.MANUAL,))
    assert (
        list(stream.measured(source.Opened(place.HUB, [], []), known, [entry()], register)) == []
    )


# Commands


@pytest.fixture
def receiver(tmp_path: Path) -> Path:
    return place.receiver_folder(tmp_path / "receiver")


def typing(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_commands_enter_correct_and_withdraw_without_showing_a_value(
    receiver: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    options = ("--receiver", receiver, "--by", "oppfolgingstjeneste:o5")
    base = ("receiver", "enter", LOAN, "scale", "--at", "2026-09-24 20:15", *options)
    typing(monkeypatch, "81,37\n")
    status, out, err = terminal.run(*base)
    assert status == 0, err
    assert "81" not in out
    assert "81,37" not in err
    _, [first] = terminal.json("receiver", "entries", "--receiver", receiver)
    assert (first["loan"], first["kind"], first["withdrawn_for"]) == (LOAN, "scale", None)
    typed = tmp_path / "values"
    typed.write_text("weight=81.3\n")
    status, told = terminal.json(*base, "--values", typed, "--corrects", first["entry"])
    assert (status, told["corrects"]) == (0, first["entry"])
    assert terminal.json("receiver", "withdraw", told["entry"], *options)[0] == 0
    _, listed_now = terminal.json("receiver", "entries", LOAN, "--receiver", receiver)
    assert [each["withdrawn_for"] for each in listed_now] == [told["entry"], "-"]
    out = terminal.run("receiver", "entries", "--receiver", receiver)[1]
    assert "81.3" not in out
    assert "feil" in out


def test_commands_refuse_what_cannot_be(
    receiver: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
):
    def error(*arguments: str) -> str:
        typing(monkeypatch, "81,37\n")
        status, told = terminal.json("receiver", *arguments, "--receiver", str(receiver),
                                     "--by", "oppfolgingstjeneste:o5")  # fmt: skip
        assert status == 1
        return told["error"]

    at = ("--at", "2026-09-24 20:15")
    assert error("enter", "2503481100000009", "scale", *at) == "loan-unknown"
    assert error("enter", LOAN, "blood", *at) == "typed-kind"
    assert error("enter", LOAN, "scale", "--at", "2026-09-20") == "typed-outside"
    assert error("enter", LOAN, "scale", "--at", "2100-09-20") == "typed-future"
    assert error("enter", LOAN, "cuff", *at) == "typed-value"
    assert error("pause", LOAN, "--from", "2026-09-26", "--until", "2026-09-25") == "pause-span"
    assert error("plan", LOAN) == "plan-empty"
    assert error("plan", LOAN, "scale 08:00 slot=1") == "plan-slot"
    assert error("plan", LOAN, "08:00") == "reminder"
    status, told = terminal.json("receiver", "enter", LOAN, "scale", *at, "--receiver", receiver,
                                 "--by", "lagertekniker:t17")  # fmt: skip
    assert (status, told["error"]) == (1, "til-01")


def test_commands_pause_plan_and_list(receiver: Path, terminal: Terminal):
    options = ("--receiver", receiver, "--by", "oppfolgingstjeneste:o5")
    for arguments in (
        ("pause", LOAN, "--from", "2026-10-01", "--until", "2026-10-07"),
        ("pause", LOAN, "--from", "2026-10-04", "--end"),
        ("plan", LOAN, "scale 08:00 man-fre", "cuff 20:00", "--from", "2026-10-01"),
    ):
        assert terminal.run("receiver", *arguments, *options)[0] == 0
    status, told = terminal.json("receiver", "loans", "--receiver", receiver)
    assert (status, told["refused"]) == (0, [])
    [only] = told["loans"]
    [pause] = only["pauses"]
    assert pause["until_ms"] - pause["from_ms"] == 3 * 86_400_000
    [plan] = only["plans"]
    assert [(each["kind"], each["minute"], each["weekdays"]) for each in plan["expected"]] == [
        ("scale", 480, 31), ("cuff", 1200, 127),
    ]  # fmt: skip
    assert LOAN in terminal.run("receiver", "loans", "--receiver", receiver)[1]
