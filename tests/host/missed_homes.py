"""Homes of `missed_month`, as lives and as rows of a collector's database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from varde_host.collector import database, registry, schema
from varde_host.missed import classify, expected, life, outages
from varde_host.receiver import timeline
from varde_protocols import records
from varde_simulator import missed_month as month

BEGIN = int(dt.datetime(2027, 3, 24, tzinfo=month.OSLO).timestamp() * 1000)
DAYS = 9  # over the night of March


def at(day: float, hour: float = 0) -> int:
    """A moment, hours of elapsed time after local midnight before the night of March."""
    return BEGIN + round(day * month.DAY + hour * month.HOUR)


END = at(DAYS)


def home(
    number: int, *troubles: month.Trouble, has_battery: bool = False, days: int = DAYS
) -> month.Home:
    """One home; the collector's troubles are among its own."""
    return month.Home(number, BEGIN, at(days), troubles, has_battery=has_battery)


def trouble(what: str, day: float, begin: float, end: float, slot: int = 0) -> month.Trouble:
    """Something wrong, from hour to hour of a day."""
    return month.Trouble(what, at(day, begin), at(day, end), slot)


def life_of(one: month.Home, now_ms: int = END, holes: Sequence[int] = ()) -> life.Life:
    """What is known of a hub by what had come by then, but for the numbers of `holes`."""
    line = timeline.Timeline()
    kept = []
    for record, received_ms in one.sent:
        if received_ms is None or received_ms > now_ms or record.seq in holes:
            continue
        if isinstance(record, records.Anchor):
            said = timeline.Anchor(record.uptime_ms, record.utc_ms, record.uncertainty_ms, True)
            line.anchor(record.boot, said, received_ms)
        else:
            line.saw(record.boot, record.uptime_ms, received_ms)
        kept.append(life.Kept(record, received_ms))
    return life.of(one.hub_id.hex(), kept, line)


def window(one: month.Home, day: int, hour: int, slot: int) -> expected.Expected:
    """The window of that day of the plan."""
    wall = dt.datetime(2027, 3, 24, hour, tzinfo=month.OSLO) + dt.timedelta(days=day)
    due_ms = int(wall.timestamp() * 1000)
    assert due_ms in {each.due_ms for each in one.windows}
    slots = frozenset({slot})
    return expected.Expected(one.hub_id.hex(), "", month.TYPE[slot], due_ms, slots)


def judged(
    homes: Sequence[month.Home],
    asked: expected.Expected,
    now_ms: int = END,
    pauses: Sequence[expected.Pause] = (),
) -> classify.Judged:
    """What is told of a window of the first home at a moment."""
    lives = [life_of(each, now_ms) for each in homes]
    known = classify.Known(now_ms, outages.found(lives, now_ms), pauses)
    return classify.judge(asked, lives[0], known)


def fill(opened: database.Database, homes: Sequence[month.Home], now_ms: int = END) -> None:
    """Enrol hubs and store what had come."""
    with opened.writing() as connection:
        for one in homes:
            registry.enrol(connection, one.key.public, BEGIN)
            found = registry.find(connection, one.hub_id)
            assert found is not None
            connection.execute(sa.insert(schema.records), rows(one, found.number, 0, now_ms))


def rows(one: month.Home, number: int, from_ms: int, until_ms: int) -> list[dict[str, Any]]:
    """What came in a span, as the collector keeps it."""
    return [
        {
            "hub": number, "seq": record.seq, "boot": record.boot, "kind": record.KIND,
            "uptime_ms": record.uptime_ms, "received_ms": received_ms, "record": one.sign(record),
        }
        for record, received_ms in one.sent
        if received_ms is not None and from_ms < received_ms <= until_ms
    ]  # fmt: skip
