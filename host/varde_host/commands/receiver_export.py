"""`varde receiver export`: all measurements as one file, for people who analyse."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer

from varde_host import errors, messages, output
from varde_host.analysis import csv_file, dictionary, parquet_file, pseudonyms, table
from varde_host.commands import new_output, options, receiver_opened, receiver_options
from varde_host.fhir import measured, of, style
from varde_host.handover import considering
from varde_host.loan_facts import loan_number

_CSV: Final = dictionary.CSV


def export(
    out: Annotated[Path, typer.Option(metavar="FILE")],
    form: Annotated[str, typer.Option("--format", metavar="csv|parquet")] = _CSV,
    folder: receiver_options.Folder = receiver_options.DEFAULT_FOLDER,
    loan: Annotated[list[str] | None, typer.Option("--loan", metavar="LOAN")] = None,
    rekey: Annotated[bool, typer.Option("--rekey")] = False,
    semicolons: Annotated[bool, typer.Option("--semicolons")] = False,
    json: options.Json = False,
) -> None:
    """Write the file and its dictionary, which must not exist yet."""
    if form not in dictionary.FORMATS:
        raise errors.InputRefused("export-format", form[:20], known=", ".join(dictionary.FORMATS))
    loans = frozenset(loan_number.check(each) for each in loan) if loan else None
    about = out.with_name(out.name + dictionary.SUFFIX)
    for path in (out, about):
        if path.exists():
            raise errors.InputRefused("file-exists", str(path))
    names = pseudonyms.anew() if rekey else pseudonyms.as_known()
    with receiver_opened.service(folder) as service:
        rows = sorted(_rows(service, loans, names), key=lambda row: row.order)
    _write(out, rows, form, semicolons=semicolons)
    described = dictionary.made(out, form, len(rows), is_rekeyed=rekey, semicolons=semicolons)
    new_output.write(about, described)
    if json:
        output.as_json({"rows": len(rows), "files": [str(out), str(about)]})
    else:
        output.good(messages.text("analysis.written", rows=len(rows), out=out))


def _rows(
    service: considering.Service, loans: frozenset[str] | None, names: pseudonyms.Pseudonyms
) -> Iterator[table.Row]:
    """Return all rows, hub by hub. A target's identifiers are in none of them: what a reading is
    called here leads to no server."""
    chosen = style.Style(service.sealer.digest(b"analysis"))
    with service.store.reading() as connection:
        for hub in service.stream.marks(connection):
            for each in service.stream.measured(connection, hub):
                is_wanted = loans is None or each.loan_id in loans
                if is_wanted and measured.TEST not in each.marks:
                    yield from table.rows(each, of.of(each, chosen), names)


def _write(out: Path, rows: list[table.Row], form: str, *, semicolons: bool) -> None:
    new_output.write(out, b"")
    try:
        if form == dictionary.PARQUET:
            parquet_file.write(out, rows)
            return
        with out.open("w", encoding="utf-8", newline="") as file:
            csv_file.write(file, rows, semicolons=semicolons)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise errors.WorldFailed("file-write", str(out), reason=error.strerror) from error
