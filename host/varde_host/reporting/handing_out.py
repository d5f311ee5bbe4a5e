"""Sign what went out: the record of a handout, made from the inventory once the kit is out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from varde_host import errors
from varde_host.acceptance import rooms
from varde_host.bench_record import form, signing
from varde_host.inventory import items, kits, loans, models, records
from varde_host.inventory.who import Who
from varde_host.site import files

CONTENTS = "contents"
"""What is compared with the loan before."""


def sign(
    connection: sa.Connection,
    site: files.Site,
    kit: str,
    *,
    by: Who,
    place: str,
    municipality: str | None,
    instructed: bool,
    now_ms: int,
) -> form.Signed:
    """Return the signed record of the kit's loan, and put it into the inventory.

    Raises InputRefused `report-not-out` for a kit without a loan or an acceptance, and as
    `signing.sign`, `records.put`.
    """
    found = kits.find(connection, kit)
    loan = loans.current(connection, found.kit_id)
    accepted = records.of_kit(connection, found.kit_id, form.ACCEPTANCE)
    if loan is None or not accepted:
        raise errors.InputRefused("report-not-out", found.kit_id)
    inside = items.listing(connection, kit_id=found.kit_id)
    body = {
        "kit": found.kit_id,
        "loan": loan.loan_id,
        "items": [
            _item(connection, item.item_id) for item in inside if item.kind in models.MEASURING
        ],
        "config": changes(connection, found, inside),
        "acceptance": accepted[-1].sha256,
        "coverage": _coverage(connection, inside, loan.loan_id),
        "instructed": instructed,
    }
    made = signing.sign(
        site, form.HANDOUT, body, by=by, began_ms=min(loan.handed_out_ms, now_ms),
        ended_ms=now_ms, place=place, municipality=municipality,
    )  # fmt: skip
    records.put(connection, made, by, now_ms)
    return made


def changes(
    connection: sa.Connection, kit: kits.Kit, inside: list[items.Item]
) -> list[dict[str, Any]]:
    """Return what differs from the kit's handout before: what is in it.

    Rows of setting, before and now. Without an earlier handout there is nothing to
    differ from; what the hub is told to do stands in the fleet's own documents.
    """
    known = records.of_kit(connection, kit.kit_id, form.HANDOUT)
    if not known:
        return []
    before = {row["item"] for row in known[-1].content["items"]}
    now = {item.item_id for item in inside if item.kind in models.MEASURING}
    if before == now:
        return []
    gone, new = sorted(before - now), sorted(now - before)
    return [{"setting": CONTENTS, "before": ", ".join(gone), "now": ", ".join(new)}]


def _item(connection: sa.Connection, item_id: str) -> dict[str, Any]:
    record = records.newest_verification(connection, item_id)
    return {"item": item_id, "verification": None if record is None else record.sha256}


def _coverage(
    connection: sa.Connection, inside: list[items.Item], loan_id: str
) -> list[Mapping[str, Any]] | None:
    """Return what was found in the rooms of this loan, None if nobody has looked."""
    chips = [item.chip_id for item in inside if item.kind == models.HUB and item.chip_id]
    found = [row for chip in chips for row in rooms.of_chip(connection, chip, loan_id)]
    return [dict(row) for row in found] or None
