"""No small count is told, and none follows from what is told: which figures of a table may stand.

A table is made of *cells*, counts that are not told themselves, and *lines*, each the sum of some
cells, of which as many are told as may be. A line is small if its count is 1 to 4, or if only 1 to
4 kits are behind it; a cell, and a sum that nobody tells, if its count is. Small ones are not
told, nor anything that gives one away:

1. by its own rest: what is left of a line when other lines that are told are taken from it;
2. as a bound: what is left of it when all cells of told lines are taken from it, also of such that
   have other cells (readings with a good clock, less types that are told, are readings of another
   type, and mostly all of them);
3. by any other way through the told lines, which are linear equations with whole numbers, none
   below zero.

For the third a *witness* is looked for: another table, with the same told lines, in which that
small count is another one. Where there is such a table nobody can tell the two apart, so nothing
is pinned. It has to be a table as ours in what readers know of a hidden count as well: that it is
1 to 4. A witness is a whole vector of the null space of the told lines; of these the vectors of
one basis are tried. Where none of them is a witness there might still be one, and the line is not
told all the same.

Lines are taken one by one in their order. So what comes early does not hang on what comes later:
a month that was told once stays told, whatever the rest of the year brings, and it is a year's
total that is kept back.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final, NamedTuple

LEAST: Final = 5
"""The smallest count that is told, and the fewest kits behind a figure."""

Atom = Hashable
_Vector = dict[Atom, int]


class Cell(NamedTuple):
    """A count, and the ids of the kits (loans, things) that are behind it."""

    value: int
    behind: frozenset[str]


class Line(NamedTuple):
    """A sum of cells, under the name by which it is told."""

    name: Hashable
    atoms: frozenset[Atom]


Cells = Mapping[Atom, Cell]


def summed(cells: Cells, atoms: Iterable[Atom]) -> Cell:
    """Return the sum of some cells, with all that is behind any of them."""
    found = [cells[atom] for atom in atoms]
    behind = frozenset[str]().union(*(cell.behind for cell in found))
    return Cell(sum(cell.value for cell in found), behind)


def is_small(cell: Cell) -> bool:
    """Tell if a count is not told for what it is."""
    return 0 < cell.value < LEAST or 0 < len(cell.behind) < LEAST


def told(
    cells: Cells,
    lines: Sequence[Line],
    watched: Collection[Line] = (),
    before: Collection[Line] = (),
    hidden: Collection[Line] = (),
) -> list[Line]:
    """Return those of the lines that may be told beside what is told `before`.

    `hidden` are lines that were not told before; `watched` are sums that nobody tells, and of
    which readers may know that they are small (a share that is told as "at least"). None of them
    may follow, nor a single cell, nor the lines themselves.
    """
    found = list(before)
    guarded = {line.atoms for line in (*lines, *hidden, *before)}
    atoms = frozenset[Atom]().union(*guarded, *(line.atoms for line in watched))
    inner = {line.atoms for line in watched}
    small = [each for each in guarded if is_small(summed(cells, each))]
    few = [each for each in guarded | inner if 0 < summed(cells, each).value < LEAST]
    alone = {frozenset((atom,)) for atom in atoms if 0 < cells[atom].value < LEAST}
    new = []
    for line in lines:
        rests = (_rest(line, found), line.atoms.difference(*(other.atoms for other in found)))
        if any(is_small(summed(cells, rest)) for rest in rests):
            continue
        if _is_safe(cells, atoms, [*found, line], {*small, *few, *alone}, few):
            found.append(line)
            new.append(line)
    return new


def _rest(line: Line, shown: Iterable[Line]) -> frozenset[Atom]:
    """Return the cells of a line that are left when told lines within it are taken away."""
    rest = line.atoms
    for other in sorted(shown, key=lambda each: -len(each.atoms)):
        if other.atoms <= rest:
            rest -= other.atoms
    return rest


def _is_safe(
    cells: Cells,
    atoms: frozenset[Atom],
    shown: Sequence[Line],
    small: Collection[frozenset[Atom]],
    known: Collection[frozenset[Atom]],
) -> bool:
    """Tell if each small sum has a witness, in which those that are known to be few are."""
    open_ = set(small)
    for vector in _moves(list(_null_space(atoms, shown))):
        if not open_:
            break
        moved = {each for each in open_ if _along(vector, each)}
        if moved and any(_is_witness(cells, way, known) for way in (vector, _back(vector))):
            open_ -= moved
    return not open_


def _moves(basis: Sequence[_Vector]) -> Iterator[_Vector]:
    """Yield the vectors of a basis, then their sums and differences two by two."""
    yield from basis
    for first, second in itertools.combinations(basis, 2):
        for sign in (-1, 1):
            both = dict(first)
            for atom, step in second.items():
                both[atom] = both.get(atom, 0) + sign * step
            yield {atom: step for atom, step in both.items() if step}


def _is_witness(cells: Cells, vector: _Vector, known: Collection[frozenset[Atom]]) -> bool:
    """Tell if the table moved by a vector is one that could be ours."""
    if any(cells[atom].value + step < 0 for atom, step in vector.items()):
        return False
    sums = (summed(cells, each).value + _along(vector, each) for each in known)
    return all(0 < each < LEAST for each in sums)


def _along(vector: _Vector, atoms: frozenset[Atom]) -> int:
    return sum(step for atom, step in vector.items() if atom in atoms)


def _back(vector: _Vector) -> _Vector:
    return {atom: -step for atom, step in vector.items()}


def _null_space(atoms: frozenset[Atom], shown: Sequence[Line]) -> Iterator[_Vector]:
    """Yield a basis of the whole moves that leave each told line as it is."""
    reduced = _reduced(shown)
    for free in sorted(atoms - set(reduced), key=repr):
        vector = {free: Fraction(1)}
        for pivot, row in reduced.items():
            if row.get(free):
                vector[pivot] = -row[free]
        scale = math.lcm(*(step.denominator for step in vector.values()))
        yield {atom: int(step * scale) for atom, step in vector.items()}


def _reduced(shown: Sequence[Line]) -> dict[Atom, dict[Atom, Fraction]]:
    """Return the told lines as rows, each the only one with its pivot (Gauss and Jordan)."""
    rows: dict[Atom, dict[Atom, Fraction]] = {}
    for line in shown:
        row = dict.fromkeys(line.atoms, Fraction(1))
        for pivot in [atom for atom in row if atom in rows]:
            _subtract(row, rows[pivot], row[pivot])
        if not row:
            continue
        pivot = min(row, key=repr)
        scale = row[pivot]
        row = {atom: step / scale for atom, step in row.items()}
        for other in rows.values():
            if pivot in other:
                _subtract(other, row, other[pivot])
        rows[pivot] = row
    return rows


def _subtract(row: dict[Atom, Fraction], other: Mapping[Atom, Fraction], times: Fraction) -> None:
    for atom, step in other.items():
        left = row.get(atom, Fraction(0)) - times * step
        if left:
            row[atom] = left
        else:
            row.pop(atom, None)
