"""The signed record of an acceptance: made when all steps have passed, or when one has failed.

What failed and what was not done stands in it as what passed does. It goes into the inventory at
once, and with it what follows: a kit that lacks nothing else becomes checked, one that failed gets
a deviation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from varde_host import errors
from varde_host.acceptance import beginning, deviations, steps
from varde_host.bench import faults
from varde_host.bench.work import Evidence
from varde_host.bench_record import form, signing
from varde_host.inventory import (
    items,
    kits,
    measuring_models,
    models,
    readiness,
    records,
    states,
    store,
    words,
)
from varde_host.inventory.who import Who
from varde_host.site import files

VALID_DAYS: Final = 180
"""Batteries run down and clocks drift on the shelf; a kit that waited longer is tested anew."""
DAY_MS: Final = 86_400_000
_STEP_OF: Final = {"lock-open": steps.LOCK, "service-silent": steps.LOCK}
"""Faults that are another step's than the one which met them."""


@dataclass(frozen=True)
class Made:
    """What became of an acceptance. `lacks` is what else keeps the kit from being handed out."""

    signed: form.Signed
    state: str
    lacks: tuple[readiness.Lack, ...]
    note_id: int | None = None

    @property
    def number(self) -> str:
        """The record's number."""
        return str(self.signed.content["number"])


def rows(
    finished: Mapping[str, Evidence], failed: str, fault: faults.Fault | None, now_ms: int
) -> list[dict[str, Any]]:
    """Return the record's steps: what is finished, the one that failed, and what was not done."""
    made = []
    for name in steps.STEPS:
        done = finished.get(steps.PREFIX + name)
        row: dict[str, Any] = {"step": name, "code": None}
        if fault is not None and name == failed:
            facts = {key: fact(value) for key, value in fault.fields.items()}
            outcome = steps.NOT_DONE if fault.outcome == faults.CANNOT else steps.FAILED
            row |= {"outcome": outcome, "code": fault.code, "facts": facts, "at_ms": now_ms}
        elif done is not None:
            row |= {key: done[key] for key in ("outcome", "facts", "at_ms")}
        else:
            row |= {"outcome": steps.NOT_DONE, "facts": {}, "at_ms": now_ms}
        made.append(row)
    return made


def fact(value: object) -> object:
    """Return a fault's field as a record may hold it: no float, no object."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    return str(value)


def make(
    inventory: store.Inventory,
    site: files.Site,
    kit_id: str,
    chip_id: str,
    finished: Mapping[str, Evidence],
    result: tuple[str, faults.Fault | None],
    *,
    by: Who,
    place: str,
    municipality: str,
    now_ms: int,
) -> Made:
    """Sign what was done and put it into the inventory. `result`: the step that failed, and why.

    Raises InputRefused as `signing.sign`, `records.put`; `accept-changed` for a test that passed
    on verifications which do not stand any more.
    """
    failed, fault = result
    if fault is None:
        inventory.read(lambda c: beginning.refuse_changed(c, kit_id, finished, now_ms))
    else:
        failed = _STEP_OF.get(fault.code, failed.removeprefix(steps.PREFIX))
    made = rows(finished, failed, fault, now_ms)
    is_good = all(steps.is_good(row["step"], row["outcome"]) for row in made)
    body = {
        "kit": kit_id,
        "hub": _hub_id(inventory, kit_id, finished),
        "chip": chip_id,
        "items": inventory.read(lambda connection: _items(connection, kit_id)),
        "steps": made,
        "outcome": steps.PASSED if is_good else steps.FAILED,
        "valid_until": words.day(now_ms + VALID_DAYS * DAY_MS) if is_good else None,
    }
    began_ms = min(row["at_ms"] for row in made)
    signed = signing.sign(
        site, form.ACCEPTANCE, body, by=by, began_ms=began_ms, ended_ms=now_ms, place=place,
        municipality=municipality,
    )  # fmt: skip
    known = measuring_models.load(site.directory)
    return _put(inventory, signed, kit_id, fault, by, now_ms, known)


def _put(
    inventory: store.Inventory,
    signed: form.Signed,
    kit_id: str,
    fault: faults.Fault | None,
    by: Who,
    now_ms: int,
    known: measuring_models.Known,
) -> Made:
    with inventory.writing() as connection:
        records.put(connection, signed, by, now_ms)
        number = str(signed.content["number"])
        note_id = None
        if fault is not None:
            note_id = deviations.opened(connection, kit_id, fault, number, by, now_ms).note_id
        else:
            deviations.closed(connection, kit_id, number, by, now_ms)
        lacks = tuple(readiness.lacks(connection, kit_id, now_ms, known))
        if not lacks and kits.find(connection, kit_id).state == states.WIPED:
            check = {"check": {"record": signed.sha256}}
            kits.move(connection, kit_id, states.CHECKED, check, by, now_ms, known=known)
        state = kits.find(connection, kit_id).state
    return Made(signed, state, lacks, note_id)


def _hub_id(inventory: store.Inventory, kit_id: str, finished: Mapping[str, Evidence]) -> str:
    done = finished.get(steps.PREFIX + steps.IDENTITY)
    if done is not None:
        return str(done["facts"]["hub"])
    found = inventory.read(
        lambda connection: items.listing(connection, kit_id=kit_id, kind=models.HUB)
    )
    if not found or not found[0].hub_id:
        raise errors.InputRefused("kit-hub", kit_id, hubs=len(found))
    return found[0].hub_id


def _items(connection: sa.Connection, kit_id: str) -> list[dict[str, Any]]:
    """Return what measures in the kit, each with the newest verification of it."""
    found = []
    for item in items.listing(connection, kit_id=kit_id):
        if item.kind not in models.MEASURING:
            continue
        record = records.newest_verification(connection, item.item_id)
        found.append({"item": item.item_id, "verification": record and record.sha256})
    return found
