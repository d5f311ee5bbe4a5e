"""The table of moves: what it lets through, and that nothing goes round it."""

from __future__ import annotations

import pathlib
import re

import pytest

import varde_host.inventory
from host.inventory_bench import refusal
from varde_host import messages
from varde_host.inventory import states, who, words

MUST = (states.CLEANED, states.WIPED, states.CHECKED)
SOURCES = (states.RECEIVED, states.QUARANTINE, states.RETURNED)


def reachable(start: str, without: str = "", *, is_infectious: bool | None = None) -> set[str]:
    found, ahead = set(), [start]
    while ahead:
        here = ahead.pop()
        for move in states.MOVES:
            fits = is_infectious is None or move.is_for(is_infectious=is_infectious)
            if move.source == here and move.target not in {without, *found} and fits:
                found.add(move.target)
                ahead.append(move.target)
    return found


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("must", MUST)
def test_without_that_state_no_way_leads_out(source: str, must: str):
    assert states.HANDED_OUT in reachable(source)
    assert not reachable(source, without=must) & set(states.OUT)


def test_the_order_is_cleaned_wiped_checked():
    """A walk over (state, the last of the three done) never goes out before all three."""
    seen, ahead = set(), [(source, 0) for source in SOURCES]
    while ahead:
        state, done = ahead.pop()
        for move in states.MOVES:
            if move.source != state:
                continue
            step = done
            if move.target in SOURCES:
                step = 0
            elif move.target in MUST:
                number = MUST.index(move.target)
                step = number + 1 if done >= number else done
            if (move.target, step) not in seen:
                seen.add((move.target, step))
                ahead.append((move.target, step))
    assert {step for state, step in seen if state == states.HANDED_OUT} == {3}


def test_every_state_is_reached_and_scrapped_is_the_end():
    assert reachable(states.RECEIVED) == set(states.STATES) - {states.RECEIVED}
    assert reachable(states.SCRAPPED) == set()
    ends = {move.source for move in states.MOVES if move.target == states.SCRAPPED}
    assert ends == set(states.STATES) - {states.SCRAPPED}


def test_under_infection_control_a_kit_is_opened_by_one_move_alone():
    opening = [
        move
        for move in states.MOVES
        if move.source in (states.RETURNED, states.QUARANTINE, states.RECEIVED)
        and move.target not in (states.QUARANTINE, states.SCRAPPED)
        and move.is_for(is_infectious=True)
    ]
    assert [(move.source, move.needs) for move in opening] == [
        (states.QUARANTINE, ("infection-cleaning",))
    ]


def test_every_move_has_an_owner_and_evidence():
    for move in states.MOVES:
        assert move.needs
        assert set(move.functions) <= set(who.FUNCTIONS)
        assert move.functions


def test_nothing_changes_the_inventory_but_the_door():
    folder = pathlib.Path(varde_host.inventory.__file__).parent
    for file in folder.glob("*.py"):
        # `copying` fills a new file, and proves each row by the log that it copied
        if file.name not in {"door.py", "audit.py", "copying.py"}:
            assert not re.search(
                r"sa\.(insert|update|delete)\b|\.(insert|update)\(\)", file.read_text()
            ), file
    assert "sa.delete" not in (folder / "door.py").read_text() + (folder / "audit.py").read_text()


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_states_are_known_by_their_names_in_any_language(language: str, plain: None):
    for key in states.STATES:
        name = messages.catalogue(language)[f"kit-state.{key}"]
        assert (
            words.state_key(name) == words.state_key(name.upper()) == words.state_key(key) == key
        )
    assert words.state_key("Karantene") == "quarantine"
    assert words.state_key("bruk") == "in-use"
    assert refusal(words.state_key, "sold").code == "state-unknown"
