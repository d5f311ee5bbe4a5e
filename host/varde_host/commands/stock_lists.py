"""`varde stock`: over all of it: levels, dates, recalls, the loans behind a thing."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from varde_host import errors, messages, output
from varde_host.commands import inventory_options, kit, options
from varde_host.inventory import checks, demand, evidence, rates, stock, tracing, words

_Site = options.SiteDirectory
_Inventory = inventory_options.InventoryAddress
_By = inventory_options.By
_DEFAULT = options.DEFAULT_SITE
_DAYS_AHEAD = 90
_WARNINGS = {demand.WARN: "stock.level-warn", demand.BELOW: "stock.level-below"}


def levels(
    site: _Site = _DEFAULT, inventory: _Inventory = None, json: options.Json = False
) -> None:
    """Say how many ready kits there are, and warn before the minimum is passed."""
    now_ms = inventory_options.now_ms()
    with inventory_options.reading(site, inventory) as connection:
        found = stock.levels(connection, now_ms)
    if json:
        output.as_json([dataclasses.asdict(level) for level in found])
        return
    output.table(
        _columns(("profile", "ready", "least", "warn-at", "handed-out", "verdict")),
        [
            (each.profile, str(each.ready), str(each.least), str(each.warn_at),
             str(each.handed_out), messages.text(f"level.{each.verdict}"))
            for each in found
        ],
    )  # fmt: skip
    for each in found:
        if each.verdict != demand.GOOD:
            key = _WARNINGS[each.verdict]
            said = {"profile": each.profile, "ready": each.ready, "least": each.least}
            output.line(messages.text(key, **said))


def minimum(
    profile: Annotated[str, typer.Argument(metavar="PROFILE")],
    least: Annotated[int, typer.Argument(min=0, max=stock.MAX_LEAST, metavar="NUMBER")],
    turnaround: Annotated[
        int, typer.Option(min=1, max=stock.MAX_TURNAROUND_DAYS, metavar="DAYS")
    ] = 7,
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    by: _By = None,
    json: options.Json = False,
) -> None:
    """Say how many ready kits there must be, and how long it takes to make one ready."""
    acting, now_ms = inventory_options.acting(by)
    with inventory_options.writing(site, inventory) as connection:
        stock.set_minimum(connection, profile, least, turnaround, acting, now_ms)
    if json:
        output.as_json({"profile": profile, "least": least, "turnaround_days": turnaround})
    else:
        output.line(messages.text("stock.minimum", profile=profile, least=least))


def due(
    days: Annotated[int, typer.Option(min=0, max=3660)] = _DAYS_AHEAD,
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    json: options.Json = False,
) -> None:
    """List dates to keep, soonest first: calibration, lease, warranty, expiry, kits' checks."""
    until = stock.day_after(inventory_options.now_ms(), days)
    with inventory_options.reading(site, inventory) as connection:
        found = stock.due(connection, until)
    if json:
        output.as_json([dataclasses.asdict(each) for each in found])
        return
    output.table(
        _columns(("date", "due", "id", "model", "owner", "kit")),
        [
            (each.date, messages.text(f"due.{each.what}"), each.subject, each.model or "",
             each.owner or "", each.kit_id or "")
            for each in found
        ],
        whole={2},
    )  # fmt: skip


def recall(
    model: Annotated[str, typer.Argument(metavar="MODEL")],
    lot: Annotated[str | None, typer.Option()] = None,
    size: Annotated[str | None, typer.Option()] = None,
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    json: options.Json = False,
) -> None:
    """List the things of a model, lot or size, and where each is now."""
    with inventory_options.reading(site, inventory) as connection:
        found = stock.recall(connection, model, lot, size)
    if json:
        output.as_json([dataclasses.asdict(each) for each in found])
        return
    output.table(
        _columns(("id", "serial", "lot", "size", "standing", "place", "kit", "state", "loan")),
        [
            (each.item.item_id, each.item.serial or "", each.item.lot or "",
             each.item.size or "", messages.text(f"standing-word.{each.item.standing}"),
             each.item.place or "", each.item.kit_id or "",
             words.state(each.kit.state) if each.kit else "",
             each.loan.loan_id if each.loan else "")
            for each in found
        ],
        whole={0},
    )  # fmt: skip


def trace(
    item: Annotated[str, typer.Argument(metavar="ITEM")],
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    json: options.Json = False,
) -> None:
    """List the loans in which a thing may have measured wrong."""
    with inventory_options.reading(site, inventory) as connection:
        found = tracing.trace(connection, item)
    if json:
        output.as_json(dataclasses.asdict(found))
        return
    good, bad = (inventory_options.moment(at_ms) for at_ms in (found.good_at_ms, found.bad_at_ms))
    output.line(
        messages.text("stock.traced", item=found.item.item_id, good=good or "-", bad=bad or "-")
    )
    output.table(
        _columns(("loan", "kit", "from", "until")),
        [
            (part.loan.loan_id, part.loan.kit_id, words.moment(part.from_ms),
             inventory_options.moment(part.until_ms))
            for part in found.parts
        ],
        whole={0},
    )  # fmt: skip


def check(
    item: Annotated[str, typer.Argument(metavar="ITEM")],
    outcome: Annotated[str, typer.Argument(metavar="failed")],
    record: Annotated[str, typer.Option(metavar="SHA256|@FILE")],
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    by: _By = None,
    json: options.Json = False,
) -> None:
    """Write down that a thing was found bad without a verification, with what shows it."""
    acting, now_ms = inventory_options.acting(by)
    if outcome == checks.PASSED:
        raise errors.InputRefused("check-unsigned", item)
    if outcome != checks.FAILED:
        raise errors.InputRefused("check-outcome", outcome[:20])
    given = kit.parse_evidence([f"check.record={record}"])["check"]["record"]
    checked = evidence.record(given, "--record")
    with inventory_options.writing(site, inventory) as connection:
        tracing.write(connection, item, checked, acting, now_ms)
    if json:
        output.as_json({"item": item, "outcome": outcome, "record": checked})
    else:
        output.line(messages.text("stock.checked", item=item))


def faults(
    site: _Site = _DEFAULT, inventory: _Inventory = None, json: options.Json = False
) -> None:
    """Count deviations by model and lot, for talks with suppliers."""
    with inventory_options.reading(site, inventory) as connection:
        found = stock.faults(connection)
    shares = [rates.share(bad, total) for _model, _lot, total, bad in found]
    if json:
        names = ("model", "lot", "items", "with_deviation")
        rows = [dict(zip(names, row, strict=True)) for row in found]
        output.as_json([row | share._asdict() for row, share in zip(rows, shares, strict=True)])
        return
    output.table(
        _columns(("model", "lot", "items", "deviations", "share")),
        [
            (model, lot or "", str(total), str(bad), f"{share.low}–{share.high}")
            for (model, lot, total, bad), share in zip(found, shares, strict=True)
        ],
    )


def _columns(names: tuple[str, ...]) -> list[str]:
    return [f"inventory-column.{name}" for name in names]
