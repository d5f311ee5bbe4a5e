"""A whole hub, a collector and a source: a release whose window opens later.

What attacks, bad releases, cuts and new trusts do is in tests/stories; sittings by themselves,
with each reason why not, in tests/portable/test_update_sitting.py.
"""

from __future__ import annotations

import pytest

from stories import releases, update_cases
from stories.update_cases import CONFIRMED, Case, Home, Result
from stories.update_stage import START
from varde_protocols import update_words as words
from varde_simulator import interpreter
from varde_simulator.stage import StageError

try:
    releases.built()
except (interpreter.NoInterpreterError, StageError) as error:
    pytest.skip(str(error), allow_module_level=True)

GOOD = releases.named("good", 1)
# The home's clock is an hour ahead of UTC in March; the play begins at 05:30 UTC.
WINDOW, OPENS_AFTER_MIN, MOST_MIN = [450, 540], 60, 65


async def in_its_window(home: Home) -> None:
    home.publish(2, GOOD, window=WINDOW)


@pytest.fixture(scope="module")
def came(tmp_path_factory: pytest.TempPathFactory) -> Result:
    cases = {"window": Case(in_its_window, GOOD)}
    found = update_cases.once(
        tmp_path_factory, "update-hubs", lambda folder: update_cases.play_cases(folder, cases)
    )
    return found["window"]


def test_every_reading_is_delivered(came: Result) -> None:
    assert came.outcome.passed, (came.outcome, came.console[-2000:])


def test_a_window_is_waited_for(came: Result) -> None:
    assert (CONFIRMED, words.APPLICATION, words.NONE, 1) in came.said
    assert came.runs(GOOD)
    confirmed = next(each for each in came.truth.events if each.state == CONFIRMED)
    after_min = (confirmed.received_ms / 1000 - START.timestamp()) / 60
    assert OPENS_AFTER_MIN <= after_min < MOST_MIN


def test_nothing_is_fetched_twice(came: Result) -> None:
    assert came.counts.connections == 1
    assert len(set(came.counts.asked)) == len(came.counts.asked) == came.counts.requests
