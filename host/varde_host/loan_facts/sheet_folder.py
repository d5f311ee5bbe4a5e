"""Loan sheets as files: a folder that the warehouse fills and the receiver reads.

A sheet is believed if a service key of the site signed it that is one today: who has an old key
can move no readings from one loan to another. `varde kit sheets` signs those anew that an old key
has signed. Nothing in a folder is deleted: of several sheets of a loan the newest counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from varde_host import errors
from varde_host.bench_record import form, opening
from varde_host.loan_facts import facts, sheet
from varde_host.site import files
from varde_protocols import documents

FOLDER: Final = "loans"
"""Its name in the receiver's folder."""
SUFFIX: Final = ".cose"


class Loaded(NamedTuple):
    """The newest sheet of each loan, and the names of files that are no sheet of this site."""

    sheets: tuple[sheet.Sheet, ...]
    refused: list[str]


def load(folder: Path, source: opening.Source) -> Loaded:
    """Open all sheets of a folder; one that is not there has none. Raises InputRefused
    `file-read` if it or a file cannot be read."""
    found, refused = [], []
    for path in paths(folder):
        try:
            found.append(sheet.of(opened(path, source).content))
        except errors.InputRefused as error:
            if error.code == "file-read":
                raise
            refused.append(path.name)
    return Loaded(facts.newest(found), refused)


def signed(folder: Path, source: opening.Source) -> dict[str, form.Signed]:
    """Return the newest record of each loan, by loan; what is none of this site is left out."""
    found: dict[str, form.Signed] = {}
    for path in paths(folder):
        try:
            record = opened(path, source)
        except errors.InputRefused as error:
            if error.code == "file-read":
                raise
            continue
        loan = str(record.content["loan"])
        if loan not in found or _age(found[loan]) < _age(record):
            found[loan] = record
    return found


def opened(path: Path, source: opening.Source) -> form.Signed:
    """Return the record in a file.

    Raises InputRefused as `opening.opened`, `loan-sheet-kind` for a record of another kind, and
    `loan-sheet-former` for one of a key that has left the role.
    """
    document = files.read(path, documents.MAX_BENCH_RECORD_BYTES)
    record = opening.opened(document, source)
    if record.kind != form.LOAN_SHEET:
        raise errors.InputRefused("loan-sheet-kind", path.name)
    if record.is_former:
        raise errors.InputRefused("loan-sheet-former", path.name)
    return record


def paths(folder: Path) -> Iterator[Path]:
    """Return the files that may be sheets, by name. Raises InputRefused `file-read`."""
    try:
        if folder.exists():
            yield from sorted(path for path in folder.iterdir() if path.suffix == SUFFIX)
    except OSError as error:
        raise errors.InputRefused("file-read", str(folder), reason=error.strerror) from error


def name(record: form.Signed) -> str:
    """Return what a sheet's file is called."""
    return f"{record.content['loan']}-{record.content['number']}{SUFFIX}"


def _age(record: form.Signed) -> tuple[int, str]:
    return record.content["ended_ms"], record.content["number"]
