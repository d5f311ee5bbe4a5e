"""What was found of one thing through time, and in which spans it may have measured wrong.

A thing that was found bad was bad since some moment after it was last found good. What found it
good must have looked for the same: a finger in an oximeter says nothing of a pressure that
is wrong by 5 mmHg, and a practice run with a reference past its date says nothing at all. So a
*proof* against a bad verification is an approved one by the same procedure in which each check
that failed was done and good; and of several only those of the highest level count, for what a
traceable reference found no other one takes back. The doubt lasts until the next such proof, since
what was found bad in a home may stay there for a day. Where there is no proof it began with the
thing's first loan: too many loans, never too few.

A finding without a record of the bench says that somebody saw that it was bad, and not how
(`varde stock check`): against that approved ones by any procedure are proofs, again those of the
highest level. The acceptance of a whole kit is none against a verification.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from varde_host.verification import bench_comparison, drift, interval, judgement

DAY_MS = 86_400_000
Point = tuple[str, str, str]
"""Check, direction and nominal value, as texts."""

_FAILED = (judgement.FAILED, judgement.FAILED_WITHIN)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found at once. `record` is the signed record's SHA-256 in hexadecimal.

    By references that held: `is_bad`, as found it was past its limit, so loans are to be looked
    at; `is_good`, as handed out it was within its limits. Both where it was put right at once.
    `procedure`, `level` and `judged` are None of a finding without a record of the bench.
    """

    record: str
    began_ms: int
    ended_ms: int
    is_bad: bool
    is_good: bool
    number: str | None = None
    procedure: str | None = None
    version: int | None = None
    level: int | None = None
    valid_until: str | None = None
    device: str | None = None
    model: str | None = None
    serial: str | None = None
    judged: judgement.Judgement | None = None

    @property
    def failed(self) -> frozenset[str]:
        """The checks that were past a limit as found."""
        findings = () if self.judged is None else self.judged.as_found
        return frozenset(each.check for each in findings if each.outcome in _FAILED)

    def saw_good(self, checks: frozenset[str]) -> bool:
        """Tell if all of these checks were done, and were good when it was handed out."""
        findings = () if self.judged is None else self.judged.handed_out
        outcomes: dict[str, list[str]] = {}
        for each in findings:
            outcomes.setdefault(each.check, []).append(each.outcome)
        return all(
            judgement.worst(tuple(outcomes.get(check, ()))) in judgement.GOOD for check in checks
        )

    def is_of_the_kind_of(self, bad: Finding) -> bool:
        """Tell if this one would have seen what was found bad, and saw that it was good."""
        if not self.is_good or bad.procedure is None:
            return self.is_good
        return self.procedure == bad.procedure and self.saw_good(bad.failed)


class Doubt(NamedTuple):
    """From when to when a thing may have measured wrong; None: since ever, and until further."""

    bad: Finding
    good: Finding | None
    from_ms: int | None
    until_ms: int | None

    def overlaps(self, earliest_ms: int | None, latest_ms: int | None) -> bool:
        """Tell if something between these moments (None: nobody knows) may lie in the span."""
        is_before = None not in (latest_ms, self.from_ms) and latest_ms <= self.from_ms  # type: ignore[operator]
        is_after = None not in (earliest_ms, self.until_ms) and earliest_ms >= self.until_ms  # type: ignore[operator]
        return not is_before and not is_after


class Series(NamedTuple):
    """One point's errors as found since the thing was last changed, and its limit in service."""

    point: Point
    limit: Decimal
    found: tuple[drift.Found, ...]


def from_content(record: str, content: Mapping[str, Any]) -> Finding:
    """Return the finding of an opened verification; its content is what `opening` believed."""
    judged = judgement.from_json(content["judgement"])
    measured = content["measured"]
    return Finding(
        record, content["began_ms"], content["ended_ms"],
        judged.trace_back and judged.may_approve, judged.may_hand_out,
        content["number"], measured["procedure"]["id"], measured["procedure"]["version"],
        judged.level, content["valid_until"], measured["device"]["item_id"],
        measured["device"].get("model"), measured["device"].get("serial"), judged,
    )  # fmt: skip


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Return them by when they were made; of the same moment in the order given."""
    return sorted(findings, key=lambda each: (each.began_ms, each.ended_ms))


def doubt(history: Sequence[Finding], bad: Finding) -> Doubt:
    """Return the span that a bad finding throws doubt on; `history` is in order and has it."""
    place = history.index(bad)
    before = [each for each in history[:place] if each.is_of_the_kind_of(bad)]
    least = max((each.level or 0 for each in before), default=0)
    good = next((each for each in reversed(before) if (each.level or 0) >= least), None)
    after = [each for each in history[place:] if each.is_of_the_kind_of(bad)]
    end = next((each for each in after if (each.level or 0) >= least), None)
    from_ms = None if good is None else good.ended_ms
    return Doubt(bad, good, from_ms, None if end is None else end.ended_ms)


def doubts(history: Sequence[Finding]) -> list[Doubt]:
    """Return the spans of all bad findings, the oldest first."""
    return [doubt(history, each) for each in history if each.is_bad]


def series(history: Sequence[Finding]) -> list[Series]:
    """Return the errors as found of each point, since the thing was last changed (as left).

    A point is there if the latest verification measured it (an age is not measured). Where
    something was changed, the series begins anew with the error as left.
    """
    found: dict[Point, list[drift.Found]] = {}
    limits: dict[Point, Decimal] = {}
    for each in history:
        if each.judged is None:
            continue
        day = each.began_ms // DAY_MS
        limits = {}
        for row in each.judged.as_found:
            if row.error is not None and row.mpe is not None and _is_measured(row):
                point = point_of(row)
                limits[point] = row.mpe
                found.setdefault(point, []).append(drift.Found(day, row.error))
        if was_changed(each.judged):
            found = {
                point_of(row): [drift.Found(day, row.error)]
                for row in each.judged.handed_out
                if row.error is not None
            }
    return [
        Series(point, limit, tuple(found[point]))
        for point, limit in limits.items()
        if point in found
    ]


def _is_measured(row: judgement.Finding) -> bool:
    return row.nominal is not None or row.expanded_u is not None


def was_changed(judged: judgement.Judgement) -> bool:
    """Tell if something was changed: then what was handed out has errors of its own."""
    found = {point_of(row): row.error for row in judged.as_found}
    return any(found.get(point_of(row)) != row.error for row in judged.handed_out)


def results(judged: judgement.Judgement) -> dict[Point, bench_comparison.Result]:
    """Return each point's error and U as found, for a comparison of benches.

    What was compared with a reference, that is: how a cuff leaks is not the bench's doing.
    """
    return {
        point_of(row): bench_comparison.Result(row.error, row.expanded_u)
        for row in judged.as_found
        if row.nominal is not None and row.error is not None and row.expanded_u is not None
    }


def tolerance(each: Finding) -> str | None:
    """Return how it was as found, for the staircase; None where that was not measured."""
    if each.judged is None:
        return None
    return {
        judgement.PASSED: interval.IN_TOLERANCE,
        judgement.PASSED_WITHIN: interval.WITHIN_UNCERTAINTY,
        judgement.FAILED_WITHIN: interval.OUT_OF_TOLERANCE,
        judgement.FAILED: interval.OUT_OF_TOLERANCE,
    }.get(each.judged.as_found_outcome)


def point_of(row: judgement.Finding) -> Point:
    """Return what a finding is about."""
    return row.check, row.direction, "" if row.nominal is None else format(row.nominal, "f")
