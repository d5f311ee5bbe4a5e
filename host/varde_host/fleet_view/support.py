"""A kit on the telephone (R32): by its id, how its hub is and what to do next; never a reading.

What a technician and the follow-up service may see, too: last contact, power, clock, bonds and
batteries of the sensors, the queue, the last errors. What was measured is sealed to the receiver,
and nothing here fetches it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from varde_host.bench_desk import next_step
from varde_host.fleet_view import homes, hub_json, hub_view, one_hub
from varde_host.fleet_view.fault_codes import Fault
from varde_host.fleet_view.hub_view import HubView, SensorTerms
from varde_host.fleet_view.watching import Fleet, Watch
from varde_host.inventory import items, kits, measuring_models, models, states

MOST_ERRORS: Final = 8


@dataclass(frozen=True)
class SensorHealth:
    """A sensor of a hub: what the config and the hub's newest report say; None is not known."""

    slot: int
    terms: SensorTerms | None
    """None for one that the config does not know."""
    heard_ms: int | None
    battery_percent: int | None
    signal_dbm: int | None
    has_bond: bool | None
    """None where none is wanted, or nobody has said."""

    @property
    def name(self) -> str:
        """What to call it, in the language in use."""
        return str(self.terms or self.slot)


@dataclass(frozen=True)
class HubHealth:
    """One hub, as it is told on the telephone."""

    view: HubView
    sensors: tuple[SensorHealth, ...]
    errors: tuple[hub_view.Seen, ...]


@dataclass(frozen=True)
class Support:
    """A kit: `faults` in the order of their deadlines, `step` what comes next in the store."""

    kit: kits.Kit
    things: tuple[tuple[items.Item, str], ...]
    """What is in it, each with its model's name."""
    hubs: tuple[HubHealth, ...]
    faults: tuple[Fault, ...]
    step: next_step.NextStep | None
    """None while it is out: then the first fault says what to do."""


def of_kit(watch: Watch, kit_id: str, now_ms: int) -> Support:
    """Return all that there is to say of a kit. Raises as `kits.find`, and as `Watch.look`."""
    assert watch.inventory is not None, "kits stand in the inventory"
    fleet = watch.look(now_ms)
    known = measuring_models.load(watch.site.directory)

    def read(connection: sa.Connection) -> Support:
        kit = kits.find(connection, kit_id)
        names = {each.model: each.name for each in models.listing(connection)}
        inside = items.listing(connection, kit_id=kit.kit_id)
        views = _views(fleet, homes.of_kit(connection, kit.kit_id))
        subjects = {kit.kit_id, *(each.item_id for each in inside)}
        ours = [
            each for each in fleet.faults
            if each.kit_id == kit.kit_id or each.subject in subjects
        ]  # fmt: skip
        step = None
        if kit.state not in states.OUT:
            step = next_step.of_kit(connection, kit.kit_id, now_ms, known)
        things = tuple((each, names.get(each.model, each.model)) for each in inside)
        return Support(kit, things, tuple(map(health, views)), tuple(ours), step)

    return watch.inventory.read(read)


def _views(fleet: Fleet, hub_ids: list[str]) -> list[HubView]:
    return [fleet.hubs[hub_id] for hub_id in hub_ids if hub_id in fleet.hubs]


def health(view: HubView) -> HubHealth:
    """Return what is told of a hub."""
    terms = view.known.terms
    wanted = {each.slot: each for each in terms.sensors} if terms else {}
    heard = {each.slot: each for each in view.sensors}
    bonds = view.facts.bonds
    rows = []
    for slot in sorted({*wanted, *heard}):
        told, said = wanted.get(slot), heard.get(slot)
        has_bond = slot in bonds if bonds is not None and told and told.has_bond else None
        age_ms = None if said is None or said.age_s is None else said.age_s * 1000
        heard_ms = None
        if age_ms is not None and view.reported_ms is not None and age_ms <= view.reported_ms:
            heard_ms = view.reported_ms - age_ms
        rows.append(
            SensorHealth(
                slot, told, heard_ms,
                said.battery_percent if said else None, said.signal_dbm if said else None,
                has_bond,
            )
        )  # fmt: skip
    return HubHealth(view, tuple(rows), view.events[:MOST_ERRORS])


def as_json(found: Support, now_ms: int) -> dict[str, Any]:
    """For programs; no reading stands here, nor could."""
    return {
        "kit": found.kit.kit_id,
        "state": found.kit.state,
        "things": [
            {"item": item.item_id, "kind": item.kind, "model": item.model,
             "standing": item.standing}
            for item, _ in found.things
        ],
        "hubs": [_hub_json(each) for each in found.hubs],
        "faults": [each.as_json(now_ms) for each in found.faults],
        "next": None if found.step is None else found.step.as_json(),
    }  # fmt: skip


def _hub_json(each: HubHealth) -> dict[str, Any]:
    return {
        **hub_json.of(each.view),
        "sensors": [
            {"slot": row.slot, "model": row.terms.model if row.terms else None,
             "last_heard_ms": row.heard_ms, "battery_percent": row.battery_percent,
             "signal_dbm": row.signal_dbm, "has_bond": row.has_bond}
            for row in each.sensors
        ],
        "events": [
            {"seq": seen.seq, "code": seen.code, "detail": seen.detail,
             "received_ms": seen.received_ms, "text": one_hub.text(each.view.hub_id, seen)}
            for seen in each.errors
        ],
    }  # fmt: skip
