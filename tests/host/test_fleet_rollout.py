"""The decider of rollouts: whatever hubs say in whatever order, no ring follows a bad one."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde_host.fleet import plan_file, rollout, standing
from varde_host.fleet.own_word import HubTruth, UpdateEvent
from varde_host.fleet.standing import HubFacts
from varde_protocols import records, update_words

HOUR = plan_file.HOUR_MS
T0 = 1_800_000_000_000
RELEASE, BEFORE = 7, 6
SOAK, DEADLINE = 24 * HOUR, 48 * HOUR
RETURNED, CONFIRMED = update_words.RETURNED, update_words.CONFIRMED


def ring(name: str) -> plan_file.Ring:
    return plan_file.Ring(name, plan_file.PERCENT, 10, SOAK, DEADLINE)


RINGS = tuple(map(ring, ("bench", "staff", "tenth", "half", "all")))


def hub_id(number: int) -> bytes:
    return number.to_bytes(8, "big")


def planned(number: int, at: int = 0) -> HubFacts:
    return HubFacts(hub_id(number), at, 3)


def published(number: int, at: int = 0) -> HubFacts:
    return dataclasses.replace(planned(number, at), published_ms=T0)


def said(seq: int, state: int, after_ms: int = HOUR, reason: int = 9) -> UpdateEvent:
    what = update_words.APPLICATION
    return UpdateEvent(seq, 1, 1, T0 + after_ms, state, what, reason, RELEASE)


def truth(
    hub: HubFacts,
    events: tuple[UpdateEvent, ...] = (),
    report: tuple[int, int, int | None, int | None, list | None] | None = None,
) -> HubFacts:
    """The same hub, having said so; `report` is seq, ms after T0, release, assignment, update."""
    made = HubTruth(hub.hub_id, False, None, 1, None, None, events, (), ())
    if report is not None:
        seq, after_ms, release, assignment, update = report
        facts = {70: release, 4: assignment, 71: update}
        made = dataclasses.replace(
            made, report=records.Report(seq, 1, 1, facts), reported_ms=T0 + after_ms
        )
    return dataclasses.replace(hub, truth=made)


def good(number: int, at: int = 0, heard_ms: int = HOUR + SOAK) -> HubFacts:
    word = said(5, CONFIRMED, HOUR, 0)
    return truth(published(number, at), (word,), (9, heard_ms, RELEASE, 3, None))


def fell(number: int, at_ms: int) -> HubFacts:
    word = said(5, CONFIRMED, HOUR, 0)
    return truth(published(number), (word,), (9, at_ms, BEFORE, 3, None))


def returned(number: int, at: int = 0, times: int = 1) -> HubFacts:
    events = tuple(said(5 + n, RETURNED, HOUR) for n in range(times))
    return truth(published(number, at), events, (50, HOUR, BEFORE, 3, None))


def facts(hubs: list[HubFacts], rings: int = 2) -> rollout.Facts:
    return rollout.Facts(RINGS[:rings], RELEASE, tuple(hubs))


def decide(hubs: list[HubFacts], after_ms: int = HOUR + SOAK, rings: int = 2):
    return rollout.handle(facts(hubs, rings), T0 + after_ms)


def only(actions: list) -> object:
    assert len(actions) == 1
    return actions[0]


def test_the_first_ring_is_published_at_once():
    hubs = [planned(1), planned(2), planned(3, 1)]
    assert decide(hubs) == [rollout.Publish(0, (hub_id(1), hub_id(2)))]


def test_what_a_cut_left_out_is_published():
    assert decide([published(1), planned(2), planned(3, 1)]) == [rollout.Publish(0, (hub_id(2),))]


def test_the_next_ring_follows_when_all_have_confirmed_and_soaked():
    assert decide([good(1), planned(2, 1)]) == [rollout.Publish(1, (hub_id(2),))]


def test_the_end():
    assert decide([good(1), good(2, 1)]) == [rollout.Finish()]


@pytest.mark.parametrize("rest_ms", [1, SOAK])
def test_not_before_the_hub_has_said_that_it_still_runs(rest_ms: int):
    """The clock alone proves nothing: a hub that died while it soaked says nothing."""
    hubs = [good(1, heard_ms=HOUR + SOAK - rest_ms), planned(2, 1)]
    assert decide(hubs, HOUR + SOAK + DEADLINE - 1) == []
    stop = only(decide(hubs, HOUR + SOAK + DEADLINE))
    assert stop.reasons == (rollout.Reason(rollout.FAILURES, 0, (hub_id(1),)),)


def test_one_that_was_not_heard_from_holds_up_the_ring_until_its_deadline():
    hubs = [good(n) for n in range(1, 41)] + [published(41), planned(42, 1)]
    assert decide(hubs, DEADLINE - 1) == []
    assert decide(hubs, DEADLINE) == [rollout.Publish(1, (hub_id(42),))]  # 1 of 41 failed


@pytest.mark.parametrize(
    ("failures", "size", "stops"),
    [(1, 1, True), (1, 2, False), (2, 2, True), (1, 40, False), (2, 40, True), (2, 41, False),
     (3, 41, True), (14, 300, False), (15, 300, True)],
)  # fmt: skip
def test_it_stops_at_two_and_at_five_percent(failures: int, size: int, stops: bool):
    hubs = [returned(n) if n < failures else good(n) for n in range(size)]
    actions = decide([*hubs, planned(900, 1)])
    assert (actions != [] and isinstance(actions[0], rollout.Stop)) == stops


@pytest.mark.parametrize(("failures", "goes_on"), [(1, True), (2, False)])
def test_ninety_five_percent_must_have_confirmed(failures: int, goes_on: bool):
    """Of 21, 20 are enough; the failures here are too few for a stop only if there is one."""
    hubs = [returned(n) if n < failures else good(n) for n in range(21)]
    is_published = any(isinstance(a, rollout.Publish) for a in decide([*hubs, planned(900, 1)]))
    assert is_published == goes_on


def test_silence_is_a_failure():
    hubs = [good(1), published(2), published(3), planned(4, 1)]
    assert decide(hubs, DEADLINE - 1) == []
    stop = only(decide(hubs, DEADLINE))
    assert stop.reasons == (rollout.Reason(rollout.FAILURES, 0, (hub_id(2), hub_id(3))),)


def test_a_reading_lost_since_the_start_stops_at_once():
    lost = dataclasses.replace(good(2), lost=((T0 - 1, 5), (T0 + 1, 3)))
    stop = only(decide([*map(good, range(10, 99)), lost]))
    assert stop.reasons == (rollout.Reason(rollout.LOST, 0, (hub_id(2),)),)
    before = dataclasses.replace(good(2), lost=((T0 - 1, 5),))
    assert only(decide([before], rings=1)) == rollout.Finish()


def test_what_was_said_before_it_was_published_says_nothing_of_it():
    """The same release once before: it came back then, or ran already."""
    words = (said(3, RETURNED, -HOUR), said(4, RETURNED, -1), said(5, CONFIRMED, -1))
    for report in (None, (6, -1, RELEASE, 3, None)):
        hub = truth(published(1), words, report)
        at = standing.of(hub, RELEASE, SOAK, DEADLINE, T0 + HOUR)
        assert (at.state, at.returns, at.is_untouched) == (standing.WAITING, 0, True)
        at = standing.of(hub, RELEASE, SOAK, DEADLINE, T0 + DEADLINE)
        assert (at.state, at.before) == (standing.SILENT, standing.WAITING)


def test_one_that_ran_it_before_confirms_by_its_report():
    hub = truth(published(1), (), (9, HOUR + SOAK, RELEASE, 3, None))
    assert decide([hub], rings=1) == [rollout.Finish()]
    older = truth(published(1), (), (9, HOUR + SOAK, RELEASE, 2, None))
    assert decide([older], rings=1) == []


def test_what_returned_and_is_refused_from_then_on_keeps_its_reason():
    update = [update_words.APPLICATION, RELEASE, update_words.REFUSED, 16, 0, 0, 1]
    words = (said(5, RETURNED, reason=7), said(6, update_words.REFUSED, reason=16))
    for report in (None, (9, HOUR, BEFORE, 3, update)):
        at = standing.of(truth(published(1), words, report), RELEASE, SOAK, DEADLINE, T0 + HOUR)
        assert (at.state, at.reason, at.returns) == (standing.RETURNED, 7, 1)


def test_one_that_confirms_at_its_second_try_is_good_and_one_that_falls_after_it_is_not():
    words = (said(5, RETURNED), said(6, CONFIRMED, reason=0))
    report = (9, HOUR + SOAK, RELEASE, 3, None)
    hub = truth(published(1), words, report)
    at = standing.of(hub, RELEASE, SOAK, DEADLINE, T0 + HOUR + SOAK)
    assert (at.state, at.returns, at.is_failed, at.has_soaked) == ("confirmed", 1, False, True)
    words = (said(5, CONFIRMED, reason=0), said(6, RETURNED), said(7, CONFIRMED, reason=0))
    hub = truth(published(1), words, report)
    assert standing.of(hub, RELEASE, SOAK, DEADLINE, T0 + DEADLINE).state == "fell-back"


def test_a_trial_is_no_confirmation():
    update = [update_words.APPLICATION, RELEASE, update_words.TRIAL, 0, 0, 0, 1]
    hub = truth(published(1), (), (9, HOUR, RELEASE, 3, update))
    assert standing.of(hub, RELEASE, SOAK, DEADLINE, T0 + HOUR).state == standing.TRIAL


def test_what_a_stop_took_back_in_time_is_neither_good_nor_bad():
    hub = dataclasses.replace(published(1), withdrawn_ms=T0 + HOUR)
    at = standing.of(hub, RELEASE, SOAK, DEADLINE, T0 + 9 * DEADLINE)
    assert (at.state, at.is_failed) == (standing.WITHDRAWN, False)
    had_it = truth(hub, (said(5, RETURNED),))  # it had asked before
    assert standing.of(had_it, RELEASE, SOAK, DEADLINE, T0 + HOUR).state == standing.RETURNED
    late = dataclasses.replace(hub, withdrawn_ms=T0 + DEADLINE)
    assert standing.of(late, RELEASE, SOAK, DEADLINE, T0 + DEADLINE).state == standing.SILENT


def test_a_hub_that_returned_twice_stops_at_once():
    hubs = [*map(good, range(10, 99)), returned(1, times=2)]
    assert only(decide(hubs)).reasons == (rollout.Reason(rollout.TWICE, 0, (hub_id(1),)),)


def test_both_components_of_one_release_that_return_at_once_are_one_return():
    twin = said(6, RETURNED)._replace(what=update_words.INTERPRETER)
    hub = truth(published(1), (said(5, RETURNED), twin))
    assert standing.of(hub, RELEASE, SOAK, DEADLINE, T0 + HOUR).returns == 1


def test_a_first_ring_that_goes_bad_stops_the_last():
    hubs = [fell(1, 3 * SOAK), fell(2, 3 * SOAK)]
    stop = only(decide([*hubs, good(3), good(4, 1), planned(5, 2)], SOAK * 3, 3))
    assert stop.reasons == (rollout.Reason(rollout.FAILURES, 0, (hub_id(1), hub_id(2))),)


@pytest.mark.parametrize("ended", [rollout.STOPPED, rollout.FINISHED])
def test_the_end_stands_whatever_comes(ended: str):
    made = facts([returned(1, times=2), planned(2, 1)])
    assert rollout.handle(dataclasses.replace(made, ended=ended), T0 + 99 * SOAK) == []


def test_a_hub_that_left_is_not_waited_for_and_proves_nothing():
    gone = dataclasses.replace(published(1), has_left=True)
    assert decide([gone, good(2), planned(3, 1)]) == [rollout.Publish(1, (hub_id(3),))]
    assert decide([gone, planned(3, 1)], 9 * SOAK) == []


def test_a_hub_that_got_another_assignment_meanwhile_is_left_alone_and_holds_up_its_ring():
    behind = dataclasses.replace(planned(3, 1), is_behind=True)
    assert decide([good(1), behind, planned(4, 1)]) == [rollout.Publish(1, (hub_id(4),))]
    assert decide([good(1), behind, good(4, 1)], 99 * SOAK) == []


# What hubs may say, in any mix.
MOMENTS = st.integers(-HOUR, 4 * SOAK)
WORDS = st.builds(
    UpdateEvent,
    st.integers(1, 12),
    st.just(1),
    st.just(1),
    MOMENTS.map(lambda ms: T0 + ms),
    st.sampled_from([update_words.REFUSED, RETURNED, CONFIRMED]),
    st.sampled_from([1, 2, 3]),
    st.integers(0, 19),
    st.sampled_from([3, RELEASE, BEFORE, RELEASE + 1]),
)
UPDATES = st.tuples(
    st.sampled_from([1, 2, 3]), st.sampled_from([3, RELEASE, BEFORE]), st.integers(1, 8),
    st.integers(0, 19), st.just(0), st.just(0), st.just(1),
).map(list)  # fmt: skip
REPORTS = st.tuples(
    st.integers(1, 12),
    MOMENTS,
    st.sampled_from([None, 0, BEFORE, RELEASE, RELEASE + 1]),
    st.sampled_from([None, 2, 3, 4]),
    st.none() | UPDATES,
)


@st.composite
def any_hub(draw: st.DrawFn, number: int) -> HubFacts:
    at = draw(st.integers(0, 2))
    kind = draw(st.sampled_from(["planned", "good", "good", "good", "any"]))
    if kind == "planned":
        return planned(number, at)
    if kind == "good":
        return good(number, at)
    hub = HubFacts(
        hub_id(number),
        at,
        3,
        draw(st.none() | st.integers(0, HOUR).map(lambda ms: T0 + ms)),
        None,
        tuple(draw(st.lists(st.tuples(st.just(T0 + HOUR), st.just(1)), max_size=1))),
        None,
        draw(st.booleans()),
        draw(st.booleans()),
    )
    return truth(hub, tuple(draw(st.lists(WORDS, max_size=4))), draw(st.none() | REPORTS))


FLEETS = st.integers(1, 12).flatmap(lambda n: st.tuples(*(any_hub(i) for i in range(n)))).map(list)
TIMES = st.integers(0, 6 * SOAK)


def is_stop(actions: list) -> bool:
    return any(isinstance(action, rollout.Stop) for action in actions)


@given(FLEETS, TIMES)
def test_never_past_a_bad_ring(hubs: list[HubFacts], after_ms: int):
    actions = decide(hubs, after_ms, 3)
    assert len(actions) <= 1
    states = rollout.look(facts(hubs, 3), T0 + after_ms)
    upto = {rollout.Publish: lambda a: a.ring, rollout.Finish: lambda a: 3}
    for action in actions:
        if isinstance(action, rollout.Stop):
            continue
        for state in states[: upto[type(action)](action)]:
            good_ones = [h for h, at in state.hubs if at.state == "confirmed" and at.has_soaked]
            counted = [h for h, at in state.hubs if at.state != "left"]
            assert len(good_ones) * 100 >= len(counted) * 95 > 0
            failed = len(state.failed)
            assert failed < max(2, len(counted) * 0.05)
        for state in states:
            assert all(at.returns < 2 and not at.losses for _hub, at in state.hubs)


@given(FLEETS, TIMES, st.randoms(use_true_random=False))
def test_the_order_of_facts_says_nothing(hubs: list[HubFacts], after_ms: int, random):
    shuffled = random.sample(hubs, len(hubs))
    for at, hub in enumerate(shuffled):
        if hub.truth is not None:  # and nothing is said by hearing it twice
            events = random.sample(hub.truth.events, len(hub.truth.events)) * 2
            said_so = dataclasses.replace(hub.truth, events=tuple(events))
            shuffled[at] = dataclasses.replace(hub, truth=said_so)
    assert decide(shuffled, after_ms, 3) == decide(hubs, after_ms, 3)


@given(FLEETS, TIMES, st.data())
def test_one_hub_more_that_goes_bad_never_lets_a_rollout_go_on(
    hubs: list[HubFacts], after_ms: int, data: st.DataObject
):
    """Monotone: what stops is not undone by worse news, and what waits does not go on for it."""
    at = data.draw(st.integers(0, len(hubs) - 1))
    worse = list(hubs)
    worse[at] = returned(at, hubs[at].ring, 2)
    if is_stop(decide(hubs, after_ms, 3)) or hubs[at].published_ms is not None:
        assert is_stop(decide(worse, after_ms, 3))


@given(st.lists(st.sampled_from(["good", "silent", "returned"]), min_size=1, max_size=60), TIMES)
def test_time_alone_never_takes_a_stop_back(kinds: list[str], after_ms: int):
    make = {"good": good, "silent": published, "returned": returned}
    hubs = [make[kind](number) for number, kind in enumerate(kinds)]
    if is_stop(decide(hubs, after_ms, 1)):
        assert is_stop(decide(hubs, after_ms + SOAK, 1))


def test_three_hundred_hubs():
    sizes = (1, 3, 26, 120, 150)
    hubs, number = [], 0
    for at, size in enumerate(sizes):
        for _ in range(size):
            hubs.append(good(number, at))
            number += 1
    assert decide(hubs, rings=5) == [rollout.Finish()]
    for at, size in enumerate(sizes):
        waiting = [planned(n, hub.ring) if hub.ring >= at else hub for n, hub in enumerate(hubs)]
        action = only(decide(waiting, rings=5))
        assert (action.ring, len(action.hubs)) == (at, size)
