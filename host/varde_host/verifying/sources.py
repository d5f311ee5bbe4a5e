"""Values that nobody types: the manometer's, and what the sensor itself sends.

A source is asked with a question of a machine's kind and gives a value or None: nothing came in
time, or the pressure did not stand still. Whether to wait again is for the person to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Protocol

from varde_host.manometer import instrument, stability

from . import entry, plan, session

Progress = Callable[[str, dict[str, object]], None]
"""What is being waited for: a key under `verify.wait`, and its fields."""
Watch = Callable[[stability.Sample | None], None]
"""Sees each sample of the pressure; None: nothing came for a while. May raise `Stopped`."""

CURVE_EVERY_MS = 1_000
"""A leak's curve keeps one sample a second, so that the record stays small."""
STILL_PUMPED = Decimal(1)
"""mmHg above its beginning: no curve of a leak rises, so somebody is at the bulb."""
MOST_LATE_MS = 10_000
"""Of the last sample: the instrument is asked three times, two seconds each."""
TOLD_EVERY_MS = 10_000
RADIO_WAIT_S = 60.0
RADIO_LOOK_S = 0.5
"""How soon whoever waits for the radio can be stopped."""


class Stopped(Exception):  # noqa: N818 nothing went wrong
    """Whoever waits for a value was told to stop; raised by a `Watch`."""


def ignore(_sample: stability.Sample | None) -> None:
    """The person watches the bulb, not the reference."""


def since_ms(decider: session.Session, step: plan.Step, now_ms: int) -> int:
    """Return since when the load of this point may lie there: since it was asked for.

    A scale sends when it has weighed, which may be before the person presses Enter. If the
    clock was set back meanwhile no value comes later than that; then it is since now.
    """
    group = entry.point_of(step.id)
    begins = {f"{group}/set", f"{group}/shown"}
    before = list(decider.entries)
    while before and before[-1].step not in begins:
        before.pop()
    earlier = before[:-1]
    asked_ms = earlier[-1].at_ms if earlier else decider.fixed.began_ms
    return min(asked_ms, now_ms)


class Values(Protocol):
    """What the sensor sends, whoever hears it: the laptop's radio, or a hub."""

    def wait(self, quantity: str, since_ms: int, for_s: float) -> Decimal | None:
        """Return the newest value that came after a moment; None if none came in time."""

    def wait_whole(self, since_ms: int, for_s: float) -> Mapping[str, Decimal] | None:
        """Return all that the newest value since a moment says; None if none came in time."""


class Sources:
    """Who answers questions of a machine's kind."""

    def __init__(
        self,
        manometer: instrument.Manometer | None,
        values: Values | None,
        radio: str | None,
        progress: Progress,
        watch: Watch = ignore,
    ) -> None:
        """`radio` is how `values` come: `measured.BLE` or `measured.HUB`."""
        self.ways = plan.Ways(manometer is not None, radio if values is not None else None)
        self._manometer = manometer
        self._values = values
        self._progress = progress
        self._watch = watch

    def value(self, step: plan.Step, since_ms: int) -> entry.Value:
        """Return what the instrument gives; None if it gives nothing. Raises WorldFailed, and
        what `watch` raises."""
        if step.kind == plan.RADIO:
            return self._sent(step, since_ms)
        if step.kind == plan.CURVE:
            return self._curve(step)
        return self._still(step)

    def _sent(self, step: plan.Step, since_ms: int) -> str | None:
        assert self._values is not None
        assert step.check is not None
        self._progress("radio", {})
        for _ in range(int(RADIO_WAIT_S / RADIO_LOOK_S)):
            self._watch(None)
            found = self._came(step.check.quantity, since_ms)
            if found is not None:
                return found
        return None

    def _came(self, quantity: str | None, since_ms: int) -> str | None:
        assert self._values is not None
        if quantity is None:
            whole = self._values.wait_whole(since_ms, RADIO_LOOK_S)
            return " ".join(format(value, "f") for value in whole.values()) if whole else None
        value = self._values.wait(quantity, since_ms, RADIO_LOOK_S)
        return None if value is None else format(value, "f")

    def _still(self, step: plan.Step) -> str | None:
        assert self._manometer is not None
        assert step.planned is not None
        nominal = step.planned.nominal
        near = session.NEAR if nominal else session.NEAR_ZERO
        self._progress(step.kind, {"nominal": nominal})
        found = self._manometer.still(nominal, near, self._watch)
        return None if found is None else format(found.value, "f")

    def _curve(self, step: plan.Step) -> entry.Value:
        """Watch the pressure for as long as the check says, from now on."""
        assert self._manometer is not None
        assert step.check is not None
        assert step.check.settle_s is not None
        assert step.check.fit_s is not None
        self._manometer.prove_unit()
        whole_ms = int((step.check.settle_s + step.check.fit_s) * 1000)
        kept: list[tuple[int, Decimal]] = []
        first, told_ms = self._manometer.sample(), -TOLD_EVERY_MS
        for sample in self._manometer.samples():
            self._watch(sample)
            if sample.value > first.value + STILL_PUMPED:
                kept, first = [], sample  # Enter came before the last stroke, or somebody went on
            past_ms = sample.at_ms - first.at_ms
            if not kept or past_ms >= kept[-1][0] + CURVE_EVERY_MS:
                kept.append((past_ms, sample.value))
            if not 0 <= past_ms - told_ms < TOLD_EVERY_MS:
                told_ms = past_ms
                self._progress("curve", {"seconds": max(0, whole_ms - past_ms) // 1000})
            if past_ms < (kept[-1][0] if kept else 0) or past_ms > whole_ms + MOST_LATE_MS:
                return None  # the clock was set, or the instrument was silent: no curve of this
            if past_ms >= whole_ms:
                break
        self._manometer.prove_unit()
        return [[f"{at_ms / 1000:.3f}", format(value, "f")] for at_ms, value in kept]
