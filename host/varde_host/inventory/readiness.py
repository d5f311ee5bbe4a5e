"""What a kit lacks before somebody may have it: every reason by itself, in words of its own.

`kits.move` to checked, ready and handed-out refuses as long as there is one. All of it is read
from the inventory, where the signed records are (`records`): nobody ticks a box. Three things must
be true together on the day:

1. Each thing in the kit is good and in date, and each that measures has a verification of its own
   (the hub's is the acceptance; what the user owns needs none, and its readings say so), by a
   procedure for its model, passed with references that held, younger than its last day in a home,
   and not lapsed.
2. The kit's newest acceptance is about this kit as it is now: these things, with these
   verifications, with no step done before it was wiped or before a thing was put in or taken out;
   and each of its steps has passed.
3. No deviation is open about the kit or about anything in it, and it is not under infection
   control.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from varde_host import messages
from varde_host.acceptance import steps
from varde_host.bench_record import form
from varde_host.inventory import (
    checks,
    loans,
    measuring_models,
    models,
    notes,
    records,
    schema,
    standing,
    states,
    words,
)
from varde_host.verification import judgement

_CHANGED = ("item.put", "item.taken")
"""What the log calls it when a thing comes into a kit or leaves one."""


@dataclass(frozen=True, slots=True)
class Lack:
    """One reason. `code` names its text, `subject` is the kit or the thing that it is about.

    Codes: `accept.lack.STEP` for a step of the acceptance (docs/acceptance.md), else `lack.WHAT`
    (docs/inventory.md); `fields` fill the text in.
    """

    code: str
    subject: str
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The reason in the language in use."""
        return messages.text(self.code, subject=self.subject, **self.fields)


@dataclass(frozen=True, slots=True)
class _Thing:
    """What is in the kit, with what it needs and the newest that was found of it."""

    item_id: str
    kind: str
    model: str
    standing: str
    expires_on: str | None
    needs: tuple[str, ...] | None
    record: records.Record | None


def lacks(
    connection: sa.Connection,
    kit_id: str,
    now_ms: int,
    known: measuring_models.Known = measuring_models.BUILT_IN,
) -> list[Lack]:
    """Return all that keeps a kit from being handed out now; nothing if it may be.

    Asked of a kit in any state: what is not yet done is lacking. `known` are the models that are
    described, `measuring_models.load(site)` for a site with some of its own.
    """
    things = _things(connection, schema.items.c.kit_id == kit_id, known)
    return [
        *_of_contents(kit_id, things, words.day(now_ms)),
        *(lack for each in things for lack in _of_verification(connection, each, now_ms)),
        *_of_acceptance(connection, kit_id, things, now_ms),
        *_of_kit(connection, kit_id),
    ]


def of_item(
    connection: sa.Connection,
    item_id: str,
    now_ms: int,
    known: measuring_models.Known = measuring_models.BUILT_IN,
) -> list[Lack]:
    """Return why a thing's own verification does not let it go out by itself, into a home."""
    found = _things(connection, schema.items.c.item_id == item_id, known)
    return [lack for each in found for lack in _of_verification(connection, each, now_ms)]


def valid_until(connection: sa.Connection, kit_id: str) -> str | None:
    """Return the last day for which a kit without lacks may be handed out: the earliest of its
    verifications' and of the acceptance's."""
    accepted = records.of_kit(connection, kit_id, form.ACCEPTANCE)
    inside = schema.items.c.kit_id == kit_id
    things = _things(connection, inside, measuring_models.BUILT_IN)
    found = [each.record for each in things if each.record is not None] + accepted[-1:]
    return min((each.valid_until or "" for each in found), default=None) or None


def _things(
    connection: sa.Connection, wanted: sa.ColumnElement[bool], known: measuring_models.Known
) -> list[_Thing]:
    items = schema.items
    columns = (items.c.item_id, items.c.kind, items.c.model, items.c.standing, items.c.expires_on)
    query = sa.select(*columns, items.c.owner).where(wanted).order_by(items.c.item_id)
    found = []
    for row in connection.execute(query).all():
        needs = measuring_models.procedures(known, row.kind, row.model)
        if needs and row.owner == standing.OWNED_BY_USER:
            needs = ()
        record = None
        if needs is None or needs:
            record = records.newest_verification(connection, row.item_id)
        found.append(_Thing(*row[:-1], needs, record))
    return found


def _of_contents(kit_id: str, things: list[_Thing], today: str) -> list[Lack]:
    kinds = {each.kind for each in things}
    found = [
        Lack(code, kit_id)
        for kind, code in ((models.HUB, "lack.no-hub"), (models.SENSOR, "lack.no-sensor"))
        if kind not in kinds
    ]
    for each in things:
        if each.standing != standing.GOOD:
            found.append(Lack("lack.standing", each.item_id))
        if each.expires_on is not None and each.expires_on < today:
            found.append(Lack("lack.expired", each.item_id, {"date": each.expires_on}))
    return found


