"""`varde verify reference`: certificates of references, and of sensors a laboratory calibrated."""

from __future__ import annotations

import dataclasses
import hashlib
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from varde_host import messages, output
from varde_host.commands import inventory_options, options
from varde_host.inventory import items, references, words
from varde_host.site import files
from varde_host.verifying import reference_states

MAX_FILE_BYTES = 1 << 26

_Site = options.SiteDirectory
_Inventory = inventory_options.InventoryAddress
_DEFAULT = options.DEFAULT_SITE
_Item = Annotated[str, typer.Argument(metavar="ITEM")]


def add(
    item: _Item,
    kind: Annotated[str, typer.Option()],
    certificate: Annotated[str, typer.Option(metavar="NUMBER")],
    issuer: Annotated[str, typer.Option(metavar="NAME")],
    calibrated_on: Annotated[str, typer.Option(metavar="YYYY-MM-DD")],
    due: Annotated[str, typer.Option(metavar="YYYY-MM-DD")],
    unit: Annotated[str, typer.Option()],
    expanded_u: Annotated[str | None, typer.Option("--u", metavar="VALUE")] = None,
    k: Annotated[str | None, typer.Option("--k", metavar="FACTOR")] = None,
    weights_class: Annotated[str | None, typer.Option(metavar="M1|M2|M3")] = None,
    accreditation: Annotated[str | None, typer.Option(metavar="TEXT")] = None,
    traceable_to: Annotated[str | None, typer.Option(metavar="TEXT")] = None,
    point: Annotated[list[str] | None, typer.Option(metavar="NOMINAL:ERROR[:U]")] = None,
    file: Annotated[Path | None, typer.Option(metavar="FILE")] = None,
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    by: inventory_options.By = None,
    json: options.Json = False,
) -> None:
    """Enter a certificate."""
    acting, now_ms = inventory_options.acting(by)
    given = references.Given(
        kind, certificate, issuer, calibrated_on, due, unit, accreditation, traceable_to,
        None if expanded_u is None else references.value(expanded_u),
        None if k is None else references.value(k),
        weights_class, None if file is None else _hash(file),
        tuple(references.point(each) for each in point or ()),
    )  # fmt: skip
    with inventory_options.writing(site, inventory) as connection:
        entered = references.add(connection, item, given, acting, now_ms)
    if json:
        output.as_json(_as_json(entered, words.day(now_ms)))
        return
    fields = {"item": entered.item_id, "certificate": certificate, "due": due}
    output.line(messages.text("verify-reference.entered", **fields))
    _warn(entered.item_id, due, now_ms)


def show(
    item: _Item, site: _Site = _DEFAULT, inventory: _Inventory = None, json: options.Json = False
) -> None:
    """Show a thing's certificates, and which of them stands."""
    now_ms = inventory_options.now_ms()
    today = words.day(now_ms)
    with inventory_options.reading(site, inventory) as connection:
        found = items.find(connection, item)
        history = references.of_item(connection, found.item_id)
        stands = references.standing(connection, found.item_id, today)
    drift = references.drift(history, today)
    if json:
        rows = [_as_json(each, today) for each in history]
        standing = None if stands is None else stands.number
        output.as_json({"item": found.item_id, "stands": standing, "drift": _text(drift),
                        "certificates": rows})  # fmt: skip
        return
    columns = ("certificate", "kind", "issuer", "accreditation", "calibrated-on", "due", "u",
               "stands")  # fmt: skip
    output.table(
        [f"verify-reference-column.{name}" for name in columns],
        [(*_cells(each), _mark(is_it=each == stands)) for each in history],
    )
    if stands is None:
        output.line(messages.text("verify-reference.none", item=found.item_id))
        return
    if drift is not None:
        fields = {"drift": _text(drift), "unit": stands.given.unit}
        output.line(messages.text("verify-reference.drift", **fields))
    _warn(found.item_id, stands.given.due, now_ms)


def show_list(
    site: _Site = _DEFAULT, inventory: _Inventory = None, json: options.Json = False
) -> None:
    """List all references with what stands for each, those whose date comes first on top."""
    now_ms = inventory_options.now_ms()
    today = words.day(now_ms)
    with inventory_options.reading(site, inventory) as connection:
        rows = reference_states.listing(connection, now_ms)
    if json:
        output.as_json(
            [
                {"item": item.item_id, "model": item.model, "serial": item.serial, "state": state,
                 "certificate": None if stands is None else _as_json(stands, today)}
                for item, stands, state in rows
            ]
        )  # fmt: skip
        return
    columns = ("item", "model", "serial", "certificate", "due", "u", "state")
    output.table(
        [f"verify-reference-column.{name}" for name in columns],
        [
            (item.item_id, item.model, item.serial or "", *_short(stands),
             messages.text(f"verify-reference-state.{state}"))
            for item, stands, state in rows
        ],
        whole={0},
    )  # fmt: skip


def _warn(item: str, due: str, now_ms: int) -> None:
    """Say what a date that has passed means (REF-01)."""
    if due < words.day(now_ms):
        output.line(messages.text("verify-reference.past", item=item, due=due))


def _hash(path: Path) -> str:
    return hashlib.sha256(files.read(path, MAX_FILE_BYTES)).hexdigest()


def _mark(*, is_it: bool) -> str:
    return "✔" if is_it else ""


def _short(stands: references.Certificate | None) -> tuple[str, str, str]:
    if stands is None:
        return "", "", ""
    return stands.given.certificate, stands.given.due, _uncertainty(stands.given)


def _cells(each: references.Certificate) -> tuple[str, ...]:
    given = each.given
    return (
        given.certificate, given.kind, given.issuer, given.accreditation or "",
        given.calibrated_on, given.due, _uncertainty(given),
    )  # fmt: skip


def _uncertainty(given: references.Given) -> str:
    if given.expanded_u is None:
        return given.weights_class or ""
    return f"{_text(given.expanded_u)} {given.unit} (k = {_text(given.k)})"


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


def _as_json(each: references.Certificate, today: str) -> dict[str, Any]:
    """Return a certificate's fields; values are texts, as in the bench's records."""
    fields = {
        name: _text(value) if isinstance(value, Decimal) else value
        for name, value in dataclasses.asdict(each.given).items()
    }
    points = [[_text(value) for value in point] for point in each.given.points]
    head = {"item": each.item_id, "number": each.number, "holds": each.holds(today)}
    return head | fields | {"points": points}
