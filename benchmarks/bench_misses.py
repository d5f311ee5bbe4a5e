"""Why measurements are missing: what is told against what was done, over a month of homes.

Forty homes live a month over the night of March (`varde_simulator.missed_month`), with troubles
one by one and two at once, and a collector that is down three times. Of each window two words are
looked at: the *first*, by what the collector had when somebody would have asked (docs/missed.md),
and the *last*, three days after the month, when all hubs that come back are back. Rows are what
was done, columns what is told. A cause that was not there is wrong; that a cause is not known is
neither right nor wrong, and counted by itself. Anything wrong in the last word fails.

Writes build/bench/misses.json and misses.svg; `--docs` writes the tables and the drawing into
docs/, too. Seeded, and no wall clock: the figures are exact and repeatable.
"""

from __future__ import annotations

import collections
import datetime as dt
import json
import pathlib
import random
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / each) for each in ("protocols", "host", "simulator", "benchmarks")]

import confusion_svg  # noqa: E402 - the path is set above

from varde_host.benefit import counting  # noqa: E402
from varde_host.missed import classify, expected, life, outages  # noqa: E402
from varde_host.receiver import timeline  # noqa: E402
from varde_protocols import records  # noqa: E402
from varde_simulator import missed_month as month  # noqa: E402

RESULT = ROOT / "build" / "bench" / "misses.json"
DRAWING = RESULT.with_suffix(".svg")
PAGE = ROOT / "docs" / "missed.md"
DRAWN_PAGE = ROOT / "docs" / "missed.svg"
MARKS = ("<!-- confusion: begin -->", "<!-- confusion: end -->")

HOMES, DAYS, SEED = 40, 31, 10
BEGIN_MS = int(dt.datetime(2027, 3, 9, tzinfo=month.OSLO).timestamp() * 1000)
END_MS = BEGIN_MS + DAYS * month.DAY
LOOK_BACK_MS = 4 * month.DAY
UNKNOWN, NOTHING = "unknown", "nothing"
COLUMNS = (*counting.CAUSES, UNKNOWN, NOTHING)
CAUSE = {month.HUB_BATTERY: "battery", month.SENSOR_BATTERY: "battery", month.SENSOR_LOST: UNKNOWN}

# Of the collector: a morning, an evening, and one over a night.
OUTAGES = ((8, 5, 16), (15, 17, 23), (22, 19, 34))
ALONE = (
    month.NOT_MEASURED, month.NO_POWER, month.NO_NETWORK, month.HUB_BATTERY,
    month.SENSOR_BATTERY, month.SENSOR_LOST, month.PAUSE,
)  # fmt: skip
PAIRS = (
    (month.NO_POWER, month.NO_NETWORK), (month.NO_NETWORK, month.NOT_MEASURED),
    (month.HUB_BATTERY, month.NO_NETWORK), (month.SENSOR_BATTERY, month.NO_NETWORK),
    (month.NO_POWER, month.NOT_MEASURED), (month.PAUSE, month.NO_POWER),
    (month.SENSOR_LOST, month.NO_POWER),
)  # fmt: skip


class Row(NamedTuple):
    """What was done: the troubles, and if a value was kept by the hub."""

    why: tuple[str, ...]
    is_kept: bool

    def __str__(self) -> str:
        return f"{' + '.join(self.why) or 'nothing'}, {'' if self.is_kept else 'not '}measured"

    @property
    def causes(self) -> set[str]:
        return {CAUSE.get(each, each) for each in self.why}


Table = dict[Row, collections.Counter[str]]


