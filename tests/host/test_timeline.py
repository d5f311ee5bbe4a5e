"""UTC from anchors, and what order alone says."""

from __future__ import annotations

import fractions

import hypothesis
import pytest
from hypothesis import strategies as st

from varde_host import clock
from varde_host.receiver import timeline, wording

DAY_MS = 86_400_000
T0 = 1_800_000_000_000


def test_an_anchor_dates_forward_and_backward():
    line = timeline.Timeline()
    for uptime_ms in (0, 1_000_000, 2_000_000):
        line.saw(1, uptime_ms, T0 + DAY_MS)
    line.anchor(1, timeline.Anchor(1_000_000, T0, 50), T0 + DAY_MS)
    drift = 101  # 1000 s by a clock that is 100 ppm slow took 100.01 ms more
    assert line.when(1, 0) == (T0 - 1_000_000, 50 + drift + 2, None, None)
    assert line.when(1, 1_000_000) == (T0, 52, None, None)
    assert line.when(1, 2_000_000) == (T0 + 1_000_000, 50 + drift + 2, None, None)


def test_all_that_the_anchors_allow_together_is_given():
    """The nearer of equal ones decides nearby, both half-way, and a coarse one nowhere."""
    line = timeline.Timeline()
    line.anchor(1, timeline.Anchor(0, T0, 50), T0)
    line.anchor(1, timeline.Anchor(DAY_MS, T0 + DAY_MS + 3000, 50), T0 + 2 * DAY_MS)
    line.anchor(1, timeline.Anchor(DAY_MS // 2, T0 + DAY_MS // 2, 60_000), T0 + 2 * DAY_MS)
    line.saw(1, DAY_MS - 1000, T0 + 2 * DAY_MS)
    assert line.when(1, DAY_MS - 1000).utc_ms == T0 + DAY_MS + 2000
    line.saw(1, DAY_MS // 2, T0 + 2 * DAY_MS)
    # 43,200 s before and after, by anchors that are 3 s apart: half of that is not in both
    drift = DAY_MS // 2 // 9999 + 1
    assert line.when(1, DAY_MS // 2) == (
        T0 + DAY_MS // 2 + 1500, 50 + 2 + drift - 1500, None, None
    )  # fmt: skip


def test_a_boot_without_anchor_is_bounded_by_its_neighbours():
    line = timeline.Timeline()
    late = T0 + 10 * DAY_MS
    line.anchor(1, timeline.Anchor(1_000_000, T0, 0), late)
    line.saw(2, 600_000, late)
    line.anchor(3, timeline.Anchor(10_000, T0 + DAY_MS, 0), late)
    when = line.when(2, 600_000)
    assert when.utc_ms is None
    # after the end of boot 1 and ten minutes of this one, before the start of boot 3
    assert when.not_before_ms == T0 - 2 + 600_000 - 61
    assert when.not_after_ms == T0 + DAY_MS - 10_000 + 2 + 2


def test_without_any_anchor_the_arrival_bounds():
    line = timeline.Timeline()
    line.saw(1, 1000, T0)
    line.saw(1, 61_000, T0)
    when = line.when(1, 1000)
    assert when == (None, None, None, T0 - 60_000 + 7 + 2)


def test_time_passed_in_an_undated_boot_between_counts():
    line = timeline.Timeline()
    late = T0 + 10 * DAY_MS
    line.anchor(1, timeline.Anchor(0, T0, 0), late)
    line.saw(2, 1_000_000, late)
    line.saw(3, 0, late)
    assert line.when(3, 0).not_before_ms == T0 - 2 + 1_000_000 - 101


def test_an_anchor_from_the_future_is_not_believed():
    line = timeline.Timeline()
    false = timeline.Anchor(0, T0 + DAY_MS, 50)
    assert line.anchor(1, false, T0) is False
    assert line.when(1, 0) == (None, None, None, T0 + 2)


@pytest.mark.parametrize("year_ms", [0, 946_684_800_000, clock.EARLIEST_MS - 1])
def test_an_anchor_of_a_clock_that_was_never_set_is_not_believed(year_ms: int):
    line = timeline.Timeline()
    assert line.anchor(1, timeline.Anchor(0, year_ms, 50), T0) is False
    assert line.when(1, 0).utc_ms is None


def test_a_false_anchor_does_not_stand_against_the_collectors_signed_word():
    line = timeline.Timeline()
    late = T0 + DAY_MS
    line.anchor(1, timeline.Anchor(0, T0 - 5 * DAY_MS, 1), late)
    line.anchor(1, timeline.Anchor(1000, T0, 500, is_signed=True), late)
    line.anchor(1, timeline.Anchor(1500, T0 + 500, 20), late)  # agrees, and knows better
    line.anchor(1, timeline.Anchor(2000, T0 + 10_000, 20), late)
    assert line.when(1, 1500) == (T0 + 500, 22, None, None)


def test_anchors_that_contradict_each_other_are_all_covered():
    """A clock that stepped by an hour: which side is right cannot be known."""
    line = timeline.Timeline()
    hour_ms = 3_600_000
    line.anchor(1, timeline.Anchor(0, T0 - hour_ms, 50), T0 + DAY_MS)
    line.anchor(1, timeline.Anchor(60_000, T0 + 60_000, 50), T0 + DAY_MS)
    when = line.when(1, 60_000)
    for possible_ms in (T0 + 60_000, T0 - hour_ms + 60_000):
        assert abs(when.utc_ms - possible_ms) <= when.uncertainty_ms
    assert when.uncertainty_ms < hour_ms // 2 + 100


def test_a_time_after_its_own_arrival_is_none():
    line = timeline.Timeline()
    line.anchor(1, timeline.Anchor(0, T0, 50), T0)
    assert line.when(1, 0).utc_ms == T0
    line.saw(1, 10 * DAY_MS, T0 + DAY_MS)  # an uptime that cannot be, or the anchor is false
    assert line.when(1, 10 * DAY_MS).utc_ms is None
    assert line.when(1, 0).utc_ms is None


def test_a_false_anchor_of_another_boot_leaves_the_arrival():
    line = timeline.Timeline()
    line.anchor(1, timeline.Anchor(0, T0 + 5 * DAY_MS, 0), T0 + 5 * DAY_MS)
    line.saw(2, 0, T0)
    assert line.when(2, 0) == (None, None, None, T0 + 2)


@pytest.mark.parametrize("lie_ms", [-30 * DAY_MS, -DAY_MS, DAY_MS, 30 * DAY_MS])
def test_a_boots_only_word_falls_if_it_excludes_the_order(lie_ms: int):
    """Between two boots that the collector spoke in, a day apart, and delivered long after."""
    line = timeline.Timeline()
    late = T0 + 100 * DAY_MS
    line.anchor(1, timeline.Anchor(60_000, T0, 500, is_signed=True), late)
    lie = timeline.Anchor(0, T0 + DAY_MS // 2 + lie_ms, 20)
    assert line.anchor(2, lie, late) is True  # by itself it could be true
    line.saw(2, 600_000, late)
    line.anchor(3, timeline.Anchor(60_000, T0 + DAY_MS, 500, is_signed=True), late)
    assert line.when(1, 60_000).utc_ms == T0
    assert line.when(3, 60_000).utc_ms == T0 + DAY_MS
    assert line.when(2, 600_000) == (
        None, None, T0 - 502 + 600_000 - 61, T0 + DAY_MS + 502 - 60_000 + 7
    )  # fmt: skip


def test_of_two_servers_that_exclude_each_other_neither_gives_a_time():
    """Nobody can say whether the first lies ahead or the second lies back."""
    line = timeline.Timeline()
    late = T0 + 100 * DAY_MS
    line.anchor(1, timeline.Anchor(0, T0 + DAY_MS, 20), late)
    line.anchor(2, timeline.Anchor(0, T0, 20), late)
    assert line.when(1, 0) == (None, None, None, T0 + DAY_MS + 22)
    assert line.when(2, 0) == (None, None, T0 - 22, late + 2)


def test_a_late_clock_of_our_own_does_not_make_the_hubs_time_false():
    """What a boot before was told lies half a minute after this one's arrival."""
    line = timeline.Timeline()
    line.anchor(1, timeline.Anchor(0, T0 + 30_000, 50), T0)
    line.saw(2, 0, T0)
    assert line.when(1, 0).utc_ms == T0 + 30_000
    assert line.when(2, 0) == (None, None, T0 + 30_000 - 52, T0 + 60_000 + 2)


def test_several_boots_without_time_keep_their_order():
    line = timeline.Timeline()
    line.anchor(1, timeline.Anchor(0, T0, 0), T0)
    for boot in (2, 3, 4):
        line.saw(boot, 100_000, T0 + DAY_MS)
    line.anchor(5, timeline.Anchor(0, T0 + DAY_MS, 0), T0 + DAY_MS)
    bounds = [line.when(boot, 100_000) for boot in (2, 3, 4)]
    starts = [when.not_before_ms for when in bounds]
    assert starts == sorted(starts)
    assert starts[2] - starts[0] >= 2 * 99_000
    assert all(when.not_after_ms <= T0 + DAY_MS + 2 for when in bounds)


BOUND = 2**48 - 1
ANY_RECORD = st.tuples(
    st.integers(0, 3), st.sampled_from([0, 1, DAY_MS, BOUND]) | st.integers(0, BOUND),
    st.none() | st.tuples(st.integers(0, BOUND), st.integers(0, BOUND), st.booleans()),
    st.integers(0, BOUND),
)  # fmt: skip


@hypothesis.given(st.lists(ANY_RECORD, min_size=1, max_size=8))
def test_whatever_a_hub_signs_is_dated_or_not_and_printed(entries):
    line = timeline.Timeline()
    for boot, uptime_ms, said, received_ms in entries:
        if said is None:
            line.saw(boot, uptime_ms, received_ms)
        else:
            line.anchor(boot, timeline.Anchor(uptime_ms, *said), received_ms)
    for boot, uptime_ms, _, _ in entries:
        when = line.when(boot, uptime_ms)
        assert (when.utc_ms is None) == (when.uncertainty_ms is None)
        if when.not_before_ms is not None:
            assert when.not_before_ms <= when.not_after_ms
        for moment_ms in when:
            wording.moment(moment_ms)


@st.composite
def lives(draw: st.DrawFn):
    """Boots of a hub with a drifting clock: true times beside what is recorded."""
    now_ms, story = T0, []
    for boot in range(1, draw(st.integers(1, 4)) + 1):
        now_ms += draw(st.integers(0, DAY_MS))
        pace_ppm = draw(st.integers(-timeline.DRIFT_PPM, timeline.DRIFT_PPM))
        began_ms = now_ms
        for _ in range(draw(st.integers(1, 5))):
            now_ms += draw(st.integers(0, DAY_MS))
            true_elapsed_ms = now_ms - began_ms
            uptime_ms = true_elapsed_ms + true_elapsed_ms * pace_ppm // 1_000_000
            error_ms = draw(st.integers(-500, 500)) if draw(st.booleans()) else None
            story.append((boot, uptime_ms, now_ms, error_ms))
    return story, now_ms


@hypothesis.given(lives())
def test_the_true_time_is_always_within_the_bounds(life):
    story, end_ms = life
    line = timeline.Timeline()
    for boot, uptime_ms, true_ms, error_ms in story:
        if error_ms is None:
            line.saw(boot, uptime_ms, end_ms)
        else:
            line.anchor(boot, timeline.Anchor(uptime_ms, true_ms + error_ms, 500), end_ms)
    for boot, uptime_ms, true_ms, _ in story:
        when = line.when(boot, uptime_ms)
        if when.utc_ms is not None:
            assert abs(when.utc_ms - true_ms) <= when.uncertainty_ms
        else:
            assert when.not_before_ms is None or when.not_before_ms <= true_ms
            assert true_ms <= when.not_after_ms


def test_a_month_of_records_in_one_undated_boot_is_quick():
    line = timeline.Timeline()
    for number in range(100_000):
        line.saw(1, number * 25_000, T0)
    for number in range(0, 100_000, 10):
        line.when(1, number * 25_000)


@pytest.mark.parametrize("elapsed_ms", [0, 1, -1, 9_998, 9_999, 10_000, DAY_MS, BOUND])
def test_drift_covers_a_clock_that_is_slow_and_one_that_is_fast(elapsed_ms: int):
    counted, million, ppm = abs(elapsed_ms), 10**6, timeline.DRIFT_PPM
    longest_ms = fractions.Fraction(counted * million, million - ppm)
    shortest_ms = fractions.Fraction(counted * million, million + ppm)
    drift_ms = timeline.drift_ms(elapsed_ms)
    assert counted - drift_ms <= shortest_ms
    assert counted + drift_ms - 1 < longest_ms <= counted + drift_ms
