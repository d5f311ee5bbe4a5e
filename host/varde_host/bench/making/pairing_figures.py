"""How often each model was hard to pair (complaint hass-omron #13: the first pairing done twice).

Counted from the log of the inventory, where the bench's evidence stays also after a kit was wiped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from varde_host.inventory import audit

MANY_TRIES = 2
"""More than so many are a figure against the model."""


@dataclass
class Figures:
    """Of one model: how many sensors were paired, with how many tries, how many with too many."""

    model: str
    sensors: int = 0
    tries: int = 0
    hard: int = 0


def of_log(connection: sa.Connection) -> list[Figures]:
    """Return the figures of each model, the hardest to pair first."""
    found: dict[str, Figures] = {}
    for row in _sensors(connection):
        figures = found.setdefault(row["model"], Figures(row["model"]))
        figures.sensors += 1
        figures.tries += row["tries"]
        figures.hard += row["tries"] > MANY_TRIES
    return sorted(found.values(), key=lambda each: (-each.hard / each.sensors, each.model))


def _sensors(connection: sa.Connection) -> Iterator[dict[str, Any]]:
    for line in audit.lines(connection):
        if line.what != "bench.step":
            continue
        detail = json.loads(line.detail)
        if detail.get("step") != "sensors":
            continue
        for _table, _key, values in detail["rows"]:
            evidence = json.loads(values.get("evidence") or "{}")
            yield from (row for row in evidence.get("sensors", []) if row["paired"] is not None)
