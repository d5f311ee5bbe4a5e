"""What may be seen of a pressure while the manometer measures it.

While a point is held the reference must not be known before the device's display is read, or one
reads what should be there. So the pressure is shown in steps of `COARSE`: fine enough to pump by,
much too coarse to judge by (a limit is 3 mmHg). A leak is watched as it is: no display is read.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from decimal import Decimal

from varde_host.manometer import stability

from . import plan, session, sources

COARSE = Decimal(5)
FINE = Decimal("0.1")
MAX_CURVE = 600
"""Points of a curve that is drawn: one a second of ten minutes."""

Curve = tuple[tuple[Decimal, Decimal], ...]
"""Seconds from the beginning, mmHg."""


@dataclass(frozen=True, slots=True)
class Seen:
    """`kind` of the question; `value` and `slope_per_s` None before there are any.

    `is_near`: close enough to `target`; `is_still`: as `stability` says, window or not.
    """

    kind: str
    target: Decimal | None = None
    value: Decimal | None = None
    slope_per_s: Decimal | None = None
    is_near: bool = False
    is_still: bool = False
    left_s: int | None = None
    whole_s: int | None = None
    curve: Curve = ()


class Watch:
    """Takes an instrument's samples for one question."""

    def __init__(self, step: plan.Step) -> None:
        self._step = step
        self._window: deque[stability.Sample] = deque()
        self._curve: list[stability.Sample] = []

    def take(self, sample: stability.Sample) -> None:
        """Go on by one sample."""
        window = self._window
        if window and not 0 < sample.at_ms - window[-1].at_ms <= stability.MAX_GAP_MS:
            window.clear()
        window.append(sample)
        while sample.at_ms - window[0].at_ms > stability.WINDOW_MS:
            window.popleft()
        if self._step.kind == plan.CURVE:
            self._draw(sample)

    def seen(self) -> Seen:
        """Return what may be shown now."""
        step, last = self._step, self._window[-1] if self._window else None
        target = None if step.planned is None else step.planned.nominal
        is_curve = step.kind == plan.CURVE
        whole_s = _whole_s(step) if is_curve else None
        if last is None:
            return Seen(step.kind, target, whole_s=whole_s, left_s=whole_s)
        slope = stability.slope_per_s(tuple(self._window)) if len(self._window) > 1 else None
        near = session.NEAR if target else session.NEAR_ZERO
        return Seen(
            step.kind,
            target,
            _rounded(last.value, FINE if is_curve else COARSE),
            None if slope is None else abs(slope).quantize(FINE),
            target is not None and abs(last.value - target) <= near,
            slope is not None and abs(slope) < stability.LIMIT_PER_S,
            None if whole_s is None else max(0, whole_s - self._past_ms // 1000),
            whole_s,
            tuple(self._points()),
        )

    @property
    def _past_ms(self) -> int:
        return self._curve[-1].at_ms - self._curve[0].at_ms if self._curve else 0

    def _draw(self, sample: stability.Sample) -> None:
        """Begin anew where `sources` does: somebody is at the bulb, or the clock was set."""
        curve = self._curve
        if curve and sample.at_ms < curve[-1].at_ms:
            curve.clear()
        if curve and sample.value > curve[0].value + sources.STILL_PUMPED:
            curve.clear()
        is_due = not curve or sample.at_ms >= curve[-1].at_ms + sources.CURVE_EVERY_MS
        if is_due and len(curve) < MAX_CURVE:
            curve.append(sample)

    def _points(self) -> list[tuple[Decimal, Decimal]]:
        return [
            (Decimal(one.at_ms - self._curve[0].at_ms) / 1000, one.value) for one in self._curve
        ]


def _whole_s(step: plan.Step) -> int:
    assert step.check is not None
    assert step.check.settle_s is not None
    assert step.check.fit_s is not None
    return int(step.check.settle_s + step.check.fit_s)


def _rounded(value: Decimal, step: Decimal) -> Decimal:
    """Return a value in whole steps, no minus before a nought."""
    return (value / step).quantize(Decimal(1)) * step + Decimal(0)
