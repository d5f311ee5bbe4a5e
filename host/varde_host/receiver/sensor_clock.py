"""When was it by the sensor's own clock? Its stamps in UTC, or no claim.

The hub reads a sensor's clock in a session, sets it if it is wrong, and reads it back. Each of
these *looks* is a coincident pair: what the clock showed, and the interval of UTC in which it
showed it. Sensors keep local time without a zone; the pair has the offset in it.

Between two looks that follow each other a clock was moved once at most (by a person, by the hub,
by a battery). So a moment between them is dated rightly by the look before it or by the one after
it. All gaps are asked in which the stamp can have been made at all; if everything they say hangs
together, the interval is what covers all of it. If it falls apart, the clock was moved between,
nobody can say on which side the stamp was made, and there is no claim.

Before the first look a clock may have shown anything: what was handed over in that session, and
what carries an earlier stamp, is without a claim. All times are Unix milliseconds.
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from varde_host.receiver import stamp, timeline
from varde_protocols import gatt, records
from varde_protocols.errors import WireError
from varde_protocols.gatt import calendar

if TYPE_CHECKING:
    from varde_host.receiver.opening import Row

# A watch crystal: 20 ppm as cut, 43 more at 60 degrees from its turnover at 25 (0.035 ppm per
# degree squared), 30 for its load and ten years. Twice that sum, rounded: 17.3 s in a day.
DRIFT_PPM = 200
_MILLION = 1_000_000

# Clocks and stamps are cut to the second, those of some sensors to the minute: what ends in :00
# may be one of these.
_SECOND_MS = 1000
_MINUTE_MS = 60_000

# A clock showed its time between the hub's question and its answer, which is waited for no longer
# (the firmware's limit for a step); the record is stamped at the answer.
MAX_ANSWER_MS = 10_000

# From the look at the clock to the last value of the same session: the longest driver receives for
# a quarter of an hour after 20 s of preparation.
SESSION_MS = 20 * 60_000

# What is known no better than this is said by the hub's own time and by order.
MAX_UNCERTAINTY_MS = 12 * 3_600_000

# Bluetooth Low Energy is of the middle of 2010: no such sensor measured anything before.
EARLIEST_MS = 1_277_942_400_000

Interval = tuple[int, int]


class Look(NamedTuple):
    """A coincident pair: the clock showed `shown` between `earliest_ms` and `latest_ms`.

    `shown` is None if it had no whole date.
    """

    seq: int
    boot: int
    uptime_ms: int
    occasion: int
    shown: str | None
    earliest_ms: int
    latest_ms: int


class Claim(NamedTuple):
    """What a reading's own stamp says; without a time if it is not sure.

    `look` is the newest that this rests on; without a time, the newest when the reading came.
    `step_s` is by how much the clock was moved (ahead, if positive) between the stamp and `look`.
    """

    utc_ms: int | None
    uncertainty_ms: int | None
    step_s: int | None
    look: Look | None


class _Gap(NamedTuple):
    """Two looks with nothing between; `step_ms` is 0 unless the clock was surely moved."""

    before: Look
    after: Look
    step_ms: int


class _Scale(NamedTuple):
    """What a clock can have shown in a gap, roughly, if `one` has the offset for it."""

    first_ms: int
    last_ms: int
    one: Look
    gap: _Gap


def look(clock: records.Clock, when: timeline.Instant) -> Look | None:
    """Return the pair of a record; None if nothing at all is known of its time."""
    span = _span(when)
    if span is None:
        return None
    return Look(
        clock.seq, clock.boot, clock.uptime_ms, clock.occasion, _shown(clock),
        span[0] - MAX_ANSWER_MS, span[1],
    )  # fmt: skip


def _shown(clock: records.Clock) -> str | None:
    try:
        fields = gatt.decode(clock.characteristic, clock.value)
    except WireError:
        return None
    return stamp.of(fields) if stamp.is_dated(fields) else None


def _span(when: timeline.Instant) -> Interval | None:
    if when.utc_ms is not None and when.uncertainty_ms is not None:
        return when.utc_ms - when.uncertainty_ms, when.utc_ms + when.uncertainty_ms
    if when.not_after_ms is None:
        return None
    return when.not_before_ms or 0, when.not_after_ms


class SensorClock:
    """The looks at one sensor's clock, in the order of their numbers."""

    def __init__(self, looks: Iterable[Look]) -> None:
        self._looks = list(looks)
        pairs = zip(self._looks, self._looks[1:], strict=False)
        self._gaps = [_Gap(before, after, step_ms(before, after)) for before, after in pairs]
        self._scales = [
            _scale(one, gap) for gap in self._gaps for one in (gap.before, gap.after)
        ]  # two of each gap

    def claim(
        self, shown: str, seq: int, boot: int, uptime_ms: int, latest_ms: int
    ) -> Claim | None:
        """Date a stamp that was handed over then, not after `latest_ms`; None without a look.

        `shown` is a whole date.
        """
        count = bisect.bisect_left(self._looks, seq, key=lambda one: one.seq)
        if count == 0:
            return None
        last = self._looks[count - 1]
        nothing = Claim(None, None, None, last)
        if _is_same_session(self._looks[0], boot, uptime_ms):
            return nothing
        gaps = self._gaps[: count - 1]
        found: list[tuple[Interval, Look, _Gap | None]] = []
        if _is_same_session(last, boot, uptime_ms):
            found += _within(shown, last, None, (last.earliest_ms, latest_ms))
        elif count < len(self._looks):
            gaps = self._gaps[:count]
        else:
            return nothing  # moved since, or not: nobody has looked
        least, most = _shown_span(shown)
        for first_ms, last_ms, one, gap in self._scales[: 2 * len(gaps)]:
            if first_ms <= most and least <= last_ms:
                span = gap.before.earliest_ms, min(gap.after.latest_ms, latest_ms)
                found += _within(shown, one, gap, span)
        if _within(shown, self._looks[0], None, (EARLIEST_MS, self._looks[0].latest_ms)):
            return nothing
        return _conclusion(found, gaps, nothing)


