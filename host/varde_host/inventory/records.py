"""The bench's signed records in the inventory: the evidence itself, not only its hash.

A record is put in as a part of a change, so the log holds it too, and a backup of the inventory
has it. A verification is at once a finding about its thing (`checks`), dated by when it was done:
good with a good outcome, and faulty with a bad one, with a deviation for whoever owns such codes,
and quarantine for a kit that was checked or ready with the thing in it. What was found bad and
then put right is both findings, in this order, so that a trace begins where it must.

What was only practised (a reference past its day) or not done whole is kept, and is no finding;
being the newest verification it stands in the way of handing out all the same (`readiness`). A
record that comes late, after a newer one, is a finding of its time and changes no standing.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from varde_host import errors, messages
from varde_host.bench_record import form, number, texts
from varde_host.inventory import checks, door, notes, schema, standing, states, who, words
from varde_host.inventory.who import Who
from varde_host.verification import judgement
from varde_protocols import documents

MAX_AHEAD_MS = 60_000
"""Two benches' clocks; what ends later than that from now has not happened."""
MIN_NAME = 2 * form.ID_BYTES
"""Digits of a hash that name a record: as many as a reading has of it."""

_BAD = (judgement.FAILED, judgement.FAILED_WITHIN)


@dataclass(frozen=True, slots=True)
class Record:
    """A record as the inventory has it.

    `subject` is the thing (verification) or the kit; `kit_id` the kit it was made for, if any;
    `at_ms` when it ended; `document` is the signed COSE_Sign. `level` is a verification's.
    """

    sha256: str
    kind: str
    number: str
    subject: str
    kit_id: str | None
    began_ms: int
    at_ms: int
    outcome: str | None
    level: int | None
    valid_until: str | None
    document: bytes

    @property
    def content(self) -> dict[str, Any]:
        """What it says. It was verified when it was put in (and is again by `opening.opened`)."""
        return texts.decode(documents.unverified(self.document, form.NUMBERS[self.kind]))


@dataclass(frozen=True, slots=True)
class Put:
    """What followed from a record: a deviation's number, and the kit that went to quarantine."""

    record: Record
    note_id: int | None = None
    quarantined: str | None = None


def put(connection: sa.Connection, signed: form.Signed, by: Who, now_ms: int) -> Put:
    """Keep a record that was opened; the same one again changes nothing.

    Raises InputRefused: `record-former-key` for one signed by a key that is none any more,
    `record-future` for one that ends later than now, `record-number` where another record has
    its number, `item-unknown`, `kit-unknown`, `record-device` if the thing is of another model or
    serial, `item-standing` for what is gone, `kit-function` for a good verification or acceptance
    that none of `who.CHECKERS` has made or puts in.
    """
    known = _row(connection, schema.bench_records.c.sha256 == signed.sha256)
    if known is not None:
        return Put(known)
    _refuse_unless_new(connection, signed, now_ms)
    _refuse_unless_checker(signed, by)
    if signed.kind == form.VERIFICATION:
        return _put_verification(connection, signed, by, now_ms)
    if signed.kind == form.TRACE:
        _refuse_unless_its_thing(connection, signed.subject, signed.content, may_be_gone=True)
    elif not _is_there(connection, schema.kits.c.kit_id, signed.subject):
        raise errors.InputRefused("kit-unknown", signed.subject)
    what = f"record.{signed.kind}"
    with door.Change(connection, by, now_ms, what, signed.subject) as change:
        _insert(change, signed)
    return Put(get(connection, signed.sha256))


def get(connection: sa.Connection, name: str) -> Record:
    """Return a record by its SHA-256 (at least `MIN_NAME` digits of it) or by its number.

    Raises InputRefused `record-unknown`.
    """
    table, given = schema.bench_records, name.strip()
    found = None
    if len(given) == number.LENGTH:
        found = _row(connection, table.c.number == given.upper())
    elif len(given) >= MIN_NAME and set(given) <= set("0123456789abcdef"):
        found = _row(connection, table.c.sha256.startswith(given))
    if found is None:
        raise errors.InputRefused("record-unknown", given[:64])
    return found


def of_item(connection: sa.Connection, item_id: str) -> list[Record]:
    """Return the verifications of a thing, the latest last, by when they were done."""
    table = schema.bench_records
    return _rows(connection, table.c.subject == item_id, table.c.kind == form.VERIFICATION)


