"""The power goes in each flash operation of a pairing: hub and sensor agree again, or say so."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from firmware.kitchen import START_S, Kitchen
from simulator import board_place
from varde_simulator.sensors import models

CUFF_VALUE = bytes.fromhex("04 78 00 50 00 5d 00 3c 00")  # 120/80, mean 93, pulse 60
MEASUREMENT = 0x2A35
MOST_OPERATIONS = 12  # of a pairing and the reading after it
NEVER = 1_000_000


async def settle(kitchen: Kitchen) -> list[str]:
    """Outcomes from here to the first good one, the button held once it has been asked for."""
    cuff = kitchen.sensors["and-ua651"]
    outcomes: list[str] = []
    while "done" not in outcomes:
        assert len(outcomes) < 6, (outcomes, kitchen.place.lines)
        if "bond-lost" in outcomes or "pairing-failed" in outcomes:
            cuff.bonding.begin_pairing()
        cuff.measure([(MEASUREMENT, CUFF_VALUE)])
        outcomes.append(await kitchen.outcome())
        await asyncio.sleep(70)  # hold-offs and the cuff's burst are over
    return outcomes


def pairing_with_a_cut(folder: Path, operation: int, fraction: float) -> tuple[bool, list[str]]:
    """Whether the power went, and the outcomes after it."""
    outcomes: list[str] = []

    async def act(place: board_place.Place) -> None:
        kitchen = Kitchen(place)
        await kitchen.furnish(and_ua651=models.MODELS["and-ua651"]())
        cuff = kitchen.sensors["and-ua651"]
        connected = cuff.station.on_connection

        def arm(connection: object) -> None:
            cuff.station.on_connection = connected
            kitchen.board.arm_cut(operation, fraction)
            connected(connection)

        cuff.station.on_connection = arm
        cuff.bonding.begin_pairing()
        cuff.measure([(MEASUREMENT, CUFF_VALUE)])
        first = await kitchen.outcome()
        await asyncio.sleep(120)  # the cuff has left pairing mode
        if kitchen.board.is_on:
            assert first == "done"
            kitchen.board.arm_cut(NEVER, 0.0)  # there were fewer operations
        else:
            await kitchen.board.power_on()
            await asyncio.sleep(START_S)
        outcomes.extend(await settle(kitchen))
        # From here on it is an ordinary bond: nobody holds a button any more.
        assert not cuff.bonding.is_pairing_mode
        pairings = len(cuff.bonding.changes)
        cuff.measure([(MEASUREMENT, CUFF_VALUE)])
        assert await kitchen.outcome() == "done"
        assert all(change.status == 0 for change in cuff.bonding.changes[pairings:])

    folder.mkdir()
    place = board_place.play(folder, act)
    assert not any("Traceback" in line for line in place.lines), place.lines
    return bool(place.cuts), outcomes


@board_place.needs_vm
@pytest.mark.parametrize("fraction", [0.0, 0.6])
def test_after_a_cut_at_any_operation_they_find_together(tmp_path: Path, fraction: float) -> None:
    seen = []
    for operation in range(1, MOST_OPERATIONS):
        has_cut, outcomes = pairing_with_a_cut(tmp_path / str(operation), operation, fraction)
        seen.append(outcomes)
        if not has_cut:
            break
    assert len(seen) > 5  # our key, the sensor's, events, the reading
    # Before our half was whole: the cuff has keys, or none, but wants its button held.
    assert seen[0] == ["pairing-failed", "done"]
    assert seen[-2:] == [["done"], ["done"]]
    # In between it is a matter of milliseconds whether the cuff has its half.
    for outcomes in seen:
        assert outcomes in (["pairing-failed", "done"], ["bond-lost", "done"], ["done"]), seen
