"""A hub's delivered records, each verified again, their timeline, and what is missing by gaps.

Nothing is taken on the collector's word but when a record arrived.
"""

from __future__ import annotations

from typing import NamedTuple

from varde_host.receiver import gaps, timeline
from varde_protocols import cose, records, sealing
from varde_protocols.crypto import ed25519
from varde_protocols.errors import RecordError

Record = (
    records.Reading
    | records.Anchor
    | records.Clock
    | records.Event
    | records.Gap
    | records.Session
    | records.Report
    | records.Unknown
)


class Delivered(NamedTuple):
    """A record as the collector keeps it. `seq` is the collector's column, for bad ones."""

    seq: int
    received_ms: int
    record: bytes


class VerifiedLog:
    """One hub's; feed it in the order of the records' numbers."""

    def __init__(self, hub_id: bytes, public_key: bytes) -> None:
        self._hub_id = hub_id
        # A key that does not make this id would let a database sign for a hub.
        matches = sealing.key_id(public_key) == hub_id
        self._key = ed25519.VerifyKey(public_key) if matches else None
        self.timeline = timeline.Timeline()
        self._gaps = gaps.GapLog()

    def payload(self, entry: Delivered) -> bytes:
        """Return what was signed. Raises CoseError `bad-signature`, RecordError `wrong-hub`."""
        message = cose.Sign1.parse(entry.record)
        if self._key is None or message.unverified_kid != self._hub_id:
            raise RecordError("wrong-hub", "record", "look into how it came here")
        return message.verify(self._key)

    def take(self, payload: bytes, received_ms: int) -> Record:
        """Return the record and note its time. Raises RecordError, CborError."""
        record = records.decode(payload)
        self._gaps.saw(record.seq, record.boot, record.uptime_ms)
        if isinstance(record, records.Gap):
            self._gaps.take(record)
        if isinstance(record, records.Anchor):
            is_signed = record.source == records.SOURCE_EXCHANGE
            anchor = timeline.Anchor(
                record.uptime_ms, record.utc_ms, record.uncertainty_ms, is_signed
            )
            self.timeline.anchor(record.boot, anchor, received_ms)
        else:
            self.timeline.saw(record.boot, record.uptime_ms, received_ms)
        return record

    def losses(self) -> list[gaps.Loss]:
        """Return what the hub says that it gave up, of all that was taken so far."""
        return self._gaps.losses(self._hub_id, self.timeline)
