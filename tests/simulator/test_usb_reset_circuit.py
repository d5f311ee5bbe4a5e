"""DTR, RTS, buttons and the window: what boots, by table and by property."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde_simulator.usb import reset_circuit as circuit
from varde_simulator.usb.reset_circuit import (
    Buttons,
    ChipReset,
    Expired,
    Lines,
    Power,
    ResetCircuit,
    pins,
)

OFF_OPEN = [(0, (1, 0)), (50, (1, 1))]  # any pyserial client
CLASSIC = [(0, (0, 1)), (250, (1, 1)), (300, (1, 0)), (450, (0, 0))]
HARD = [(0, (0, 1)), (200, (0, 0))]
CLOSE = [(0, (1, 0)), (50, (0, 0))]


def running() -> ResetCircuit:
    """A board that has booted its application."""
    board = ResetCircuit()
    board.handle(Power(True), 0)
    assert board.deadline_us is not None
    board.handle(Expired(), board.deadline_us)
    assert board.state == circuit.APPLICATION
    return board


def feed(board: ResetCircuit, sequence, until_ms: int = 3000) -> list[tuple[int, str]]:
    """(ms, action) of a sequence of (ms, (dtr, rts)), with the deadline kept between."""
    start_us = 10_000_000
    done = []

    def step(event, at_us: int) -> None:
        done.extend(((at_us - start_us) // 1000, action) for action in board.handle(event, at_us))

    for at_ms, (dtr, rts) in [*sequence, (until_ms, (0, 0))]:
        at_us = start_us + at_ms * 1000
        while board.deadline_us is not None and board.deadline_us <= at_us:
            step(Expired(), board.deadline_us)
        step(Lines(bool(dtr), bool(rts)), at_us)
    return done


@pytest.mark.parametrize(
    ("dtr", "rts", "is_enabled", "is_io0_high"),
    [(0, 0, 1, 1), (1, 1, 1, 1), (0, 1, 0, 1), (1, 0, 1, 0)],
)
def test_the_two_transistors(dtr, rts, is_enabled, is_io0_high) -> None:
    lines = Lines(bool(dtr), bool(rts))
    assert pins(lines, Buttons(False, False)) == (bool(is_enabled), bool(is_io0_high))
    assert pins(lines, Buttons(True, False))[1] is False
    assert pins(lines, Buttons(False, True))[0] is False


@pytest.mark.parametrize(
    ("sequence", "actions"),
    [
        (OFF_OPEN, []),
        (CLOSE, []),
        (CLASSIC, [(0, circuit.HOLD), (300, circuit.START_LOADER)]),
        (HARD, [(0, circuit.HOLD), (350, circuit.START_APPLICATION)]),
        # A second try of esptool's comes later in the window and has a longer reset.
        ([(0, (0, 1)), (100, (1, 1)), (240, (1, 0))], [(0, "hold"), (240, "start loader")]),
        # Too late: the window is over, the application runs, and IO0 means nothing any more.
        ([(0, (0, 1)), (100, (1, 1)), (251, (1, 0))], [(0, "hold"), (250, "start application")]),
    ],
    ids=["open", "close", "classic reset", "hard reset", "just in time", "too late"],
)
def test_sequences_of_tools(sequence, actions) -> None:
    assert feed(running(), sequence) == actions


def test_buttons_do_what_lines_do() -> None:
    board = running()
    assert board.handle(Buttons(True, False), 0) == []
    assert board.handle(Buttons(True, True), 1) == [circuit.HOLD]
    assert board.handle(Buttons(True, False), 2) == [circuit.START_LOADER]
    assert board.handle(Buttons(False, False), 3) == []
    assert board.handle(ChipReset(), 4) == []
    assert board.handle(Expired(), 4 + circuit.WINDOW_US) == [circuit.START_APPLICATION]


def test_power_with_the_boot_button_held_is_the_loader() -> None:
    board = ResetCircuit()
    assert board.handle(Buttons(True, False), 0) == []
    assert board.handle(Power(True), 1) == [circuit.START_LOADER]
    assert board.handle(Power(False), 2) == []
    assert board.state == circuit.OFF


EVENTS = st.one_of(
    st.builds(Lines, st.booleans(), st.booleans()),
    st.builds(Buttons, st.booleans(), st.booleans()),
    st.builds(Power, st.booleans()),
    st.builds(ChipReset, st.booleans()),
    st.builds(Expired),
)


@given(st.lists(st.tuples(EVENTS, st.integers(0, 400_000)), max_size=40))
def test_nothing_runs_without_power_or_while_held(steps) -> None:
    board = ResetCircuit()
    now_us = 0
    has_power = False
    for event, passed_us in steps:
        now_us += passed_us
        actions = board.handle(event, now_us)
        has_power = event.is_on if isinstance(event, Power) else has_power
        is_enabled, is_io0_high = pins(board.lines, board.buttons)
        assert len(actions) <= 1
        assert (board.state == circuit.OFF) is not has_power
        assert (board.deadline_us is not None) == (board.state == circuit.WINDOW)
        if has_power and not is_enabled:
            assert board.state == circuit.HELD
        if circuit.START_LOADER in actions:
            assert is_enabled
            assert not is_io0_high or event == ChipReset(asks_download=True)
        if circuit.START_APPLICATION in actions:
            assert is_io0_high
            assert board.state == circuit.APPLICATION
