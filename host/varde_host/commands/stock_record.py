"""`varde stock record`: signed records of another bench, opened, proven and put in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from varde_host import errors, messages, output
from varde_host.bench_record import opening
from varde_host.commands import inventory_options, options
from varde_host.inventory import records
from varde_host.site import files
from varde_protocols import documents


def put(
    file: Annotated[list[Path], typer.Argument(metavar="FILE...")],
    site: options.SiteDirectory = options.DEFAULT_SITE,
    inventory: inventory_options.InventoryAddress = None,
    by: inventory_options.By = None,
    json: options.Json = False,
) -> None:
    """Put signed records into the inventory: all of them, or none if one is refused."""
    acting, now_ms = inventory_options.acting(by)
    opened_site = files.load(site)
    signed = [opening.opened(_read(path), opened_site) for path in file]
    with inventory_options.writing(site, inventory) as connection:
        done = [records.put(connection, each, acting, now_ms) for each in signed]
    if json:
        output.as_json([as_json(each) for each in done])
    for each in () if json else done:
        tell(each)


def as_json(done: records.Put) -> dict[str, object]:
    """Return what followed from a record."""
    names = ("sha256", "kind", "number", "subject", "outcome", "level", "valid_until")
    said: dict[str, object] = {name: getattr(done.record, name) for name in names}
    return said | {"note": done.note_id, "quarantined": done.quarantined}


def tell(done: records.Put) -> None:
    """Say to a person what followed from a record."""
    record = done.record
    output.line(messages.text("record.kept", number=record.number, subject=record.subject))
    if done.note_id is not None:
        fields = {"note": done.note_id, "subject": record.subject}
        output.line(messages.text("record.noted", **fields))
    if done.quarantined is not None:
        output.line(messages.text("record.quarantined", kit=done.quarantined))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(documents.MAX_BENCH_RECORD_BYTES + 1)
    except OSError as error:
        raise errors.InputRefused("file-read", str(path), reason=error.strerror) from error
