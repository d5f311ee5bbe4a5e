"""Lists over all of the stock: levels, dates to keep, recalls, faults by model and lot."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from varde_host import errors
from varde_host.inventory import demand, door, items, kits, loans, models, schema, states, words
from varde_host.inventory.demand import Level
from varde_host.inventory.who import Who

DAY_MS = 86_400_000
MAX_LEAST = 10_000
MAX_TURNAROUND_DAYS = 366

# What each date is for, in the order in which they are worked off on the same day.
DUE_DATES = ("calibrated_until", "lease_end", "warranty_end", "expires_on")


@dataclass(frozen=True, slots=True)
class Due:
    """A date that somebody must keep; `subject` is a thing's or a kit's id."""

    date: str
    what: str
    subject: str
    model: str | None
    owner: str | None
    kit_id: str | None


@dataclass(frozen=True, slots=True)
class Recalled:
    """A thing that a recall is about, and who has it now: a kit and, if it is out, its loan."""

    item: items.Item
    kit: kits.Kit | None
    loan: loans.Loan | None


def set_minimum(
    connection: sa.Connection,
    profile: str,
    least: int,
    turnaround_days: int,
    by: Who,
    now_ms: int,
) -> None:
    """Say how many ready kits of a profile there must be. InputRefused `profile-unknown`."""
    profiles = {kit.profile for kit in kits.listing(connection)}
    if profile not in profiles:
        known = ", ".join(sorted(profiles)) or "-"
        raise errors.InputRefused("profile-unknown", profile[:30], known=known)
    table = schema.minimums
    values = {"least": least, "turnaround_days": turnaround_days}
    query = sa.select(table.c.profile).where(table.c.profile == profile)
    with door.Change(connection, by, now_ms, "stock.minimum", profile) as change:
        if connection.execute(query).first():
            change.update(table, profile, **values)
        else:
            change.insert(table, profile=profile, **values)


def levels(connection: sa.Connection, now_ms: int) -> list[Level]:
    """Return how each profile with a minimum stands; only kits whose check holds count."""
    today = words.day(now_ms)
    ready: dict[str, int] = {}
    for kit in kits.listing(connection, states.READY):
        if (kit.verified_until or "") >= today:
            ready[kit.profile] = ready.get(kit.profile, 0) + 1
    gone = loans.handed_out_since(connection, now_ms - demand.WINDOW_DAYS * DAY_MS)
    rows = connection.execute(sa.select(schema.minimums).order_by(schema.minimums.c.profile))
    found = []
    for row in rows:
        handed_out, first_ms = gone.get(row.profile, (0, now_ms))
        days = (now_ms - first_ms) / DAY_MS
        least, turnaround_days = row.least, row.turnaround_days
        found.append(
            demand.judge(
                row.profile, ready.get(row.profile, 0), least, handed_out, turnaround_days, days
            )
        )
    return found


def due(connection: sa.Connection, until: str) -> list[Due]:
    """Return the dates up to a day, soonest first: of things, and of ready kits' checks."""
    found = [
        Due(date, name, item.item_id, item.model, item.owner, item.kit_id)
        for item in items.listing(connection)
        if item.standing not in ("scrapped", "lost")
        for name in DUE_DATES
        if (date := getattr(item, name)) is not None
    ]
    found += [
        Due(kit.verified_until, "verified_until", kit.kit_id, None, None, kit.kit_id)
        for kit in kits.listing(connection)
        if kit.verified_until is not None
    ]
    return sorted((each for each in found if each.date <= until), key=_by_date)


def _by_date(each: Due) -> tuple[str, str, str]:
    return each.date, each.what, each.subject


def recall(
    connection: sa.Connection, model: str, lot: str | None = None, size: str | None = None
) -> list[Recalled]:
    """Return the things of a model (and lot, and size) with where they are. `model-unknown`."""
    wanted = {"model": models.find(connection, model).model}
    wanted |= {name: value for name, value in (("lot", lot), ("size", size)) if value is not None}
    return [_recalled(connection, item) for item in items.listing(connection, **wanted)]


def _recalled(connection: sa.Connection, item: items.Item) -> Recalled:
    if item.kit_id is None:
        return Recalled(item, None, None)
    kit = kits.find(connection, item.kit_id)
    return Recalled(item, kit, loans.current(connection, kit.kit_id))


def faults(connection: sa.Connection) -> list[tuple[str, str | None, int, int]]:
    """Return (model, lot, things, things with a deviation ever), for talks with suppliers."""
    table, notes = schema.items, schema.notes
    noted = sa.select(notes.c.subject).distinct().subquery()
    query = (
        sa.select(table.c.model, table.c.lot, sa.func.count(), sa.func.count(noted.c.subject))
        .select_from(table.outerjoin(noted, noted.c.subject == table.c.item_id))
        .group_by(table.c.model, table.c.lot)
        .order_by(table.c.model, table.c.lot)
    )
    return [(row[0], row[1], row[2], row[3]) for row in connection.execute(query)]


def day_after(now_ms: int, days: int) -> str:
    """Return the date some days from now, in UTC."""
    today = dt.datetime.fromtimestamp(now_ms / 1000, dt.UTC).date()
    return (today + dt.timedelta(days=days)).isoformat()
