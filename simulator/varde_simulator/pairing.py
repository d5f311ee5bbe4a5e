"""Which delivered row is which measured reading: one to one, by time where the row has one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# The hub stamps a value when it arrives; the sensor's side of that is its confirmation. The way
# there and back in the air, and the hub's own work, are no error of its clock.
STAMP_TOLERANCE_MS = 1_000


@dataclass(frozen=True)
class Measured:
    """One reading that a sensor made. `moments_ms`: Unix times at which it went over the air.

    held: the sensor still keeps it; overwritten: its store was full, so nobody has to have it
    """

    moments_ms: tuple[int, ...]
    held: bool = False
    overwritten: bool = False

    def fits(self, row: Mapping[str, Any]) -> bool:
        """Whether the row's UTC, given its uncertainty, can be that of this reading."""
        bound_ms = row["uncertainty_ms"] + STAMP_TOLERANCE_MS
        return any(abs(at_ms - row["utc_ms"]) <= bound_ms for at_ms in self.moments_ms)


@dataclass(frozen=True)
class Pairs:
    """Of readings alike in all their bytes: how many rows are too many, or have a wrong UTC, and
    the readings that no row stands for."""

    duplicates: int
    untimely: int
    missing: tuple[Measured, ...]


def pair(readings: Iterable[Measured], rows: Sequence[Mapping[str, Any]]) -> Pairs:
    """`readings` and `rows` of one sensor, characteristic and value.

    A row whose UTC fits a reading stands for such a one or, if all are taken, for none. What has
    no UTC, or one that fits nothing, stands for any that is left.
    """
    # Those that must arrive come first: what the sensor overwrote is taken only by what is left.
    free = sorted(readings, key=lambda reading: reading.overwritten)
    dated = [row for row in rows if row["utc_ms"] is not None]
    fitting = [[n for n, reading in enumerate(free) if reading.fits(row)] for row in dated]
    taken = set(_match([fits for fits in fitting if fits]))
    left = [reading for n, reading in enumerate(free) if n not in taken]
    untimely = sum(not fits for fits in fitting)
    loose = len(rows) - len(dated) + untimely
    too_many = sum(bool(fits) for fits in fitting) - len(taken) + max(0, loose - len(left))
    return Pairs(too_many, untimely, tuple(left[loose:]))


def _match(fitting: Sequence[Sequence[int]]) -> dict[int, int]:
    """As many rows as can be, each to another of the readings that fit it: reading to row."""
    row_of: dict[int, int] = {}

    def place(row: int, tried: set[int]) -> bool:
        for reading in fitting[row]:
            if reading not in tried:
                tried.add(reading)
                if reading not in row_of or place(row_of[reading], tried):
                    row_of[reading] = row
                    return True
        return False

    for row in range(len(fitting)):
        place(row, set())
    return row_of