def main() -> int:
    homes = list(_homes())
    first, last, counts = _tables(homes)
    figures = {**_figures("first word", first), **_figures("last word", last)}
    for name, count in sorted(counts.items()):
        figures[f"first word, {name}"] = {"value": count, "unit": "windows"}
    figures["first word, wrong and said as final"]["goal"] = 0
    figures["hubs"] = {"value": len(homes), "unit": "hubs"}
    rows = {"first": _plain(first), "last": _plain(last)}
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(
        json.dumps({"subject": "misses", "figures": figures, "tables": rows}, indent=1) + "\n"
    )
    titles = ("When somebody would have asked", "Three days after the month")
    drawn = confusion_svg.drawn(COLUMNS, list(zip(titles, (first, last), strict=True)), _is_right)
    DRAWING.write_text(drawn)
    if "--docs" in sys.argv:
        DRAWN_PAGE.write_text(drawn)
        _into_page(first, last)
    for name, figure in figures.items():
        print(f"{name}: {figure['value']} {figure['unit']}")
    is_wrong = _count(last, wrong=True) or counts["wrong and said as final"]
    return 1 if is_wrong else 0


# --- the month


def _homes() -> Iterator[month.Home]:
    down = [
        month.Trouble(month.RECEIVER, _at(day, begin), _at(day, end))
        for day, begin, end in OUTAGES
    ]
    for number in range(HOMES):
        chance = random.Random(f"misses {SEED} {number}")
        troubles = [*down, *_troubles(number, chance)]
        yield month.Home(number, BEGIN_MS, END_MS, troubles, has_battery=number % 2 == 0)


def _at(day: float, hour: float = 0) -> int:
    return BEGIN_MS + round(day * month.DAY + hour * month.HOUR)


def _troubles(number: int, chance: random.Random) -> Iterator[month.Trouble]:
    """Yield some of each, three days apart; those of a pair overlap, and so do some of these with
    an outage of the collector."""
    days = [2, 5, 8, 11, 15, 18, 22, 25]
    for place, day in enumerate(days):
        choice = number + place * 3
        is_pair = place % 2 == 1
        kinds = PAIRS[choice % len(PAIRS)] if is_pair else (ALONE[choice % len(ALONE)],)
        for kind in kinds:
            if kind == month.HUB_BATTERY and number % 2:
                kind = month.NO_POWER  # noqa: PLW2901 this one has no battery
            begin = _at(day + number % 3 - 1, chance.uniform(-4, 8))
            lasts = chance.uniform(8, 30) + (9 if kind == month.HUB_BATTERY else 0)
            slot = (
                chance.choice((1, 2)) if kind in (month.SENSOR_BATTERY, month.SENSOR_LOST) else 0
            )
            yield month.Trouble(kind, begin, begin + round(lasts * month.HOUR), slot)


# --- what is told


def _tables(homes: Sequence[month.Home]) -> tuple[Table, Table, dict[str, int]]:
    first: Table = collections.defaultdict(collections.Counter)
    last: Table = collections.defaultdict(collections.Counter)
    counts = {"provisional": 0, "wrong and said as final": 0}
    ends = lives_at(homes, END_MS + 3 * month.DAY, 0)
    final = classify.Known(END_MS, outages.found(list(ends.values()), END_MS), _pauses(homes))
    asked: dict[int, list[tuple[month.Home, month.Window]]] = collections.defaultdict(list)
    for home in homes:
        for window in home.windows:
            if window.due_ms < END_MS - 2 * month.DAY:
                asked[window.due_ms].append((home, window))
    for due_ms, windows in sorted(asked.items()):
        now_ms = due_ms + month.HOUR + ends[homes[0].hub_id.hex()].allowed_ms
        lives = lives_at(homes, now_ms, now_ms - LOOK_BACK_MS)
        known = classify.Known(now_ms, outages.found(list(lives.values()), now_ms), _pauses(homes))
        for home, window in windows:
            row = Row(tuple(sorted(window.why)), window.made_ms is not None)
            one = _expected(home, window)
            told = classify.judge(one, lives[one.hub_id], known)
            first[row][_column(told)] += 1
            counts["provisional"] += not told.is_final
            is_wrong = _is_right(row, _column(told)) is False
            counts["wrong and said as final"] += told.is_final and is_wrong
            last[row][_column(classify.judge(one, ends[one.hub_id], final))] += 1
    return first, last, counts


