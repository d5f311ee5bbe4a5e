"""Kits: make one, and move it from state to state by the table of `states`.

A move happens in one transaction with its line in the log, and the inventory has one writer at a
time. So of two people with one kit the first wins, and the second is told who it was and when.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from varde_host import errors
from varde_host.bench_record import form
from varde_host.inventory import (
    checks,
    door,
    evidence,
    kit_id,
    loans,
    measuring_models,
    models,
    readiness,
    records,
    schema,
    standing,
    states,
    words,
)
from varde_host.inventory.who import Who

# SARS-CoV-2 was found on plastic for up to 72 hours (van Doremalen et al., NEJM 2020;382:1564);
# a site's infection control says its own number when the kit comes in.
DEFAULT_QUARANTINE_HOURS = 72
HOUR_MS = 3_600_000
DEFAULT_PROFILE = "standard"


@dataclass(frozen=True, slots=True)
class Kit:
    """A kit as it is now. `verified_until` is the last day (UTC) it may be handed out."""

    kit_id: str
    profile: str
    state: str
    since_ms: int
    place: str | None
    is_infectious: bool
    quarantine_until_ms: int | None
    verified_until: str | None


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of a move; `loan_id` is the loan that it began or ended."""

    kit: Kit
    number: int
    loan_id: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """One move that was made."""

    number: int
    before: str | None
    after: str
    at_ms: int
    function: str
    person: str
    evidence: dict[str, Any]


def find(connection: sa.Connection, kit: str) -> Kit:
    """Return a kit by its id. Raises InputRefused `kit-id`, `kit-id-check`, `kit-unknown`."""
    wanted = kit_id.check(kit)
    row = connection.execute(sa.select(schema.kits).where(schema.kits.c.kit_id == wanted)).first()
    if row is None:
        raise errors.InputRefused("kit-unknown", wanted)
    return Kit(**row._mapping)


def listing(connection: sa.Connection, state: str | None = None) -> list[Kit]:
    """Return all kits, or those in one state; those longest in their state first."""
    query = sa.select(schema.kits).order_by(schema.kits.c.since_ms, schema.kits.c.kit_id)
    if state is not None:
        query = query.where(schema.kits.c.state == state)
    return [Kit(**row._mapping) for row in connection.execute(query)]


def steps(connection: sa.Connection, kit: str) -> list[Step]:
    """Return what a kit went through, oldest first."""
    table = schema.moves
    rows = connection.execute(
        sa.select(table).where(table.c.kit_id == kit).order_by(table.c.number)
    )
    return [
        Step(r.number, r.before, r.after, r.at_ms, r.function, r.person, json.loads(r.evidence))
        for r in rows
    ]


def create(
    connection: sa.Connection,
    random: Callable[[int], int],
    by: Who,
    now_ms: int,
    *,
    source: str,
    profile: str = DEFAULT_PROFILE,
    place: str | None = None,
) -> Kit:
    """Make a kit with a new id, received from `source`; `random` as in `kit_id.new`."""
    proof = evidence.checked({"receipt": {"from": source}})
    new = unused_id(connection, random)
    values = {"profile": evidence.text(profile, "profile"), "place": place}
    with door.Change(connection, by, now_ms, "kit.received", new) as change:
        change.insert(
            schema.kits, kit_id=new, state=states.RECEIVED, since_ms=now_ms, is_infectious=False,
            **values,
        )  # fmt: skip
        _log(change, new, None, states.RECEIVED, by, now_ms, proof)
    return find(connection, new)


def is_uncleaned(connection: sa.Connection, kit: Kit) -> bool:
    """Tell if a kit has come back from somebody's home and was not cleaned since."""
    if kit.is_infectious:
        return True
    went = [step.after for step in steps(connection, kit.kit_id)]
    turns = [state for state in went if state in (states.RETURNED, states.CLEANED)]
    return turns[-1:] == [states.RETURNED]


def unused_id(connection: sa.Connection, random: Callable[[int], int]) -> str:
    """Draw an id that neither a kit nor a thing has."""
    columns = (schema.kits.c.kit_id, schema.items.c.item_id)
    while True:
        new = kit_id.new(random)
        if not any(connection.execute(sa.select(c).where(c == new)).first() for c in columns):
            return new


