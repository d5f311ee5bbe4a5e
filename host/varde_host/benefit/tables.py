"""Which counts may be told of which month and year: the cells of `counting` under `suppression`.

A *family* is what hangs together: counts that share cells. Each month of a family is decided
alone, and then the total of each whole year. A total of any other period is told only if it is the
sum of what is told (`Shown.total`), so that no two extracts together tell more than one.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from varde_host.benefit import counting, suppression
from varde_host.benefit.counting import Counted, Place
from varde_host.benefit.indicators import BY_KEY
from varde_host.benefit.months import Month
from varde_host.benefit.suppression import Atom, Cell, Line

Told = tuple[str, str]
"""An indicator's key and its group."""
_MONTHS = 12
_LOST_ATOMS = tuple(f"missed-{cause}" for cause in counting.CAUSES)
# What nobody tells, and what must not follow from what is told: of each month, and of each year.
_COMPLEMENTS = ("dated-badly", "met", "days-unplanned", "found-bad", "ready-new")


class Family(NamedTuple):
    """`lines`: what each told count is the sum of; `watched`: sums that nobody tells."""

    lines: tuple[tuple[Told, tuple[Place, ...]], ...]
    watched: tuple[tuple[Place, ...], ...]


def families(counted: Counted, *, is_classified: bool) -> Iterator[Family]:
    """Yield all families of what was counted."""
    for keys in (("loans",), ("days", "days-with-plan"), ("faults",), ("repaired",)):
        yield _whole(keys)
    yield _whole(("turned-round", "made-ready"))
    yield _readings(counted)
    for type_ in _groups(counted, ("met", "missed", *_LOST_ATOMS)):
        is_whole = is_classified and type_ not in _groups(counted, ("missed",))
        yield _misses(type_, is_classified=is_classified, is_whole=is_whole)
    for kind in _groups(counted, BY_KEY["found"].cells):
        yield _grouped(("found", "found-good"), kind)


class Shown:
    """What may be told. Made of all months that are over of each year that is asked about."""

    def __init__(self, counted: Counted, months: Sequence[Month], *, is_classified: bool) -> None:
        self._counted = counted
        self._places: dict[Told, tuple[Place, ...]] = {}
        self._months: set[tuple[Told, Month]] = set()
        self._years: set[tuple[Told, int]] = set()
        for family in families(counted, is_classified=is_classified):
            self._places.update(family.lines)
            for year, group in itertools.groupby(months, key=lambda month: month.year):
                self._year(family, year, list(group))

    @property
    def told(self) -> list[Told]:
        """All counts that there are, by key and group."""
        return list(self._places)

    def cell(self, told: Told, months: Sequence[Month]) -> Cell:
        """Return the count of a period, told or not."""
        cells = [self._counted.cell(place, month)
                 for place in self._places.get(told, ()) for month in months]  # fmt: skip
        behind = frozenset[str]().union(*(cell.behind for cell in cells))
        return Cell(sum(cell.value for cell in cells), behind)

    def month(self, told: Told, month: Month) -> bool:
        """Tell if a month's count may be told."""
        return (told, month) in self._months

    @staticmethod
    def is_year(months: Sequence[Month]) -> bool:
        """Tell if a period is a whole calendar year."""
        return len(months) == _MONTHS and months[0].number == 1

    def total(self, told: Told, months: Sequence[Month]) -> bool:
        """Tell if a period's may: by its months, and by the years that lie in it whole."""
        for year, group in itertools.groupby(months, key=lambda month: month.year):
            of_year = list(group)
            is_whole = len(of_year) == _MONTHS and (told, year) in self._years
            if not is_whole and not all(self.month(told, month) for month in of_year):
                return False
        return True

    def _year(self, family: Family, year: int, months: Sequence[Month]) -> None:
        """Decide on a family's months, each alone, and then on its totals."""
        cells: dict[Atom, Cell] = {
            (place, month): self._counted.cell(place, month)
            for month in months
            for places in (*(places for _told, places in family.lines), *family.watched)
            for place in places
        }
        is_yearly = any(BY_KEY[key].yearly for (key, _group), _places in family.lines)
        before: list[Line] = []
        hidden: list[Line] = []
        inner: list[Line] = []
        for month in months:
            watched = [_line(None, places, [month]) for places in family.watched]
            lines = [
                _line((told, month), places, [month])
                for told, places in family.lines
                if not BY_KEY[told[0]].yearly
            ]
            shown = suppression.told(cells, lines, watched)
            before += shown
            hidden += [line for line in lines if line not in shown]
            # of what is told of years alone nobody knows that it is small in a month
            inner += [] if is_yearly else watched
        self._months |= {line.name for line in before}  # type: ignore[misc]
        if len(months) == _MONTHS:
            inner += [_line(None, places, months) for places in family.watched]
            lines = [_line((told, year), places, months) for told, places in family.lines]
            found = suppression.told(cells, lines, inner, before, hidden)
            self._years |= {line.name for line in found}  # type: ignore[misc]


def _line(name: object, places: Sequence[Place], months: Sequence[Month]) -> Line:
    return Line(name, frozenset((place, month) for place in places for month in months))


def _whole(keys: Sequence[str]) -> Family:
    return _grouped(keys, "")


def _grouped(keys: Sequence[str], group: str) -> Family:
    """Return a family of counts of one group."""
    lines = tuple(
        ((key, group), tuple((what, group) for what in BY_KEY[key].cells)) for key in keys
    )
    return Family(lines, _complements([place for _told, places in lines for place in places]))


def _readings(counted: Counted) -> Family:
    """Return the readings: by type, all, and those with a good clock."""
    types = _groups(counted, BY_KEY["readings"].cells)
    by_type = [
        (("received", type_), tuple((what, type_) for what in BY_KEY["received"].cells))
        for type_ in types
    ]
    whole = [
        ((key, ""), tuple((what, type_) for what in BY_KEY[key].cells for type_ in types))
        for key in ("readings", "good-clock")
    ]
    lines = (*by_type, *whole)
    return Family(lines, _complements([place for _told, places in lines for place in places]))


def _misses(type_: str, *, is_classified: bool, is_whole: bool) -> Family:
    """Return what was planned of a type, what was missed of it, and why; `is_whole` says that all
    of it has a cause."""
    causes = (*(_LOST_ATOMS if is_classified else ()), *(() if is_whole else ("missed",)))
    lost = tuple((what, type_) for what in causes)
    lines = [(("planned", type_), (("met", type_), *lost)), (("missed", type_), lost)]
    if is_classified:
        lines += [
            (("missed-cause", f"{type_}:{cause}"), ((f"missed-{cause}", type_),))
            for cause in counting.CAUSES
        ]
    if is_classified and not is_whole:
        unknown = f"{type_}:{counting.NOT_CLASSIFIED}"
        lines.append((("missed-cause", unknown), (("missed", type_),)))
    return Family(tuple(lines), ((("met", type_),),))


def _complements(places: Sequence[Place]) -> tuple[tuple[Place, ...], ...]:
    found = []
    for what in _COMPLEMENTS:
        same = tuple(dict.fromkeys(place for place in places if place[0] == what))
        if same:
            found.append(same)
    return tuple(found)


def _groups(counted: Counted, what: Sequence[str]) -> list[str]:
    return sorted({group for each in what for group in counted.groups(each)})
