"""Things: hubs, sensors, cuffs, batteries, references and what else has an id of its own.

A thing is of a model, lies in a place or is in a kit, and has the dates that somebody must keep.
Its id is drawn like a kit's, and the two never meet: what a label says is one or the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from varde_host import errors
from varde_host.inventory import (
    birth_number,
    checks,
    door,
    evidence,
    kit_id,
    kits,
    loans,
    measuring_models,
    models,
    places,
    readiness,
    schema,
    standing,
    states,
    words,
)
from varde_host.inventory.who import Who

DATES = ("lease_end", "warranty_end", "made_on", "expires_on", "installed_on", "calibrated_until")

# As GS1 and HIBC print them; 30 is the longest of either.
_PRINTED = re.compile(r"[!-~]{1,30}")
_UDI = re.compile(r"[\x1d -~]{1,200}")
_CHIP_ID = re.compile(r"[0-9a-f]{12}")
_HUB_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Item:
    """A thing as it is now."""

    item_id: str
    kind: str
    model: str
    serial: str | None
    lot: str | None
    udi: str | None
    size: str | None
    chip_id: str | None
    hub_id: str | None
    kit_id: str | None
    place: str | None
    standing: str
    owner: str | None
    lease_end: str | None
    warranty_end: str | None
    made_on: str | None
    expires_on: str | None
    installed_on: str | None
    calibrated_until: str | None


def add(
    connection: sa.Connection,
    random: Callable[[int], int],
    model: str,
    by: Who,
    now_ms: int,
    *,
    place: str | None = None,
    **facts: str | None,
) -> Item:
    """Take a thing in; `facts` are columns of `Item` from serial to chip and hub, and dates.

    Raises InputRefused `item-known` with the id it has, `place-unknown`, `model-unknown`,
    `item-fact` for one that is ill-formed, `date-form`, `birth-number`.
    """
    found = models.find(connection, model)
    where = places.find(connection, place).place if place else None
    values = _checked(facts)
    known = _twin(connection, found.model, values)
    if known is not None:
        raise errors.InputRefused("item-known", str(values.get("serial")), item=known)
    new = kits.unused_id(connection, random)
    with door.Change(connection, by, now_ms, "item.added", new) as change:
        change.insert(
            schema.items, item_id=new, kind=found.kind, model=found.model, standing=standing.GOOD,
            place=where, **values,
        )  # fmt: skip
    return find(connection, new)


def change(
    connection: sa.Connection, item: str, by: Who, now_ms: int, **facts: str | None
) -> Item:
    """Change facts of a thing (owner, dates, size, ids); raises as `add`."""
    found = find(connection, item)
    values = _checked(facts)
    known = _twin(connection, found.model, values)
    if known not in (None, found.item_id):
        raise errors.InputRefused("item-known", str(values.get("serial")), item=known)
    with door.Change(connection, by, now_ms, "item.changed", found.item_id) as changed:
        changed.update(schema.items, found.item_id, **values)
    return find(connection, found.item_id)


def put(
    connection: sa.Connection,
    item: str,
    kit: str,
    by: Who,
    now_ms: int,
    *,
    known: measuring_models.Known = measuring_models.BUILT_IN,
) -> Item:
    """Put a thing into a kit, out of where it was; during a loan it is in the loan from now on.

    `known` are the models that are described, where the site has some of its own.

    Raises InputRefused `item-standing` for what is faulty or gone, `item-in-kit` for what is in
    another kit, `kit-scrapped`, `kit-sealed`, `item-unchecked` and `item-used` (rules 1 and 3 of
    `states`).
    """
    found, into = find(connection, item), kits.find(connection, kit)
    if found.standing != standing.GOOD:
        raise errors.InputRefused("item-standing", found.item_id)
    if found.kit_id not in (None, into.kit_id):
        raise errors.InputRefused("item-in-kit", found.item_id, kit=found.kit_id)
    if into.state == states.SCRAPPED:
        raise errors.InputRefused("kit-scrapped", into.kit_id)
    if found.kit_id is None:
        _refuse_if_sealed(found, into)
        _refuse_unless_clean(connection, found, into, now_ms, known)
        with door.Change(connection, by, now_ms, "item.put", found.item_id) as done:
            done.update(schema.items, found.item_id, kit_id=into.kit_id, place=None)
            loans.swap(connection, done, found.item_id, None, into.kit_id, now_ms)
    return find(connection, found.item_id)


def take(connection: sa.Connection, item: str, place: str, by: Who, now_ms: int) -> Item:
    """Take a thing to a place, out of its kit if it is in one.

    Raises InputRefused `place-unknown`, `item-standing` for what is gone, `kit-sealed`, and
    `kit-uncleaned`: what is in a kit that came back is cleaned with it.
    """
    found, where = find(connection, item), places.find(connection, place)
    if found.standing in standing.GONE:
        raise errors.InputRefused("item-standing", found.item_id)
    if found.kit_id is not None:
        kit = kits.find(connection, found.kit_id)
        _refuse_if_sealed(found, kit)
        if kits.is_uncleaned(connection, kit):
            raise errors.InputRefused("kit-uncleaned", kit.kit_id)
    with door.Change(connection, by, now_ms, "item.taken", found.item_id) as done:
        done.update(schema.items, found.item_id, kit_id=None, place=where.place)
        loans.swap(connection, done, found.item_id, found.kit_id, None, now_ms)
    return find(connection, found.item_id)


def judge(
    connection: sa.Connection, item: str, now: str, reason: str, by: Who, now_ms: int
) -> Item:
    """Say that a thing is good, faulty, scrapped or lost, and why; what is gone leaves its kit.

    Raises InputRefused `standing-unknown`, `kit-sealed`, `item-failed` for good where the last
    check says bad, and as `evidence.text`.
    """
    found = find(connection, item)
    if now not in standing.STANDINGS:
        known = ", ".join(standing.STANDINGS)
        raise errors.InputRefused("standing-unknown", now[:20], known=known)
    said = evidence.text(reason, "reason")
    history = checks.of_item(connection, found.item_id)
    if now == standing.GOOD and history and history[-1].outcome == checks.FAILED:
        raise errors.InputRefused("item-failed", found.item_id)
    values: dict[str, str | None] = {"standing": now}
    if now in standing.GONE:
        if found.kit_id is not None:
            _refuse_if_sealed(found, kits.find(connection, found.kit_id))
        values |= {"kit_id": None, "place": None}
    with door.Change(connection, by, now_ms, "item.judged", found.item_id, reason=said) as done:
        done.update(schema.items, found.item_id, **values)
        if now in standing.GONE:
            loans.swap(connection, done, found.item_id, found.kit_id, None, now_ms)
    return find(connection, found.item_id)


def find(connection: sa.Connection, item: str) -> Item:
    """Return a thing by its id. InputRefused `kit-id`, `kit-id-check`, `item-unknown`."""
    wanted = kit_id.check(item)
    query = sa.select(schema.items).where(schema.items.c.item_id == wanted)
    row = connection.execute(query).first()
    if row is None:
        raise errors.InputRefused("item-unknown", wanted)
    return Item(**row._mapping)


def listing(connection: sa.Connection, **wanted: str | None) -> list[Item]:
    """Return the things whose columns are as wanted (`kit_id="..."`, `place="..."`), by kind."""
    table = schema.items
    query = sa.select(table).order_by(table.c.kind, table.c.model, table.c.item_id)
    for column, value in wanted.items():
        query = query.where(table.c[column] == value)
    return [Item(**row._mapping) for row in connection.execute(query)]


def hub_of(connection: sa.Connection, chip_id: str) -> Item | None:
    """Return the hub with that chip, as the bench knows it."""
    found = listing(connection, chip_id=chip_id)
    return found[0] if found else None


def _refuse_if_sealed(item: Item, kit: kits.Kit) -> None:
    if item.kind in models.MEASURING and kit.state in states.SEALED:
        raise errors.InputRefused("kit-sealed", kit.kit_id, state=words.state(kit.state))


def _refuse_unless_clean(
    connection: sa.Connection,
    item: Item,
    into: kits.Kit,
    now_ms: int,
    known: measuring_models.Known,
) -> None:
    """Refuse what has been in a home, and would leave out a step by going into this kit."""
    if item.kind not in models.MEASURING or item.owner == standing.OWNED_BY_USER:
        return
    lent = loans.of_item(connection, item.item_id)
    used_ms = lent[-1].until_ms if lent else None
    is_good = _is_found_good(connection, item, used_ms or 0, now_ms)
    is_good = is_good and not readiness.of_item(connection, item.item_id, now_ms, known)
    if into.state in states.OUT and not is_good:
        raise errors.InputRefused("item-unchecked", item.item_id)
    came_alone = used_ms is not None and used_ms != lent[-1].loan.returned_ms
    if into.state in (states.CLEANED, states.WIPED) and came_alone and not is_good:
        raise errors.InputRefused("item-used", item.item_id)


def _is_found_good(connection: sa.Connection, item: Item, since_ms: int, now_ms: int) -> bool:
    history = checks.of_item(connection, item.item_id)
    if not history or history[-1].outcome != checks.PASSED or history[-1].at_ms < since_ms:
        return False
    return (history[-1].valid_until or "9999") >= words.day(now_ms)


def _checked(facts: Mapping[str, str | None]) -> dict[str, str | None]:
    return {name: None if value is None else fact(name, value) for name, value in facts.items()}


def fact(name: str, value: str) -> str:
    """Return a fact of a thing as it is kept. InputRefused `item-fact`, `date-form`, `text-form`,
    `birth-number`."""
    if name in DATES:
        return evidence.date(value, name)
    if name in ("owner", "size"):
        return evidence.text(value, name)
    forms = {
        "serial": _PRINTED, "lot": _PRINTED, "udi": _UDI, "chip_id": _CHIP_ID, "hub_id": _HUB_ID,
    }  # fmt: skip
    if not forms[name].fullmatch(value):
        raise errors.InputRefused("item-fact", name)
    if name in ("serial", "lot", "udi"):
        birth_number.refuse_true(value, name)
    return value


def _twin(connection: sa.Connection, model: str, values: Mapping[str, str | None]) -> str | None:
    """Return the id of a thing that has this serial of this model, or this chip."""
    for column in ("serial", "chip_id"):
        if values.get(column) is not None:
            wanted = {column: values[column]} | ({"model": model} if column == "serial" else {})
            found = listing(connection, **wanted)
            if found:
                return found[0].item_id
    return None