def move(
    connection: sa.Connection,
    kit: str,
    state: str,
    given: evidence.Evidence,
    by: Who,
    now_ms: int,
    *,
    seen: str | None = None,
    random: Callable[[int], int] = loans.RANDOM,
    known: measuring_models.Known = measuring_models.BUILT_IN,
) -> Moved:
    """Move a kit to a state, if the table has a way for it, this evidence and this function.

    `seen` is the state that the person believes the kit is in; any other is refused. `known` are
    the models that are described, where the site has some of its own.

    Raises InputRefused: `kit-moved` if somebody was faster, `kit-step` for no way, `kit-function`,
    `kit-evidence`, `kit-infectious` and `kit-quarantine` under infection control, `kit-label`,
    `check-record` for anything but the kit's newest acceptance, `kit-lacks` with the first of
    what `readiness.lacks` finds; and as `evidence.checked`.
    """
    found = find(connection, kit)
    if state == found.state or seen not in (None, found.state):
        raise _already(connection, found)
    proof = evidence.checked(given)
    _refuse_unless_allowed(found, state, set(proof), by, now_ms)
    _refuse_unless_fit(connection, found, state, proof, now_ms, known)
    values = _values(state, proof, now_ms)
    if state == states.CHECKED:
        values["verified_until"] = readiness.valid_until(connection, found.kit_id)
    with door.Change(connection, by, now_ms, "kit.moved", found.kit_id) as change:
        change.update(schema.kits, found.kit_id, **values)
        _log(change, found.kit_id, found.state, state, by, now_ms, proof)
        if state == states.CHECKED:
            _pass_hub(connection, change, found.kit_id, proof["check"]["record"])
        loan_id = None
        if state == states.HANDED_OUT:
            loan_id = loans.begin(connection, change, found.kit_id, now_ms, random)
        elif found.state in states.OUT and state not in states.OUT:
            loan_id = loans.end(connection, change, found.kit_id, now_ms)
        if state == states.SCRAPPED:
            end = standing.LOST if "loss" in proof else standing.SCRAPPED
            _end_contents(connection, change, found.kit_id, end)
    return Moved(find(connection, found.kit_id), change.number, loan_id)


def put_under_infection_control(
    connection: sa.Connection, kit: str, hours: int, by: Who, now_ms: int
) -> Kit:
    """Mark a kit that has come back, when it is learned of late.

    Raises InputRefused `kit-not-back` for one that is elsewhere, `evidence-hours`.
    """
    found = find(connection, kit)
    if found.state not in (states.RETURNED, states.QUARANTINE):
        raise errors.InputRefused("kit-not-back", found.kit_id, state=words.state(found.state))
    until_ms = now_ms + evidence.hours(hours, "--hours") * HOUR_MS
    with door.Change(connection, by, now_ms, "kit.infectious", found.kit_id) as change:
        change.update(schema.kits, found.kit_id, is_infectious=True, quarantine_until_ms=until_ms)
    return find(connection, found.kit_id)


def place(connection: sa.Connection, kit: str, where: str, by: Who, now_ms: int) -> Kit:
    """Write down where a kit is; the place must be known (the caller has looked).

    Raises InputRefused `kit-out` for one that somebody has, `kit-scrapped`.
    """
    found = find(connection, kit)
    if found.state == states.SCRAPPED:
        raise errors.InputRefused("kit-scrapped", found.kit_id)
    if found.state in states.OUT:
        raise errors.InputRefused("kit-out", found.kit_id, state=words.state(found.state))
    with door.Change(connection, by, now_ms, "kit.placed", found.kit_id) as change:
        change.update(schema.kits, found.kit_id, place=where)
    return find(connection, found.kit_id)


def _log(
    change: door.Change,
    kit: str,
    before: str | None,
    after: str,
    by: Who,
    now_ms: int,
    proof: dict[str, Any],
) -> None:
    change.insert(
        schema.moves, number=change.number, kit_id=kit, before=before, after=after, at_ms=now_ms,
        function=by.function, person=by.person, evidence=door.text(proof),
    )  # fmt: skip


def _end_contents(connection: sa.Connection, change: door.Change, kit: str, end: str) -> None:
    """Let what is in a kit that is lost, or scrapped, be lost or scrapped with it."""
    items = schema.items
    inside = connection.execute(sa.select(items.c.item_id).where(items.c.kit_id == kit))
    for item_id in inside.scalars().all():
        change.update(items, item_id, standing=end, kit_id=None)


