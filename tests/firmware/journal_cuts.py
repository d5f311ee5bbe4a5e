"""A life of the journal, cut at every operation, in every shape; then cut again while it recovers.

A cut is taken from one run of the life: before each operation the flash and the model are copied.
Mounting writes nothing, so the recovery's operations are those of what a hub does first (go_on).
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterator
from typing import NamedTuple

from firmware import torn_operations
from firmware.journal_lives import LIVES, Life, boot, go_on, record
from firmware.journal_model import Model, Plain, Violation
from firmware.journal_rooms import RoomModel, stream_on, streaming
from firmware.nor_flash import SECTOR_BYTES, NorFlash
from firmware.torn_operations import Operation
from varde_firmware.core import journal_sector

Shapes = Callable[[Operation], Iterator[tuple[str, bytes]]]
SHAPES: dict[str, Shapes] = {
    "few": torn_operations.by_few,
    "class": torn_operations.by_class,
    "byte": torn_operations.by_byte,
}


def recover(flash: NorFlash, model: Model) -> None:
    go_on(boot(flash, model), model)


class Story(NamedTuple):
    """A life, what is done first after a cut, and the model of it."""

    life: Life
    recover: Life
    model: type[Model]


STORIES = {name: Story(life, recover, Model) for name, life in LIVES.items()}
STORIES["streaming"] = Story(streaming, stream_on, RoomModel)


class Cut(NamedTuple):
    """The power goes in `operation`; before it the flash held `memory`."""

    operation: Operation
    memory: bytes
    model: Model

    def torn(self, left: bytes) -> tuple[NorFlash, Model]:
        """Flash and model if the operation left these bytes."""
        flash = NorFlash(len(self.memory) // SECTOR_BYTES)
        flash.memory[:] = self.memory
        at = self.operation.offset
        flash.memory[at : at + len(left)] = left
        model = self.model.copy()
        # of two marks in one program one may be set, and an erase may have taken the marks first
        marks = range(journal_sector.ACKNOWLEDGED_AT, journal_sector.HEADER_BYTES)
        if self.operation.kind == "erase" or at % SECTOR_BYTES in marks:
            model.torn_sectors.add(at // SECTOR_BYTES)
        return flash, model


def cuts_of(flash: NorFlash, model: Model, life: Life) -> list[Cut]:
    """Where a life on this flash can be cut: once in each operation."""
    found: list[Cut] = []

    def watch(kind: str, offset: int, old: bytes, wanted: bytes) -> None:
        operation = Operation(kind, offset, bytes(old), bytes(wanted))
        found.append(Cut(operation, bytes(flash.memory), model.copy()))

    flash.watch = watch
    life(flash, model)
    flash.watch = None
    return found


def survive(flash: NorFlash, model: Model) -> None:
    """Boot, take a record if there is room, boot: what is left is as it should be."""
    journal = boot(flash, model)
    model.try_append(Plain(journal), record(9, 100), True)
    boot(flash, model)


def count_records(counts: collections.Counter[str], model: Model) -> None:
    """One story's sums: what was offered to the journal, and what it kept."""
    counts["boots"] += model.boots
    counts["records offered"] += model.offered
    counts["records durable"] += len(model.returned)


def single_cuts(life: str, sectors: int, at: int, shapes: str) -> collections.Counter[str]:
    """Cut operation `at` of a life in every shape; raises Violation. Returns the counts."""
    cut = cut_of(life, sectors, at)
    counts: collections.Counter[str] = collections.Counter()
    for name, left in SHAPES[shapes](cut.operation):
        flash, model = cut.torn(left)
        try:
            STORIES[life].recover(flash, model)
            boot(flash, model)
        except AssertionError as error:
            where = f"{life} on {sectors}, operation {at}, {cut.operation}: {name}"
            raise told(error, where) from error
        counts[f"cut {cut.operation.kind}s"] += 1
        count_records(counts, model)
    counts["single cuts"] = counts[f"cut {cut.operation.kind}s"]
    return counts


def double_cuts(life: str, sectors: int, at: int, shapes: str) -> collections.Counter[str]:
    """Cut operation `at`, and after each shape of it every operation of the recovery."""
    first = cut_of(life, sectors, at)
    counts: collections.Counter[str] = collections.Counter()
    for name, left in SHAPES[shapes](first.operation):
        for n, second in enumerate(cuts_of(*first.torn(left), STORIES[life].recover)):
            for again, left_then in SHAPES[shapes](second.operation):
                flash, model = second.torn(left_then)
                try:
                    survive(flash, model)
                except AssertionError as error:
                    where = f"{life} on {sectors}, operation {at}, {first.operation}: {name}"
                    where += f"; then {n}, {second.operation}: {again}"
                    raise told(error, where) from error
                counts["double cuts"] += 1
                count_records(counts, model)
    return counts


def cut_of(life: str, sectors: int, at: int) -> Cut:
    story = STORIES[life]
    return cuts_of(NorFlash(sectors), story.model(), story.life)[at]


def operation_count(life: str, sectors: int) -> int:
    flash = NorFlash(sectors)
    STORIES[life].life(flash, STORIES[life].model())
    return flash.operations


def told(error: Exception, where: str) -> Violation:
    kind = error.kind if isinstance(error, Violation) else "other"
    return Violation(kind, f"{error} ({where})")