def of_kit(connection: sa.Connection, kit_id: str, kind: str | None = None) -> list[Record]:
    """Return the acceptances and handouts of a kit (or those of a kind), the latest last."""
    table = schema.bench_records
    kinds = (form.ACCEPTANCE, form.HANDOUT) if kind is None else (kind,)
    return _rows(connection, table.c.subject == kit_id, table.c.kind.in_(kinds))


def newest_verification(connection: sa.Connection, item_id: str) -> Record | None:
    """Return the latest verification of a thing by when it was done; None if there is none."""
    found = of_item(connection, item_id)
    return found[-1] if found else None


def standing_verification(connection: sa.Connection, item_id: str, now_ms: int) -> Record | None:
    """Return the verification that a thing's readings are to name: what may be said of it now.

    A look at its function takes nothing back of what a traceable reference found before, so it is
    the highest level that still holds: by the latest good one of a level, which takes the place
    of those of that level and below before it, also if it holds for less long. What is older than
    a finding that the thing was bad does not count. Where nothing holds it is the latest,
    whatever that says; None if there is none.
    """
    findings = checks.of_item(connection, item_id)
    bad_ms = max((each.at_ms for each in findings if each.outcome == checks.FAILED), default=0)
    found = of_item(connection, item_id)
    stands, level = (found[-1] if found else None), -1
    for each in reversed(found):
        if each.began_ms >= bad_ms and (each.level or 0) > level and _is_good(each):
            level = each.level or 0
            if (each.valid_until or "") >= words.day(now_ms):
                stands = each
    return stands


def _is_good(record: Record) -> bool:
    return judgement.from_json(record.content["judgement"]).may_hand_out


def listing(connection: sa.Connection, kind: str | None = None) -> list[Record]:
    """Return all records, or those of a kind, the latest last."""
    return _rows(connection, *([] if kind is None else [schema.bench_records.c.kind == kind]))


def _put_verification(connection: sa.Connection, signed: form.Signed, by: Who, now_ms: int) -> Put:
    item_id, kit_id = signed.subject, signed.content["kit"]
    _refuse_unless_its_thing(connection, item_id, signed.content["measured"]["device"])
    if kit_id is not None and not _is_there(connection, schema.kits.c.kit_id, kit_id):
        raise errors.InputRefused("kit-unknown", kit_id)
    before = newest_verification(connection, item_id)
    is_newest = before is None or before.at_ms <= signed.content["ended_ms"]
    judged = judgement.from_json(signed.content["judgement"])
    was_bad = judged.may_approve and judged.as_found_outcome in _BAD
    is_bad = judged.may_approve and judged.outcome in _BAD
    is_bad = is_bad or (was_bad and not judged.may_hand_out)  # nobody has seen it right since
    what = f"item.{'verified' if judged.may_hand_out else 'not-verified'}"
    with door.Change(connection, by, now_ms, what, item_id) as change:
        _insert(change, signed)
        if is_bad or was_bad:
            _found(change, signed, checks.FAILED)
        elif judged.may_hand_out:
            _found(change, signed, checks.PASSED)
        if is_newest and is_bad:
            change.update(schema.items, item_id, standing=standing.FAULTY)
        elif is_newest and judged.may_hand_out:
            change.update(schema.items, item_id, standing=standing.GOOD)
    if was_bad and not is_bad:
        with door.Change(connection, by, now_ms, "item.put-right", item_id) as change:
            _found(change, signed, checks.PASSED)
    record = get(connection, signed.sha256)
    if not (is_bad or was_bad):
        return Put(record)
    return _answered(connection, record, judged, by, now_ms, may_move=is_bad and is_newest)


def _answered(
    connection: sa.Connection,
    record: Record,
    judged: judgement.Judgement,
    by: Who,
    now_ms: int,
    *,
    may_move: bool,
) -> Put:
    """Write the deviation, and put the kit into quarantine that would go out with a bad thing."""
    from varde_host.inventory import kits  # noqa: PLC0415 (its gates read records)

    key = "record.put-right" if judged.may_hand_out else "record.failed"
    code = deviation_code(record.content["measured"]["procedure"]["id"], judged)
    said = messages.text(key, number=record.number)
    note = notes.write(connection, record.subject, code, None, said, by, now_ms)
    items = schema.items
    query = sa.select(items.c.kit_id).where(items.c.item_id == record.subject)
    kit_id = connection.execute(query).scalar()
    if not may_move or kit_id is None:
        return Put(record, note.note_id)
    if kits.find(connection, kit_id).state not in states.SEALED:
        return Put(record, note.note_id)
    reason = {"reason": {"text": f"{code}: {said}"}}
    kits.move(connection, kit_id, states.QUARANTINE, reason, by, now_ms)
    return Put(record, note.note_id, kit_id)


