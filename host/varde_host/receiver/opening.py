"""Turn a hub's delivered records into rows: verify, open, decode, date.

Nothing is taken on the collector's word but when a record arrived: the signature is checked again
with the hub's enrolled key, and the number, boot and uptime are those under the signature.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from varde_host.receiver import (
    assembly,
    decoding,
    gaps,
    repetition,
    sensor_clock,
    timeline,
    verification_of,
    verified_log,
)
from varde_protocols import records, sealing, test_readings
from varde_protocols.errors import RecordError, WireError

VERIFIED = "verified"
BAD = "bad"


@dataclass(frozen=True)
class Row:
    """One reading, with all that is known of it; `error` names what could not be done.

    `repeats` is the number of the reading that is the same measurement (see `repetition`).
    `whole` is the value that this is the `part` of, counted from 0, which may have been sent
    again (see `assembly`); the row of its last part has the fields of the whole. `sensor` is what
    the sensor's own stamp says (see `sensor_clock`). `verification` names the verification that
    stood for the sensor, and `standing` what is left of it, once that was looked up
    (`verification_of`); `is_test` is of no sensor, and not handed on (see `decoding`).
    """

    hub_id: bytes
    seq: int
    signature: str
    error: str | None = None
    boot: int | None = None
    uptime_ms: int | None = None
    slot: int | None = None
    characteristic: int | None = None
    when: timeline.Instant | None = None
    content: sealing.Content | None = None
    fields: Mapping[str, object] = field(default_factory=dict)
    repeats: int | None = None
    whole: assembly.Whole | None = None
    part: int = 0
    is_again: bool = False
    whole_repeats: bool = False
    sensor: sensor_clock.Claim | None = None
    verification: bytes = b""
    is_test: bool = False
    standing: verification_of.Standing | None = None

    @property
    def made(self) -> tuple[int | None, int | None]:
        """The earliest and the latest moment at which it was measured, None for an open end."""
        if self.sensor is not None and self.sensor.utc_ms is not None:
            uncertainty_ms = self.sensor.uncertainty_ms or 0
            return self.sensor.utc_ms - uncertainty_ms, self.sensor.utc_ms + uncertainty_ms
        when = self.when
        return (None, None) if when is None else (when.earliest_ms, when.latest_ms)

    @property
    def part_of(self) -> int | None:
        """The number of the reading that shows the whole, unless that is this one."""
        last = self.whole.parts[-1] if self.whole else self.seq
        return None if last == self.seq else last

    @property
    def parts(self) -> tuple[int, ...] | None:
        """The numbers of the readings that are put together here."""
        return self.whole.parts if self.whole and self.part_of is None else None


class Receiver:
    """Opens one hub's records with the receiver's X25519 key (32 bytes)."""

    def __init__(self, hub_id: bytes, public_key: bytes, private: bytes) -> None:
        self._hub_id = hub_id
        self._private = private
        self._log = verified_log.VerifiedLog(hub_id, public_key)
        self._sessions: dict[int, records.Session] = {}
        self._openers: dict[int, sealing.SessionOpener] = {}
        self._clocks: list[records.Clock] = []
        self._unsettled: dict[int, int] = {}  # reading that may come again: the event's number

    def rows(self, delivered: Iterable[verified_log.Delivered]) -> Iterator[Row]:
        """Return a row per reading, and one per record that cannot be verified or read.

        `delivered` is in order of its numbers, and so are the rows.
        """
        readings: list[records.Reading | Row] = []
        holes: list[int] = []
        before = 0
        for entry in delivered:
            if entry.seq != before + 1:
                holes.append(entry.seq)
            before = entry.seq
            found = self._sort_in(entry)
            if found is not None:
                readings.append(found)
        rows = [each if isinstance(each, Row) else self._row(each) for each in readings]
        marked = list(repetition.mark(assembly.join(rows, holes), self._unsettled))
        yield from sensor_clock.date(marked, self._clocks, self._log.timeline)

    def losses(self) -> list[gaps.Loss]:
        """Return what the hub gave up, once its rows have been made."""
        return self._log.losses()

    def _sort_in(self, entry: verified_log.Delivered) -> records.Reading | Row | None:
        """Take note of what a record says; return it if it is a reading, or its faulty row."""
        signature = BAD
        try:
            payload = self._log.payload(entry)
            signature = VERIFIED
            record = self._log.take(payload, entry.received_ms)
        except WireError as error:
            return Row(self._hub_id, entry.seq, signature, error.code)
        if isinstance(record, records.Session):
            self._sessions[record.seq] = record
        if isinstance(record, records.Event):
            self._take_event(record)
        if isinstance(record, records.Clock):
            self._clocks.append(record)
        return record if isinstance(record, records.Reading) else None

    def _take_event(self, event: records.Event) -> None:
        if event.code == records.EVENT_READING_UNSETTLED and event.detail < event.seq:
            self._unsettled.setdefault(event.detail, event.seq)

    def _row(self, reading: records.Reading) -> Row:
        row = Row(
            self._hub_id,
            reading.seq,
            VERIFIED,
            boot=reading.boot,
            uptime_ms=reading.uptime_ms,
            slot=reading.slot,
            characteristic=reading.characteristic,
            when=self._log.timeline.when(reading.boot, reading.uptime_ms),
            verification=reading.verification,
            is_test=test_readings.is_one(reading),
        )
        try:
            row = replace(row, content=self._open(reading))
            return replace(row, fields=_decoded(row))
        except WireError as error:
            return replace(row, error=error.code)

    def _open(self, reading: records.Reading) -> sealing.Content:
        opener = self._openers.get(reading.session_seq)
        if opener is None:
            session = self._sessions.get(reading.session_seq)
            if session is None:
                hint = "its session record has not been delivered"
                raise RecordError("no-session", f"reading {reading.seq}", hint)
            opener = sealing.SessionOpener(self._hub_id, session, self._private)
            self._openers[reading.session_seq] = opener
        return opener.open(reading)


def _decoded(row: Row) -> Mapping[str, object]:
    if row.content is None or row.characteristic is None:
        raise TypeError("a row is decoded after it was opened")
    return decoding.decode(row.characteristic, row.content.value, row.content.model)