def lives_at(homes: Sequence[month.Home], now_ms: int, from_ms: int) -> dict[str, life.Life]:
    """Return hubs' lives by what the collector had by then."""
    return {home.hub_id.hex(): _life(home, now_ms, from_ms) for home in homes}


def _life(home: month.Home, now_ms: int, from_ms: int) -> life.Life:
    line = timeline.Timeline()
    kept = []
    for record, received_ms in home.sent:
        if received_ms is None or not from_ms <= received_ms <= now_ms:
            continue
        if isinstance(record, records.Anchor):
            said = timeline.Anchor(record.uptime_ms, record.utc_ms, record.uncertainty_ms, True)
            line.anchor(record.boot, said, received_ms)
        else:
            line.saw(record.boot, record.uptime_ms, received_ms)
        kept.append(life.Kept(record, received_ms))
    return life.of(home.hub_id.hex(), kept, line)


def _expected(home: month.Home, window: month.Window) -> expected.Expected:
    slots = frozenset({window.slot})
    type_ = month.TYPE[window.slot]
    return expected.Expected(home.hub_id.hex(), "", type_, window.due_ms, slots)


def _pauses(homes: Sequence[month.Home]) -> list[expected.Pause]:
    return [
        expected.Pause(home.hub_id.hex(), each.from_ms, each.until_ms)
        for home in homes
        for each in home.troubles
        if each.what == month.PAUSE
    ]


def _column(judged: classify.Judged) -> str:
    if judged.outcome in (classify.MET, classify.WAITING):
        return NOTHING
    return judged.cause or UNKNOWN


# --- figures


def _is_right(row: Row, column: str) -> bool | None:
    """Tell if a word is true; None for one that says that it is not known."""
    if column in row.causes:
        return True
    if column == NOTHING:
        return row.is_kept
    return None if column == UNKNOWN else False


def _count(table: Table, *, wrong: bool = False) -> int:
    return sum(
        count
        for row, cells in table.items()
        for column, count in cells.items()
        if not wrong or _is_right(row, column) is False
    )


def _figures(name: str, table: Table) -> dict[str, Any]:
    asked = {row: cells for row, cells in table.items() if row.why}
    total = _count(asked)
    right = sum(
        count
        for row, cells in asked.items()
        for column, count in cells.items()
        if _is_right(row, column)
    )
    wrong = _count(table, wrong=True)
    return {
        f"{name}, windows with trouble": {"value": total, "unit": "windows"},
        f"{name}, right": {"value": round(100 * right / total, 2), "unit": "%"},
        f"{name}, not known": {
            "value": round(100 * (total - right - _count(asked, wrong=True)) / total, 2),
            "unit": "%",
        },
        f"{name}, wrong": {"value": wrong, "unit": "windows", "goal": 0},
    }


def _plain(table: Table) -> dict[str, dict[str, int]]:
    return {str(row): dict(table[row]) for row in _ordered(table)}


def _ordered(table: Table) -> list[Row]:
    return sorted(table, key=lambda row: (len(row.why), row.why, row.is_kept))


def _into_page(first: Table, last: Table) -> None:
    text = PAGE.read_text()
    begin, end = (text.index(mark) for mark in MARKS)
    made = f"{MARKS[0]}\n*First word*\n\n{_markdown(first)}\n*Last word*\n\n{_markdown(last)}"
    PAGE.write_text(text[:begin] + made + text[end:])


def _markdown(table: Table) -> str:
    lines = [f"| done | {' | '.join(COLUMNS)} |", "| --- |" + " ---: |" * len(COLUMNS)]
    for row in _ordered(table):
        cells = [str(table[row][column] or "") for column in COLUMNS]
        lines.append(f"| {row} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
