"""`varde stock model|place|note`: models of things, places for them, what is wrong with them."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from varde_host import messages, output
from varde_host.commands import inventory_options, options
from varde_host.inventory import models, notes, places, scanning, words

_Site = options.SiteDirectory
_Inventory = inventory_options.InventoryAddress
_By = inventory_options.By
_Model = Annotated[str, typer.Argument(metavar="MODEL")]
_DEFAULT = options.DEFAULT_SITE


def add_model(
    model: _Model,
    kind: Annotated[str, typer.Argument(metavar="KIND")],
    name: Annotated[str, typer.Option()],
    maker: Annotated[str, typer.Option()],
    code: Annotated[str | None, typer.Option(metavar="gtin:N|hibc:N")] = None,
    lead_days: Annotated[int | None, typer.Option(min=0, max=models.MAX_LEAD_DAYS)] = None,
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    by: _By = None,
    json: options.Json = False,
) -> None:
    """Name a model, once, with the code that its maker prints."""
    acting, now_ms = inventory_options.acting(by)
    with inventory_options.writing(site, inventory, create=True) as c:
        facts = {"name": name, "maker": maker}
        done = models.add(c, model, kind, acting, now_ms, **facts, lead_days=lead_days, code=code)
    _tell_model(done, json=json)


def add_code(
    model: _Model,
    code: Annotated[str, typer.Argument(metavar="gtin:N|hibc:N")],
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    by: _By = None,
    json: options.Json = False,
) -> None:
    """Give a model one more code."""
    acting, now_ms = inventory_options.acting(by)
    with inventory_options.writing(site, inventory) as connection:
        done = models.add_code(connection, model, code, acting, now_ms)
    _tell_model(done, json=json)


def list_models(
    site: _Site = _DEFAULT, inventory: _Inventory = None, json: options.Json = False
) -> None:
    """List the models."""
    with inventory_options.reading(site, inventory) as connection:
        found = models.listing(connection)
    if json:
        output.as_json([dataclasses.asdict(model) for model in found])
        return
    output.table(
        _columns(("model", "kind", "name", "maker", "lead-days", "codes")),
        [
            (each.model, messages.text(f"item-kind.{each.kind}"), each.name, each.maker,
             "" if each.lead_days is None else str(each.lead_days), " ".join(each.codes))
            for each in found
        ],
    )  # fmt: skip


def add_place(
    place: Annotated[str, typer.Argument(metavar="PLACE")],
    name: Annotated[str, typer.Option()],
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    by: _By = None,
    json: options.Json = False,
) -> None:
    """Make a place."""
    acting, now_ms = inventory_options.acting(by)
    with inventory_options.writing(site, inventory, create=True) as c:
        done = places.add(c, place, name, acting, now_ms)
    if json:
        output.as_json(dataclasses.asdict(done))
    else:
        output.line(messages.text("stock.place-added", place=done.place))


def list_places(
    site: _Site = _DEFAULT, inventory: _Inventory = None, json: options.Json = False
) -> None:
    """List the places."""
    with inventory_options.reading(site, inventory) as connection:
        found = places.listing(connection)
    if json:
        output.as_json([dataclasses.asdict(place) for place in found])
    else:
        output.table(_columns(("place", "name")), [(each.place, each.name) for each in found])


def write_note(
    subject: Annotated[str, typer.Argument(metavar="KIT|ITEM")],
    code: Annotated[str, typer.Argument(metavar="CODE")],
    text: Annotated[str, typer.Option()],
    function: Annotated[str | None, typer.Option("--for", metavar="FUNCTION")] = None,
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    by: _By = None,
    json: options.Json = False,
) -> None:
    """Write a deviation about a kit or a thing, for a function to see to."""
    acting, now_ms = inventory_options.acting(by)
    with inventory_options.writing(site, inventory) as connection:
        about = scanning.labelled(connection, subject)
        done = notes.write(connection, about, code, function, text, acting, now_ms)
    _tell_note(done, "stock.noted", json=json)


def close_note(
    note: Annotated[int, typer.Argument(metavar="NUMBER")],
    outcome: Annotated[str, typer.Option()],
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    by: _By = None,
    json: options.Json = False,
) -> None:
    """Close a deviation with what was done."""
    acting, now_ms = inventory_options.acting(by)
    with inventory_options.writing(site, inventory) as connection:
        done = notes.close(connection, note, outcome, acting, now_ms)
    _tell_note(done, "stock.note-closed", json=json)


def list_notes(
    subject: Annotated[str | None, typer.Argument(metavar="KIT|ITEM")] = None,
    everything: Annotated[bool, typer.Option("--all")] = False,
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    json: options.Json = False,
) -> None:
    """List open deviations, or all."""
    with inventory_options.reading(site, inventory) as connection:
        about = None if subject is None else scanning.labelled(connection, subject)
        found = notes.listing(connection, about, everything=everything)
    if json:
        output.as_json([dataclasses.asdict(note) for note in found])
        return
    output.table(
        _columns(("number", "id", "code", "function", "text", "moment", "closed", "outcome")),
        [
            (str(each.note_id), each.subject, each.code, each.function, each.text,
             words.moment(each.opened_ms), inventory_options.moment(each.closed_ms),
             each.outcome or "")
            for each in found
        ],
        whole={1},
    )  # fmt: skip


def _tell_model(model: models.Model, *, json: bool) -> None:
    if json:
        output.as_json(dataclasses.asdict(model))
    else:
        output.line(messages.text("stock.model", model=model.model, codes=" ".join(model.codes)))


def _tell_note(note: notes.Note, key: str, *, json: bool) -> None:
    if json:
        output.as_json(dataclasses.asdict(note))
    else:
        output.line(messages.text(key, note=note.note_id))


def _columns(names: tuple[str, ...]) -> list[str]:
    return [f"inventory-column.{name}" for name in names]
