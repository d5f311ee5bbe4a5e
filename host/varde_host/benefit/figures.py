"""The figures as they are told: a value or why there is none, for each month and for the period.

A share that must not be told says how good it is at least, or at most, where its denominator is
told and its numerator, or what lacks to the whole, is one to four. No more follows from it than
that, and that much is known of any count that is hidden for being small. A cost is at least what
the prices file alone says.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from typing import Final, NamedTuple

from varde_host.benefit import counting, indicators, months, prices
from varde_host.benefit.counting import Counted
from varde_host.benefit.indicators import BY_KEY, SHARES, Indicator
from varde_host.benefit.months import Month
from varde_host.benefit.suppression import LEAST, is_small
from varde_host.benefit.tables import Shown, Told

TOLD: Final = ""
HIDDEN: Final = "hidden"  # a small count, or one would follow from it
NONE: Final = "none"  # there is nothing to tell of
UNKNOWN: Final = "unknown"  # no source says
NOT_CLASSIFIED: Final = counting.NOT_CLASSIFIED
YEARLY: Final = "yearly"  # told of whole years alone
AT_LEAST: Final = "at-least"
AT_MOST: Final = "at-most"
STATUSES: Final = (TOLD, HIDDEN, NONE, UNKNOWN, NOT_CLASSIFIED, YEARLY, AT_LEAST, AT_MOST)

_PLANNED: Final = ("planned", "missed", "missed-share")
_DELAYS: Final = ("delay-median", "delay-95")  # of readings with a good clock alone
_KIT_MONTH: Final = Decimal(str(months.DAYS_IN_MONTH))


class Figure(NamedTuple):
    """`month` is None for the whole period, `group` "" for all; `value` None where the status
    says why. `denominator` is what was divided by, where that is a count that is told."""

    key: str
    group: str
    month: Month | None
    value: Decimal | None
    status: str
    denominator: Decimal | None = None


class Maker:
    """Makes all figures of a period; without `priced` there is no cost."""

    def __init__(
        self,
        counted: Counted,
        shown: Shown,
        period: Sequence[Month],
        priced: prices.Prices | None,
        *,
        is_classified: bool,
    ) -> None:
        self._counted = counted
        self._shown = shown
        self._period = list(period)
        self._prices = priced
        self._is_classified = is_classified

    def all(self) -> Iterator[Figure]:
        """Yield them by indicator, group and month, the period last."""
        for indicator in indicators.INDICATORS:
            if indicator.key == "cost" and self._prices is None:
                continue
            for group in self._groups(indicator):
                for month in (*self._period, None):
                    yield self._figure(indicator, group, month)

    def _groups(self, indicator: Indicator) -> list[str]:
        """Return an indicator's groups; one that has none here is told of all."""
        if indicator.key == "missed-cause" and not self._is_classified:
            types = [group for key, group in self._shown.told if key == "missed"]
            causes = (*counting.CAUSES, NOT_CLASSIFIED)
            return [f"{type_}:{cause}" for type_ in types for cause in causes] or [""]
        counted = indicator.key if indicator.is_count else indicator.rests_on[0]
        return [group for key, group in self._shown.told if key == counted] or [""]

    def _figure(self, indicator: Indicator, group: str, month: Month | None) -> Figure:
        span = self._period if month is None else [month]
        if indicator.key == "missed-cause" and not self._is_classified:
            return self._unclassified(group, month, span)
        if indicator.key in _PLANNED and self._is_unplanned(group, month, span):
            return Figure(indicator.key, group, month, None, UNKNOWN)
        if indicator.is_count:
            value = self._count((indicator.key, group), month, span)
            status = self._silence(indicator, month, span) if value is None else TOLD
            return Figure(indicator.key, group, month, value, status)
        return self._derived(indicator, group, month, span)

    def _count(self, told: Told, month: Month | None, span: Sequence[Month]) -> Decimal | None:
        """Return a count that may be told, None for any other."""
        is_told = (
            self._shown.total(told, span) if month is None else self._shown.month(told, month)
        )
        return Decimal(self._shown.cell(told, span).value) if is_told else None

    def _silence(self, indicator: Indicator, month: Month | None, span: Sequence[Month]) -> str:
        """Return why a figure is not told."""
        is_decided = month is None and self._shown.is_year(span)
        return YEARLY if indicator.yearly and not is_decided else HIDDEN

    def _unclassified(self, group: str, month: Month | None, span: Sequence[Month]) -> Figure:
        """Nobody has said why: all that was missed stands under that, and no cause has a count."""
        type_, _, cause = group.partition(":")
        if self._is_unplanned(type_, month, span):
            return Figure("missed-cause", group, month, None, UNKNOWN)
        if cause != NOT_CLASSIFIED:
            return Figure("missed-cause", group, month, None, NOT_CLASSIFIED)
        value = self._count(("missed", type_), month, span)
        return Figure("missed-cause", group, month, value, HIDDEN if value is None else TOLD)

    def _is_unplanned(self, group: str, month: Month | None, span: Sequence[Month]) -> bool:
        """Tell if it may be told that nobody knows what was planned."""
        days = self._count(("days-with-plan", ""), month, span)
        return group == "" or days == 0

    def _derived(
        self, indicator: Indicator, group: str, month: Month | None, span: Sequence[Month]
    ) -> Figure:
        key = indicator.key
        counts = [self._count((rest, group), month, span) for rest in indicator.rests_on]
        divisor = self._denominator(indicator, group, month, span)
        if key in _DELAYS and is_small(self._shown.cell(("good-clock", ""), span)):
            return Figure(key, group, month, None, HIDDEN, divisor)
        if None in counts:
            value, status = None, self._silence(indicator, month, span)
            if status == HIDDEN and key in SHARES:
                value, status = self._bound(key, group, month, span) or (value, status)
            if key == "cost" and divisor:
                value, status = self._least_cost(indicator), AT_LEAST
            return Figure(key, group, month, value, status, divisor)
        found = self._value(key, group, span)
        if found is None:
            return Figure(key, group, month, None, NONE, divisor)
        rounded = found.quantize(Decimal(1).scaleb(-indicator.places), ROUND_HALF_EVEN)
        return Figure(key, group, month, rounded, TOLD, divisor)

    def _denominator(
        self, indicator: Indicator, group: str, month: Month | None, span: Sequence[Month]
    ) -> Decimal | None:
        if indicator.denominator in BY_KEY:
            return self._count((indicator.denominator, group), month, span)
        return Decimal(sum(each.days for each in span))

    def _bound(
        self, key: str, group: str, month: Month | None, span: Sequence[Month]
    ) -> tuple[Decimal, str] | None:
        """Return what a share is at least or at most, in whole percent; None if that is hidden."""
        above, below = SHARES[key]
        whole = self._count((below, group), month, span)
        is_decided = month is not None or self._shown.is_year(span)
        if whole is None or not is_decided:
            return None
        part = self._shown.cell((above, group), span).value
        if 0 < whole - part < LEAST:
            return Decimal(math.floor(100 * (whole - LEAST + 1) / whole)), AT_LEAST
        if 0 < part < LEAST:
            return Decimal(math.ceil(100 * Decimal(LEAST - 1) / whole)), AT_MOST
        return None

    def _least_cost(self, indicator: Indicator) -> Decimal:
        """Return what a kit-month costs without the bench: of that its hands would tell."""
        assert self._prices is not None
        without = self._prices.parts_month + self._prices.fixed_month
        return without.quantize(Decimal(1).scaleb(-indicator.places), ROUND_DOWN)

    # --- what derived figures are -----------------------------------------------------------

    def _value(self, key: str, group: str, span: Sequence[Month]) -> Decimal | None:
        """Return a derived figure as it is; None if there is nothing to divide by."""
        if key in SHARES:
            above, below = SHARES[key]
            return _ratio(100 * self._sum(above, group, span), self._sum(below, group, span))
        if key in _SAMPLES:
            return self._ordered(key, span)
        days = self._sum("days", "", span)
        if key == "cost":
            assert self._prices is not None
            hands_ms = self._total("hands-ms", span)
            return self._prices.kit_month(hands_ms, days / _KIT_MONTH) if days else None
        bench_ms = months.MINUTE_MS * self._sum("made-ready", "", span)
        parts: dict[str, tuple[Decimal | int, Decimal | int]] = {
            "kits-out": (days, sum(each.days for each in span)),
            "uptime": (100 * self._total("on-ms", span), self._total("out-ms", span)),
            "faults-rate": (100 * self._sum("faults", "", span), days / _KIT_MONTH),
            "bench-hands": (self._total("hands-ms", span), bench_ms),
            "bench-machine": (self._total("machine-ms", span), bench_ms),
        }
        return _ratio(*parts[key])

    def _ordered(self, key: str, span: Sequence[Month]) -> Decimal | None:
        """Return a figure of values that are not counts: mean, median, or 95 % of them."""
        name, in_ms = _SAMPLES[key]
        found = sorted(
            value for month in span for value in self._counted.samples.get((name, month), ())
        )
        if not found:
            return None
        if key == "repair-time":
            return Decimal(sum(found)) / len(found) / in_ms
        if key == "delay-95":
            return Decimal(found[math.ceil(0.95 * len(found)) - 1]) / in_ms
        return Decimal(str(statistics.median(found))) / in_ms

    def _sum(self, key: str, group: str, span: Sequence[Month]) -> Decimal:
        return Decimal(self._shown.cell((key, group), span).value)

    def _total(self, name: str, span: Sequence[Month]) -> int:
        return sum(sum(self._counted.samples.get((name, month), ())) for month in span)


# Which values a figure is of, and the unit that it is told in.
_SAMPLES: Final = {
    "delay-median": ("delay-ms", 1000),
    "delay-95": ("delay-ms", 1000),
    "repair-time": ("repair-ms", months.HOUR_MS),
    "turn-round-time": ("turn-round-ms", months.DAY_MS),
}


def _ratio(above: Decimal | int, below: Decimal | int) -> Decimal | None:
    return Decimal(above) / Decimal(below) if below else None
