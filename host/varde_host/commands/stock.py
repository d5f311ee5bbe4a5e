"""`varde stock`: things, from the maker's barcode to the shelf."""

from __future__ import annotations

import dataclasses
import secrets
import sys
from pathlib import Path
from typing import Annotated

import typer

from varde_host import errors, messages, output
from varde_host.bench_desk import scan as scan_desk
from varde_host.commands import inventory_options, options
from varde_host.inventory import barcode, items, loans, scanning, taking_in, wedge
from varde_host.inventory import standing as standing_words

_Site = options.SiteDirectory
_Inventory = inventory_options.InventoryAddress
_By = inventory_options.By
_ItemId = Annotated[str, typer.Argument(metavar="ITEM")]
_Text = Annotated[str | None, typer.Option()]
_PrivatelyOwned = Annotated[bool, typer.Option("--privately-owned")]
_Day = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD")]
_DEFAULT = options.DEFAULT_SITE


def scan(
    code: Annotated[str, typer.Argument(metavar="CODE")],
    second: Annotated[str | None, typer.Option(metavar="CODE")] = None,
    keeps_gs: inventory_options.KeepsGs = False,
    choose: inventory_options.Choice = None,
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    json: options.Json = False,
) -> None:
    """Say what a code is: a kit, a thing, a place, a known model, or a new one."""
    now_ms = inventory_options.now_ms()
    with inventory_options.reading(site, inventory) as connection:
        if second is None:
            said = scan_desk.told(
                connection, code, now_ms, keeps_separators=keeps_gs, choice=choose
            )
            found = scan_desk.identified(said)
        else:
            found = scanning.of_pair(connection, code, second, now_ms)
    if json:
        output.as_json(dataclasses.asdict(found))
        return
    name = found.id or (found.code.code if found.code else None) or ""
    output.line(messages.text(f"scan.{found.what}", id=name))
    if found.code is not None:
        output.line(barcode.said(found.code))


def add(
    scan: Annotated[str | None, typer.Option(metavar="CODE")] = None,
    second: Annotated[str | None, typer.Option(metavar="CODE")] = None,
    model: _Text = None,
    serial: _Text = None,
    lot: _Text = None,
    size: _Text = None,
    chip_id: _Text = None,
    hub_id: _Text = None,
    place: _Text = None,
    owner: _Text = None,
    privately_owned: _PrivatelyOwned = False,
    lease_end: _Day = None,
    warranty_end: _Day = None,
    made_on: _Day = None,
    expires_on: _Day = None,
    installed_on: _Day = None,
    calibrated_until: _Day = None,
    keeps_gs: inventory_options.KeepsGs = False,
    choose: inventory_options.Choice = None,
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    by: _By = None,
    json: options.Json = False,
) -> None:
    """Take a thing in, by its maker's barcode or by its model and serial."""
    acting, now_ms = inventory_options.acting(by)
    given = {
        "serial": serial, "lot": lot, "size": size, "chip_id": chip_id, "hub_id": hub_id,
        "owner": _owner(owner, privately_owned=privately_owned), "lease_end": lease_end,
        "warranty_end": warranty_end, "made_on": made_on,
        "expires_on": expires_on, "installed_on": installed_on,
        "calibrated_until": calibrated_until,
    }  # fmt: skip
    facts = {name: value for name, value in given.items() if value is not None}
    with inventory_options.writing(site, inventory) as connection:
        if scan is not None:
            found = (
                scanning.identify(
                    connection, scan, now_ms, keeps_separators=keeps_gs, choice=choose
                )
                if second is None
                else scanning.of_pair(connection, scan, second, now_ms)
            )
            model, scanned = taking_in.model_of(found), taking_in.facts_of(found.code)
            facts = scanned | {"udi": scan.strip("\r\n\t")} | facts
        if model is None:
            raise errors.InputRefused("item-model", "--scan")
        done = items.add(
            connection, secrets.randbelow, model, acting, now_ms, place=place, **facts
        )
    if json:
        output.as_json(dataclasses.asdict(done))
    else:
        output.good(messages.text("stock.added", item=done.item_id, model=done.model))


def _owner(named: str | None, *, privately_owned: bool) -> str | None:
    return standing_words.OWNED_BY_USER if privately_owned else named


