"""Any history of a hub and of those who tell it the time: the truth is in what is given.

A history is true: boots with cuts between, a clock that is slow or fast within its bound, anchors
by the collector and by time servers, of which some lie, deliveries at once or weeks late. A lie
that nothing true contradicts cannot be found out by anybody; `told_lies` leaves those out.
"""

from __future__ import annotations

import fractions
from typing import NamedTuple

import hypothesis
from hypothesis import strategies as st

from varde_host import clock
from varde_host.receiver import timeline

SECOND_US = 1_000_000
DAY_MS = 86_400_000
WEEKS_US = 40 * DAY_MS * 1000
T0_US = 1_800_000_000_000_000
LAG_MS = 60_000

LIES_MS = st.sampled_from([0, 0, DAY_MS, -DAY_MS, 3_600_000, -3_600_000]) | st.integers(
    -40 * DAY_MS, 40 * DAY_MS
)
PAUSES_US = st.sampled_from([0, 1, 999, 1000, SECOND_US]) | st.integers(0, WEEKS_US)


class Moment(NamedTuple):
    """What the hub stamped, and when that truly was; `said` is an anchor's word."""

    boot: int
    uptime_ms: int
    true_us: int
    received_ms: int
    said: timeline.Anchor | None

    @property
    def true_ms(self) -> int:
        return self.true_us // 1000

    @property
    def claims(self) -> tuple[int, int]:
        """By an anchor, it was no earlier and no later than this."""
        assert self.said is not None
        doubt_ms = self.said.uncertainty_ms + timeline.ROUNDING_MS
        return self.said.utc_ms - doubt_ms, self.said.utc_ms + doubt_ms

    @property
    def is_true(self) -> bool:
        first_ms, last_ms = self.claims
        return first_ms <= self.true_ms <= last_ms


@st.composite
def anchors(draw: st.DrawFn, uptime_ms: int, true_us: int) -> timeline.Anchor:
    is_signed = draw(st.booleans())
    lie_ms = 0 if is_signed else draw(LIES_MS)
    uncertainty_ms = draw(st.integers(0, 2_000))
    error_us = draw(st.integers(-uncertainty_ms * 1000, uncertainty_ms * 1000))
    utc_ms = (true_us + error_us) // 1000 + lie_ms
    return timeline.Anchor(uptime_ms, utc_ms, uncertainty_ms, is_signed)


