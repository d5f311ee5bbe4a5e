"""The storage test's arithmetic: what the hub's journal held against what the collector has.

A test reading is an ordinary reading (docs/decisions/0029), so nobody at a bench can open it: what
is compared are the signed records themselves, byte for byte. The journal is read over the cable,
from flash, when all is over; the collector's copy came over the air.

    lost      the journal had it, the collector does not; or the hub never journaled it
    altered   the collector has other bytes under its number
    twice     the same sealed bytes under two numbers, or one that the journal never held
    late      it came later than the deliberate cuts explain
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from varde_host.acceptance.at_collector import Arrived
from varde_host.bench import faults
from varde_protocols import records, test_readings

COUNT: Final = test_readings.COUNT
"""Readings of a test: 20 (docs/verification.md, `e2e.loss`)."""
IN_TIME_MS: Final = 60_000
"""A reading is at the collector within a minute; a deliberate cut adds to it."""


@dataclass(frozen=True)
class Stored:
    """How many readings there were, and the numbers of those that went wrong."""

    count: int
    held: int
    arrived: int
    lost: int
    altered: tuple[int, ...]
    twice: tuple[int, ...]
    late: tuple[int, ...]
    longest_ms: int | None
    """From journaled to stored; None if nothing came, or the hub did not know the time."""

    def as_json(self) -> dict[str, Any]:
        """As it stands in the signed record."""
        return {
            "count": self.count, "held": self.held, "arrived": self.arrived, "lost": self.lost,
            "altered": len(self.altered), "twice": len(self.twice), "late": len(self.late),
            "longest_ms": self.longest_ms,
        }  # fmt: skip

    def refuse(self) -> None:
        """Raise Fault `lag-01` (lost), `lag-02` (altered or twice), `lag-03` (late)."""
        if self.lost:
            raise faults.Fault("lag-01", lost=self.lost, count=self.count)
        if self.altered or self.twice:
            raise faults.Fault("lag-02", altered=len(self.altered), twice=len(self.twice))
        if self.late:
            seconds = None if self.longest_ms is None else round(self.longest_ms / 1000)
            raise faults.Fault("lag-03", late=len(self.late), seconds=seconds)


def compare(
    held: Mapping[int, bytes],
    arrived: Sequence[Arrived],
    made_ms: Mapping[int, int | None],
    *,
    allowed_ms: int = IN_TIME_MS,
    count: int = COUNT,
) -> Stored:
    """Compare one test's readings.

    `held`: the journal's test readings by number. `arrived`: those of the collector. `made_ms`:
    when the hub made each (Unix ms, by its anchors), None if it did not know the time.
    """
    came = {each.record.seq: each for each in arrived}
    whole = [seq for seq, raw in held.items() if seq in came and came[seq].raw == raw]
    altered = [seq for seq, raw in held.items() if seq in came and came[seq].raw != raw]
    took = {seq: _took_ms(came[seq], made_ms.get(seq)) for seq in whole}
    known = [each for each in took.values() if each is not None]
    return Stored(
        count=count,
        held=len(held),
        arrived=len(came),
        lost=max(0, max(count, len(held)) - len(whole) - len(altered)),
        altered=tuple(altered),
        twice=tuple(_twice(held, arrived)),
        late=tuple(seq for seq, ms in took.items() if ms is None or ms > allowed_ms),
        longest_ms=max(known, default=None),
    )


def _took_ms(arrived: Arrived, made_ms: int | None) -> int | None:
    return None if made_ms is None else max(0, arrived.received_ms - made_ms)


def _twice(held: Mapping[int, bytes], arrived: Sequence[Arrived]) -> list[int]:
    seen: set[bytes] = set()
    numbers: set[int] = set()
    found = []
    for each in arrived:
        reading = each.record
        assert isinstance(reading, records.Reading)
        if reading.seq not in held or reading.seq in numbers or reading.sealed in seen:
            found.append(reading.seq)
        numbers.add(reading.seq)
        seen.add(reading.sealed)
    return found
