"""No small count is told, and none can be found from what is told: by solving, or by trying."""

from __future__ import annotations

import collections
import itertools
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from varde_host.benefit import counting, tables
from varde_host.benefit.counting import Counted
from varde_host.benefit.indicators import BY_KEY
from varde_host.benefit.months import Month
from varde_host.benefit.suppression import LEAST, Cell, Line, told

YEARS = [Month(year, number) for year in (2025, 2026) for number in range(1, 13)]
NOW = YEARS[:20]  # the second year is not over


def line(name: object, atoms) -> Line:
    return Line(name, frozenset(atoms))


def cells(values: dict) -> dict:
    """Each count is as many kits."""
    return {
        name: Cell(value, frozenset(f"{name} {each}" for each in range(value)))
        for name, value in values.items()
    }


# --- one table, every world ----------------------------------------------------------------------


def published(values: dict, months: dict[str, list[Line]], total: list[Line], watched: dict):
    """What is told of a year, as its reader sees it: names with numbers."""
    known = cells(values)
    before, hidden, inner = [], [], []
    for name, lines in months.items():
        shown = told(known, lines, watched.get(name, ()))
        before += shown
        hidden += [each for each in lines if each not in shown]
        inner += watched.get(name, ())
    shown = told(known, total, [*inner, *watched.get("", ())], before, hidden)
    return tuple((each.name, sum(values[atom] for atom in each.atoms)) for each in before + shown)


@pytest.mark.parametrize(("months", "most"), [("abc", 9), ("abcd", 6)])
def test_not_even_who_knows_how_we_hide_can_tell_which_year_it_was(months: str, most: int):
    """All worlds are tried: whatever is told, a small count may have been at least two."""
    worlds = collections.defaultdict(list)
    lines = {each: [line(each, each)] for each in months}
    for values in itertools.product(range(most + 1), repeat=len(months)):
        world = dict(zip(months, values, strict=True))
        worlds[published(world, lines, [line("year", months)], {})].append(world)
    for alike in worlds.values():
        for each in months:
            found = {world[each] for world in alike}
            assert len(found) > 1 or not 0 < found.pop() < LEAST
    assert any(name == "year" for told_ in worlds for name, _ in told_)


def test_a_months_share_gives_no_part_away():
    """Of all and good one tells the bad, so not both are told where that is small."""
    lines = [line("all", ("good", "bad")), line("good", ("good",))]
    watched = [line(None, ("bad",))]
    assert [each.name for each in told(cells({"good": 40, "bad": 2}), lines, watched)] == ["all"]
    assert [each.name for each in told(cells({"good": 2, "bad": 40}), lines, watched)] == ["all"]
    assert len(told(cells({"good": 40, "bad": 9}), lines, watched)) == 2
    assert len(told(cells({"good": 40, "bad": 0}), lines, watched)) == 2


def test_a_sum_through_several_types_is_no_bound_of_a_hidden_one():
    """Where nearly all clocks are good, those of all types less two types are the third."""
    few = {"oxygen": Cell(58, frozenset("xyz"))}
    known = cells({"pressure": 140, "bad pressure": 0, "weight": 41, "bad weight": 3}) | few
    by_type = [
        line("pressure", ("pressure", "bad pressure")),
        line("weight", ("weight", "bad weight")),
        line("oxygen", ("oxygen",)),
    ]
    sums = [line("all", known), line("good clock", ("pressure", "weight", "oxygen"))]
    assert [each.name for each in told(known, by_type + sums)] == ["pressure", "weight"]


def test_a_single_hidden_month_keeps_the_year_hidden():
    months = {f"m{number}": 20 for number in range(11)} | {"m11": 3}
    lines = {name: [line(name, (name,))] for name in months}
    names = [name for name, _ in published(months, lines, [line("year", months)], {})]
    assert "m11" not in names
    assert "year" not in names
    names = [name for name, _ in published(months | {"m10": 4}, lines, [line("year", months)], {})]
    assert "year" in names


def test_a_count_of_many_from_few_kits_is_small():
    few = {"a": Cell(300, frozenset("xyz")), "b": Cell(300, frozenset("xyzuv"))}
    assert [each.name for each in told(few, [line("a", "a"), line("b", "b")])] == ["b"]


# --- the whole extract, and somebody who has all of them -----------------------------------------


class Planted(Counted):
    """Counts that a test gives, each of so many kits."""

    def plant(self, what: str, month: Month, group: str, value: int) -> None:
        for number in range(value):
            self.add(what, month, f"{month} {number}", group)