@st.composite
def histories(draw: st.DrawFn) -> list[Moment]:
    now_us, kept, story = T0_US, [], []

    def deliver() -> None:
        story.extend(moment._replace(received_ms=now_us // 1000) for moment in kept)
        kept.clear()

    for boot in range(1, draw(st.integers(1, 5)) + 1):
        now_us += draw(PAUSES_US)
        ppm = draw(st.integers(-timeline.DRIFT_PPM, timeline.DRIFT_PPM))
        began_us = now_us
        for _ in range(draw(st.integers(1, 5))):
            now_us += draw(PAUSES_US)
            uptime_ms = (now_us - began_us) * (1_000_000 + ppm) // 1_000_000_000
            said = draw(st.none() | anchors(uptime_ms, now_us))
            kept.append(Moment(boot, uptime_ms, now_us, 0, said))
            if draw(st.booleans()):
                deliver()
    now_us += draw(PAUSES_US)
    deliver()
    return story


def after(story: list[Moment], one: Moment, other: Moment) -> fractions.Fraction | None:
    """The least that passed from one to the other, None if they are in the wrong order."""
    if one.boot > other.boot or (one.boot == other.boot and one.uptime_ms > other.uptime_ms):
        return None
    if one.boot == other.boot:
        counted = other.uptime_ms - one.uptime_ms
    else:
        lasted = dict.fromkeys(range(one.boot, other.boot), 0)
        for moment in story:
            if moment.boot in lasted:
                lasted[moment.boot] = max(lasted[moment.boot], moment.uptime_ms)
        counted = sum(lasted.values()) - one.uptime_ms + other.uptime_ms
    return counted - fractions.Fraction(counted, 9999)


def at_most_after(one: Moment, other: Moment) -> fractions.Fraction | None:
    """The most that passed, None across boots or in the wrong order."""
    counted = other.uptime_ms - one.uptime_ms
    if one.boot != other.boot or counted < 0:
        return None
    return counted + fractions.Fraction(counted, 9999)


def clash(story: list[Moment], one: Moment, first_ms: int, other: Moment, last_ms: int) -> bool:
    """Whether it cannot be that `one` was no earlier and `other` no later than so."""
    least = after(story, one, other)
    if least is not None:
        return first_ms + least > last_ms
    most = at_most_after(other, one)
    return most is not None and first_ms - most > last_ms


def is_told(story: list[Moment], lie: Moment) -> bool:
    """Whether something true contradicts what of this anchor is false."""
    first_ms, last_ms = lie.claims
    true = [moment for moment in story if moment.said is not None and moment.is_true]
    if first_ms > lie.true_ms:
        return any(
            clash(story, lie, first_ms, moment, moment.received_ms + 2 + LAG_MS)
            for moment in story
        ) or any(clash(story, lie, first_ms, moment, moment.claims[1]) for moment in true)
    begun = Moment(1, 0, 0, 0, None)
    return clash(story, begun, clock.EARLIEST_MS, lie, last_ms) or any(
        clash(story, moment, moment.claims[0], lie, last_ms) for moment in true
    )


def told_lies(story: list[Moment]) -> list[Moment]:
    """The history without those anchors that lie and are not found out."""
    return [
        moment
        if moment.said is None or moment.is_true or is_told(story, moment)
        else moment._replace(said=None)
        for moment in story
    ]


def made(story: list[Moment]) -> timeline.Timeline:
    line = timeline.Timeline()
    for moment in story:
        if moment.said is None:
            line.saw(moment.boot, moment.uptime_ms, moment.received_ms)
        else:
            line.anchor(moment.boot, moment.said, moment.received_ms)
    return line


def ends(when: timeline.Instant) -> tuple[float, int]:
    if when.utc_ms is not None:
        return when.utc_ms - when.uncertainty_ms, when.utc_ms + when.uncertainty_ms
    first_ms = float("-inf") if when.not_before_ms is None else when.not_before_ms
    return first_ms, when.not_after_ms


@hypothesis.given(histories())
def test_the_truth_is_in_every_interval(story):
    """Told lies, steps, drift, boots without time, arrivals weeks late."""
    line = made(told_lies(story))
    for moment in story:
        first_ms, last_ms = ends(line.when(moment.boot, moment.uptime_ms))
        assert first_ms <= moment.true_ms <= last_ms


@hypothesis.given(histories())
def test_with_honest_servers_every_boot_that_heard_one_is_dated(story):
    honest = [
        moment if moment.said is None or moment.is_true else moment._replace(said=None)
        for moment in story
    ]
    line = made(honest)
    told = {moment.boot for moment in honest if moment.said is not None}
    for moment in honest:
        when = line.when(moment.boot, moment.uptime_ms)
        assert (when.utc_ms is not None) == (moment.boot in told)


@hypothesis.given(histories())
def test_where_the_collector_spoke_no_server_leads_outside_its_word(story):
    """Also where a lie is not found out: whatever it does, it does within the signed bound."""
    line = made(story)
    signed = {
        moment.boot: moment
        for moment in story
        if moment.said is not None and moment.said.is_signed
    }
    for moment in story:
        if moment.boot in signed:
            when = line.when(moment.boot, moment.uptime_ms)
            said = signed[moment.boot].said
            elapsed_ms = moment.uptime_ms - said.uptime_ms
            doubt_ms = said.uncertainty_ms + 2 + timeline.drift_ms(elapsed_ms)
            doubt_ms += 1  # the middle is a whole millisecond, and the bound the same either way
            first_ms, last_ms = ends(when)
            assert when.utc_ms is not None
            assert first_ms >= said.utc_ms + elapsed_ms - doubt_ms
            assert last_ms <= said.utc_ms + elapsed_ms + doubt_ms


@hypothesis.given(histories())
def test_a_boot_that_heard_only_truth_is_not_dated_wrongly_for_others_lies(story):
    """It may lose its time to them, unless the collector spoke in it; it gains no false one."""
    line = made(story)
    deceived = {
        moment.boot for moment in story if moment.said is not None and not moment.is_true
    }
    for moment in story:
        when = line.when(moment.boot, moment.uptime_ms)
        if moment.boot not in deceived and when.utc_ms is not None:
            assert abs(when.utc_ms - moment.true_ms) <= when.uncertainty_ms


def order_is_kept(line: timeline.Timeline, stamps: set[tuple[int, int]]) -> None:
    latest_first_ms = float("-inf")
    before_boot, before_utc_ms = -1, 0
    for boot, uptime_ms in sorted(stamps):
        when = line.when(boot, uptime_ms)
        first_ms, last_ms = ends(when)
        assert first_ms <= last_ms
        assert latest_first_ms <= last_ms, "wholly before an earlier one"
        latest_first_ms = max(latest_first_ms, first_ms)
        if when.utc_ms is not None:
            assert boot != before_boot or before_utc_ms <= when.utc_ms
            before_boot, before_utc_ms = boot, when.utc_ms


@hypothesis.given(histories())
def test_order_is_never_inverted_whatever_servers_say(story):
    order_is_kept(made(story), {(moment.boot, moment.uptime_ms) for moment in story})


ANY_MS = st.sampled_from([0, 1, DAY_MS, 2**48 - 1]) | st.integers(0, 2**48 - 1)
NEAR_MS = st.integers(-3, 3).map(lambda days: T0_US // 1000 + days * DAY_MS)
ANYTHING = st.tuples(
    st.integers(0, 4),
    st.integers(0, 3 * DAY_MS) | ANY_MS,
    st.none() | st.tuples(NEAR_MS | ANY_MS, st.integers(0, 2 * DAY_MS) | ANY_MS, st.booleans()),
    NEAR_MS | ANY_MS,
)


@hypothesis.given(st.lists(ANYTHING, min_size=1, max_size=12))
def test_order_is_never_inverted_whatever_is_signed(entries):
    """Also by a collector whose own clock lies, and a hub that may sign any numbers."""
    line = timeline.Timeline()
    for boot, uptime_ms, said, received_ms in entries:
        if said is None:
            line.saw(boot, uptime_ms, received_ms)
        else:
            line.anchor(boot, timeline.Anchor(uptime_ms, *said), received_ms)
    order_is_kept(line, {(boot, uptime_ms) for boot, uptime_ms, _, _ in entries})
