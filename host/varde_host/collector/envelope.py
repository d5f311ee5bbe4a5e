"""What the collector must know of a record: kind, number, boot and uptime; and that it is one."""

from __future__ import annotations

from typing import NamedTuple

from varde_protocols import records


class Envelope(NamedTuple):
    """The clear part of a verified record."""

    kind: int
    seq: int
    boot: int
    uptime_ms: int


def read(payload: bytes) -> Envelope:
    """Return the envelope of a record's payload; raises a WireError if it is no legal record."""
    record = records.decode(payload)
    kind = record.kind if isinstance(record, records.Unknown) else record.KIND
    return Envelope(kind, record.seq, record.boot, record.uptime_ms)
