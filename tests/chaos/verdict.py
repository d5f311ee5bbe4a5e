"""Hub truth against the database: what was lost, stands there twice, or is not as it was."""

from __future__ import annotations

import collections
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from varde_host.collector import database, schema

Stored = dict[bytes, list[tuple[int, bytes]]]

# What a campaign must not have seen, whoever's fault it was.
BAD = ("lost", "waiting", "twice", "altered", "unknown", "quarantined", "problems")


def stored_by_hub(opened: database.Database) -> Stored:
    """Return the rows of `records` by hub id, each with its number and bytes."""
    records, hubs = schema.records, schema.hubs
    query = sa.select(hubs.c.hub_id, records.c.seq, records.c.record)
    query = query.join_from(records, hubs, records.c.hub == hubs.c.number, isouter=True)
    found: Stored = collections.defaultdict(list)
    for hub_id, seq, record in opened.read(lambda connection: connection.execute(query).all()):
        found[bytes(hub_id or b"")].append((seq, bytes(record)))
    return found


def refused_by_hub(opened: database.Database) -> collections.Counter[bytes]:
    """Return how many rows the quarantine holds of each hub."""
    query = sa.select(schema.hubs.c.hub_id).join_from(
        schema.quarantine, schema.hubs, schema.quarantine.c.hub == schema.hubs.c.number
    )
    rows = opened.read(lambda connection: connection.execute(query).all())
    return collections.Counter(bytes(row[0]) for row in rows)


def judge(
    durable: dict[int, bytes], released: set[int], stored: Iterable[tuple[int, bytes]]
) -> dict[str, int]:
    """Count, of one hub: what it made durable against the rows that are there.

    lost: the hub has let go of it, and it is not there. waiting: the hub still has it. twice: a
    second row for the same number, or the same bytes under another. unknown: a row under a number
    that the hub never made durable.
    """
    counts = collections.Counter(lost=0, waiting=0, twice=0, altered=0, unknown=0, delivered=0)
    seen: set[int] = set()
    bytes_seen: set[bytes] = set()
    for seq, record in stored:
        counts["delivered"] += 1
        counts["twice"] += seq in seen or record in bytes_seen
        if seq not in durable:
            counts["unknown"] += 1
        elif durable[seq] != record:
            counts["altered"] += 1
        seen.add(seq)
        bytes_seen.add(record)
    missing = durable.keys() - seen
    counts["lost"] = len(missing & released)
    counts["waiting"] = len(missing - released)
    counts["durable"] = len(durable)
    return dict(counts)


def is_clean(total: dict[str, Any]) -> bool:
    """Tell if there is nothing in the sum that must not be."""
    return not any(total[name] for name in BAD)
