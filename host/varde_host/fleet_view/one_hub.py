"""One hub's own page: its newest records, of which nothing is fetched that is a reading's.

What stands beside a record in clear (kind, boot, uptime, arrival) tells how well the hub knows the
time and how regularly it is heard; anchors, reports and events are fetched whole and verified.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import sqlalchemy as sa

from varde_host import messages
from varde_host.collector import schema
from varde_host.fleet_view import clock_quality, recent_events, told_terms
from varde_host.fleet_view.hub_view import Seen
from varde_host.fleet_view.report_facts import DataUse, Facts
from varde_host.receiver import events as event_words
from varde_host.receiver import reports, timeline, verified_log
from varde_protocols import records
from varde_protocols.errors import WireError

MOST_RECORDS: Final = 4_000
"""A month of a hub that is well, in clear: some 200 kB."""
CLOCK_RECORDS: Final = 600
MOST_MONTHS: Final = 3
MOST_EVENTS: Final = 25
_DAY_MS: Final = 86_400_000


class _Clear(NamedTuple):
    """What stands beside a record."""

    seq: int
    kind: int
    boot: int
    uptime_ms: int
    received_ms: int


@dataclass(frozen=True)
class History:
    """What a hub's newest records say: `clock` over the newest CLOCK_RECORDS of them, `months` by
    the last report of each, `events` newest first, and how many readings came, by number alone."""

    clock: clock_quality.Quality
    months: tuple[DataUse, ...]
    events: tuple[Seen, ...]
    looked_at: int
    readings: int
    since_ms: int | None


def read(connection: sa.Connection, hub_id: str) -> History | None:
    """Return it; None for a hub that is not enrolled."""
    rows = told_terms.hub_rows(connection, bytes.fromhex(hub_id))
    if not rows:
        return None
    hub = rows[0]
    clear = _newest(connection, hub.number)
    log = verified_log.VerifiedLog(hub.hub_id, hub.public_key)
    for_clock = clear[:CLOCK_RECORDS]
    anchors = _anchors(connection, hub.number, log, for_clock)
    stamps = [clock_quality.Stamp(*each[2:]) for each in for_clock]
    return History(
        clock_quality.over(stamps, anchors),
        _months(connection, hub, clear),
        recent_events.of_hub(connection, hub.number, hub.hub_id, hub.public_key, MOST_EVENTS),
        len(clear),
        sum(each.kind == records.READING for each in clear),
        min((each.received_ms for each in clear), default=None),
    )


def text(hub_id: str, seen: Seen) -> str:
    """Say an event of a hub in the language in use."""
    if seen.code is None:
        return messages.text("fleet-page.given-up", count=seen.detail)
    when = timeline.Instant(None, None, None, seen.received_ms)
    name = event_words.NAMES.get(seen.code)
    place = (bytes.fromhex(hub_id), seen.seq)
    return event_words.Happening(*place, seen.code, name, seen.detail, when).text()


def _newest(connection: sa.Connection, hub: int) -> list[_Clear]:
    table = schema.records
    query = sa.select(*(table.c[name] for name in _Clear._fields)).where(table.c.hub == hub)
    rows = connection.execute(query.order_by(table.c.seq.desc()).limit(MOST_RECORDS))
    return [_Clear(*row) for row in rows]


def _anchors(
    connection: sa.Connection, hub: int, log: verified_log.VerifiedLog, among: list[_Clear]
) -> list[tuple[records.Anchor, int]]:
    table = schema.records
    wanted = [each.seq for each in among if each.kind == records.ANCHOR]
    query = sa.select(table.c.seq, table.c.received_ms, table.c.record)
    query = query.where(table.c.hub == hub, table.c.seq.in_(wanted))
    found = []
    for row in connection.execute(query):
        entry = verified_log.Delivered(*row)
        try:
            record = records.decode(log.payload(entry))
        except WireError:
            continue
        if isinstance(record, records.Anchor) and record.seq == entry.seq:
            found.append((record, entry.received_ms))
    return found


def _months(
    connection: sa.Connection, hub: told_terms.HubRow, clear: list[_Clear]
) -> tuple[DataUse, ...]:
    """Return the last word of each month, newest first: a month's counters only grow. The last
    report of each day is read."""
    newest: dict[int, int] = {}
    for each in clear:
        if each.kind == records.REPORT:
            newest.setdefault(each.received_ms // _DAY_MS, each.seq)
    found: dict[int, DataUse] = {}
    table = schema.records
    query = sa.select(table.c.seq, table.c.received_ms, table.c.record)
    query = query.where(table.c.hub == hub.number, table.c.seq.in_(newest.values()))
    for row in connection.execute(query.order_by(table.c.seq.desc())):
        state = reports.newest(hub.hub_id, hub.public_key, [verified_log.Delivered(*row)])
        use = Facts(state.report.facts).data_use if state else None
        if use is not None:
            found.setdefault(use.month, use)
    return tuple(found[month] for month in sorted(found, reverse=True)[:MOST_MONTHS])