def _of_verification(connection: sa.Connection, thing: _Thing, now_ms: int) -> list[Lack]:
    """Return why a thing's newest verification does not hold: the first reason, as one will do."""
    item_id, record = thing.item_id, thing.record
    if thing.needs is None:
        return [Lack("lack.model", item_id, {"model": thing.model})]
    if not thing.needs:
        return []
    if record is None:
        return [Lack("lack.no-verification", item_id, {"model": thing.model})]
    return _of_judgement(thing, record) or _of_time(connection, item_id, record, now_ms)


def _of_judgement(thing: _Thing, record: records.Record) -> list[Lack]:
    """Return why a verification says too little for this thing, or nothing good of it."""
    said, item_id, number = record.content, thing.item_id, {"number": record.number}
    procedure = said["measured"]["procedure"]["id"]
    if procedure not in (thing.needs or ()):
        fields = {"procedure": procedure, "needs": " / ".join(thing.needs or ())}
        return [Lack("lack.procedure", item_id, fields)]
    judged = judgement.from_json(said["judgement"])
    if judged.outcome == judgement.NOT_DONE:
        return [Lack("lack.not-done", item_id, number)]
    if judged.outcome not in judgement.GOOD:
        return [Lack("lack.failed", item_id, number)]
    return [] if judged.may_approve else [Lack("lack.reference", item_id, number)]


def _of_time(
    connection: sa.Connection, item_id: str, record: records.Record, now_ms: int
) -> list[Lack]:
    """Return why a good verification holds no more."""
    if (record.valid_until or "") < words.day(now_ms):
        date = record.valid_until or words.day(record.at_ms)
        return [Lack("lack.lapsed", item_id, {"date": date, "number": record.number})]
    lent = loans.of_item(connection, item_id)
    if lent and (lent[-1].until_ms or 0) > record.began_ms:
        return [Lack("lack.used", item_id, {"number": record.number})]
    history = checks.of_item(connection, item_id)
    if history[-1].outcome == checks.FAILED:
        return [Lack("lack.found-bad", item_id)]
    return []


def _of_acceptance(
    connection: sa.Connection, kit_id: str, things: list[_Thing], now_ms: int
) -> list[Lack]:
    accepted = records.of_kit(connection, kit_id, form.ACCEPTANCE)
    if not accepted:
        return [Lack("lack.no-acceptance", kit_id)]
    newest, said = accepted[-1], accepted[-1].content
    begun_ms = min((row["at_ms"] for row in said["steps"]), default=newest.began_ms)
    fields = {"number": newest.number}
    if _wiped_ms(connection, kit_id) > begun_ms:
        return [Lack("lack.wiped-since", kit_id, fields)]
    found = []
    if not _is_about(connection, said, things, begun_ms):
        found.append(Lack("lack.contents", kit_id, fields))
    verified = {row["item"]: row["verification"] for row in said["items"]}
    found += [
        Lack("lack.verified-since", each.item_id, fields)
        for each in things
        if each.record is not None
        and verified.get(each.item_id, each.record.sha256) != each.record.sha256
    ]
    outcomes = {row["step"]: row["outcome"] for row in said["steps"]}
    found += [
        Lack(steps.lack_key(name), kit_id, {"outcome": outcomes.get(name, steps.NOT_DONE)})
        for name in steps.STEPS
        if not steps.is_good(name, outcomes.get(name))
    ]
    if newest.outcome == steps.PASSED and (newest.valid_until or "") < words.day(now_ms):
        date = newest.valid_until or words.day(newest.at_ms)
        found.append(Lack("lack.acceptance-lapsed", kit_id, fields | {"date": date}))
    return found


def _wiped_ms(connection: sa.Connection, kit_id: str) -> int:
    """Return when the kit was last wiped; 0 for one that was never."""
    moves = schema.moves
    query = sa.select(sa.func.max(moves.c.at_ms)).where(
        moves.c.kit_id == kit_id, moves.c.after == states.WIPED
    )
    return connection.execute(query).scalar() or 0


def _is_about(
    connection: sa.Connection, said: dict[str, Any], things: list[_Thing], begun_ms: int
) -> bool:
    """Tell if an acceptance is about what measures in the kit now, none of it put in later."""
    inside = {each.item_id for each in things if each.kind in models.MEASURING}
    hubs = {each.item_id for each in things if each.kind == models.HUB}
    named = {row["item"] for row in said["items"]}
    if named - hubs != inside - hubs or not named <= inside:
        return False
    items, audit = schema.items, schema.audit
    for row in connection.execute(sa.select(items).where(items.c.item_id.in_(hubs))):
        if row.chip_id not in (None, said["chip"]) or row.hub_id not in (None, said["hub"]):
            return False
    later = sa.select(audit.c.number).where(
        audit.c.subject.in_(inside), audit.c.what.in_(_CHANGED), audit.c.at_ms > begun_ms
    )
    return connection.execute(later.limit(1)).first() is None


def _of_kit(connection: sa.Connection, kit_id: str) -> list[Lack]:
    found = [
        Lack("lack.deviation", each.subject, {"note": each.note_id, "deviation": each.code})
        for each in notes.open_about_kit(connection, kit_id)
    ]
    kits = schema.kits
    query = sa.select(kits.c.is_infectious).where(kits.c.kit_id == kit_id)
    if connection.execute(query).scalar():
        found.append(Lack("lack.infection", kit_id))
    return found