def change(
    item: _ItemId,
    serial: _Text = None,
    lot: _Text = None,
    size: _Text = None,
    chip_id: _Text = None,
    hub_id: _Text = None,
    owner: _Text = None,
    privately_owned: _PrivatelyOwned = False,
    lease_end: _Day = None,
    warranty_end: _Day = None,
    expires_on: _Day = None,
    installed_on: _Day = None,
    calibrated_until: _Day = None,
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    by: _By = None,
    json: options.Json = False,
) -> None:
    """Change facts of a thing: owner, dates, size, numbers."""
    acting, now_ms = inventory_options.acting(by)
    given = {
        "serial": serial, "lot": lot, "size": size, "chip_id": chip_id, "hub_id": hub_id,
        "owner": _owner(owner, privately_owned=privately_owned), "lease_end": lease_end,
        "warranty_end": warranty_end,
        "expires_on": expires_on, "installed_on": installed_on,
        "calibrated_until": calibrated_until,
    }  # fmt: skip
    facts = {name: value for name, value in given.items() if value is not None}
    if not facts:
        raise errors.InputRefused("nothing-to-change", item[:20])
    with inventory_options.writing(site, inventory) as connection:
        done = items.change(connection, item, acting, now_ms, **facts)
    _tell(done, "stock.changed", json=json)


def mark(
    item: _ItemId,
    standing: Annotated[str, typer.Argument(metavar="STANDING")],
    reason: Annotated[str, typer.Option(metavar="TEXT")],
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    by: _By = None,
    json: options.Json = False,
) -> None:
    """Say that a thing is good, faulty, scrapped or lost, and why."""
    acting, now_ms = inventory_options.acting(by)
    with inventory_options.writing(site, inventory) as connection:
        done = items.judge(connection, item, standing, reason, acting, now_ms)
    _tell(done, "stock.changed", json=json)


def show_list(
    kind: _Text = None,
    model: _Text = None,
    place: _Text = None,
    kit: _Text = None,
    standing: _Text = None,
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    json: options.Json = False,
) -> None:
    """List things, by kind and model."""
    wanted = {"kind": kind, "model": model, "place": place, "kit_id": kit, "standing": standing}
    given = {name: value for name, value in wanted.items() if value is not None}
    with inventory_options.reading(site, inventory) as connection:
        found = items.listing(connection, **given)
    if json:
        output.as_json([dataclasses.asdict(item) for item in found])
    else:
        _table(found)


def show(
    item: _ItemId,
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    json: options.Json = False,
) -> None:
    """Show a thing with all that is known of it, and the loans it was in."""
    with inventory_options.reading(site, inventory) as connection:
        found = items.find(connection, item)
        parts = loans.of_item(connection, found.item_id)
    if json:
        lent = [dataclasses.asdict(part) for part in parts]
        output.as_json(dataclasses.asdict(found) | {"loans": lent})
        return
    facts = [(key, str(value)) for key, value in dataclasses.asdict(found).items() if value]
    output.table(("column.field", "column.value"), facts)
    if parts:
        output.table(
            [f"inventory-column.{name}" for name in ("loan", "kit", "from", "until")],
            [
                (part.loan.loan_id, part.loan.kit_id, inventory_options.moment(part.from_ms),
                 inventory_options.moment(part.until_ms))
                for part in parts
            ],
            whole={0},
        )  # fmt: skip


def scanner(
    received: Annotated[str | None, typer.Argument(metavar="TEXT|-")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.svg")] = None,
    json: options.Json = False,
) -> None:
    """Try a scanner: write the code for testing as a picture, then say what arrived."""
    if out is not None:
        _write_test_code(out)
    text = sys.stdin.readline() if received in (None, "-") and out is None else received
    if text is None:
        return
    found = wedge.damage(text)
    if json:
        keeps = set(found) <= {wedge.WRITTEN}
        output.as_json({"damage": list(found), "keeps_separators": keeps})
    elif not found:
        output.good(messages.text("scanner.whole"))
    else:
        for kind in found:
            output.line(messages.text(f"scanner.{kind}"))


def _write_test_code(path: Path) -> None:
    import segno  # noqa: PLC0415 a library for pictures, for one option of one command

    try:
        segno.make(wedge.TEST, micro=False).save(str(path), kind="svg", scale=4)
    except OSError as error:
        raise errors.WorldFailed("file-write", str(path), reason=error.strerror) from error


def _tell(item: items.Item, key: str, *, json: bool) -> None:
    if json:
        output.as_json(dataclasses.asdict(item))
    else:
        output.line(messages.text(key, item=item.item_id))


def _table(found: list[items.Item]) -> None:
    names = ("id", "kind", "model", "serial", "lot", "kit", "place", "standing")
    output.table(
        [f"inventory-column.{name}" for name in names],
        [
            (item.item_id, messages.text(f"item-kind.{item.kind}"), item.model,
             item.serial or "", item.lot or "", item.kit_id or "", item.place or "",
             messages.text(f"standing-word.{item.standing}"))
            for item in found
        ],
        whole={0},
    )  # fmt: skip
