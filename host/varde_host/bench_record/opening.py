"""Open a record: who signed it, whether it has its shape, whether its judgement follows.

A verification is judged again from its own points, with the procedure whose file has the hash
that it names: a judgement that says anything else is refused, also when the bench's own key has
signed it. So whoever has the record alone can redo what it claims, and nobody can round it up.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Any

from varde_host import errors
from varde_host.bench_record import form, texts
from varde_host.inventory import birth_number, words
from varde_host.site import files, keys, trust_documents
from varde_host.verification import approved, evaluation, measured, procedure
from varde_protocols import cose, documents, trust
from varde_protocols.errors import WireError

MOST_INTERVALS = 2
"""A verification holds two of its procedure's intervals at most, however well the sensor has kept
(docs/drift.md): nothing is said of what lies beyond."""

Source = files.Site | trust.Trust
"""Whose service keys count: a site with all its trusts, or one trust (a receiver has no more)."""


def opened(
    document: bytes,
    source: Source,
    procedures: Mapping[str, procedure.Procedure] | None = None,
) -> form.Signed:
    """Return the record in `document` if a bench of this site signed it.

    `procedures` are verification procedures by the SHA-256 of their files, instead of those that
    are shipped and approved.

    Raises InputRefused: `bench-record-malformed` for what is no document of the bench,
    `bench-record-signature` if none of the site's service keys signed it (or the bytes were
    altered), `bench-record-text`, `bench-record-form`, `bench-record-site`; for a verification
    `measured-...`, `bench-record-procedure` for one that nobody knows, `verification-judgement`
    where the judgement does not follow from the points, `verification-validity` if it claims to
    hold although it was not passed, or longer than `MOST_INTERVALS`.
    """
    kind, payload = _cut(document)
    kid, is_former = _verified(document, kind, source)
    content = texts.decode(payload)
    form.check(content, kind)
    if content["site"] != source.site_id.hex():
        raise errors.InputRefused("bench-record-site", content["number"])
    if kind == form.VERIFICATION:
        _judge_again(content, _known(source) if procedures is None else procedures)
    sha256 = hashlib.sha256(document).hexdigest()
    return form.Signed(document, sha256, kind, content, kid, is_former)


def _cut(document: bytes) -> tuple[str, bytes]:
    """Return the kind of record and the payload, whoever has signed it."""
    for kind, number in form.NUMBERS.items():
        try:
            return kind, documents.unverified(document, number)
        except WireError:
            continue
    raise errors.InputRefused("bench-record-malformed", f"{len(document)} bytes")


def _verified(document: bytes, kind: str, source: Source) -> tuple[str, bool]:
    """Return the id of the key that signed, and whether it has left the role since."""
    now, former = _service_keys(source)
    for publics, is_former in ((now, False), (former, True)):
        for public in publics:
            try:
                documents.verify(document, form.NUMBERS[kind], [public], 1)
            except WireError:
                continue
            return cose.key_id(public).hex(), is_former
    raise errors.InputRefused("bench-record-signature", kind)


def _service_keys(source: Source) -> tuple[list[bytes], list[bytes]]:
    """Return the service keys of now, and those of earlier trusts that are no longer any."""
    if isinstance(source, trust.Trust):
        return source.keys(trust.ROLE_SERVICE), []
    now = list(source.roles[keys.SERVICE].publics)
    before = {
        public
        for each, _ in trust_documents.chain(source)
        for public in each.keys(trust.ROLE_SERVICE)
    }
    return now, sorted(before - set(now))


def _known(source: Source) -> Mapping[str, procedure.Procedure]:
    """Return the procedures a record may name: all ever shipped, and what the site approved."""
    if isinstance(source, files.Site):
        return approved.known(source)
    return {str(each.sha256): each for each in procedure.every_shipped()}


def _judge_again(
    content: Mapping[str, Any], procedures: Mapping[str, procedure.Procedure]
) -> None:
    seen = measured.from_json(content["measured"])
    _refuse_persons(seen)
    used = _procedure(seen.procedure, procedures)
    follows = evaluation.evaluate(used, seen)
    if texts.encode(follows.as_json()) != texts.encode(content["judgement"]):
        raise errors.InputRefused("verification-judgement", content["number"])
    days = words.day(content["began_ms"]), words.day(content["ended_ms"])
    if not days[0] <= seen.measured_on <= days[1]:
        raise errors.InputRefused("bench-record-form", "measured.measured_on")
    until = content["valid_until"]
    if until is None:
        return
    latest = dt.date.fromisoformat(seen.measured_on) + dt.timedelta(
        days=MOST_INTERVALS * used.interval_days * follows.interval_percent // 100
    )
    if not follows.may_hand_out or not seen.measured_on <= until <= latest.isoformat():
        raise errors.InputRefused("verification-validity", content["number"])


def _refuse_persons(seen: measured.Measured) -> None:
    """Refuse a birth number in what somebody wrote; a serial number may have eleven digits."""
    written: list[str | None] = [seen.change, seen.device.condition]
    for run in (seen.as_found, seen.as_left):
        if run is not None:
            written += [answer.text for answer in run.answers]
            written += [each.reason for each in run.not_done]
    for text in written:
        birth_number.refuse_true(text or "", "measured")


def _procedure(
    name: measured.ProcedureName, procedures: Mapping[str, procedure.Procedure]
) -> procedure.Procedure:
    found = procedures.get(name.sha256)
    if found is None or (found.id, found.version) != (name.id, name.version):
        raise errors.InputRefused("bench-record-procedure", f"{name.id} {name.version}"[:60])
    return found
