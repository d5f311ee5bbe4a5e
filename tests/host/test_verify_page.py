"""What the pages of verifying say and draw: a text for whatever is asked, and none left over."""

from __future__ import annotations

import dataclasses
import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.verifying_bench import LISTENING, PUMPED, TYPED, Person, begun
from varde_host import messages, verify_page
from varde_host.verification import drift, past, procedure
from varde_host.verify_page import asking, drawing, question_pages, shown
from varde_host.verifying import advice, entry, plan

SOURCE = Path(verify_page.__file__).parent
WAYS = (TYPED, PUMPED, LISTENING)
UNSAID = {"scale_class": None, "e": None, "d": None, "resolution": None, "has_test_mode": None,
          "first_use": None, "ble_resolution": None, "maker_mpe": None}  # fmt: skip


def all_asked() -> list[tuple[plan.Step, asking.Asking]]:
    """Every question of every procedure, by every way."""
    found = []
    for name in procedure.shipped():
        for ways in WAYS:
            for facts in ({}, UNSAID):
                work = begun(name, ways, **facts)
                work.fixed = dataclasses.replace(work.fixed, small_weights=True)
                person = Person(work)
                while (asked := work.question()) is not None and len(person.asked) < 120:
                    found.append((asked.step, asking.of(asked, work)))
                    if (
                        asked.step.id == plan.UNCHANGED
                        and plan.CHANGE not in work.standing.answers
                    ):
                        work.answer("n", person.now_ms(), person.work.entries[-1].by)
                    else:
                        person.answer()
    return found


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_whatever_is_asked_has_its_words(language: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(messages.speaker, "language", language)
    for step, asked in all_asked():
        assert asked.ask, step
        assert not re.search(r"Enter|F2 =|n = ", asked.ask), step  # a terminal's words


def test_no_text_is_left_over():
    """Those with whole names stand in the code; the rest is named by what is asked."""
    files = [*SOURCE.rglob("*.py"), *SOURCE.rglob("*.html")]
    text = "".join(file.read_text() for file in files)
    menu = (SOURCE.parent / "bench_page" / "menu.py").read_text()
    steps = {step.id for step, _ in all_asked()} | {step.name for step, _ in all_asked()}
    kinds = {step.kind for step, _ in all_asked()}
    named = (
        {f"ask.{each}" for each in steps}
        | {f"ask.{each}-machine" for each in (*steps, *plan.MACHINE)}
        | {f"ask.{each}" for each in ("curve", "display-or-none", "device-class")}
        | {f"hint.{each}" for each in (*kinds, "optional")}
        | {f"button.{plan.UNCHANGED}-{each}" for each in ("yes", "no")}
        | {f"nothing.{each}" for each in plan.MACHINE}
        | {f"why.{deed}{end}" for deed in ("cannot", "undo") for end in ("", "-hint", "-do")}
        | {f"why.scope-{each}" for each in (entry.POINT, entry.CHECK)}
    )
    for key in messages.catalogue("nb"):
        if key.startswith("verify-page."):
            leaf = key.removeprefix("verify-page.")
            is_field = leaf.startswith("reference-field.") and f'"{leaf[16:]}"' in text
            assert key in text + menu or leaf in named or is_field, key


def test_every_page_of_a_question_needs_the_hold():
    paths = [page.path for page in question_pages.PAGES]
    assert all(path.startswith("/verify/{item}/at/{hold}") for path in paths)


def test_a_finding_has_its_code_and_three_parts():
    late = advice.Message(advice.PAST_DUE, {"reference": "4F7K2X", "due": "2025-01-01"})
    found = shown.findings([late])[0]
    assert "4F7K2X" in found.what
    assert (found.code, bool(found.now), bool(found.who)) == ("ref-01", True, True)


@given(
    st.lists(
        st.tuples(st.decimals(0, 600, places=3), st.decimals(-50, 400, places=2)), max_size=30
    )
)
def test_any_curve_lies_in_its_drawing(curve: list[tuple[Decimal, Decimal]]):
    drawn = drawing.of_curve(tuple(curve), 120, 60, "Lekkasje")
    for x, y in (pair.split(",") for pair in drawn.line.split()):
        assert drawing.LEFT <= float(x) <= drawing.WIDTH - drawing.RIGHT
        assert drawing.TOP <= float(y) <= drawing.HEIGHT - drawing.BOTTOM
    assert all(0 <= tick.at <= drawing.WIDTH for tick in (*drawn.x_ticks, *drawn.y_ticks))


@given(
    st.lists(
        st.tuples(st.integers(0, 40_000), st.decimals(-9, 9, places=2)), min_size=1, max_size=9
    ),
    st.decimals("0.01", 5, places=2),
)
def test_any_course_lies_in_its_strip(found: list[tuple[int, Decimal]], limit: Decimal):
    series = past.Series(
        ("static-up", "up", "150"), limit, tuple(drift.Found(*each) for each in sorted(found))
    )
    drawn = drawing.of_drift(series, "Trykk", "mmHg")
    for x, y in drawn.marks:
        assert drawing.LEFT <= x <= drawing.WIDTH - drawing.RIGHT
        assert drawing.TOP <= y <= drawing.HEIGHT - drawing.BOTTOM
    assert len(drawn.limits) == 2
