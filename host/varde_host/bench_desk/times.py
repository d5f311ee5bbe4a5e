"""What a kit has taken, of hands and of the machine, beside what it may take.

Times of the board's and the acceptance's steps are those that the bench itself noted (`took`); a
verification took from its first question to its signature, which counts as hands, and a night's
pause in it as well. The budgets are those of one kit with an oximeter, a cuff and a scale, by the
project's own time study at a bench; a procedure that it does not have has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from varde_host.acceptance import steps as acceptance_steps
from varde_host.bench import steps as bench_steps
from varde_host.bench_desk import kit_facts, kit_needs, stations
from varde_host.inventory import measuring_models, records

# Seconds of hands and of the machine. Making is: scan hub and three sensors (45), flash and lock
# (20, 90), pair three sensors (90, 60).
BUDGETS: Final[Mapping[str, tuple[int, int]]] = {
    stations.MAKE: (155, 150),
    measuring_models.STATIC: (270, 0),
    "scale-r76": (210, 0),
    "oximeter-functional": (90, 0),
    stations.ACCEPT: (30, 120),
    stations.LABEL: (60, 15),
}


@dataclass(frozen=True, slots=True)
class Time:
    """What a station has taken of a kit; the budgets are None where there is none."""

    station: str
    hands_ms: int
    machine_ms: int
    budget_hands_s: int | None
    budget_machine_s: int | None

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "station": self.station, "hands_ms": self.hands_ms, "machine_ms": self.machine_ms,
            "budget_hands_s": self.budget_hands_s, "budget_machine_s": self.budget_machine_s,
        }  # fmt: skip


def of_kit(connection: sa.Connection, kit_id: str, now_ms: int) -> list[Time]:
    """Return what each station has taken so far, in the order of the work; none that was not at.

    Raises InputRefused as `kits.find`.
    """
    facts = kit_facts.read(connection, kit_id, now_ms)
    accepted = [acceptance_steps.PREFIX + name for name in acceptance_steps.STEPS]
    found = [_of_steps(stations.MAKE, facts.done, kit_needs.MADE)]
    found += _of_verifications(connection, facts)
    found.append(_of_steps(stations.ACCEPT, facts.done, accepted))
    found.append(_of_steps(stations.LABEL, facts.done, [bench_steps.LABEL]))
    return [each for each in found if each is not None]


def _of_steps(station: str, done: kit_facts.Done, names: Iterable[str]) -> Time | None:
    took = [done[name]["took"] for name in names if "took" in done.get(name, {})]
    if not took:
        return None
    hands, machine = (sum(each[part] for each in took) for part in ("hands_ms", "machine_ms"))
    return _time(station, hands, machine)


def _of_verifications(connection: sa.Connection, facts: kit_facts.KitFacts) -> list[Time]:
    """Return the newest verification of each thing, those by one procedure together."""
    spent: dict[str, int] = {}
    for item_id in facts.procedures:
        newest = records.newest_verification(connection, item_id)
        if newest is not None:
            name = newest.content["measured"]["procedure"]["id"]
            spent[name] = spent.get(name, 0) + newest.at_ms - newest.began_ms
    return [_time(name, spent_ms, 0) for name, spent_ms in sorted(spent.items())]


def _time(station: str, hands_ms: int, machine_ms: int) -> Time:
    hands, machine = BUDGETS.get(station, (None, None))
    return Time(station, hands_ms, machine_ms, hands, machine)
