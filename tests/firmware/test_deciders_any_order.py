"""Whatever the world does, in whatever order: a decider stays in its table and never sleeps for
good. Events that the table forbids raise and change nothing."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from varde_firmware.core import (
    backoff,
    decider,
    hold_offs,
    hub_clock,
    link,
    scanner,
    uplink,
    value_ring,
)
from varde_firmware.core import scanner_words as air

EXPIRED = st.just(decider.Expired())
SMALL = st.integers(0, 5)
OUTCOMES = st.sampled_from(sorted(hold_offs.HOLD_OFF_MS))
SCANNER_EVENTS = st.one_of(
    EXPIRED,
    st.just(air.ScanEnded()),
    st.builds(air.Sighted, SMALL),
    st.tuples(st.just("set up")),
    st.tuples(st.just("ended"), SMALL, OUTCOMES),
    st.builds(air.RoomChanged, st.booleans()),
    st.just(air.RadioFailed()),
)
LINK_EVENTS = st.sampled_from(
    [decider.Expired(), link.Joined(), link.Dropped(), link.ExchangeAcknowledged(),
     link.ExchangeFailed()]
)  # fmt: skip
UPLINK_EVENTS = st.one_of(
    EXPIRED,
    st.builds(uplink.LinkUp, st.sampled_from([0, 1, uplink.MODEM_WAY])),
    st.just(uplink.LinkDown()),
    st.builds(uplink.Pending, SMALL, st.booleans()),
    st.builds(uplink.Acknowledged, SMALL, SMALL, st.integers(0, 10**6)),
    st.just(uplink.Failed()),
    st.builds(uplink.TurnedAway, st.integers(0, 10**6)),
)


def delays() -> backoff.Backoff:
    return backoff.Backoff(1_000, 60_000, backoff.Jitter(11))


def offer(core: decider.Decider, event: Any, now_ms: int) -> list[Any] | None:
    """The actions, or None if the move is illegal; then nothing has changed."""
    before = dict(vars(core))
    try:
        return core.handle(event, now_ms)
    except decider.IllegalMoveError:
        assert vars(core) == before
        assert (core.state, type(event)) not in core.MOVES
        return None


@given(st.lists(SCANNER_EVENTS, max_size=80))
def test_the_scanner_keeps_count_of_its_sessions(events: list[Any]) -> None:
    core = scanner.Scanner(delays())
    core.handle(air.SwitchOn(), 0)
    sessions: list[int] = []
    now_ms = 0
    for event in events:
        now_ms += 400
        if isinstance(event, tuple):
            if not sessions:
                continue
            index = sessions[-1] if event[0] == "set up" else sessions[event[1] % len(sessions)]
            if event[0] == "set up":
                made: Any = air.SetUp(index)
            else:
                sessions.remove(index)
                made = air.SessionEnded(index, event[2])
        else:
            made = event
        for action in offer(core, made, now_ms) or []:
            if isinstance(action, air.OpenSession):
                assert action.index not in sessions
                sessions.append(action.index)
        assert len(sessions) <= scanner.MAX_SESSIONS
        assert core.state in (scanner.SCANNING, scanner.SETTING_UP, scanner.FULL, scanner.BROKEN)
        if core.state in (scanner.SCANNING, scanner.BROKEN):
            assert core.deadline_ms is not None


@given(st.lists(LINK_EVENTS, max_size=60), st.integers(1, 4))
def test_the_link_waits_only_where_something_else_will_wake_it(
    events: list[Any], networks: int
) -> None:
    core = link.Link(networks, delays())
    core.handle(link.SwitchOn(), 0)
    for now_ms, event in enumerate(events):
        for action in offer(core, event, now_ms) or []:
            if isinstance(action, link.Join):
                assert 0 <= action.index < networks
        assert (core.state in link.USABLE) == (core.deadline_ms is None)


@given(st.lists(UPLINK_EVENTS, max_size=60))
def test_the_uplink_never_has_two_exchanges_and_never_forgets_the_next(events: list[Any]) -> None:
    core = uplink.Uplink(900, delays())
    under_way = 0
    for now_ms, event in enumerate(events):
        if isinstance(event, (uplink.Acknowledged, uplink.Failed, uplink.TurnedAway)):
            if not under_way:
                continue
            under_way -= 1
        actions = offer(core, event, now_ms) or []
        under_way += sum(isinstance(action, uplink.Exchange) for action in actions)
        assert under_way <= 1
        if core.state in (uplink.IDLE, uplink.RESTING):
            assert core.deadline_ms is not None
        if core.state == uplink.NO_LINK:
            under_way = 0  # the shell awaits each exchange before it tells of the link


@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(-10**5, 10**5),
                          st.integers(0, 10**4)), max_size=40))  # fmt: skip
def test_the_clock_writes_a_step_only_beyond_all_doubt(rows: list[tuple[int, int, int]]) -> None:
    core = hub_clock.HubClock()
    now_ms = 0
    for later_ms, error_ms, uncertainty_ms in rows:
        now_ms += later_ms
        utc_ms = 1_800_000_000_000 + now_ms + error_ms
        believed_ms = core.utc_ms(now_ms)
        actions = core.handle(hub_clock.Measured(1, now_ms, utc_ms, uncertainty_ms), now_ms)
        if any(isinstance(action, hub_clock.WriteStep) for action in actions):
            assert believed_ms is not None
            assert abs(utc_ms - believed_ms) > hub_clock.STEP_MS + uncertainty_ms
        if actions:
            assert core.utc_ms(now_ms) == utc_ms


@given(st.lists(st.one_of(st.none(), st.binary(max_size=40)), max_size=80), st.integers(12, 90))
def test_the_ring_is_a_queue_that_may_refuse(steps: list[bytes | None], size: int) -> None:
    ring = value_ring.ValueRing(size)
    queue: list[tuple[int, int, bytes]] = []
    dropped = 0
    for number, value in enumerate(steps):
        if value is None:
            assert ring.take() == (queue.pop(0) if queue else None)
        elif ring.put(number, number * 1000, value):
            queue.append((number, number * 1000, value))
        else:
            dropped += 1
        assert ring.is_empty == (not queue)
    assert ring.dropped == dropped
