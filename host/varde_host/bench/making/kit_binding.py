"""Which kit a board belongs to: the one its hub lies in, or a new one."""

from __future__ import annotations

import secrets

import sqlalchemy as sa

from varde_host import errors
from varde_host.inventory import items, kits, models, store
from varde_host.inventory.who import Who

HUB_MODEL = "varde-hub"
SOURCE = "bench"


def kit_of(
    inventory: store.Inventory,
    chip_id: str,
    hub_id: str,
    by: Who,
    now_ms: int,
    into: str = "",
) -> kits.Kit:
    """Return the board's kit; the hub is taken in, and a kit made for it, where there is none.

    `hub_id` is its identity now; `into` is the kit that it goes into if it is in none. All in one
    transaction, so done again it changes nothing. Raises InputRefused `kit-hub` if that kit has
    a hub already, and as `items.put`.
    """

    def work(connection: sa.Connection) -> kits.Kit:
        hub = items.hub_of(connection, chip_id) or _named(connection, chip_id, into, by, now_ms)
        if hub is None:
            model = _hub_model(connection, by, now_ms)
            facts: dict[str, str | None] = {"chip_id": chip_id, "hub_id": hub_id}
            hub = items.add(connection, secrets.randbelow, model, by, now_ms, **facts)
        elif hub.hub_id != hub_id:
            hub = items.change(connection, hub.item_id, by, now_ms, hub_id=hub_id)
        if hub.kit_id is None:
            kit_id = _room_in(connection, into) if into else ""
            if not kit_id:
                made = kits.create(connection, secrets.randbelow, by, now_ms, source=SOURCE)
                kit_id = made.kit_id
            hub = items.put(connection, hub.item_id, kit_id, by, now_ms)
        return kits.find(connection, str(hub.kit_id))

    return inventory.write(work)


def _named(
    connection: sa.Connection, chip_id: str, into: str, by: Who, now_ms: int
) -> items.Item | None:
    """Return the hub that was put into the kit before anybody knew its chip; it is this one."""
    there = items.listing(connection, kit_id=into, kind=models.HUB) if into else []
    if len(there) != 1 or there[0].chip_id is not None:
        return None
    return items.change(connection, there[0].item_id, by, now_ms, chip_id=chip_id)


def _room_in(connection: sa.Connection, kit_id: str) -> str:
    """Return the kit if it has no hub yet."""
    there = items.listing(connection, kit_id=kit_id, kind=models.HUB)
    if there:
        raise errors.InputRefused("kit-hub", kit_id, hubs=len(there))
    return kits.find(connection, kit_id).kit_id


def _hub_model(connection: sa.Connection, by: Who, now_ms: int) -> str:
    try:
        return models.find(connection, HUB_MODEL).model
    except errors.InputRefused:
        made = models.add(
            connection, HUB_MODEL, models.HUB, by, now_ms, name="Varde hub", maker="Varde"
        )
        return made.model