def _refuse_unless_allowed(kit: Kit, state: str, kinds: set[str], by: Who, now_ms: int) -> None:
    ways = states.ways(kit.state, state)
    if not ways:
        raise _no_way(kit, state)
    ours = [way for way in ways if way.is_for(is_infectious=kit.is_infectious)]
    if not ours:
        raise errors.InputRefused("kit-infectious", kit.kit_id)
    if all(by.function not in way.functions for way in ours):
        raise errors.InputRefused("kit-function", kit.kit_id, known=", ".join(ours[0].functions))
    if all(not set(way.needs) <= kinds for way in ours):
        needs = " / ".join(evidence.fields(way.needs) for way in ours)
        raise errors.InputRefused("kit-evidence", kit.kit_id, needs=needs)
    if kit.is_infectious and state == states.CLEANED and now_ms < (kit.quarantine_until_ms or 0):
        until = words.moment(kit.quarantine_until_ms or 0)
        raise errors.InputRefused("kit-quarantine", kit.kit_id, until=until)


def _refuse_unless_fit(
    connection: sa.Connection,
    kit: Kit,
    state: str,
    proof: dict[str, Any],
    now_ms: int,
    known: measuring_models.Known,
) -> None:
    """Refuse what the table cannot know."""
    if state == states.CHECKED:
        _refuse_unless_its_acceptance(connection, kit, proof["check"]["record"])
    if state in (states.CHECKED, states.READY, states.HANDED_OUT):
        lacking = readiness.lacks(connection, kit.kit_id, now_ms, known)
        if lacking:
            first, more = lacking[0], len(lacking) - 1
            fields = {"lack": first.code, "reason": first.text, "more": more}
            raise errors.InputRefused("kit-lacks", kit.kit_id, **fields)
    if state == states.READY and kit_id.check(proof["packing"]["label"]) != kit.kit_id:
        raise errors.InputRefused("kit-label", proof["packing"]["label"], kit=kit.kit_id)


def _refuse_unless_its_acceptance(connection: sa.Connection, kit: Kit, sha256: str) -> None:
    newest = records.of_kit(connection, kit.kit_id, form.ACCEPTANCE)[-1:]
    if [each.sha256 for each in newest] != [sha256]:
        raise errors.InputRefused("check-record", sha256, kit=kit.kit_id)


def _pass_hub(connection: sa.Connection, change: door.Change, kit: str, sha256: str) -> None:
    """Find the hub good: the acceptance is about it; what measures beside it has its own."""
    record = records.get(connection, sha256)
    items = schema.items
    query = sa.select(items.c.item_id).where(items.c.kit_id == kit, items.c.kind == models.HUB)
    for item_id in connection.execute(query).scalars().all():
        until, at_ms = record.valid_until, record.at_ms
        checks.insert(change, item_id, checks.PASSED, sha256, until, at_ms)


def _values(state: str, proof: dict[str, Any], now_ms: int) -> dict[str, object]:
    """Return the columns that a move changes."""
    values: dict[str, object] = {"state": state, "since_ms": now_ms}
    if state in (*states.OUT, states.SCRAPPED):
        values["place"] = None
    if state in (states.RETURNED, states.QUARANTINE, states.WIPED):
        values["verified_until"] = None
    if state == states.RETURNED and proof["return"]["infection"]:
        hours = proof["return"].get("quarantine_hours", DEFAULT_QUARANTINE_HOURS)
        values |= {"is_infectious": True, "quarantine_until_ms": now_ms + hours * HOUR_MS}
    if state == states.CLEANED:
        values |= {"is_infectious": False, "quarantine_until_ms": None}
    return values


def _no_way(kit: Kit, state: str) -> errors.InputRefused:
    targets = states.targets(kit.state, is_infectious=kit.is_infectious)
    known = ", ".join(map(words.state, targets)) or "-"
    fields = {"before": words.state(kit.state), "after": words.state(state), "known": known}
    return errors.InputRefused("kit-step", kit.kit_id, **fields)


def _already(connection: sa.Connection, kit: Kit) -> errors.InputRefused:
    last = steps(connection, kit.kit_id)[-1]
    fields = {
        "state": words.state(kit.state), "person": last.person, "moment": words.moment(last.at_ms),
    }  # fmt: skip
    return errors.InputRefused("kit-moved", kit.kit_id, **fields)
