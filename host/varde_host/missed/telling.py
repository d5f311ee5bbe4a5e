"""What is told of a miss, by what was told of it before: the decision, without any shell.

A miss is told once, under a key that never changes, and told again if something of it becomes
known otherwise: the cause, or that a provisional one is final. If it turns out that nothing was
missing, it is *taken back*, in words: whoever acted on it must hear that. It closes by itself
then, or when a person of the follow-up service says what was done about it; what is known
otherwise later opens it again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from varde_host.missed import causes, classify
from varde_host.missed.classify import Judged
from varde_host.missed.evidence import Evidence

OPEN: Final = "open"
CLOSED: Final = "closed"

# Why it is closed.
MEASURED: Final = "measured"
"""It was measured in its window, and came late."""
ON_PAPER: Final = "on-paper"
PAUSED: Final = "paused"
"""A pause was written down afterwards."""
NOT_EXPECTED: Final = "not-expected"
"""By what is known today nobody asked for it: another plan, another loan."""
TAKEN_BACK: Final = (MEASURED, ON_PAPER, PAUSED, NOT_EXPECTED)
DONE: Final = ("called", "mended", "measured-since", "no-need")
"""What a person says was done."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was told last. `told_ms` is when, `version` counts from 1; `closed` says why."""

    key: str
    hub_id: str
    loan_id: str
    type: str
    due_ms: int
    window: tuple[int, int]
    code: str
    is_final: bool
    version: int
    told_ms: int
    due_by_ms: int
    evidence: tuple[Evidence, ...]
    state: str = OPEN
    closed: str = ""

    @property
    def cause(self) -> str | None:
        """One of the six of R13, or None."""
        return causes.of(self.code).cause

    @property
    def owner(self) -> str:
        """The function that sees to it."""
        return causes.of(self.code).owner

    @property
    def is_taken_back(self) -> bool:
        """Tell if nothing was missing after all."""
        return self.closed in TAKEN_BACK

    def is_late(self, now_ms: int) -> bool:
        """Tell if nobody has seen to it in time."""
        return self.state == OPEN and now_ms > self.due_by_ms


def decide(before: Told | None, now: Judged | None, now_ms: int) -> Told | None:
    """Return what is to be told, None for nothing new. `now` is None if no window is known any
    more that was told of."""
    if now is None:
        return None if before is None else _taken_back(before, NOT_EXPECTED, (), now_ms)
    if now.outcome == classify.MISSED and now.code != causes.PAUSE:
        return _missing(before, now, now_ms)
    if before is None or now.outcome == classify.WAITING:
        return None
    if now.code == causes.PAUSE:
        return _taken_back(before, PAUSED, now.evidence, now_ms)
    is_paper = now.reading is not None and now.reading.is_paper
    return _taken_back(before, ON_PAPER if is_paper else MEASURED, now.evidence, now_ms)


def close(before: Told, why: str, now_ms: int) -> Told:
    """Return it as closed by a person who says what was done."""
    if why not in DONE:
        raise TypeError(why)
    return replace(before, state=CLOSED, closed=why, version=before.version + 1, told_ms=now_ms)


def _missing(before: Told | None, now: Judged, now_ms: int) -> Told | None:
    assert now.code is not None
    rule = causes.of(now.code)
    each = now.expected
    found = Told(
        each.key, each.hub_id, each.loan_id, each.type, each.due_ms,
        (each.from_ms, each.until_ms), now.code, now.is_final, 1, now_ms,
        now_ms + rule.hours * causes.HOUR_MS, now.evidence,
    )  # fmt: skip
    if before is None:
        return found
    is_same = (before.code, before.is_final) == (now.code, now.is_final)
    if is_same and not before.is_taken_back:
        return None
    found = replace(found, version=before.version + 1)
    if before.code == now.code and before.state == OPEN:
        found = replace(found, due_by_ms=before.due_by_ms)  # the same task is not due later
    if before.closed in DONE and before.code == now.code:
        return replace(found, state=CLOSED, closed=before.closed)
    return found


def _taken_back(
    before: Told, why: str, evidence: tuple[Evidence, ...], now_ms: int
) -> Told | None:
    if before.closed == why:
        return None
    return replace(
        before, state=CLOSED, closed=why, is_final=True, version=before.version + 1,
        told_ms=now_ms, evidence=evidence or before.evidence,
    )  # fmt: skip
