"""`varde verify trace`: the loans in which a thing may have measured wrong, and what they sent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer

from varde_host import messages, output
from varde_host.bench_record import form, signing
from varde_host.commands import inventory_options, new_output, options, site_secrets
from varde_host.inventory import (
    hub_identities,
    kit_id,
    loans,
    records,
    trace_list,
    tracing,
    words,
)
from varde_host.receiver import source
from varde_host.site import files


def trace(
    subject: Annotated[str, typer.Argument(metavar="ITEM|RECORD")],
    out: Annotated[Path | None, typer.Option(metavar="DIR")] = None,
    place: Annotated[str | None, typer.Option(metavar="TEXT")] = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    inventory: inventory_options.InventoryAddress = None,
    database_address: options.DatabaseAddress = None,
    passphrase_file: site_secrets.PassphraseFiles = None,
    pin_file: site_secrets.PinFile = None,
    by: inventory_options.By = None,
    json: options.Json = False,
) -> None:
    """List them, with the count and the numbers of readings; sign the list if asked to."""
    now_ms = inventory_options.now_ms()
    with inventory_options.reading(site, inventory) as connection:
        found = _found(connection, subject)
        names = [_name(each.sha256) for each in records.of_item(connection, found.item.item_id)]
        parts = [
            (part, hub_identities.in_loan(connection, part.loan.loan_id, part.from_ms,
                                          part.until_ms))
            for part in found.parts
        ]  # fmt: skip
    rows, is_counted = _counted(site, database_address, parts, names)
    body = trace_list.body(found, rows, now_ms if is_counted else None)
    written = None
    if out is not None:
        acting, now_ms = inventory_options.acting(by)
        loaded = files.load(site, site_secrets.told(passphrase_file, pin_file))
        signed = signing.sign(
            loaded, form.TRACE, body, by=acting, began_ms=now_ms, ended_ms=now_ms,
            place=place or loaded.name,
        )  # fmt: skip
        with inventory_options.opened(site, inventory) as opened:
            opened.write(lambda c: records.put(c, signed, acting, now_ms))
        written = _write(signed, out)
    if json:
        output.as_json({**body, "bad_at_ms": found.bad_at_ms, "files": written})
        return
    _print(found, rows, is_counted=is_counted)
    if written is not None:
        output.line(messages.text("verify-trace.written", files=", ".join(written)))


def _found(connection: sa.Connection, subject: str) -> tracing.Trace:
    """Return the trace of a thing, or of the thing of a record with that record as the bad one."""
    if len(subject.strip()) == kit_id.LENGTH:
        return tracing.trace(connection, subject)
    record = records.get(connection, subject)
    return tracing.trace(connection, record.subject, record.sha256)


def _counted(
    site: Path,
    address: str | None,
    parts: list[tuple[loans.Part, list[hub_identities.Presence]]],
    names: list[bytes],
) -> tuple[list[trace_list.Row], bool]:
    """Return a row for each loan; not counted where no collector's database is at hand."""
    if address is None and not (site / files.DATABASE).exists():
        return [trace_list.Row(part, hubs, None) for part, hubs in parts], False
    rows = []
    with options.opened_database(site, address) as opened, opened.reading() as connection:
        for part, hubs in parts:
            readings = [each for hub in hubs for each in _of(connection, hub, names)]
            rows.append(trace_list.Row(part, hubs, readings))
    return rows, True


def _of(
    connection: sa.Connection, hub: hub_identities.Presence, names: list[bytes]
) -> list[trace_list.Counted]:
    found = source.resting(connection, bytes.fromhex(hub.hub_id), names, hub.from_ms, hub.until_ms)
    return [
        trace_list.Counted(
            each.hub_id.hex(), each.slot, each.verification.hex(), each.readings, each.surely,
            each.first_seq, each.last_seq,
        )
        for each in found
    ]  # fmt: skip


def _name(sha256: str) -> bytes:
    return bytes.fromhex(sha256)[: form.ID_BYTES]


def _write(signed: form.Signed, folder: Path) -> list[str]:
    """Write document, signed text and table; return the files' names."""
    name = f"trace-{signed.content['number']}"
    contents = {
        ".cose": signed.document,
        ".json": signed.payload,
        ".csv": trace_list.as_csv(signed.content).encode("ascii"),
    }
    for suffix, content in contents.items():
        new_output.write(folder / (name + suffix), content)
    return [str(folder / (name + suffix)) for suffix in contents]


def _print(found: tracing.Trace, rows: list[trace_list.Row], *, is_counted: bool) -> None:
    fields = {
        name: "-" if at_ms is None else words.moment(at_ms)
        for name, at_ms in (("good", found.good_at_ms), ("until", found.until_ms))
    }
    bad = "-" if found.bad_at_ms is None else words.moment(found.bad_at_ms)
    output.line(messages.text("verify-trace.found", item=found.item.item_id, bad=bad, **fields))
    if not rows:
        output.line(messages.text("verify-trace.no-loan"))
        return
    columns = ("loan", "kit", "from", "until", "hub", "slot", "readings", "numbers")
    cells = [line for row in rows for line in _cells(row)]
    output.table([f"verify-trace-column.{name}" for name in columns], cells, whole={0})
    if not is_counted:
        output.line(messages.text("verify-trace.not-counted"))
    elif any(not each.verification for row in rows for each in row.readings or ()):
        output.line(messages.text("verify-trace.unnamed"))


def _cells(row: trace_list.Row) -> list[tuple[str, ...]]:
    part = row.part
    head = (
        part.loan.loan_id, part.loan.kit_id, words.moment(part.from_ms),
        inventory_options.moment(part.until_ms),
    )  # fmt: skip
    if not row.readings:
        hubs = ", ".join(each.hub_id for each in row.hubs)
        return [(*head, hubs, "", "" if row.readings is None else "0", "")]
    return [
        (
            *head, each.hub, str(each.slot),
            str(each.readings) + ("" if each.verification else " ?"),
            f"{each.first_seq}–{each.last_seq}",
        )
        for each in row.readings
    ]  # fmt: skip
