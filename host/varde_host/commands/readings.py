"""`varde readings`: what the receiver sees."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from varde_host import messages, output
from varde_host.collector import database, quarantine, registry
from varde_host.commands import hexadecimal, options
from varde_host.receiver import opening, repetition, source, wording
from varde_host.site import files

_COLUMNS = ("hub", "seq", "value", "utc", "sensor-clock", "characteristic", "signature")


def readings(
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_file: options.DatabaseFile = None,
    key: Annotated[Path | None, typer.Option(envvar="VARDE_RECEIVER_KEY", metavar="FILE")] = None,
    hub: Annotated[str | None, typer.Option(metavar="HEX")] = None,
    everything: Annotated[bool, typer.Option("--all")] = False,
    json: options.Json = False,
) -> None:
    """Open the readings and print them."""
    private = files.load(site).receiver_private(key)
    only = None if hub is None else hexadecimal.parse(hub, registry.HUB_ID_BYTES)
    opened = database.open_database(options.database_path(site, database_file), create=False)
    with opened.reading() as connection:
        rows = list(source.rows(connection, private, only))
        quarantined = quarantine.count(connection)
    opened.close()
    left_out = 0 if everything else sum(map(repetition.is_certain, rows))
    if not everything:
        rows = [row for row in rows if not repetition.is_certain(row)]
    if json:
        output.as_json([wording.as_json(row) for row in rows])
        return
    dim = {number for number, row in enumerate(rows) if row.repeats is not None}
    hubs = sorted({row.hub_id.hex() for row in rows})
    first = 1 if len(hubs) == 1 else 0  # one hub stands above the table, not in every line of it
    if first:
        output.line(messages.text("readings.hub", hub=hubs[0]))
    columns = [f"column.{name}" for name in _COLUMNS[first:]]
    output.table(columns, [_cells(row)[first:] for row in rows], dim)
    faults = sum(row.error is not None for row in rows)
    output.line(
        messages.text("readings.count", readings=len(rows), faults=faults, quarantined=quarantined)
    )
    if left_out:
        output.line(messages.text("readings.left-out", repeats=left_out))


def _cells(row: opening.Row) -> tuple[str, ...]:
    return (
        row.hub_id.hex(),
        str(row.seq),
        _value(row),
        _when(row),
        _sensor_clock(row),
        wording.characteristic(row) or "",
        messages.text(f"signature.{row.signature}"),
    )


def _value(row: opening.Row) -> str:
    value = _fault(row) or _values(row)
    if row.repeats is None:
        return value
    word = "repeats" if repetition.is_certain(row) else "may-repeat"
    return f"{value} ({messages.text(f'readings.{word}', seq=row.repeats)})"


def _fault(row: opening.Row) -> str | None:
    """Return in words what could not be done; by its code where that is for developers."""
    key = f"fault.{row.error}"
    return messages.text(key) if messages.has(key) else row.error


def _values(row: opening.Row) -> str:
    if row.fields.get("unsuccessful"):
        return messages.text("readings.unsuccessful")
    return wording.values(row.fields)


def _sensor_clock(row: opening.Row) -> str:
    stamp = str(row.fields.get("timestamp") or "")
    if row.fields.get("clock_not_set"):
        stamp = f"{stamp} {messages.text('readings.clock-not-set')}".strip()
    return stamp


def _when(row: opening.Row) -> str:
    when = row.when
    if when is None:
        return ""
    if when.utc_ms is not None and when.uncertainty_ms is not None:
        return f"{wording.moment(when.utc_ms)} {wording.bound(when.uncertainty_ms)}"
    after, before = wording.moment(when.not_before_ms), wording.moment(when.not_after_ms)
    between = messages.text("readings.between", after=after, before=before)
    return f"{messages.text('readings.no-time')} ({between})"
