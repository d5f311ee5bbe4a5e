"""«Sletteprotokoll» among the reports: its pages drawn again, and its files checked.

Its record is CBOR, as the return signs it (`varde_protocols.wipe_record`); the `.json` has the
evidence whose hashes the record holds. So the JSON is believed as far as the record names it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from varde_host import errors
from varde_host.bench.taking_back import wipe_papers
from varde_host.reporting import slip
from varde_protocols import documents, wipe_record
from varde_protocols.errors import WireError

COSE, JSON, CODE = ".cose", ".json", ".code"


def is_one(given: Mapping[str, bytes]) -> bool:
    """Tell if these are the files of a wipe."""
    try:
        documents.unverified(given.get(COSE, b""), documents.WIPE_RECORD)
    except WireError:
        return False
    return True


def drawn(given: Mapping[str, bytes], language: str) -> bytes:
    """Return the pages. Raises InputRefused `report-files`."""
    missing = [end for end in (COSE, JSON, CODE) if end not in given]
    if missing:
        raise errors.InputRefused("report-files", missing[0])
    return wipe_papers.drawn(_name(given), given, language)


def checked(given: Mapping[str, bytes], source: slip.Source) -> slip.Slip:
    """Return the slip, if record, JSON and slip are of one wipe that the site has signed.

    Raises InputRefused `report-altered`, `report-files`, and as `slip.opened`.
    """
    drawn(given, "nb")  # all of it can be read
    found = slip.opened(given[CODE].decode("ascii", "replace"), slip.service_keys(source))
    document, described = given[COSE], json.loads(given[JSON])
    record = _record(document, source)
    named = {name: digest.hex() for name, _at_ms, digest in record.steps}
    evidence = {
        name: wipe_papers.evidence_sha256(row["evidence"]).hex()
        for name, row in described["steps"].items()
    }
    if described["record_sha256"] != hashlib.sha256(document).hexdigest() or evidence != named:
        raise errors.InputRefused("report-altered", JSON, what=JSON)
    if described != {**described, **_said(record)}:
        raise errors.InputRefused("report-altered", JSON, what=JSON)
    if wipe_papers.slip_of(described) != found:
        raise errors.InputRefused("report-altered", CODE, what=CODE)
    return found


def _record(document: bytes, source: slip.Source) -> wipe_record.WipeRecord:
    """Return the record if one of the site's service keys, of now or before, signed it."""
    for public in slip.service_keys(source):
        try:
            payload = documents.verify(document, documents.WIPE_RECORD, [public], 1)
            return wipe_record.decode(payload)
        except WireError:
            continue
    raise errors.InputRefused("bench-record-signature", slip.WIPE)


def _said(record: wipe_record.WipeRecord) -> dict[str, Any]:
    return {
        "hub": record.hub_id.hex(), "chip": record.chip_id.hex(), "kit": record.kit_id,
        "started_ms": record.started_ms, "finished_ms": record.finished_ms,
        "unsent_records": record.unsent_records, "unsent_readings": record.unsent_readings,
        "decided_by": record.decided_by, "tool": record.tool_version,
    }  # fmt: skip


def _name(given: Mapping[str, bytes]) -> str:
    """Return the name that the return gave its files: kit and moment."""
    try:
        described = json.loads(given[JSON])
        return f"{described['kit']}-{wipe_papers.slip_of(described).number}"
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise errors.InputRefused("report-files", JSON) from error
