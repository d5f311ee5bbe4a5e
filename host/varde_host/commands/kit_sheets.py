"""`varde kit sheets`: what each loan had in it, signed, for the receiver; no person is in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from varde_host import errors, messages, output
from varde_host.bench_record import form, signing
from varde_host.commands import inventory_options, new_output, options, site_secrets
from varde_host.inventory import kits, measuring_models
from varde_host.inventory.who import Who
from varde_host.loan_facts import sheet_folder, sheet_making, told_hubs
from varde_host.site import files, trust_documents


def write(
    folder: Annotated[Path, typer.Argument(metavar="DIR")],
    kit: Annotated[str | None, typer.Option(metavar="KIT")] = None,
    place: Annotated[str | None, typer.Option(metavar="TEXT")] = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    inventory: inventory_options.InventoryAddress = None,
    database_address: options.DatabaseAddress = None,
    passphrase_file: site_secrets.PassphraseFiles = None,
    pin_file: site_secrets.PinFile = None,
    by: inventory_options.By = None,
    json: options.Json = False,
) -> None:
    """Sign the sheet of each loan of which something is new; files that are there stay."""
    acting, now_ms = inventory_options.acting(by)
    loaded = files.load(site, site_secrets.told(passphrase_file, pin_file))
    told = _told(loaded, site, database_address)
    before = sheet_folder.signed(folder, loaded)
    bodies = _bodies(loaded, inventory, kit, told or {}, before)
    written = [
        _write(folder, loaded, body, acting, place, now_ms)
        for body in bodies
        if not _is_same(body, before.get(str(body["loan"])))
    ]
    if json:
        output.as_json({"loans": len(bodies), "written": written, "hubs_asked": told is not None})
        return
    fields = {"written": len(written), "total": len(bodies), "folder": folder}
    output.line(messages.text("loan-facts.sheets", **fields))
    if told is None:
        output.line(messages.text("loan-facts.no-collector"))


def _told(
    loaded: files.Site, site: Path, address: str | None
) -> Mapping[bytes, Sequence[sheet_making.Told]] | None:
    """Return what hubs were told; None where no collector's database is at hand."""
    if address is None and not (site / files.DATABASE).exists():
        return None
    with options.opened_database(site, address) as opened, opened.reading() as connection:
        return told_hubs.read(connection, [each for each, _ in trust_documents.chain(loaded)])


def _bodies(
    loaded: files.Site,
    inventory: str | None,
    kit: str | None,
    told: Mapping[bytes, Sequence[sheet_making.Told]],
    before: Mapping[str, form.Signed],
) -> list[dict[str, object]]:
    known = measuring_models.load(loaded.directory)
    with inventory_options.reading(loaded.directory, inventory) as connection:
        wanted = None if kit is None else kits.find(connection, kit).kit_id
        return [
            sheet_making.body(
                connection, loan, told, known,
                before[loan.loan_id].content if loan.loan_id in before else None,
            )
            for loan in sheet_making.every(connection, wanted)
        ]  # fmt: skip


def _is_same(body: Mapping[str, object], known: form.Signed | None) -> bool:
    return known is not None and all(known.content[name] == body[name] for name in body)


def _write(
    folder: Path,
    loaded: files.Site,
    body: dict[str, object],
    acting: Who,
    place: str | None,
    now_ms: int,
) -> str:
    signed = signing.sign(
        loaded, form.LOAN_SHEET, body, by=acting, began_ms=now_ms, ended_ms=now_ms,
        place=place or loaded.name,
    )  # fmt: skip
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise errors.WorldFailed("file-write", str(folder), reason=error.strerror) from error
    name = sheet_folder.name(signed)
    new_output.write(folder / name, signed.document)
    return name
