"""What a loan sheet says, from the inventory and from what hubs were told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from varde_host.acceptance import steps
from varde_host.bench_record import form, loan_sheet_form
from varde_host.inventory import (
    hub_identities,
    loans,
    measuring_models,
    models,
    records,
    schema,
    standing,
)
from varde_host.receiver import wording
from varde_protocols import hub_config

Row = dict[str, Any]
_LISTED: Final = ("slots", "reminders")
"""What follows from a hub's config, of which the collector keeps the newest alone."""


class Told(NamedTuple):
    """A config that a hub was told, from when to when."""

    config: hub_config.HubConfig
    from_ms: int
    until_ms: int | None


def every(connection: sa.Connection, kit_id: str | None = None) -> list[loans.Loan]:
    """Return all loans, or those of a kit, the oldest first."""
    table = schema.loans
    query = sa.select(table).order_by(table.c.handed_out_ms, table.c.loan_id)
    if kit_id is not None:
        query = query.where(table.c.kit_id == kit_id)
    return [loans.Loan(**row._mapping) for row in connection.execute(query)]


def body(
    connection: sa.Connection,
    loan: loans.Loan,
    told: Mapping[bytes, Sequence[Told]],
    known: measuring_models.Known,
    former: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the content of a loan's sheet, without its head.

    `told` is by hub; `former` is the sheet before, from which it takes what nobody else knows any
    more: what hubs were told earlier.
    """
    hubs: list[Row] = [
        {"hub": each.hub_id, "from_ms": each.from_ms, "until_ms": each.until_ms}
        for each in hub_identities.in_loan(
            connection, loan.loan_id, loan.handed_out_ms, loan.returned_ms
        )
    ]
    things = _things(connection, loan, known)
    accepted = _accepted_slots(connection, loan)
    made: dict[str, list[Row]] = {name: [] for name in _LISTED}
    for hub in hubs:
        for each in told.get(bytes.fromhex(hub["hub"]), ()):
            span = _overlap(hub, each)
            if span is not None:
                made["slots"] += _slots(hub["hub"], span, each.config, things, accepted)
                made["reminders"].append(_reminding(hub["hub"], span, each.config))
    listed = {
        name: _merged(made[name], () if former is None else former[name], loan)[
            -loan_sheet_form.MAX_ROWS :
        ]
        for name in _LISTED
    }
    _tie_addresses(things, listed["slots"])
    return {
        "kit": loan.kit_id, "loan": loan.loan_id, "from_ms": loan.handed_out_ms,
        "until_ms": loan.returned_ms, "hubs": hubs, "things": things, **listed,
    }  # fmt: skip


def _things(
    connection: sa.Connection, loan: loans.Loan, known: measuring_models.Known
) -> list[Row]:
    parts, items, named = schema.loan_items, schema.items, schema.models
    query = (
        sa.select(items, named.c.name, named.c.maker, parts.c.from_ms, parts.c.until_ms)
        .join_from(parts, items, items.c.item_id == parts.c.item_id)
        .join(named, named.c.model == items.c.model)
        .where(parts.c.loan_id == loan.loan_id, items.c.kind.in_((models.SENSOR, models.CUFF)))
        .order_by(parts.c.from_ms, items.c.item_id)
    )
    return [_thing(connection, row, known) for row in connection.execute(query).all()]


def _thing(connection: sa.Connection, row: sa.Row[Any], known: measuring_models.Known) -> Row:
    verified = records.of_item(connection, row.item_id)
    device = verified[-1].content["measured"]["device"] if verified else {}
    is_sensor = row.kind == models.SENSOR
    return {
        "item": row.item_id, "kind": row.kind,
        "measures": known[row.model].kind if is_sensor and row.model in known else None,
        "name": row.name, "maker": row.maker, "serial": row.serial, "udi": row.udi,
        "lot": row.lot, "firmware": device.get("firmware"), "size": row.size,
        "private": row.owner == standing.OWNED_BY_USER,
        "verifications": [
            each.sha256[: 2 * form.ID_BYTES] for each in verified[-loan_sheet_form.MAX_NAMES :]
        ],
        "addresses": [], "from_ms": row.from_ms, "until_ms": row.until_ms,
    }  # fmt: skip


def _accepted_slots(connection: sa.Connection, loan: loans.Loan) -> dict[int, str]:
    """Return the things by slot, as the acceptance that the loan began with found them."""
    found: dict[int, str] = {}
    for record in records.of_kit(connection, loan.kit_id, form.ACCEPTANCE):
        if record.at_ms > loan.handed_out_ms:
            break
        for step in record.content["steps"]:
            if step["step"] == steps.SENSORS and isinstance(step["facts"].get("sensors"), list):
                found = {row["slot"]: row["item"] for row in step["facts"]["sensors"]}
    return found


def _slots(
    hub: str,
    span: Row,
    config: hub_config.HubConfig,
    things: Iterable[Row],
    accepted: Mapping[int, str],
) -> list[Row]:
    by_name = {name: each["item"] for each in things for name in each["verifications"]}
    inside = {each["item"] for each in things}
    rows = []
    for sensor in config.sensors:
        name = sensor.verification.hex()
        item = by_name.get(name) or (None if name else accepted.get(sensor.slot))
        rows.append({
            "hub": hub, "slot": sensor.slot, "model": sensor.model, "verification": name,
            "address": None if sensor.address is None else wording.address(sensor.address),
            "item": item if item in inside else None, **span,
        })  # fmt: skip
    return rows


def _reminding(hub: str, span: Row, config: hub_config.HubConfig) -> Row:
    reminders = [list(each) for each in config.reminders]
    return {"hub": hub, "local_time": list(config.local_time), "reminders": reminders, **span}


def _overlap(hub: Row, told: Told) -> Row | None:
    begin = max(hub["from_ms"], told.from_ms)
    end = hub_identities.earlier(hub["until_ms"], told.until_ms)
    return None if end is not None and end <= begin else {"from_ms": begin, "until_ms": end}


def _merged(made: list[Row], former: Iterable[Row], loan: loans.Loan) -> list[Row]:
    """Return what was said before of the time before what is said now, and that."""
    begins: dict[str, int] = {}
    for row in made:
        begins[row["hub"]] = min(row["from_ms"], begins.get(row["hub"], row["from_ms"]))
    kept = []
    for row in former:
        begin = begins.get(row["hub"])
        if begin is None or row["from_ms"] < begin:
            end = hub_identities.earlier(row["until_ms"], begin)
            kept.append({**row, "until_ms": hub_identities.earlier(end, loan.returned_ms)})
    return kept + made


def _tie_addresses(things: Iterable[Row], slots: Iterable[Row]) -> None:
    """Give things the addresses of their slots; one that would be of two is of none."""
    owners: dict[str, set[str]] = {}
    for row in slots:
        if row["address"] is not None and row["item"] is not None:
            owners.setdefault(row["address"], set()).add(row["item"])
    for thing in things:
        thing["addresses"] = sorted(
            address for address, items in owners.items() if items == {thing["item"]}
        )
