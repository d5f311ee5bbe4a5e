"""Where a hub stands in a rollout, by nothing but what it has signed and when that arrived.

A hub runs a release when its own word says so: the event "confirmed" of that number, or a report
with that number in force and nothing on trial. The newest word counts, by the hub's numbering;
what arrived before the assignment was published says nothing of it. Whoever confirmed and then
fell back has failed, and stays failed: such a release works by chance.

Silence counts, too, once the ring's deadline is over: for an outcome after publication, and after
the soak for one more word of a hub that confirmed, since a hub that died of its release says
nothing. So the soak is over when the hub has said so long after it confirmed that it still runs.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from typing import Final

from varde_host.fleet.own_word import HubTruth, Update, UpdateEvent
from varde_protocols import records, update_words

PLANNED: Final = "planned"  # its ring has not been published to
WAITING: Final = "waiting"  # published; the hub has not begun, or says why it waits
FETCHING: Final = "fetching"
STAGED: Final = "staged"
TRIAL: Final = "trial"
CONFIRMED: Final = "confirmed"
RETURNED: Final = "returned"  # back to what it ran, by itself
FELL_BACK: Final = "fell-back"  # confirmed, and then runs something else all the same
REFUSED: Final = "refused"
OVERDUE: Final = "overdue"  # no outcome by the deadline, though it is heard
SILENT: Final = "silent"  # no outcome by the deadline, and not heard for half of it
WITHDRAWN: Final = "withdrawn"  # taken back by a stop, before the hub had said anything of it
LEFT: Final = "left"  # revoked, or given another release by a person
STATES: Final = (
    PLANNED, WAITING, FETCHING, STAGED, TRIAL, CONFIRMED, RETURNED, FELL_BACK, REFUSED, OVERDUE,
    SILENT, WITHDRAWN, LEFT,
)  # fmt: skip
FAILED: Final = frozenset({RETURNED, FELL_BACK, REFUSED, OVERDUE, SILENT})

_BY_UPDATE: Final = {
    update_words.FETCHING: FETCHING,
    update_words.STAGED: STAGED,
    update_words.TRIAL: TRIAL,
    update_words.RETURNED: RETURNED,
    update_words.WAITING: WAITING,
    update_words.REFUSED: REFUSED,
}
_CODE = (update_words.APPLICATION, update_words.INTERPRETER)


@dataclass(frozen=True, slots=True)
class HubFacts:
    """All that is known of a hub in a rollout. Times are the collector's, in Unix ms."""

    hub_id: bytes
    ring: int
    """From 0."""
    number: int
    """Of the assignment that the rollout signed for it."""
    published_ms: int | None = None
    truth: HubTruth | None = None
    """What it has said of itself."""
    lost: tuple[tuple[int, int], ...] = ()
    """When it was told that readings are lost, and how many; 0 is how many nobody knows."""
    withdrawn_ms: int | None = None
    has_left: bool = False
    is_behind: bool = False
    """Somebody gave it an assignment of this number or above: ours cannot be published."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a hub stands. `reason` is one of `records.UPDATE_...`, 0 for none."""

    state: str
    reason: int = 0
    returns: int = 0
    confirmed_ms: int | None = None
    has_soaked: bool = False
    losses: int = 0
    """How often the hub told, since publication, that readings are or may be lost."""
    lost: int = 0
    """How many readings, as far as that is known."""
    blocks_held: int = 0
    blocks: int = 0
    is_untouched: bool = True
    """Nothing that it has said shows that it has the assignment."""
    before: str = ""
    """What an overdue or silent one was by its last word."""

    @property
    def is_failed(self) -> bool:
        """Tell if it speaks against the release: also while it tries for a second time."""
        has_returned = self.returns > 0 and self.state not in (CONFIRMED, LEFT)
        return self.state in FAILED or has_returned


def of(hub: HubFacts, release: int, soak_ms: int, deadline_ms: int, now_ms: int) -> Standing:
    """Return where a hub stands at `now_ms` in the rollout of a release number."""
    if hub.has_left:
        return Standing(LEFT)
    if hub.published_ms is None:
        return Standing(PLANNED)
    reading = _Reading(hub, release, hub.published_ms)
    found = reading.found()
    due_ms = hub.published_ms + deadline_ms
    has_soaked = False
    if found.confirmed_ms is not None:
        soaked_ms = found.confirmed_ms + soak_ms
        has_soaked = reading.last_word_ms >= soaked_ms
        due_ms = soaked_ms + deadline_ms
    taken_ms = hub.withdrawn_ms
    if taken_ms is not None and taken_ms < due_ms and found.is_untouched:
        return dataclasses.replace(found, state=WITHDRAWN)
    is_open = found.state not in FAILED | {LEFT} and not has_soaked
    if is_open and now_ms >= due_ms:
        return dataclasses.replace(
            found, state=_late(hub, deadline_ms, now_ms), before=found.state
        )
    return dataclasses.replace(found, has_soaked=has_soaked)


