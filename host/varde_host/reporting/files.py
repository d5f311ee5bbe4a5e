"""The files of one report, all of one name, and the same pages drawn again from them.

NAME.pdf            the pages, PDF/A-3b; all that follows lies in it, too
NAME.cose           the signed record
NAME.json           what was signed: the record's payload, byte for byte
NAME.csv            its values as a table
NAME.code           the letters of the QR code
NAME.beside.json    records that are shown beside it, as they were signed (if there are any)
NAME.procedure.toml the procedure, if it is the municipality's own
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from varde_host import errors
from varde_host.bench_record import form, texts
from varde_host.paper import pdfa
from varde_host.reporting import (
    acceptance_report,
    control_report,
    handout_report,
    points_table,
    sheet,
)
from varde_host.verification import procedure
from varde_protocols import documents
from varde_protocols.errors import WireError

PDF, COSE, JSON, CSV, CODE = ".pdf", ".cose", ".json", ".csv", ".code"
BESIDE, PROCEDURE = ".beside.json", ".procedure.toml"
ENDS: Final = (PROCEDURE, BESIDE, PDF, COSE, JSON, CSV, CODE)
"""All of them, longer ones first: `.beside.json` is no `.json`."""
MAX_BESIDE: Final = 40
_MIMES: Final = {
    COSE: "application/cose", JSON: "application/json", CSV: "text/csv", CODE: "text/plain",
    BESIDE: "application/json", PROCEDURE: "application/toml",
}  # fmt: skip


@dataclass(frozen=True)
class Sources:
    """What a report is made of, but for its language. `own` is the file of a procedure that did
    not come with the program, None for one that did."""

    signed: form.Signed
    code: str
    beside: tuple[form.Signed, ...] = ()
    own: bytes | None = None

    def used(self) -> procedure.Procedure | None:
        """Return a verification's procedure; InputRefused `bench-record-procedure`."""
        if self.signed.kind != form.VERIFICATION:
            return None
        name = self.signed.content["measured"]["procedure"]
        known = {each.sha256: each for each in procedure.every_shipped()}
        if self.own is not None:
            own = procedure.load(self.own, PROCEDURE)
            known[own.sha256] = own
        found = known.get(name["sha256"])
        if found is None:
            raise errors.InputRefused("bench-record-procedure", str(name["id"])[:60])
        return found


def name(signed: form.Signed) -> str:
    """Return the name that a record's files have."""
    return f"{signed.kind}-{signed.content['number']}"


def made(sources: Sources, language: str) -> dict[str, bytes]:
    """Return all files of a report by the end of their names.

    Raises InputRefused `report-kind` for a record that has no report, and as `Sources.used`.
    """
    signed, used = sources.signed, sources.used()
    if signed.kind not in (form.VERIFICATION, form.ACCEPTANCE, form.HANDOUT):
        raise errors.InputRefused("report-kind", signed.kind)
    found = {
        COSE: signed.document,
        JSON: signed.payload,
        CSV: points_table.of(signed, used),
        CODE: sources.code.encode("ascii") + b"\n",
    }
    if sources.beside:
        found[BESIDE] = _packed(sources.beside)
    if sources.own is not None:
        found[PROCEDURE] = sources.own
    stem = name(signed)
    attached = [
        pdfa.Attached(stem + end, _MIMES[end], data, pdfa.SOURCE if end == COSE else pdfa.DATA)
        for end, data in found.items()
    ]
    paper = sheet.Paper(signed, sources.code, language, sources.beside)
    return {PDF: _drawn(paper, used, attached), **found}


def _drawn(
    paper: sheet.Paper, used: procedure.Procedure | None, attached: Sequence[pdfa.Attached]
) -> bytes:
    if used is not None:
        return control_report.pdf(paper, used, attached)
    if paper.signed.kind == form.ACCEPTANCE:
        return acceptance_report.pdf(paper, attached)
    return handout_report.pdf(paper, attached)


def read(files: Mapping[str, bytes]) -> Sources:
    """Return the sources from files by the end of their names, as `made` gave them.

    Who signed is not asked here: the same pages come of the same files, whosever they are
    (`checking` asks). Raises InputRefused `report-files` if one misses or is none.
    """
    missing = [end for end in (COSE, CODE) if end not in files]
    if missing:
        raise errors.InputRefused("report-files", missing[0])
    beside = tuple(unverified(data) for data in _unpacked(files.get(BESIDE, b"[]")))
    code = files[CODE][:2000].decode("ascii", "replace").strip()
    return Sources(unverified(files[COSE]), code, beside, files.get(PROCEDURE))


def unverified(document: bytes) -> form.Signed:
    """Return a record of the right shape, whoever has signed it; InputRefused as `opening`."""
    for kind, number in form.NUMBERS.items():
        try:
            payload = documents.unverified(document, number)
        except WireError:
            continue
        content = texts.decode(payload)
        form.check(content, kind)
        digest = hashlib.sha256(document).hexdigest()
        return form.Signed(document, digest, kind, content, kid="")
    raise errors.InputRefused("bench-record-malformed", f"{len(document)} bytes")


def _packed(beside: Sequence[form.Signed]) -> bytes:
    listed = [base64.b64encode(one.document).decode("ascii") for one in beside]
    return json.dumps(listed, indent=0).encode("ascii")


def _unpacked(data: bytes) -> list[bytes]:
    try:
        listed: Any = json.loads(data)
        if isinstance(listed, list) and len(listed) <= MAX_BESIDE:
            return [base64.b64decode(one, validate=True) for one in listed]
    except (ValueError, TypeError, binascii.Error, RecursionError):
        pass
    raise errors.InputRefused("report-files", BESIDE)
