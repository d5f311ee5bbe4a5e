"""What stands in a hub's journal, over the cable, and which of it the collector does not have.

A hub remembers acknowledgements of a sector that is not full in RAM only (docs/journal.md), so
after a start it counts more as pending than is. What has been delivered, the collector knows: byte
for byte the same signed record.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from varde_host.bench import faults
from varde_host.bench.work import Work
from varde_host.collector import registry, schema

PAGE = 40
MOST_RECORDS = 20_000
_ASK = 500
"""Numbers in one question; SQLite takes a thousand variables at the least."""

Records = dict[int, bytes]


async def read(work: Work, kinds: Sequence[int] | None = None) -> Records:
    """Return the journal's records by number, all of them or of these kinds, page by page.

    The hub is at its prompt. Raises Fault `answer-malformed`.
    """
    found: Records = {}
    since = 0
    while len(found) < MOST_RECORDS:
        said = await work.on_hub("tail", since=since, most=PAGE, kinds=kinds and list(kinds))
        try:
            rows = [(int(seq), str(text)) for seq, text in said["records"]]
            page = {seq: base64.b64decode(text, validate=True) for seq, text in rows}
        except (KeyError, TypeError, ValueError, binascii.Error) as error:
            raise faults.Fault("answer-malformed", said="tail") from error
        found |= page
        if not page or not said.get("more") or max(page) < since:
            break
        since = max(page) + 1
    return found


def missing_at(connection: sa.Connection, hub_id: bytes, held: Records) -> list[int]:
    """Return the numbers of what the collector does not have as it stands here."""
    hub = registry.find(connection, hub_id)
    if hub is None:
        return sorted(held)
    has: Records = {}
    for numbers in _portions(sorted(held)):
        table = schema.records
        query = sa.select(table.c.seq, table.c.record)
        query = query.where(table.c.hub == hub.number, table.c.seq.in_(numbers))
        has |= {row.seq: bytes(row.record) for row in connection.execute(query)}
    return [seq for seq in sorted(held) if has.get(seq) != held[seq]]


def _portions(numbers: Sequence[int]) -> Iterable[Sequence[int]]:
    return (numbers[at : at + _ASK] for at in range(0, len(numbers), _ASK))