def deviation_code(procedure: str, judged: judgement.Judgement) -> str:
    """Return the code of a failed verification: whose task it is hangs on it (`notes.OWNERS`)."""
    findings = judged.handed_out if judged.outcome in _BAD else judged.as_found
    failed = {finding.check for finding in findings if finding.outcome in _BAD}
    for beginning, checked, code in _CODES:
        if procedure.startswith(beginning) and (checked in failed or not checked):
            return code
    return "FEIL-01"


# Procedure's name begins with, a check that failed ("": any), code (docs/bench.md).
_CODES = (
    ("cuff", "leak", "BT-03"),
    ("cuff", "", "BT-01"),
    ("scale", "eccentricity", "VEKT-04"),
    ("scale", "", "VEKT-01"),
    ("oximeter", "", "O2-01"),
    ("thermometer", "", "TEMP-01"),
)


def _refuse_unless_new(connection: sa.Connection, signed: form.Signed, now_ms: int) -> None:
    name = signed.content["number"]
    if signed.is_former:
        raise errors.InputRefused("record-former-key", name, kid=signed.kid)
    if signed.content["ended_ms"] > now_ms + MAX_AHEAD_MS:
        raise errors.InputRefused("record-future", name)
    if _row(connection, schema.bench_records.c.number == name) is not None:
        raise errors.InputRefused("record-number", name)


def _refuse_unless_checker(signed: form.Signed, by: Who) -> None:
    """Who may say that something was found good; anybody may say that it was not."""
    says_good = signed.outcome in judgement.GOOD
    made_by = signed.content["by"][0]
    if says_good and not {made_by, by.function} <= set(who.CHECKERS):
        known = ", ".join(who.CHECKERS)
        raise errors.InputRefused("kit-function", signed.subject, known=known)


def _refuse_unless_its_thing(
    connection: sa.Connection, item_id: str, said: Mapping[str, Any], *, may_be_gone: bool = False
) -> None:
    items = schema.items
    found = connection.execute(sa.select(items).where(items.c.item_id == item_id)).first()
    if found is None:
        raise errors.InputRefused("item-unknown", item_id)
    if found.standing in standing.GONE and not may_be_gone:
        raise errors.InputRefused("item-standing", item_id)
    for name in ("model", "serial"):
        if said.get(name) != getattr(found, name):
            raise errors.InputRefused("record-device", item_id, field=name)


def _insert(change: door.Change, signed: form.Signed) -> None:
    content = signed.content
    change.insert(
        schema.bench_records, sha256=signed.sha256, kind=signed.kind, number=content["number"],
        subject=signed.subject, kit_id=content.get("kit"), began_ms=content["began_ms"],
        at_ms=content["ended_ms"], outcome=signed.outcome, level=signed.level,
        valid_until=signed.valid_until, document=base64.b64encode(signed.document).decode(),
    )  # fmt: skip


def _found(change: door.Change, signed: form.Signed, outcome: str) -> None:
    """Add the finding; what was found bad was so when the verification began."""
    is_good = outcome == checks.PASSED
    at_ms = signed.content["ended_ms" if is_good else "began_ms"]
    until = signed.valid_until if is_good else None
    checks.insert(change, signed.subject, outcome, signed.sha256, until, at_ms)


def _is_there(connection: sa.Connection, column: sa.Column[str], value: str) -> bool:
    return connection.execute(sa.select(column).where(column == value)).first() is not None


def _row(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> Record | None:
    found = _rows(connection, condition)
    return found[0] if len(found) == 1 else None


def _rows(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> list[Record]:
    table = schema.bench_records
    query = sa.select(table).where(*conditions).order_by(table.c.at_ms, table.c.sha256)
    return [
        Record(**{**row._mapping, "document": base64.b64decode(row.document)})
        for row in connection.execute(query)
    ]
