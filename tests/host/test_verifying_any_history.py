"""Whoever says whatever at the bench: nothing said before changes, and nothing breaks."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host.verifying_bench import BEGAN_MS, BY, LISTENING, PUMPED, TYPED, Person, begun
from varde_host import errors
from varde_host.inventory import audit
from varde_host.verification import judgement
from varde_host.verifying import (
    doubt,
    entry,
    gathering,
    line_editor,
    numbers,
    plan,
    session,
    setup,
    state_file,
)

WAYS = {"cuff-static": PUMPED, "scale-r76": LISTENING, "oximeter-functional": TYPED}
DEEDS = st.one_of(
    st.just(("good",)),
    st.just(("good",)),
    st.just(("good",)),
    st.tuples(st.just("answer"), st.text(max_size=12)),
    st.tuples(
        st.just("answer"), st.sampled_from(["n", "ja", "151", "105", "20,1", "F2", "", "-"])
    ),
    st.tuples(st.just("value"), st.decimals(-20, 300, places=2).map(str)),
    st.tuples(st.just("cannot"), st.sampled_from(entry.SCOPES)),
    st.just(("undo",)),
    st.just(("reopen",)),
)


def do(person: Person, deed: tuple[str, ...]) -> None:
    work, now_ms = person.work, person.now_ms()
    asked = work.question()
    if deed[0] == "undo":
        work.undo("feil", now_ms, BY)
    elif deed[0] == "reopen":
        work.reopen(now_ms, BY)
    elif asked is None:
        return
    elif deed[0] == "cannot":
        work.cannot("går ikke", deed[1], now_ms, BY)
    elif asked.kind in plan.MACHINE:
        number = deed[0] == "value" and asked.kind != plan.CURVE
        work.take(deed[1] if number else person.gives(asked.step), now_ms, BY)
    elif deed[0] == "answer":
        work.answer(deed[1], now_ms, BY)
    else:
        person.answer()


@pytest.mark.parametrize("name", sorted(WAYS))
@settings(max_examples=25, deadline=None)
@given(skip=st.integers(0, 70), deeds=st.lists(DEEDS, max_size=40))
def test_any_history(name: str, skip: int, deeds: list[tuple[str, ...]]):
    work = begun(name, WAYS[name])
    person = Person(work)
    for _ in range(skip):
        do(person, ("good",))
    as_found = None
    for deed in deeds:
        before = list(work.entries)
        do(person, deed)
        assert work.entries[: len(before)] == before  # lines are only ever added
        if plan.CHANGE in work.standing.answers:
            found = work.seen().as_found
            assert as_found in (None, found)  # what was found stays as it was found
            as_found = found
    judged = work.judged()  # whatever was said has a judgement
    assert judged.outcome in judgement.OUTCOMES
    told = audit.canonical(
        {
            "form": state_file.FORM,
            "setup": work.fixed.as_json(),
            "entries": [one.as_json() for one in work.entries],
        }
    )
    fixed, entries = state_file.parse(told.encode(), "state")
    again = session.Session(work.used, fixed, entries, work.ways)
    assert (again.question(), again.seen()) == (work.question(), work.seen())


@given(st.binary(max_size=200))
def test_any_file(data: bytes):
    with pytest.raises(errors.InputRefused):
        state_file.parse(data, "state")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
NAMES = st.sampled_from(["did", "step", "at_ms", "by", "value", "source", "scope", "other"])


@given(st.dictionaries(NAMES, JSON | st.sampled_from([*entry.DEEDS, *entry.SCOPES])))
def test_any_line_is_whole_or_refused(row: dict[str, object]):
    try:
        one = entry.from_json(row, "state")
    except errors.InputRefused:
        return
    assert one.as_json() == {name: value for name, value in row.items() if value is not None}


def test_any_spoiled_state_is_refused_or_read():
    work = begun("cuff-visual")
    Person(work).finish()
    rows = [one.as_json() for one in work.entries]
    state = {"form": 1, "setup": work.fixed.as_json(), "entries": rows}
    whole = json.dumps(state)
    for at in range(0, len(whole), 7):
        spoiled = (whole[:at] + "\x00" + whole[at + 1 :]).encode()
        with pytest.raises(errors.InputRefused):
            state_file.parse(spoiled[: at + 1], "state")
        try:
            state_file.parse(spoiled, "state")
        except errors.InputRefused:
            continue


@given(st.text(max_size=30), st.sampled_from(["mmHg", "kg", "%", None]))
def test_any_text_is_a_number_or_none(text: str, unit: str | None):
    try:
        value = numbers.parse(text, unit)
    except errors.InputRefused:
        return
    assert value.is_finite()
    assert abs(value) < 1_000_000


@given(st.text(alphabet="0123456789x*×,. ;", max_size=30))
def test_any_weights(text: str):
    try:
        found = numbers.pieces(text)
    except errors.InputRefused:
        return
    assert 0 < len(found) <= numbers.MAX_PIECES
    chosen = numbers.put_together(found[:6], sum(found[:3]))
    assert chosen is not None
    assert sum(chosen) == sum(found[:3])


def test_weights_that_do_not_make_it():
    owned = numbers.pieces("4x20 2x10 5")
    assert [str(one) for one in numbers.put_together(owned, owned[0] * 2) or ()] == ["20", "20"]
    assert numbers.put_together(owned, sum(owned) + 1) is None
    assert numbers.put_together(owned, owned[-1] / 2) is None


@given(st.decimals(0, 999, places=1))
def test_slips_are_neighbours_and_points(value):
    shown = str(value).replace(".", "")
    for slip in doubt.slips(value):
        digits = sorted(str(slip).replace(".", "").replace("E+", "").strip("0"))
        assert set(digits) <= set(shown) | {"1"}


@given(st.binary(max_size=60))
def test_any_keys(data: bytes):
    keys = line_editor.Keys()
    for byte in data:
        said = keys.take(byte)
        assert said is None or said.what in ("typed", "cannot", "back", "stop")
    assert keys.line.isprintable()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"149,5\r", line_editor.Said("typed", "149,5")),
        (b"14\x7f5\n", line_editor.Said("typed", "15")),
        (b"\x1bOQ", line_editor.Said("cannot")),
        (b"1\x1b[12~", line_editor.Said("cannot")),
        (b"\x1b[A1\r", line_editor.Said("typed", "1")),  # an arrow is nothing
        (b"!lodd mangler\r", line_editor.Said("cannot", "lodd mangler")),
        (b"<\r", line_editor.Said("back")),
        ("på\r".encode(), line_editor.Said("typed", "på")),
        (b"\x04", line_editor.Said("stop")),
    ],
)
def test_keys(data: bytes, said: line_editor.Said):
    keys = line_editor.Keys()
    heard = [keys.take(byte) for byte in data]
    assert heard[:-1] == [None] * (len(data) - 1)
    assert heard[-1] == said


def test_esc_is_known_by_silence():
    keys = line_editor.Keys()
    assert keys.take(0x1B) is None
    assert keys.may_be_esc
    assert keys.silence() == line_editor.Said("back")
    assert keys.silence() is None


def test_what_is_typed_ahead_at_a_terminal_is_not_lost():
    master, slave = os.openpty()
    program = (
        "from varde_host.verifying import line_editor as e\n"
        "with e.keyboard():\n"
        "    for _ in range(4): print(e.read('> '))"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert running.stderr is not None
    assert running.stderr.read(2) == b"> "
    os.write(master, b"149,5\r\x1bOQab\x7f\r\x04")
    out, _ = running.communicate(timeout=60)
    os.close(master)
    os.close(slave)
    said = [line_editor.Said("typed", "149,5"), line_editor.Said("cannot"),
            line_editor.Said("typed", "a"), line_editor.Said("stop")]  # fmt: skip
    assert out.decode().splitlines() == [str(one) for one in said]


def test_a_setup_comes_back_as_it_was():
    fixed = begun("scale-r76").fixed
    assert setup.from_json(fixed.as_json(), "state") == fixed
    assert gathering.day(BEGAN_MS) == "2026-11-18"
