"""The wipe record of a return: signed by the bench's key, and on paper.

The record holds the hash of each step's evidence, the inventory's log the evidence itself: what
is signed can be held against what was written down at the time. Four files of one name:
`.cose` is the document, `.json` says the same for people and programs, `.code` has the letters of
the QR code, and `.pdf` is «Sletteprotokoll», drawn from these three and with them inside.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib.metadata
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from varde_host import errors, messages
from varde_host.bench.making import label_facts
from varde_host.bench.taking_back import wiping
from varde_host.bench.work import Evidence, Work
from varde_host.inventory import audit
from varde_host.paper import label, pdfa, wipe_sheet
from varde_host.reporting import slip
from varde_host.site import keys, trust_documents
from varde_protocols import cose, documents, wipe_record

FOLDER = "wipes"
"""Its name in a site's folder."""
_PROOFS = {
    wiping.DUMP: wipe_sheet.PROVEN_BY_DUMP,
    wiping.DIGEST: wipe_sheet.PROVEN_BY_DIGEST,
}


def write(work: Work, kit_id: str, done: Mapping[str, Evidence], folder: Path) -> Evidence:
    """Sign the record, verify it, write the files; return its hash and their names.

    Raises WorldFailed `file-write`, and InputRefused as `files.Site.signer`.
    """
    made = _record(work, kit_id, done)
    signer = work.settings.site.signer(keys.SERVICE)
    data = documents.sign(documents.WIPE_RECORD, made.encode(), [signer])
    site = work.settings.site
    wipe_record.verify(data, trust_documents.described(site, 1, made.finished_ms))
    sha256 = hashlib.sha256(data).hexdigest()
    stamp = _moment(made.finished_ms).strftime("%Y%m%dT%H%M%SZ")
    name = f"{kit_id}-{stamp}"
    described = as_json(made, done, sha256)
    by = work.settings.by
    described["municipality"] = label_facts.municipality(work.settings.site)
    described["by"] = [by.function, by.person]
    described["signed_by"] = cose.key_id(signer.public).hex()
    code = slip.text(slip_of(described), signer)
    text = json.dumps(described, indent=1, ensure_ascii=False).encode()
    sources = {".cose": data, ".json": text, ".code": code.encode() + b"\n"}
    pdf = drawn(name, sources, messages.speaker.language)
    for suffix, content in {".pdf": pdf, **sources}.items():
        _put(folder / (name + suffix), content)
    return {
        "record": sha256,
        "file": name + ".cose",
        "pdf": name + ".pdf",
        "language": messages.speaker.language,
    }


def drawn(name: str, sources: Mapping[str, bytes], language: str) -> bytes:
    """Return the pages of a record's files by the end of their names; the same give the same.

    Raises InputRefused `report-files` for files that are no whole record.
    """
    try:
        described = json.loads(sources[".json"])
        sheet = _sheet(described, sources[".code"].decode("ascii").strip(), language)
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise errors.InputRefused("report-files", name) from error
    kinds = {".cose": "application/cose", ".json": "application/json", ".code": "text/plain"}
    attached = [
        pdfa.Attached(name + end, mime, sources[end], pdfa.SOURCE if end == ".cose" else pdfa.DATA)
        for end, mime in kinds.items()
    ]
    return wipe_sheet.pdf(sheet, language, attached)


def slip_of(described: Mapping[str, Any]) -> slip.Slip:
    """Return what the record's code says; a wipe that was not finished has no record."""
    moment = _moment(described["finished_ms"])
    return slip.Slip(
        slip.WIPE, moment.strftime("%Y%m%dT%H%M%SZ"), described["kit"], None, None, None,
        moment.date().isoformat(), described["record_sha256"],
    )  # fmt: skip


def evidence_sha256(evidence: Evidence) -> bytes:
    """Return the hash by which a record names a step's evidence, as the log has it."""
    return hashlib.sha256(audit.canonical(evidence).encode()).digest()


def _record(work: Work, kit_id: str, done: Mapping[str, Evidence]) -> wipe_record.WipeRecord:
    drain = done["return-drain"]
    decision = drain["decision"]
    times = [int(evidence["at_ms"]) for evidence in done.values()]
    return wipe_record.WipeRecord(
        site_id=work.settings.site.site_id,
        hub_id=bytes.fromhex(done["return-look"]["hub"]),
        chip_id=bytes.fromhex(work.board.chip_id),
        kit_id=kit_id,
        started_ms=min(times),
        finished_ms=max(*times, work.bench.utc_ms()),
        unsent_records=drain["unsent_records"],
        unsent_readings=drain["unsent_readings"],
        decided_by=None if decision is None else [decision["function"], decision["person"]],
        steps=[
            [name, int(evidence["at_ms"]), evidence_sha256(evidence)]
            for name, evidence in done.items()
        ],
        tool_version=tool_version(),
    )


