"""The campaigns of tools/journal_campaign.py, as lists of small tasks for many processes."""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from firmware import journal_flips, journal_spoiled
from firmware.failing_flash import KINDS
from firmware.journal_cuts import double_cuts, operation_count, single_cuts
from firmware.nor_flash import SECTOR_BYTES

Places = list[tuple[str, int]]  # a life, and on how many sectors
SMALL: Places = [(life, sectors) for life in ("steady", "brimming") for sectors in (4, 5)]
OTHERS: Places = [
    ("chance-1", 4), ("chance-1", 5), ("chance-2", 8), ("streaming", 5), ("streaming", 16),
]  # fmt: skip
DOUBLY_CUT: Places = [*SMALL, ("streaming", 5)]
TWO_AT_ONCE = 6  # sectors, of which MIN_SECTORS stay good
# What the quick run takes of each, one in so many; the full run takes all.
THIN_DOUBLE, THIN_SPOILED, THIN_BYTES = 17, 9, 23
# A life of sixteen sectors has operations enough: one in so many, also in the full run.
THIN_LARGE = 7


class Task(NamedTuple):
    campaign: str
    work: Callable[..., collections.Counter[str]]
    arguments: tuple[Any, ...]


def _thin(life: str, sectors: int, thin: int) -> range:
    step = thin * (THIN_LARGE if sectors > 8 else 1)
    return range(0, operation_count(life, sectors), step)


def cuts(campaign: str, shapes: str, places: Places) -> Iterator[Task]:
    """Every operation of these lives is cut once."""
    for life, sectors in places:
        for at in _thin(life, sectors, 1):
            yield Task(campaign, single_cuts, (life, sectors, at, shapes))


def cuts_in_recovery(thin: int) -> Iterator[Task]:
    """After a cut of these operations every operation of the recovery is cut."""
    for life, sectors in DOUBLY_CUT:
        for at in _thin(life, sectors, thin):
            yield Task("double cuts", double_cuts, (life, sectors, at, "few"))


def bad_sectors(thin: int) -> Iterator[Task]:
    """Each sector goes bad in each way at these operations; then two do."""
    for life, sectors in (("steady", 5), ("brimming", 5)):
        for kind in KINDS:
            for sector in range(sectors):
                for at in range(sector, operation_count(life, sectors), thin):
                    faults = [(at, sector, kind)]
                    yield Task("bad sectors", journal_spoiled.live_with, (life, sectors, faults))
    for n, kind in enumerate(KINDS):
        for at in range(n, operation_count("brimming", TWO_AT_ONCE), thin):
            first = (at, at % TWO_AT_ONCE, kind)
            second = (at + n * 3, (at + 1 + n) % TWO_AT_ONCE, KINDS[at % len(KINDS)])
            arguments = ("brimming", TWO_AT_ONCE, [first, second])
            yield Task("bad sectors", journal_spoiled.live_with, arguments)


def flips(thin: int) -> Iterator[Task]:
    """Every bit of these bytes is turned over, under a boot and under a running journal."""
    for age in journal_flips.AGES:
        for offset in range(0, journal_flips.SECTORS * SECTOR_BYTES, thin):
            for work in (journal_flips.flip_before_mount, journal_flips.flip_while_running):
                yield Task("flipped bits", work, (age, offset, range(8)))


def quick() -> list[Task]:
    """Every operation cut by class; a sample of what multiplies."""
    return [
        *cuts("single cuts, by class", "class", SMALL),
        *cuts("single cuts, some shapes", "few", OTHERS),
        *cuts_in_recovery(THIN_DOUBLE),
        *bad_sectors(THIN_SPOILED),
        *flips(THIN_BYTES),
    ]


def full() -> list[Task]:
    """Everything: every byte, every second cut, every sector, every bit."""
    return [
        *cuts("single cuts, by class", "class", OTHERS),
        *cuts("single cuts, by byte", "byte", SMALL),
        *cuts_in_recovery(1),
        *bad_sectors(1),
        *flips(1),
    ]
