"""How far a hub is with its config: by its own word only, and no word is never a good word."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from host import config_place
from host.config_place import MINUTE_MS, ConfigPlace
from host.conftest import FixedClock
from host.terminal import Terminal
from varde_host.fleet import config_state, hub_truth, own_word
from varde_host.fleet.config_state import ConfigState
from varde_protocols import records
from varde_protocols import update_words as words

NUMBER = 5
HEARTBEAT_S = 900
HEARTBEAT_MS = HEARTBEAT_S * 1000
QUIET_MS = own_word.longest_pause_ms(HEARTBEAT_MS) + HEARTBEAT_MS  # one exchange was lost
CONFIG = words.CONFIG
REFUSED, RETURNED, CONFIRMED = (
    records.EVENT_UPDATE_REFUSED, records.EVENT_UPDATE_RETURNED, records.EVENT_UPDATE_CONFIRMED,
)  # fmt: skip


@pytest.fixture
def place(made: Path, terminal: Terminal) -> Iterator[ConfigPlace]:
    found = config_place.make(made, terminal, FixedClock(), count=1)
    yield found
    found.opened.close()


def report(number: int, *update: int) -> tuple[str, tuple[Any, ...]]:
    return "reports", (number, list(update) or None)


def event(code: int, number: int = NUMBER, reason: int = 0) -> tuple[str, tuple[Any, ...]]:
    return "says", (code, number, reason)


def state_after(
    place: ConfigPlace, said: list, later_ms: int = 0, release: int | None = None
) -> ConfigState:
    """The state after the hub has said these things since publication, and some time."""
    published = config_state.Published(NUMBER, place.clock.now_ms, HEARTBEAT_S, release)
    for how, what in said:
        getattr(place, how)(place.hubs[0], *what)
    truth = hub_truth.truths(place.opened)[place.hubs[0].hub_id]
    return config_state.judge(published, truth, place.clock.now_ms + later_ms)


@pytest.mark.parametrize(
    ("said", "state", "reason"),
    [
        ([], "waiting", 0),
        ([report(4)], "waiting", 0),
        ([report(4, CONFIG, 4, words.CONFIRMED, 0)], "waiting", 0),
        ([report(4, words.APPLICATION, NUMBER, words.CONFIRMED, 0)], "waiting", 0),
        ([report(4, CONFIG, NUMBER, words.FETCHING, 0)], "fetching", 0),
        ([report(4, CONFIG, NUMBER, words.STAGED, 0)], "fetching", 0),
        ([report(4, CONFIG, NUMBER, words.WAITING, words.READINGS_FIRST)], "fetching", 14),
        ([report(NUMBER, CONFIG, NUMBER, words.TRIAL, 0)], "trial", 0),
        ([report(4, CONFIG, NUMBER, words.TRIAL, 0)], "trial", 0),
        ([report(NUMBER)], "confirmed", 0),
        ([report(NUMBER, CONFIG, NUMBER, words.CONFIRMED, 0)], "confirmed", 0),
        ([report(NUMBER, words.APPLICATION, 7, words.TRIAL, 0)], "trial", 0),
        ([report(NUMBER, words.INTERPRETER, 7, words.TRIAL, 0)], "trial", 0),
        ([report(NUMBER, words.APPLICATION, 7, words.TRIAL, 0), event(CONFIRMED)], "confirmed", 0),
        ([report(NUMBER, words.APPLICATION, 7, words.TRIAL, 0), event(RETURNED)], "returned", 0),
        ([report(NUMBER, words.APPLICATION, 7, words.CONFIRMED, 0)], "confirmed", 0),
        ([report(4), event(CONFIRMED)], "confirmed", 0),
        ([report(NUMBER, CONFIG, NUMBER, words.TRIAL, 0), event(CONFIRMED)], "confirmed", 0),
        ([report(4, CONFIG, NUMBER, words.RETURNED, words.NO_EXCHANGE)], "returned", 9),
        ([report(4), event(RETURNED, reason=words.NO_EXCHANGE)], "returned", 9),
        ([event(RETURNED, reason=words.NO_EXCHANGE), report(4)], "returned", 9),
        ([event(RETURNED, reason=9), event(CONFIRMED)], "confirmed", 0),
        ([event(CONFIRMED), event(RETURNED, reason=7)], "returned", 7),
        ([event(CONFIRMED), report(4)], "fell-back", 0),
        ([report(4), event(REFUSED, reason=words.UNKNOWN_KEY)], "refused", 18),
        ([report(4), event(REFUSED, 4, words.ROLLBACK)], "waiting", 0),
        ([report(6)], "ahead", 0),
        ([event(CONFIRMED, 6)], "ahead", 0),
        ([report(4, CONFIG, NUMBER, 99, 0)], "waiting", 0),
        ([report(4, CONFIG, NUMBER, words.WAITING, 99)], "fetching", 99),
    ],
)
def test_what_a_hub_says_and_the_state(place: ConfigPlace, said: list, state: str, reason: int):
    found = state_after(place, said)
    assert (found.state, found.reason) == (state, reason)
    assert (found.heard_ms is None) == (not said)


CODE = words.APPLICATION


@pytest.mark.parametrize(
    ("said", "state", "reason"),
    [
        ([report(4, CODE, 7, words.FETCHING, 0)], "fetching", 0),
        ([report(4, CODE, 7, words.WAITING, words.OUTSIDE_WINDOW)], "fetching", 12),
        ([report(4, words.INTERPRETER, 7, words.STAGED, 0)], "fetching", 0),
        ([report(4, CODE, 7, words.REFUSED, words.FLOOR)], "refused", 3),
        ([report(4, CODE, 6, words.FETCHING, 0)], "waiting", 0),
        ([report(4, CODE, 7, words.CONFIRMED, 0)], "waiting", 0),
        ([event(RETURNED, reason=9), report(4, CODE, 7, words.FETCHING, 0)], "fetching", 0),
        ([report(4, CODE, 7, words.FETCHING, 0), event(RETURNED, reason=9)], "returned", 9),
        ([report(NUMBER, CODE, 7, words.TRIAL, 0)], "trial", 0),
        ([report(NUMBER, CODE, 7, words.CONFIRMED, 0)], "confirmed", 0),
    ],
)
def test_with_the_code_that_it_names(place: ConfigPlace, said: list, state: str, reason: int):
    found = state_after(place, said, release=7)
    assert (found.state, found.reason) == (state, reason)


def test_a_hub_that_takes_code_for_hours_is_not_stalled(place: ConfigPlace):
    reports = [report(4, CODE, 7, words.FETCHING, 0) for _ in range(3 * HEARTBEAT_S // 60 + 1)]
    assert state_after(place, reports, release=7).state == "fetching"


def test_a_word_on_the_same_code_from_before_says_nothing(place: ConfigPlace):
    place.reports(place.hubs[0], 4, [CODE, 7, words.REFUSED, words.FLOOR])
    place.clock.now_ms += 1
    assert state_after(place, [], release=7).state == "waiting"


@pytest.mark.parametrize(
    ("said", "later_ms", "state"),
    [
        ([], QUIET_MS + 12 * MINUTE_MS, "silent"),
        ([report(4)], QUIET_MS, "waiting"),
        ([report(4)], QUIET_MS + 12 * MINUTE_MS, "silent"),
        ([report(NUMBER, CONFIG, NUMBER, words.TRIAL, 0)], QUIET_MS + 12 * MINUTE_MS, "silent"),
        ([report(NUMBER)], QUIET_MS + 12 * MINUTE_MS, "confirmed"),  # it has said so, and when
        ([event(RETURNED, reason=9)], QUIET_MS + 12 * MINUTE_MS, "returned"),
    ],
)
def test_silence(place: ConfigPlace, said: list, later_ms: int, state: str):
    found = state_after(place, said, later_ms)
    assert found.state == state
    if state == "silent":
        assert found.since_ms == found.heard_ms


def test_a_hub_that_was_quiet_when_it_was_published_is_not_silent(place: ConfigPlace):
    """Without readings it reports each hour, and may be about to."""
    place.reports(place.hubs[0], 4)
    place.clock.now_ms += QUIET_MS + 12 * MINUTE_MS
    assert state_after(place, []).state == "waiting"
    assert state_after(place, [], QUIET_MS + 12 * MINUTE_MS).state == "silent"


def test_a_hub_that_is_heard_and_does_not_take_it(place: ConfigPlace):
    reports = [report(4) for _ in range(3 * HEARTBEAT_S // 60 + 1)]
    assert state_after(place, reports, 5 * MINUTE_MS).state == "stalled"


def test_a_hub_that_was_off_is_not_stalled_with_its_first_word(place: ConfigPlace):
    place.clock.now_ms += 4 * HEARTBEAT_S * 1000
    assert state_after(place, [report(4)]).state == "waiting"


def test_nothing_published_or_nobody_there(place: ConfigPlace):
    place.reports(place.hubs[0], 4)
    truth = hub_truth.truths(place.opened)[place.hubs[0].hub_id]
    assert config_state.judge(None, truth, 0) == ConfigState(
        "unpublished", in_force=4, heard_ms=place.clock.now_ms
    )
    published = config_state.Published(1, place.clock.now_ms, HEARTBEAT_S)
    assert config_state.judge(published, None, place.clock.now_ms).state == "waiting"


def test_what_a_forger_writes_moves_nothing(place: ConfigPlace):
    hub = place.hubs[0]
    facts = {records.FACT_CONFIG_NUMBER: NUMBER}
    raw = hub.sign(records.Report(hub.take_seq(), 0, 0, facts))
    place.deliver(hub, raw[:-1] + bytes([raw[-1] ^ 1]))
    assert state_after(place, []).state == "waiting"


def test_when_to_expect_the_next_word(place: ConfigPlace):
    found = state_after(place, [report(4)])
    assert found.next_ms == place.clock.now_ms + HEARTBEAT_MS
    found = state_after(place, [report(NUMBER, CONFIG, NUMBER, words.TRIAL, 0)])
    assert found.next_ms == place.clock.now_ms + 11 * MINUTE_MS


def test_states_that_end_a_watch():
    assert {"waiting", "fetching", "trial", "silent"} == set(config_state.STATES) - set(
        config_state.SETTLED
    )
