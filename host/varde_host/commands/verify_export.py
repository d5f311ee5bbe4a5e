"""`varde verify export`: the verifications as files, for a receiver without the inventory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from varde_host import errors, messages, output
from varde_host.bench_record import form
from varde_host.commands import inventory_options, new_output, options
from varde_host.inventory import records
from varde_host.receiver import verification_records
from varde_host.site import files
from varde_host.verification import approved, procedure


def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR")],
    site: options.SiteDirectory = options.DEFAULT_SITE,
    inventory: inventory_options.InventoryAddress = None,
    json: options.Json = False,
) -> None:
    """Write each verification that is not there yet; files that are there stay."""
    with inventory_options.reading(site, inventory) as connection:
        found = records.listing(connection, form.VERIFICATION)
    _make(folder)
    written = 0
    for each in found:
        name = f"{each.number}-{each.sha256[:16]}{verification_records.SUFFIX}"
        if not (folder / name).exists():
            new_output.write(folder / name, each.document)
            written += 1
    _write_procedures(folder, site, found)
    if json:
        output.as_json({"verifications": len(found), "written": written})
        return
    fields = {"written": written, "total": len(found), "folder": folder}
    output.line(messages.text("verify-export.done", **fields))


def _write_procedures(folder: Path, site: Path, found: list[records.Record]) -> None:
    """Write the procedures that the records name and that do not ship with the program."""
    named = {str(each.content["measured"]["procedure"]["sha256"]) for each in found}
    for sha256 in sorted(named - {each.sha256 for each in procedure.every_shipped()}):
        path = folder / f"{sha256}{verification_records.PROCEDURE_SUFFIX}"
        raw = approved.raw_of(files.load(site), sha256)
        if raw is not None and not path.exists():
            new_output.write(path, raw)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise errors.WorldFailed("file-write", str(folder), reason=error.strerror) from error
