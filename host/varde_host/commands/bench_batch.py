"""`varde bench batch`: kits that are made together, station by station (docs/bench-desk.md)."""

from __future__ import annotations

from typing import Annotated

import typer

from varde_host import errors, messages, output
from varde_host.bench_desk import batch as batches
from varde_host.bench_desk import stations
from varde_host.commands import inventory_options, kit_next, options
from varde_host.inventory import kits as all_kits
from varde_host.inventory import measuring_models, words

_Site = options.SiteDirectory
_Inventory = inventory_options.InventoryAddress
_Batch = Annotated[str, typer.Argument(metavar="BATCH")]
_Kits = Annotated[list[str] | None, typer.Argument(metavar="KIT...")]
_DEFAULT = options.DEFAULT_SITE
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def new(
    batch: _Batch,
    kits: _Kits = None,
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    json: options.Json = False,
) -> None:
    """Begin a batch."""
    _look(site, inventory, kits)
    _tell(batches.create(site, batch, inventory_options.now_ms(), kits or []), json=json)


def add(
    batch: _Batch,
    kits: Annotated[list[str], typer.Argument(metavar="KIT...")],
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    json: options.Json = False,
) -> None:
    """Add kits to a batch."""
    _look(site, inventory, kits)
    _tell(batches.add(site, batch, kits), json=json)


def show_list(site: _Site = _DEFAULT, json: options.Json = False) -> None:
    """List the batches."""
    found = batches.listing(site)
    if json:
        output.as_json([each.as_json() for each in found])
        return
    columns = [f"desk.column.{name}" for name in ("batch", "made", "kits")]
    rows = [
        (each.name, words.moment(each.made_ms), str(len(each.kits) + len(each.chips)))
        for each in found
    ]
    output.table(columns, rows, whole={0})


def grid(
    batch: _Batch,
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    json: options.Json = False,
) -> None:
    """Show kit by station."""
    now_ms, known = inventory_options.now_ms(), measuring_models.load(site)
    chosen = batches.load(site, batch)
    with inventory_options.reading(site, inventory) as connection:
        made = stations.grid(connection, batches.members(connection, chosen), now_ms, known)
    if json:
        output.as_json({"batch": chosen.name, **made.as_json()})
    else:
        _tell_grid(made)


def next_(
    batch: _Batch,
    station: Annotated[str, typer.Argument(metavar="STATION")],
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    json: options.Json = False,
) -> None:
    """Show what is to be done at a station now."""
    now_ms, known = inventory_options.now_ms(), measuring_models.load(site)
    chosen = batches.load(site, batch)
    with inventory_options.reading(site, inventory) as connection:
        members = batches.members(connection, chosen)
        there = stations.grid(connection, members, now_ms, known).stations
        if station not in there:
            raise errors.InputRefused("batch-station", station[:30], known=", ".join(there))
        step = stations.next_at(connection, members, station, now_ms, known)
    if json:
        output.as_json({"station": station, "next": step and step.as_json()})
    elif step is None:
        output.line(messages.text("desk.station-empty"))
    else:
        kit_next.tell([step])


def _look(site: _Site, inventory: str | None, kits: list[str] | None) -> None:
    """Refuse a kit that nobody knows."""
    with inventory_options.reading(site, inventory) as connection:
        for kit in kits or []:
            all_kits.find(connection, kit)


def _tell(made: batches.Batch, *, json: bool) -> None:
    if json:
        output.as_json(made.as_json())
    else:
        count = len(made.kits) + len(made.chips)
        output.good(messages.text("desk.batch-made", batch=made.name, count=count))


def _tell_grid(made: stations.Grid) -> None:
    output.line(
        "   ".join(
            f"{shape} {messages.text(f'desk.cell.{name}')}"
            for name, shape in stations.SHAPES.items()
        )
    )
    letters = _LETTERS[: len(made.stations)]
    for letter, station in zip(letters, made.stations, strict=False):
        output.line(f"  {letter}  {stations.text(station)}")
    columns = [f"desk.column.{name}" for name in ("kit", "state", "steps", "job")]
    rows = [
        (
            row.kit,
            words.state(row.state),
            " ".join(stations.SHAPES[row.cells[station]] for station in made.stations),
            messages.text(f"next-step.job.{row.next.job}"),
        )
        for row in made.rows
    ]
    output.table(columns, [("", "", " ".join(letters), ""), *rows], whole={0, 2})