def _late(hub: HubFacts, deadline_ms: int, now_ms: int) -> str:
    heard_ms = None if hub.truth is None else hub.truth.last_heard_ms
    return OVERDUE if heard_ms is not None and heard_ms > now_ms - deadline_ms // 2 else SILENT


@dataclass(frozen=True, slots=True)
class _Report:
    """The newest report: what is in force, 0 where it does not say, and what is under way."""

    seq: int
    received_ms: int
    release: int
    assignment: int
    update: Update | None

    @staticmethod
    def of(truth: HubTruth) -> list[_Report]:
        if truth.report is None or truth.reported_ms is None:
            return []
        facts = (truth.fact(records.FACT_RELEASE), truth.fact(records.FACT_CONFIG_NUMBER))
        release, assignment = (fact if type(fact) is int else 0 for fact in facts)
        place = (truth.report.seq, truth.reported_ms)
        return [_Report(*place, release, assignment, truth.update)]


class _Reading:
    """Goes through a hub's words in their order."""

    def __init__(self, hub: HubFacts, release: int, since_ms: int) -> None:
        self._hub, self._release, self._since_ms = hub, release, since_ms
        self._state, self._reason = WAITING, 0
        self._confirmed_ms: int | None = None
        self._returns: Counter[int] = Counter()
        self._held = self._blocks = 0
        self._is_untouched = True
        words: list[UpdateEvent | _Report] = []
        if hub.truth is not None:
            words += {*hub.truth.events}
            words += _Report.of(hub.truth)
        since = (word for word in words if word.received_ms >= since_ms)
        self._words = sorted(since, key=lambda word: (word.seq, repr(word)))
        self.last_word_ms = max((word.received_ms for word in self._words), default=0)

    def found(self) -> Standing:
        for word in self._words:
            if isinstance(word, UpdateEvent):
                self._take(word)
            else:
                self._look(word)
        lost = [count for at_ms, count in self._hub.lost if at_ms >= self._since_ms]
        return Standing(
            self._state,
            self._reason,
            max(self._returns.values(), default=0),
            self._confirmed_ms if self._state == CONFIRMED else None,
            losses=len(lost),
            lost=sum(lost),
            blocks_held=self._held,
            blocks=self._blocks,
            is_untouched=self._is_untouched,
        )

    def _take(self, said: UpdateEvent) -> None:
        is_code = self._is_ours(said.what, said.number)
        if is_code is None:
            return
        self._is_untouched = False
        if said.state == update_words.CONFIRMED:
            if is_code:
                self._confirm(said.received_ms)
        elif said.state == update_words.RETURNED:
            self._returns[said.what] += 1
            self._fail(RETURNED, said.reason)
        elif said.state == update_words.REFUSED and self._state != CONFIRMED:
            self._refuse(said.reason)

    def _look(self, report: _Report) -> None:
        """Take the newest report: what it says is in force is, whatever was said before."""
        update, runs = report.update, report.release
        is_ours = update is not None and self._is_ours(update.what, update.number) is not None
        if is_ours or report.assignment >= self._hub.number or runs >= self._release:
            self._is_untouched = False
        if runs > self._release:
            self._state = LEFT
            return
        is_trial = update is not None and update.state == update_words.TRIAL
        if runs == self._release and not is_trial:
            if report.assignment >= self._hub.number:
                self._confirm(self._since_ms)
            return
        if self._state == CONFIRMED and runs != self._release:
            self._fail(RETURNED, update.reason if update else 0)
        if update is not None and is_ours:
            self._follow(update)

    def _follow(self, update: Update) -> None:
        state = _BY_UPDATE.get(update.state)
        if state == REFUSED:
            self._refuse(update.reason)
        elif state is not None and self._state != FELL_BACK:
            self._state, self._reason = state, update.reason
            self._held, self._blocks = update.blocks_held, update.blocks_in_all

    def _is_ours(self, what: int, number: int) -> bool | None:
        """Tell if it is about the release (True) or its assignment (False); None for others."""
        if what in _CODE and number == self._release:
            return True
        return False if what == update_words.CONFIG and number == self._hub.number else None

    def _confirm(self, at_ms: int) -> None:
        if self._state != FELL_BACK:
            self._state, self._reason = CONFIRMED, 0
            self._confirmed_ms = self._confirmed_ms or at_ms

    def _refuse(self, reason: int) -> None:
        # What has returned is refused for good from then on: the first reason is the one to know.
        if self._state not in FAILED:
            self._fail(REFUSED, reason)

    def _fail(self, state: str, reason: int) -> None:
        self._state = state if self._confirmed_ms is None else FELL_BACK
        self._reason = reason
