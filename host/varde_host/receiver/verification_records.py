"""Where the receiver has verifications from: a folder that the bench exported, or an inventory.

The bench's records are public within a municipality and hold no reading, so a folder of their
`.cose` files is all that a receiver needs (`varde verify export`), with the municipality's own
procedures (`.toml`). Each record that counts is verified as the bench would: signature, shape, and
that its judgement follows from its points by the procedure whose hash it names. Only those of
things that the readings at hand name are opened, for a folder may hold those of years.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from varde_host import errors
from varde_host.bench_record import form, opening, texts
from varde_host.inventory import records
from varde_host.receiver import verification_of
from varde_host.site import files
from varde_host.verification import approved, past, procedure
from varde_protocols import documents
from varde_protocols.errors import WireError

FOLDER = "verifications"
"""Its name in a site's folder, where it is looked for if no other is named."""
SUFFIX = ".cose"
PROCEDURE_SUFFIX = ".toml"


class Loaded(NamedTuple):
    """What is known, and the names of files that are no verification of this site."""

    register: verification_of.Register
    refused: list[str]


class _File(NamedTuple):
    path: Path
    document: bytes
    device: str


def from_folder(folder: Path, source: opening.Source, names: Collection[bytes]) -> Loaded:
    """Open the verifications of all things that a record in `names` (8 bytes each) is about.

    Raises InputRefused `file-read` if the folder or a file cannot be read.
    """
    found: list[_File] = []
    devices: set[str] = set()
    refused: list[str] = []
    for path in _paths(folder, SUFFIX):
        document = files.read(path, documents.MAX_BENCH_RECORD_BYTES)
        device = _unverified_device(document)
        if device is None:
            refused.append(path.name)
            continue
        found.append(_File(path, document, device))
        if hashlib.sha256(document).digest()[: form.ID_BYTES] in names:
            devices.add(device)
    findings = []
    procedures = _procedures(folder, source) if devices else {}
    for file in found:
        if file.device in devices:
            try:
                signed = opening.opened(file.document, source, procedures)
                findings.append(past.from_content(signed.sha256, signed.content))
            except errors.InputRefused:
                refused.append(file.path.name)
    return Loaded(verification_of.Register(findings), sorted(refused))


def from_inventory(connection: sa.Connection, names: Collection[bytes]) -> Loaded:
    """Take the verifications from an inventory, which opened each when it was put in."""
    found = records.listing(connection, form.VERIFICATION)
    devices = {
        each.subject for each in found if bytes.fromhex(each.sha256)[: form.ID_BYTES] in names
    }
    findings = [
        past.from_content(each.sha256, each.content) for each in found if each.subject in devices
    ]
    return Loaded(verification_of.Register(findings), [])


def nothing() -> Loaded:
    """Return a register that knows no record."""
    return Loaded(verification_of.Register([]), [])


def _procedures(folder: Path, source: opening.Source) -> dict[str, procedure.Procedure]:
    """Return what records may name, by hash: a file that none of them names changes nothing."""
    found = {each.sha256 or "": each for each in procedure.every_shipped()}
    if isinstance(source, files.Site):
        found |= approved.known(source)
    for path in _paths(folder, PROCEDURE_SUFFIX):
        with contextlib.suppress(errors.InputRefused):
            loaded = procedure.load(files.read(path, procedure.MAX_FILE_BYTES), path.name)
            found[loaded.sha256 or ""] = loaded
    return found


def _paths(folder: Path, suffix: str) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == suffix)
    except OSError as error:
        raise errors.InputRefused("file-read", str(folder), reason=error.strerror) from error


def _unverified_device(document: bytes) -> str | None:
    """Return the thing that a document says it is about; None if it is no verification."""
    try:
        payload = documents.unverified(document, documents.VERIFICATION)
        content = texts.decode(payload)
        return str(content["measured"]["device"]["item_id"])
    except (WireError, errors.InputRefused, KeyError, TypeError):
        return None
