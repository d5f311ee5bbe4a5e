"""What follows from what was measured: a finding for each point, one outcome, one level.

Decided on exact decimals. What is shown is rounded here and nowhere else: U to two significant
digits upwards (never less than it is; GUM 7.2.6), the error to U's last place, half to even.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal, localcontext
from typing import Any

from varde_host import errors
from varde_host.verification import exact, plain_form

PASSED = "passed"
PASSED_WITHIN = "passed-within-uncertainty"
NOT_DONE = "not-done"
FAILED_WITHIN = "failed-within-uncertainty"
FAILED = "failed"

OUTCOMES = (PASSED, PASSED_WITHIN, NOT_DONE, FAILED_WITHIN, FAILED)
"""From best to worst. What was not done hides no failure, and is never as good as a pass."""
GOOD = (PASSED, PASSED_WITHIN)
"""With these a sensor may be handed out."""

SIGNIFICANT = 12
"""Digits that a computed value keeps in a record; its outcome was decided with all of them."""
FINEST = Decimal("1E-30")
"""Last place of a computed value: below is what 60 digits of arithmetic leave of an exact zero,
as of the residuals of a perfect line, and no record could hold it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One point, or one check that has no points.

    `error`: indication less reference, or the value that is judged (a spread, a slope, years).
    `expanded_u` with k = 2, None where the decision rests on none. `mpe`: the limit; `guard`:
    the width of its guard band. `note`: why, as a key under `verification.note` in the messages.
    """

    check: str
    direction: str
    nominal: Decimal | None
    outcome: str
    error: Decimal | None = None
    expanded_u: Decimal | None = None
    mpe: Decimal | None = None
    guard: Decimal | None = None
    note: str | None = None

    @property
    def shown_u(self) -> Decimal | None:
        """Return U for a person: two significant digits, upwards."""
        return None if self.expanded_u is None else rounded_u(self.expanded_u)

    @property
    def shown_error(self) -> Decimal | None:
        """Return the error for a person: to U's last place, or with the digits it has."""
        shown_u = self.shown_u
        if self.error is None or not shown_u:
            return self.error
        with localcontext(exact.CONTEXT):
            return self.error.quantize(shown_u, ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """One contribution to the uncertainty of a check, at the point where U is largest.

    `value` is what is known (a resolution, a certificate's U), `divisor` what makes it the
    standard uncertainty `standard_u`; `source` names it: reference, reference-drift,
    resolution, resolution-at-zero, repeatability, eccentricity, temperature.
    """

    check: str
    source: str
    value: Decimal
    divisor: Decimal
    standard_u: Decimal


@dataclass(frozen=True, slots=True)
class Leak:
    """The leak: `slope` a minute (negative is falling), with U (k = 2) from the fit."""

    check: str
    slope: Decimal
    expanded_u: Decimal
    start: Decimal
    samples: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """All that may be said, and no more.

    `as_found`: the as-found run under the limits in service (is there anything to trace?).
    `handed_out`: of what goes out, under the limits at issue: the as-left run, or the as-found
    run if nothing was changed; `outcome` is the worst of it. `level`: 0..4, never rounded up.
    `interval_percent`: 100, or 50 where the outcome rests within the uncertainty. `banners`,
    `not_checked`: keys under `verification.banner` and `verification.not-checked` in the
    messages. `may_approve` is False where a reference did not hold: one may practise only.
    `trace_back`: the as-found run was past its limit; loans since the last good one are asked.
    """

    outcome: str
    as_found_outcome: str
    level: int
    interval_percent: int
    may_approve: bool
    trace_back: bool
    handed_out: tuple[Finding, ...] = ()
    as_found: tuple[Finding, ...] = ()
    banners: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()
    leaks: tuple[Leak, ...] = ()
    budget: tuple[BudgetLine, ...] = ()
    hysteresis: Decimal | None = None
    gravity_shift: Decimal | None = None

    @property
    def may_hand_out(self) -> bool:
        """Return whether the sensor may go out on this."""
        return self.outcome in GOOD and self.may_approve

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values without floats; None and empty are left out."""
        return dict(plain_form.plain(self))


def from_json(value: object) -> Judgement:
    """Return what `Judgement.as_json` gave; InputRefused `judgement-form`.

    Whether it follows from the points is for the caller to see, by evaluating them again.
    """
    try:
        return plain_form.built(Judgement, value)
    except plain_form.Malformed as error:
        raise errors.InputRefused("judgement-form", error.where, why=error.why) from None


def worst(outcomes: tuple[str, ...]) -> str:
    """Return the worst of the outcomes; of none, that nothing was done."""
    return max(outcomes, key=OUTCOMES.index, default=NOT_DONE)


def rounded_u(expanded_u: Decimal, digits: int = 2) -> Decimal:
    """Return `expanded_u` to `digits` significant digits, upwards."""
    if not expanded_u:
        return expanded_u
    place = Decimal(1).scaleb(expanded_u.adjusted() - digits + 1)
    with localcontext(exact.CONTEXT):
        return expanded_u.quantize(place, ROUND_CEILING)


def kept(value: Decimal) -> Decimal:
    """Return a computed value as a record keeps it: `SIGNIFICANT` digits, no zeros after them."""
    if not value:
        return Decimal(0)
    place = max(FINEST, Decimal(1).scaleb(value.adjusted() - SIGNIFICANT + 1))
    short = value.quantize(place, ROUND_HALF_EVEN).normalize()
    return short.quantize(Decimal(1)) if short == short.to_integral_value() else short