WHATS = {
    "loans": [""], "days-planned": [""], "days-unplanned": [""], "faults": [""],
    "repaired": [""], "ready-again": [""], "ready-new": [""],
    "dated-well": ["weight", "oxygen"], "dated-badly": ["weight", "oxygen"],
    "met": ["weight"], "missed": ["weight"], "missed-pause": ["weight"],
    "missed-battery": ["weight"], "found-good": ["cuff"], "found-bad": ["cuff"],
}  # fmt: skip
COUNTS = st.sampled_from([0, 0, 1, 2, 3, 4, 5, 6, 9, 40])
PLACES = [(what, group) for what, groups in WHATS.items() for group in groups]


@settings(max_examples=60, deadline=None)
@given(data=st.data(), is_classified=st.booleans(), usual=st.sampled_from([0, 3, 30]))
def test_nobody_finds_a_small_count_by_solving_all_that_is_told(data, is_classified, usual):
    """The reader has every extract of every period, and solves them as linear equations."""
    counted = Planted()
    for place in PLACES:
        odd = data.draw(st.dictionaries(st.sampled_from(NOW), COUNTS, max_size=6), str(place))
        for month in NOW:
            counted.plant(place[0], month, place[1], odd.get(month, usual))
    shown = tables.Shown(counted, NOW, is_classified=is_classified)
    for family in tables.families(counted, is_classified=is_classified):
        for first in (0, 12):
            _attack(counted, shown, family, NOW[first : first + 12])


def _attack(counted, shown, family, months) -> None:
    """Solve what is told of one year; periods are sums of it, and of months."""
    rows, secret = [], set()
    for key, places in family.lines:
        atoms = [(place, month) for place in places for month in months]
        if shown.total(key, months):
            rows.append(dict.fromkeys(atoms, 1))
        for month in months:
            of_month = [atom for atom in atoms if atom[1] == month]
            if shown.month(key, month):
                rows.append(dict.fromkeys(of_month, 1))
            secret.add(frozenset(of_month))
        for begin, end in itertools.combinations(range(len(months) + 1), 2):
            span = months[begin:end]
            if len(span) < 12 and shown.total(key, span):
                assert all(shown.month(key, month) for month in span)
    for places in (*family.watched, *((place,) for _key, all_ in family.lines for place in all_)):
        secret |= {frozenset((place, month) for place in places) for month in months}
    pivots = _solved(rows)
    for each in secret:
        value = sum(counted.cell(place, month).value for place, month in each)
        if 0 < value < LEAST:
            assert _left(dict.fromkeys(each, 1), pivots), (each, value)


def _solved(rows):
    """Bring the equations into steps: nothing of `suppression` is used."""
    pivots = {}
    for row in rows:
        left = _left(row, pivots)
        if left:
            head = min(left, key=repr)
            pivots[head] = {atom: step / left[head] for atom, step in left.items()}
    return pivots


def _left(row, pivots):
    """What of a sum does not follow from the equations: nothing, if it can be computed."""
    left = {atom: Fraction(step) for atom, step in row.items()}
    while True:
        head = next((atom for atom in sorted(left, key=repr) if atom in pivots), None)
        if head is None:
            return left
        times = left[head]
        for atom, step in pivots[head].items():
            left[atom] = left.get(atom, Fraction(0)) - times * step
            if not left[atom]:
                del left[atom]


def test_a_year_that_is_not_over_has_no_total():
    counted = Planted()
    for month in NOW:
        counted.plant("loans", month, "", 3 if month.number in (2, 5) else 9)
    shown = tables.Shown(counted, NOW, is_classified=False)
    assert shown.total(("loans", ""), NOW[:12])
    assert not shown.total(("loans", ""), NOW)
    assert not shown.total(("loans", ""), NOW[12:])
    assert shown.total(("loans", ""), NOW[14:16])  # what anybody adds up
    assert not shown.total(("loans", ""), NOW[1:12])  # or January would be told by it


def test_what_a_month_tells_does_not_hang_on_later_months():
    """Or who kept the extract of March would find in April what neither tells."""
    counted = Planted()
    for place in PLACES:
        for number, month in enumerate(NOW):
            counted.plant(place[0], month, place[1], (7 * number + len(place[0])) % 11)
    whole = tables.Shown(counted, NOW, is_classified=False)
    for count in (1, 5, 13):
        part = tables.Shown(counted, NOW[:count], is_classified=False)
        for key in part.told:
            for month in NOW[:count]:
                assert part.month(key, month) == whole.month(key, month)


def test_every_count_is_in_a_family():
    counted = Planted()
    for what, group in PLACES:
        counted.plant(what, NOW[0], group, 9)
    for is_classified in (False, True):
        keys = {key for family in tables.families(counted, is_classified=is_classified)
                for (key, _group), _places in family.lines}  # fmt: skip
        lacking = {each.key for each in BY_KEY.values() if each.is_count} - keys
        assert lacking <= (set() if is_classified else {"missed-cause"})
    assert set(counting.CAUSES) >= {what.removeprefix("missed-") for what in WHATS
                                    if what.startswith("missed-")}  # fmt: skip
