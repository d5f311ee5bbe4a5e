"""What the columns of a file are, as a file beside it: Frictionless Tabular Data Resource, JSON.

(specs.frictionlessdata.io, *Tabular Data Resource* and *Table Schema*: names and types are
theirs; `rows` and `hash` tell if the two files belong together.)
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from varde_host import messages
from varde_host.analysis import table

SUFFIX: Final = ".dictionary.json"
CSV: Final = "csv"
PARQUET: Final = "parquet"
FORMATS: Final = (CSV, PARQUET)
_MEDIA_TYPES: Final = {CSV: "text/csv", PARQUET: "application/vnd.apache.parquet"}
_CHUNK_BYTES: Final = 1 << 20


def made(data: Path, form: str, rows: int, *, is_rekeyed: bool, semicolons: bool) -> bytes:
    """Return the dictionary of a file that was written, in the language in use."""
    dialect = {"dialect": {"delimiter": ";" if semicolons else ","}} if form == CSV else {}
    names = "rekeyed" if is_rekeyed else "as-known"
    about: dict[str, Any] = {
        "profile": "tabular-data-resource",
        "name": "readings",
        "path": data.name,
        "format": form,
        "mediatype": _MEDIA_TYPES[form],
        "encoding": "utf-8",
        **dialect,
        "hash": f"sha256:{_digest(data)}",
        "bytes": data.stat().st_size,
        "rows": rows,
        "description": messages.text("analysis.about"),
        "pseudonyms": messages.text(f"analysis.{names}"),
        "schema": {
            "fields": [_field(each, semicolons=semicolons) for each in table.COLUMNS],
            "missingValues": [""],
        },
    }
    return (json.dumps(about, ensure_ascii=False, indent=1) + "\n").encode()


def _field(column: table.Column, *, semicolons: bool) -> dict[str, Any]:
    field: dict[str, Any] = {"name": column.name, "type": column.type}
    if column.type == table.NUMBER and semicolons:
        field["decimalChar"] = ","
    if column.known:
        field["constraints"] = {"enum": list(column.known)}
    return {**field, "description": messages.text(f"analysis.column.{column.name}")}


def _digest(path: Path) -> str:
    told = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(_CHUNK_BYTES):
            told.update(part)
    return told.hexdigest()
