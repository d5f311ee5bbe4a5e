"""`varde release make` and `show`: a release of what was built, and what one says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from varde_host import clock, errors, messages, output
from varde_host.commands import options
from varde_host.release import folder, making, signing
from varde_host.site import files
from varde_protocols import documents, release
from varde_protocols.errors import WireError

EPOCH_VARIABLE = "SOURCE_DATE_EPOCH"
"""Seconds of Unix time that stand in what is built, as reproducible-builds.org specifies it."""
KINDS = {release.APPLICATION: "application", release.INTERPRETER: "interpreter"}


def make(
    *,
    firmware: Annotated[Path, typer.Option(metavar="DIR")],
    number: Annotated[int, typer.Option(metavar="N")],
    name: Annotated[str, typer.Option(metavar="TEXT")],
    out: Annotated[Path, typer.Option(metavar="DIR")],
    source: Annotated[Path | None, typer.Option(metavar="DIR")] = None,
    image: Annotated[Path | None, typer.Option(metavar="FILE")] = None,
    target: Annotated[str | None, typer.Option(metavar="TEXT")] = None,
    min_from: Annotated[int, typer.Option("--min-from", metavar="N")] = 0,
    floor: Annotated[int, typer.Option(metavar="N")] = 0,
    json: options.Json = False,
) -> None:
    """Write a release that is to be signed; an existing folder is refused."""
    if out.exists():
        raise errors.InputRefused("file-exists", str(out))
    if not name.isprintable():
        raise errors.InputRefused("release-name")
    if source is not None:
        output.progress(messages.text("release.building", folder=source))
    plan = making.Plan(
        number, name, firmware, _signed_ms(), target, image, min_from, floor, source
    )
    made = making.make(plan)
    made.write(out)
    if json:
        output.as_json({"folder": str(out), **made.report})
        return
    output.table(("column.field", "column.value"), rows_of(made.given))
    if made.report["second_build"] is None:
        output.line(messages.text("release.built-once"))
    else:
        output.line(messages.text("release.built-twice", count=len(made.files)))
    if (made.report["source"] or {}).get("modified"):
        output.line(messages.text("release.modified"))
    output.good(messages.text("release.made", folder=out))


def show(
    place: Annotated[Path, typer.Argument(metavar="DIR|FILE")],
    *,
    json: options.Json = False,
) -> None:
    """Show what a release says, without asking who signed it."""
    payload, kids = _read(place)
    given = release.decode(payload)
    if json:
        output.as_json({**fields_of(given), "signatures": kids})
        return
    output.table(("column.field", "column.value"), rows_of(given))
    output.line(messages.text("release.unverified", kids=", ".join(kids) or "-"))


def fields_of(given: release.Release) -> dict[str, Any]:
    """Return a release as it may be told to anyone."""
    components = [
        {"kind": KINDS[part.kind], "bytes": part.size_bytes, "sha256": part.sha256.hex(),
         "blocks": part.block_count(), "block_bytes": part.block_bytes,
         "block_list": part.blocks_sha256.hex(), "min_from": part.min_from}
        for part in given.components
    ]  # fmt: skip
    return {
        "number": given.number, "name": given.name, "target": given.target,
        "components": components, "floor": given.floor, "signed_ms": given.signed_ms,
        "digest": release.digest(given.encode()).hex(),
    }  # fmt: skip


def rows_of(given: release.Release) -> list[tuple[str, str]]:
    """Return the same as rows of a table."""
    fields = fields_of(given)
    rows = [(name, _plain(value)) for name, value in fields.items() if name != "components"]
    for part in fields["components"]:
        text = "{bytes} B, {blocks} x {block_bytes} B, min_from {min_from}, {sha256}"
        rows.insert(3, (part["kind"], text.format_map(part)))
    return rows


def _plain(value: object) -> str:
    """Return a text that does nothing to a terminal: nobody has said yet whose it is."""
    return "".join(sign if sign.isprintable() else "?" for sign in str(value))


def _read(place: Path) -> tuple[bytes, list[str]]:
    """Return payload and ids of the keys that claim to have signed: of a folder or one file."""
    if place.is_dir():
        opened = folder.Folder(place)
        document = opened.document()
        payload = opened.payload()
        return payload, [] if document is None else _kids(document)
    data = files.read(place, documents.MAX_DOCUMENT_BYTES)
    try:
        return documents.unverified(data, documents.RELEASE), _kids(data)
    except WireError:
        return data, []  # a payload by itself


def _kids(document: bytes) -> list[str]:
    return [kid.hex() for kid in signing.signatures(document)]


def _signed_ms() -> int:
    told = os.environ.get(EPOCH_VARIABLE)
    if told is None:
        return clock.from_environment().utc_ms()
    if not told.isascii() or not told.isdigit() or len(told) > 11:
        raise errors.InputRefused("release-epoch", EPOCH_VARIABLE)
    return int(told) * 1000
