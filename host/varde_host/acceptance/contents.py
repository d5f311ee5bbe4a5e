"""What is in the kit, against what its hub knows: the rows of its config, sensor by sensor.

Each row names the verification that stands for its sensor (docs/formats.md), so that each reading
does. One made after the sensor was paired is brought to the hub here, by an assignment as any; a
sensor in another slot, of another model or not there at all is nobody's to put right silently
(`kit-02`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from varde_host.acceptance import profiles
from varde_host.bench import faults
from varde_host.bench.making import pairing
from varde_host.bench.work import Work
from varde_host.inventory import items, kits, store
from varde_protocols import hub_config

_OF_ITS_MODEL = ("service", "characteristics", "model", "bond", "passkey")
"""Fields of a row that follow from the model. Address and user are a home's, the name on the air
may give way to the address."""


@dataclass(frozen=True)
class Planned:
    """A sensor of the kit, and the row that it must have."""

    wanted: pairing.Wanted
    row: hub_config.Sensor

    def as_json(self) -> dict[str, Any]:
        """As it stands in the evidence: no passkey, no address."""
        return {
            "slot": self.row.slot,
            "item": self.wanted.item.item_id,
            "model": self.wanted.recipe.model,
            "clock_s": self.wanted.recipe.off_s if self.wanted.recipe.clock else None,
            "verification": self.row.verification.hex(),
        }


def planned(work: Work, inventory: store.Inventory, kit: kits.Kit) -> list[Planned]:
    """Return the kit's sensors, each with its row and the verification that it is to name.

    Raises Fault `sensor-new-model`, InputRefused as `pairing.planned`.
    """
    return [Planned(wanted, wanted.row) for wanted in pairing.planned(work, inventory, kit)]


def changed(row: hub_config.Sensor, **fields: Any) -> hub_config.Sensor:
    """Return the same row but for these fields. Raises ConfigError."""
    values = {name: getattr(row, name) for name in hub_config.Sensor.FIELDS}
    return hub_config.Sensor(**{**values, **fields})


def aliens(rows: Sequence[hub_config.Sensor], wanted: Sequence[Planned]) -> list[str]:
    """Return what hub and kit do not agree on: by slot, what the kit has and the hub has not."""
    theirs, ours = ({row.slot: row for row in each} for each in (rows, [p.row for p in wanted]))
    models = {each.row.slot: each.wanted.recipe.model for each in wanted}
    found = []
    for slot in sorted({*theirs, *ours}):
        if slot not in theirs:
            found.append(f"+{slot} {models[slot]}")
        elif slot not in ours:
            found.append(f"-{slot} {theirs[slot].model or theirs[slot].name_prefix or ''}".strip())
        elif not _is_same(theirs[slot], ours[slot]):
            found.append(f"{slot} {theirs[slot].model or '?'} / {models[slot]}")
    return found


def renamed(rows: Sequence[hub_config.Sensor], wanted: Sequence[Planned]) -> list[Any]:
    """Return the hub's own rows, each naming the verification that it is to name."""
    names = {each.row.slot: each.row.verification for each in wanted}
    return [changed(row, verification=names[row.slot]) for row in rows]


def _is_same(theirs: hub_config.Sensor, ours: hub_config.Sensor) -> bool:
    is_named = theirs.name_prefix in (None, ours.name_prefix)
    return is_named and all(getattr(theirs, f) == getattr(ours, f) for f in _OF_ITS_MODEL)


def refuse(work: Work, inventory: store.Inventory, kit: kits.Kit, identity: dict[str, Any]) -> int:
    """Return how many things are in a kit that has all it must have.

    Raises Fault `kit-01` for an empty one, `kit-02` where the hub has other sensors, `kit-03` for
    what the profile asks for; InputRefused `kit-profiles`.
    """
    inside = inventory.read(lambda connection: items.listing(connection, kit_id=kit.kit_id))
    if not identity["rows"] and not identity["aliens"]:
        raise faults.Fault("kit-01")
    if identity["aliens"]:
        raise faults.Fault("kit-02", said=", ".join(identity["aliens"]))
    profile = profiles.load(work.settings.site.directory).get(kit.profile, {})
    lacks = profiles.lacking(profile, inside)
    if lacks:
        said = ", ".join(f"{count} {what}" for what, count in lacks.items())
        raise faults.Fault("kit-03", said=said)
    return len(inside)


def kit_of(inventory: store.Inventory, kit_id: str) -> kits.Kit:
    """Return the kit. Raises InputRefused `kit-unknown`."""
    return inventory.read(lambda connection: kits.find(connection, kit_id))
