"""From what was heard in a room (`acceptance.coverage.Level` as JSON) to its bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from varde_host import messages
from varde_host.acceptance import coverage
from varde_host.paper import signs
from varde_host.paper.plots import coverage_bars
from varde_host.reporting import amounts

LOWEST_DBM, HIGHEST_DBM = -110, -40
"""The ends of a bar: nothing is heard below, and above it cannot be better."""
_SIGNS = {
    coverage.GREEN: signs.GOOD, coverage.AMBER: signs.DOUBTFUL_GOOD, coverage.RED: signs.BAD,
    coverage.UNKNOWN: signs.OPEN,
}  # fmt: skip


def room(
    words: messages.Speaker, name: str, levels: Sequence[Mapping[str, Any]]
) -> coverage_bars.Room:
    """Return a room's bars; rows of another shape than this version's are left out."""
    known = [row for row in levels if row.get("what") in coverage.WHATS]
    return coverage_bars.Room(name, [_bar(words, row) for row in known])


def _bar(words: messages.Speaker, row: Mapping[str, Any]) -> coverage_bars.Bar:
    what, value = row["what"], row["value"]
    name = words.text(f"sheet.coverage.{what}", slot=row["slot"])
    unit = "%" if what == coverage.IN_TIME else "dBm"
    if value is None:
        tell = words.text("sheet.coverage.unknown")
    else:
        shown, limit = (amounts.number(words, each) for each in (value, row["limit"]))
        tell = words.text("sheet.coverage.tell", value=shown, limit=limit, unit=unit)
    share = None if value is None else _share(what, value)
    return coverage_bars.Bar(name, share, _share(what, row["limit"]), tell, _SIGNS[row["colour"]])


def _share(what: str, value: int) -> float:
    if what == coverage.IN_TIME:
        return value / 100
    return min(max((value - LOWEST_DBM) / (HIGHEST_DBM - LOWEST_DBM), 0.0), 1.0)