def tool_version() -> str:
    """Return the name and version of this program."""
    try:
        return f"varde {importlib.metadata.version('varde')}"
    except importlib.metadata.PackageNotFoundError:  # run from its sources
        return "varde (source)"


def as_json(
    made: wipe_record.WipeRecord, done: Mapping[str, Evidence], sha256: str
) -> dict[str, Any]:
    """Return the record for people and programs, with the evidence that its hashes are of."""
    return {
        "record_sha256": sha256,
        "site": made.site_id.hex(),
        "hub": made.hub_id.hex(),
        "chip": made.chip_id.hex(),
        "kit": made.kit_id,
        "started_ms": made.started_ms,
        "finished_ms": made.finished_ms,
        "unsent_records": made.unsent_records,
        "unsent_readings": made.unsent_readings,
        "decided_by": made.decided_by,
        "tool": made.tool_version,
        "steps": {
            name: {"at_ms": at_ms, "sha256": digest.hex(), "evidence": done[name]}
            for name, at_ms, digest in made.steps
        },
    }


def _sheet(described: Mapping[str, Any], code: str, language: str) -> wipe_sheet.Sheet:
    words = label.speaker(language)
    rows: Mapping[str, Any] = described["steps"]
    done = {name: row["evidence"] for name, row in rows.items()}
    proof = done["return-prove"]
    steps = tuple(
        wipe_sheet.Step(
            words.text(f"wipe-step.{name}", **_fields(name, done)),
            _moment(row["at_ms"]),
            _outcome(done[name]),
            row["sha256"],
        )
        for name, row in rows.items()
    )
    function, person = described["by"]
    return wipe_sheet.Sheet(
        municipality=described["municipality"],
        kit_id=str(described["kit"]),
        hub_id=described["hub"],
        began=_moment(described["started_ms"]),
        ended=_moment(described["finished_ms"]),
        by=f"{words.text(f'function.{function}')} {person}",
        unsent=described["unsent_records"] if described["unsent_readings"] else 0,
        decision=_decision(done["return-drain"]["decision"], words),
        steps=steps,
        sensors=tuple(_sensor(row, words) for row in done["return-sensors"]["sensors"]),
        flash_bytes=proof["bytes"],
        flash_sha256=proof["sha256"],
        proof=_PROOFS[proof["how"]],
        secrets=proof["secrets"],
        found=len(proof["found"]),
        record_sha256=described["record_sha256"],
        signers=(described["signed_by"],),
        tool=described["tool"],
        code=code,
    )


def _decision(decision: Mapping[str, Any] | None, words: messages.Speaker) -> str:
    if decision is None:
        return ""
    function = words.text(f"function.{decision['function']}")
    return wipe_sheet.decision(function, decision["person"], decision["reason"], words.language)


def _fields(name: str, done: Mapping[str, Evidence]) -> dict[str, object]:
    """Return what a step's sentence fills in."""
    drain = done["return-drain"]
    return (
        {
            "readings": drain["at_first"]["readings"],
            "left": drain["unsent_readings"],
            "bonds": done["return-look"]["bonds"],
        }
        if name in ("return-look", "return-drain", "return-wipe")
        else {}
    )


def _outcome(evidence: Evidence) -> str:
    """Return the worst of a step's sensors; a step without any is done, else it were not here."""
    outcomes = {row["outcome"] for row in evidence.get("sensors", []) if "outcome" in row}
    for worst in (wipe_sheet.NOT_DONE, wipe_sheet.BY_HAND):
        if worst in outcomes:
            return worst
    return wipe_sheet.DONE


def _sensor(row: Evidence, words: messages.Speaker) -> wipe_sheet.SheetSensor:
    how = words.text(f"clear.{row['how']}", stored=row["stored"]) if row["empty"] else ""
    how = how or words.text("clear.not-empty")
    bond = words.text(f"clear-bond.{row['bond']}")
    hands = " ".join(words.text(f"clear-by-hand.{key}") for key in row["left_by_hand"])
    name = " ".join(part for part in (str(row["slot"]), row["model"], row["name"]) if part)
    return wipe_sheet.SheetSensor(name, row["outcome"], f"{how} {bond}", hands)


def _moment(utc_ms: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(utc_ms / 1000, dt.UTC)


def _put(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    trial = path.with_suffix(path.suffix + ".trial")
    try:
        path.parent.mkdir(exist_ok=True)
        with trial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        trial.replace(path)
    except OSError as error:
        raise errors.WorldFailed("file-write", str(path), reason=error.strerror) from error
