"""`varde verify list`, `show`, `check`: what was signed, and if it follows from its points."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from varde_host import errors, messages, output
from varde_host.bench_record import form, opening, texts
from varde_host.commands import inventory_options, options, verify_words
from varde_host.inventory import items, records, stock, words
from varde_host.site import files
from varde_host.verification import approved, evaluation, measured, procedure
from varde_host.verification import wording as judged_words
from varde_host.verifying import lapsing, wording
from varde_protocols import documents

_COLUMNS = ("number", "item", "day", "procedure", "outcome", "level", "until")
_POINTS = ("check", "nominal", "device", "reference", "error", "u", "limit", "outcome")


def show_list(
    item: Annotated[str | None, typer.Argument(metavar="ITEM")] = None,
    lapses_within: Annotated[
        int | None, typer.Option("--lapses-within", min=0, max=3660, metavar="DAYS")
    ] = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    inventory: inventory_options.InventoryAddress = None,
    json: options.Json = False,
) -> None:
    """List verifications, the latest last; or the newest of each thing that lapses soon."""
    with inventory_options.reading(site, inventory) as connection:
        if item is None:
            found = records.listing(connection, form.VERIFICATION)
        else:
            thing = items.find(connection, item)
            found = records.of_item(connection, thing.item_id)
    if lapses_within is not None:
        last_day = stock.day_after(inventory_options.now_ms(), lapses_within)
        found = lapsing.lapsing(found, last_day)
    if json:
        output.as_json([_row(one) for one in found])
    else:
        columns = [f"verify-column.{name}" for name in _COLUMNS]
        output.table(columns, [_cells(one) for one in found], whole={0, 1})


def show(
    record: Annotated[str, typer.Argument(metavar="RECORD")],
    site: options.SiteDirectory = options.DEFAULT_SITE,
    inventory: inventory_options.InventoryAddress = None,
    json: options.Json = False,
) -> None:
    """Show a verification with every point, as it was signed."""
    with inventory_options.reading(site, inventory) as connection:
        found = records.get(connection, record)
    if json:
        output.as_json(found.content)
        return
    used = _procedure(approved.known(files.load(site)), found.content)
    _print(found.content, used)


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    site: options.SiteDirectory = options.DEFAULT_SITE,
    json: options.Json = False,
) -> None:
    """Judge a record again from its own points: the signed file, or the JSON beside it."""
    opened_site = files.load(site)
    known = approved.known(opened_site)
    data = files.read(file, documents.MAX_BENCH_RECORD_BYTES)
    is_text = data[:1] == b"{"
    content = texts.decode(data) if is_text else opening.opened(data, opened_site, known).content
    used, seen = _procedure(known, content), measured.from_json(content["measured"])
    follows = evaluation.evaluate(used, seen).as_json() == content["judgement"]
    if json:
        said = {"number": content["number"], "signed": not is_text, "follows": follows}
        output.as_json(said | {"outcome": content["judgement"]["outcome"]})
    elif follows:
        key = "verify.follows-unsigned" if is_text else "verify.follows"
        output.line(messages.text(key, number=content["number"]))
        _print(content, used)
    if not follows:
        output.progress(messages.text("verify.follows-not", number=content["number"]))
        raise typer.Exit(1)


def _procedure(
    known: Mapping[str, procedure.Procedure], content: Mapping[str, Any]
) -> procedure.Procedure:
    """Return the procedure that a record names.

    Raises InputRefused `bench-record-form`, `verify-procedure-gone`.
    """
    form.check(content, form.VERIFICATION)
    name = measured.from_json(content["measured"]).procedure
    used = known.get(name.sha256)
    if used is None or used.name != name:
        raise errors.InputRefused("verify-procedure-gone", name.id)
    return used


def _print(content: Mapping[str, Any], used: procedure.Procedure) -> None:
    seen = measured.from_json(content["measured"])
    found = evaluation.evaluate(used, seen)
    title = used.title.text(messages.speaker.language)
    output.line(messages.text("verify.title", title=title, item=seen.device.item_id))
    by, until = ":".join(content["by"]), content["valid_until"] or "–"
    fields = {"number": content["number"], "day": seen.measured_on, "by": by, "until": until}
    output.line(messages.text("verify.shown", place=content["place"], **fields))
    for line in verify_words.judged(used, seen, found):
        output.line(line)
    columns = [f"verify-column.{name}" for name in _POINTS]
    output.table(columns, verify_words.points(used, seen, found))


def _row(one: records.Record) -> dict[str, object]:
    seen = one.content["measured"]
    return {
        "number": one.number,
        "item": one.subject,
        "record": one.sha256,
        "measured_on": seen["measured_on"],
        "procedure": seen["procedure"]["id"],
        "outcome": one.outcome,
        "level": one.level,
        "valid_until": one.valid_until,
    }


def _cells(one: records.Record) -> tuple[str, ...]:
    outcome, level = one.outcome or "", one.level or 0
    mark = f"{wording.MARKS[outcome]} {judged_words.outcome(outcome)}"
    name = one.content["measured"]["procedure"]["id"]
    day, until = words.day(one.at_ms), one.valid_until or "–"
    return one.number, one.subject, day, name, mark, judged_words.level_code(level), until
