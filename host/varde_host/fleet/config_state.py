"""How far a hub is with the config that is published for it, by nothing but its own signed word.

What is published is what a hub *shall* have. That it has it, only the hub can say: with a report
that names the number as in force, or with the event that its trial is over. Until it does, no
state here is a good one.

    waiting     told, or about to be: nothing of it was heard from the hub yet
    fetching    the hub says that it takes it, or has it and begins when nothing is under way
    trial       it runs on trial: without an acknowledged exchange it goes back by itself
    confirmed   it is in force and has worked
    returned    it did not work; the hub runs again what it ran before
    refused     the hub does not take it
    fell-back   it worked, and the hub says that it runs an older one all the same
    stalled     the hub was heard from long after it should have taken it, and says nothing of it
    silent      not heard from for longer than a hub is quiet that is well
    ahead       the hub runs a later one than anything that was published here
    unpublished nothing is published for it
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from varde_host.fleet import own_word
from varde_host.fleet.own_word import HubTruth
from varde_protocols import update_words

WAITING: Final = "waiting"
FETCHING: Final = "fetching"
TRIAL: Final = "trial"
CONFIRMED: Final = "confirmed"
RETURNED: Final = "returned"
REFUSED: Final = "refused"
FELL_BACK: Final = "fell-back"
STALLED: Final = "stalled"
SILENT: Final = "silent"
AHEAD: Final = "ahead"
UNPUBLISHED: Final = "unpublished"
STATES: Final = (
    WAITING, FETCHING, TRIAL, CONFIRMED, RETURNED, REFUSED, FELL_BACK, STALLED, SILENT, AHEAD,
    UNPUBLISHED,
)  # fmt: skip
UNDER_WAY: Final = frozenset({WAITING, FETCHING, TRIAL})
SETTLED: Final = frozenset(STATES) - UNDER_WAY - {SILENT}
"""What does not change while somebody waits for it."""

S_MS: Final = 1000
# A hub on trial says nothing until its trial is over or has failed: ten minutes, and a start.
TRIAL_MS: Final = 600_000
START_MS: Final = 60_000
# So many heartbeats after publication a hub that is heard from has seen that there is one.
_HEARTBEATS_TO_FETCH: Final = 3
# A hub that comes back from an outage is heard before it has asked for what is new.
_ASKING_MS: Final = 300_000

_CODE: Final = (update_words.APPLICATION, update_words.INTERPRETER)
# A hub fetches the code that an assignment names first, and until both are tried tells of that.
_TOLD_OF_CODE: Final = frozenset(
    {update_words.FETCHING, update_words.STAGED, update_words.WAITING, update_words.REFUSED}
)

_OF_UPDATE: Final = {
    update_words.FETCHING: FETCHING,
    update_words.STAGED: FETCHING,
    update_words.WAITING: FETCHING,
    update_words.TRIAL: TRIAL,
    update_words.RETURNED: RETURNED,
    update_words.REFUSED: REFUSED,
    update_words.CONFIRMED: CONFIRMED,
}


@dataclass(frozen=True, slots=True)
class Published:
    """What stands for a hub: its number, when that was, the heartbeat of its config, and the
    release that it names."""

    number: int
    published_ms: int
    heartbeat_s: int
    release: int | None = None


@dataclass(frozen=True, slots=True)
class ConfigState:
    """`state` is one of STATES, `reason` of `update_words`; `in_force` None is not known.

    Times are Unix ms by the collector's clock: `since_ms` is when that was said, or since when
    nothing is; `next_ms` when something will have happened at the latest, if the hub is well.
    """

    state: str
    reason: int = update_words.NONE
    in_force: int | None = None
    since_ms: int | None = None
    heard_ms: int | None = None
    next_ms: int | None = None


def judge(published: Published | None, truth: HubTruth | None, now_ms: int) -> ConfigState:
    """Return how far a hub is; `truth` is None for one that is not enrolled."""
    in_force = None if truth is None else truth.assignment_number
    heard_ms = None if truth is None else truth.last_heard_ms
    if published is None:
        return ConfigState(UNPUBLISHED, in_force=in_force, heard_ms=heard_ms)
    said = None if truth is None else _word(published, truth)
    state, reason, since_ms = _said(published, truth, said, in_force)
    if state not in UNDER_WAY:
        return ConfigState(state, reason, in_force, since_ms, heard_ms)
    heartbeat_ms = published.heartbeat_s * S_MS
    # A heartbeat more, so that one lost exchange is no silence, and a trial that came between.
    silence_ms = own_word.longest_pause_ms(heartbeat_ms) + heartbeat_ms + TRIAL_MS + START_MS
    if now_ms - max(heard_ms or 0, published.published_ms) > silence_ms:
        return ConfigState(SILENT, reason, in_force, heard_ms, heard_ms)
    seen_ms = published.published_ms + _HEARTBEATS_TO_FETCH * heartbeat_ms
    has_seen = heard_ms is not None and seen_ms < heard_ms <= now_ms - _ASKING_MS
    if state == WAITING and has_seen:
        return ConfigState(STALLED, reason, in_force, published.published_ms, heard_ms)
    return ConfigState(
        state, reason, in_force, since_ms, heard_ms, _next_ms(state, heard_ms, since_ms, published)
    )


def _word(published: Published, truth: HubTruth) -> own_word.Said | None:
    """Return the hub's last word on what is published, or on the code in it, since it was."""
    said = truth.said_of((update_words.CONFIG,), published.number)
    code = None if published.release is None else truth.said_of(_CODE, published.release)
    if code is None or code.state not in _TOLD_OF_CODE:
        return said
    is_of_another = code.received_ms < published.published_ms
    return said if is_of_another or (said and said.seq > code.seq) else code


def _said(
    published: Published,
    truth: HubTruth | None,
    said: own_word.Said | None,
    in_force: int | None,
) -> tuple[str, int, int | None]:
    """Return the state by the hub's own word, the reason, and when it said so."""
    reported_ms = None if truth is None else truth.reported_ms
    if in_force is not None and in_force > published.number:
        return AHEAD, update_words.NONE, reported_ms
    state = WAITING if said is None else _OF_UPDATE.get(said.state, WAITING)
    if in_force == published.number and state != TRIAL:
        since_ms = said.received_ms if said and state == CONFIRMED else reported_ms
        return CONFIRMED, update_words.NONE, since_ms
    if said is None:
        return WAITING, update_words.NONE, published.published_ms
    if state == CONFIRMED:  # and something else is in force
        return FELL_BACK, said.reason, reported_ms
    return state, said.reason, said.received_ms


def _next_ms(
    state: str, heard_ms: int | None, since_ms: int | None, published: Published
) -> int | None:
    if state == TRIAL and since_ms is not None:
        return since_ms + TRIAL_MS + START_MS
    if heard_ms is None:
        return None
    return max(heard_ms, published.published_ms) + published.heartbeat_s * S_MS