def _conclusion(
    found: Sequence[tuple[Interval, Look, _Gap | None]], gaps: Sequence[_Gap], nothing: Claim
) -> Claim:
    """Return what all that was found comes to."""
    if not found:
        return nothing
    is_before_a_step = all(gap and gap.step_ms and one is gap.before for _, one, gap in found)
    spans = [span for span, _, _ in found]
    if is_before_a_step or not _hang_together(spans):
        first = min(gap.before.seq if gap else one.seq for _, one, gap in found)
        steps = [gap.step_ms for gap in gaps if gap.step_ms and gap.before.seq >= first]
        return nothing._replace(step_s=round(steps[0] / 1000)) if steps else nothing
    earliest_ms = min(span[0] for span in spans)
    latest_ms = max(span[1] for span in spans)
    uncertainty_ms = -((earliest_ms - latest_ms) // 2)
    if uncertainty_ms > MAX_UNCERTAINTY_MS:
        return nothing
    newest = max((one for _, one, _ in found), key=lambda one: one.seq)
    return Claim((earliest_ms + latest_ms) // 2, uncertainty_ms, None, newest)


def _hang_together(spans: Iterable[Interval]) -> bool:
    """Whether their union has no hole."""
    ordered = sorted(spans)
    reached_ms = ordered[0][1]
    for start_ms, end_ms in ordered:
        if start_ms > reached_ms:
            return False
        reached_ms = max(reached_ms, end_ms)
    return True


def _within(
    shown: str, one: Look, gap: _Gap | None, span: Interval
) -> list[tuple[Interval, Look, _Gap | None]]:
    """Return when the stamp was made by the scale of a look, as far as that is in `span`."""
    if one.shown is None:
        return []
    (least, most), (first, last) = _shown_span(shown), _shown_span(one.shown)
    fewest, longest = least - last, most - first
    earliest_ms = max(one.earliest_ms + fewest - drift_ms(fewest), span[0])
    latest_ms = min(one.latest_ms + longest + drift_ms(longest), span[1])
    return [((earliest_ms, latest_ms), one, gap)] if earliest_ms <= latest_ms else []


def _scale(one: Look, gap: _Gap) -> _Scale:
    if one.shown is None:
        return _Scale(1, 0, one, gap)
    first_ms, last_ms = _shown_span(one.shown)
    before, after = gap.before, gap.after
    reach_ms = max(before.latest_ms, after.latest_ms) - min(before.earliest_ms, after.earliest_ms)
    reach_ms += 2 * drift_ms(reach_ms) + _MINUTE_MS
    return _Scale(first_ms - reach_ms, last_ms + reach_ms, one, gap)


def _is_same_session(one: Look, boot: int, uptime_ms: int) -> bool:
    return one.boot == boot and abs(uptime_ms - one.uptime_ms) <= SESSION_MS


def step_ms(before: Look, after: Look) -> int:
    """Return by how much the clock was moved between; 0 if it need not have been."""
    if before.shown is None or after.shown is None:
        return 0
    (least, most), (first, last) = _shown_span(after.shown), _shown_span(before.shown)
    shortest = after.earliest_ms - before.latest_ms
    longest = after.latest_ms - before.earliest_ms
    allowed_ms = drift_ms(longest)
    is_possible = least - last <= longest + allowed_ms and most - first >= shortest - allowed_ms
    return 0 if is_possible else least - first - (shortest + longest) // 2


def drift_ms(elapsed_ms: int) -> int:
    """Return how far a sensor's clock may run apart in that time, by either clock."""
    return -(-abs(elapsed_ms) * DRIFT_PPM // (_MILLION - DRIFT_PPM))


def _shown_span(shown: str) -> Interval:
    """Return the moments of the clock, in ms, at which it shows this."""
    seconds = calendar.seconds_of(shown)
    if seconds is None:
        raise ValueError(f"{shown} is no whole date")
    at_ms = seconds * 1000
    return at_ms, at_ms + (_SECOND_MS if seconds % 60 else _MINUTE_MS)


def date(
    rows: Sequence[Row], clocks: Iterable[records.Clock], line: timeline.Timeline
) -> list[Row]:
    """Return one hub's rows, in order of their numbers, with what their own stamps say."""
    looks: defaultdict[int, list[Look]] = defaultdict(list)
    for clock in clocks:
        found = look(clock, line.when(clock.boot, clock.uptime_ms))
        if found is not None:
            looks[clock.slot].append(found)
    sensors: dict[int, SensorClock] = {}  # by the number of the reading
    for slot, of_slot in looks.items():
        opened = [row for row in rows if row.slot == slot and row.content is not None]
        sensors.update(_of_slot(opened, of_slot))
    claims: dict[int, Claim | None] = {}
    for row in rows:
        claims[row.seq] = _claim(row, sensors.get(row.seq), claims)
    return [replace(row, sensor=claims[row.seq]) for row in rows]


def _claim(
    row: Row, sensor: SensorClock | None, claims: Mapping[int, Claim | None]
) -> Claim | None:
    if row.repeats is not None and row.repeats in claims:
        return claims[row.repeats]  # made once, and it was there when it came first
    shown = stamp.of(row.fields) if stamp.is_dated(row.fields) else None
    span = None if row.when is None else _span(row.when)
    if sensor is None or shown is None or calendar.seconds_of(shown) is None or span is None:
        return None
    if row.boot is None or row.uptime_ms is None:
        return None
    return sensor.claim(shown, row.seq, row.boot, row.uptime_ms, span[1])


def _of_slot(opened: Sequence[Row], looks: Sequence[Look]) -> dict[int, SensorClock]:
    """Return whose looks date each reading, by its number.

    A clock record names the slot only. When another sensor has come into it, its looks are those
    from its first session on.
    """
    sensors: dict[int, SensorClock] = {}
    run: list[Row] = []
    start = 0
    for row in [*opened, None]:
        if run and (row is None or _address(row) != _address(run[0])):
            end = None if row is None else run[-1].seq
            mine = [one for one in looks if one.seq > start and (end is None or one.seq < end)]
            if start:
                mine = mine[_first_session(mine, run[0]) :]
            sensors.update(dict.fromkeys((each.seq for each in run), SensorClock(mine)))
            run, start = [], run[-1].seq
        if row is not None:
            run.append(row)
    return sensors


def _first_session(looks: Sequence[Look], row: Row) -> int:
    """Return the place of the first look of the session in which `row` came."""
    boot, uptime_ms = row.boot or 0, row.uptime_ms or 0
    for place, one in enumerate(looks):
        if one.seq > row.seq or _is_same_session(one, boot, uptime_ms):
            return place
    return len(looks)


def _address(row: Row) -> bytes:
    return row.content.address if row.content else b""
