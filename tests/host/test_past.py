"""Spans of doubt by table: what is a proof against a bad finding, and how long it lasts."""

from __future__ import annotations

from decimal import Decimal

import pytest

from varde_host.verification import judgement, outlook, past
from varde_host.verification.judgement import FAILED, PASSED, PASSED_WITHIN

DAY_MS = past.DAY_MS
STATIC, FUNCTION = "cuff-static", "sensor-function"


def finding(
    day: int,
    before: str = "0",
    after: str | None = None,
    *,
    procedure: str = STATIC,
    level: int = 3,
    approved: bool = True,
    checks: tuple[str, ...] = ("static-up", "leak"),
) -> past.Finding:
    """A verification on a day, with errors as found and, if something was changed, as left."""
    rows = tuple(row(check, before, "4") for check in checks)
    left = tuple(row(check, after or before, "3") for check in checks)
    outcome = judgement.worst(tuple(each.outcome for each in left))
    found = judgement.worst(tuple(each.outcome for each in rows))
    judged = judgement.Judgement(outcome, found, level, 100, approved, found == FAILED, left, rows)
    name = f"{day:064x}"
    return past.Finding(
        name, day * DAY_MS, day * DAY_MS + 1000, judged.trace_back, judged.may_hand_out,
        f"N{day}", procedure, 1, level, None, "K1", "m", "S", judged,
    )  # fmt: skip


def row(check: str, error: str, mpe: str) -> judgement.Finding:
    value = Decimal(error)
    outcome = FAILED if abs(value) > Decimal(mpe) else PASSED
    return judgement.Finding(
        check, "up", Decimal(150), outcome, value, Decimal("0.5"), Decimal(mpe)
    )


def said(day: int, *, bad: bool) -> past.Finding:
    """Something that somebody said without a record of the bench."""
    return past.Finding(f"{day:064x}", day * DAY_MS, day * DAY_MS, bad, not bad)


BAD = finding(9, "5")
GOOD_AT = 1000  # a verification ends a second after it began

CASES = {
    "since the last good one": ([finding(1), finding(5)], [finding(12)], 5, 12),
    "for ever where there was none": ([], [], None, None),
    "a function check proves nothing": (
        [finding(1), finding(5, procedure=FUNCTION, level=1)], [], 1, None,
    ),
    "nor does a practice run": ([finding(1), finding(5, approved=False)], [], 1, None),
    "nor one that was past its limit at issue": ([finding(1), finding(5, "3.5")], [], 1, None),
    "nor one without a traceable reference, if there is one": (
        [finding(1), finding(5, level=2)], [finding(10, level=2), finding(11)], 1, 11,
    ),
    "which is all there is to go by where there is no other": (
        [finding(5, level=2)], [finding(10, level=2)], 5, 10,
    ),
    "nor one that left out what failed": ([finding(1), finding(5, checks=("leak",))], [], 1, None),
    "an earlier bad one does not end it": ([finding(1), finding(5, "6")], [finding(11)], 1, 11),
    "put right before, it begins there": ([finding(1), finding(5, "6", "0")], [], 5, None),
    "the acceptance of a kit is no proof": ([finding(1), said(5, bad=False)], [], 1, None),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_doubt(case: str):
    before, after, from_day, until_day = CASES[case]
    doubt = past.doubt([*before, BAD, *after], BAD)
    assert doubt.from_ms == (None if from_day is None else from_day * DAY_MS + GOOD_AT)
    assert doubt.until_ms == (None if until_day is None else until_day * DAY_MS + GOOD_AT)


def test_put_right_at_once_the_doubt_ends_with_the_bad_finding_itself():
    right = finding(9, "5", "0")
    doubt = past.doubt([finding(1), right], right)
    assert (doubt.from_ms, doubt.until_ms) == (DAY_MS + 1000, 9 * DAY_MS + 1000)
    assert right.is_bad
    assert right.is_good


def test_against_what_somebody_saw_any_procedure_is_a_proof_at_the_highest_level():
    seen = said(9, bad=True)
    function = finding(5, procedure=FUNCTION, level=1)
    assert past.doubt([function, seen], seen).from_ms == 5 * DAY_MS + 1000
    assert past.doubt([finding(1), function, seen], seen).from_ms == DAY_MS + 1000
    assert past.doubt([said(3, bad=False), seen], seen).from_ms == 3 * DAY_MS


@pytest.mark.parametrize(
    ("earliest", "latest", "overlaps"),
    [(None, None, True), (0, 5, False), (5, 6, True), (9, 20, True), (20, 30, False),
     (None, 4, False), (25, None, False), (12, None, True)],
)  # fmt: skip
def test_what_overlaps_a_doubt(earliest: int | None, latest: int | None, overlaps: bool):
    assert past.Doubt(BAD, None, 5, 20).overlaps(earliest, latest) == overlaps
    assert past.Doubt(BAD, None, None, None).overlaps(earliest, latest)


def test_errors_through_time_begin_anew_where_something_was_changed():
    history = [finding(1, "1"), finding(2, "2"), finding(3, "5", "0.5"), finding(4, "0.7")]
    [first, second] = past.series(history)
    assert first.point == ("static-up", "up", "150")
    assert second.point == ("leak", "up", "150")
    assert first.limit == 4
    assert [(each.day, each.error) for each in first.found] == [
        (3, Decimal("0.5")), (4, Decimal("0.7")),
    ]  # fmt: skip
    assert [len(each.found) for each in past.series(history[:2])] == [2, 2]
    assert past.series([said(1, bad=True)]) == []


def test_an_outlook_is_of_the_latest_procedure_alone():
    history = [finding(365 * year, f"{year * 0.9:.1f}") for year in range(4)]
    other = finding(400, "3", procedure=FUNCTION, level=1)
    seen = outlook.of(sorted([*history, other], key=lambda each: each.began_ms), [history], 365)
    assert seen.first is not None
    assert seen.first.meeting is not None
    assert seen.first.forecast is not None
    assert not seen.first.forecast.is_pooled
    assert 365 * 3 < seen.first.meeting.day <= 365 * 5
    assert seen.staircase.days == 730
    assert seen.advised.days == min(730, seen.first.meeting.day - 365 * 3)
    assert (seen.share.within, seen.share.total) == (4, 4)


def test_an_outlook_of_a_thing_that_was_never_verified():
    seen = outlook.of([], [], 365)
    assert (seen.points, seen.first, seen.chart) == ((), None, None)
    assert (seen.advised.days, seen.share.meets_goal) == (365, None)


def test_one_within_the_uncertainty_is_in_and_does_not_count_towards_longer():
    judged = finding(1).judged
    assert judged is not None
    assert past.tolerance(finding(1)) == "in"
    assert past.tolerance(finding(1, "5")) == "out"
    assert past.tolerance(said(1, bad=True)) is None
    assert PASSED_WITHIN in judgement.GOOD
