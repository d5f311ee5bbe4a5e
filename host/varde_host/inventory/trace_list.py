"""The list that the follow-up service gets of a trace: loans, spans, and which readings.

It names loans by their random numbers, hubs and the numbers of readings, and no value: whose the
loans are, and what was measured, is known where the list is read.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from varde_host.inventory import hub_identities, loans, tracing

COLUMNS = (
    "loan", "kit", "from", "until", "hub", "slot", "verification", "readings", "surely",
    "first_seq", "last_seq",
)  # fmt: skip


class Counted(NamedTuple):
    """Readings of a hub's slot in a loan, as `receiver.resting_on` counts them; ids in hex,
    `verification` is "" for readings that name none."""

    hub: str
    slot: int
    verification: str
    readings: int
    surely: int
    first_seq: int
    last_seq: int


class Row(NamedTuple):
    """A loan, the hubs that were in it, and what they sent; None if nobody counted."""

    part: loans.Part
    hubs: list[hub_identities.Presence]
    readings: list[Counted] | None


def body(found: tracing.Trace, rows: Sequence[Row], counted_ms: int | None) -> dict[str, Any]:
    """Return what is signed (`bench_record.form.TRACE`), plain JSON values."""
    return {
        "item": found.item.item_id,
        "model": found.item.model,
        "serial": found.item.serial,
        "good": found.good_record,
        "bad": found.bad_record,
        "from_ms": found.good_at_ms,
        "until_ms": found.until_ms,
        "counted_ms": counted_ms,
        "loans": [
            {
                "loan": row.part.loan.loan_id,
                "kit": row.part.loan.kit_id,
                "from_ms": row.part.from_ms,
                "until_ms": row.part.until_ms,
                "readings": None if row.readings is None else [r._asdict() for r in row.readings],
            }
            for row in rows
        ],
    }


def as_csv(content: Mapping[str, Any]) -> str:
    """Return the list as a table (RFC 4180), from the content that was signed; times in UTC."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for loan in content["loans"]:
        head = [loan["loan"], loan["kit"], _moment(loan["from_ms"]), _moment(loan["until_ms"])]
        for counted in loan["readings"] or [{}]:
            writer.writerow(head + [counted.get(name, "") for name in COLUMNS[len(head) :]])
    return file.getvalue()


def _moment(utc_ms: int | None) -> str:
    """Return a moment that a spreadsheet reads, "" for none."""
    if utc_ms is None:
        return ""
    return f"{dt.datetime.fromtimestamp(utc_ms / 1000, dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
