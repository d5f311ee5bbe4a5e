"""Makes records: numbers them, seals readings, signs, appends. Durable when a call returns.

A reading names the session record of its boot, so the session is journaled first. Should there be
no room for it at boot, it is journaled when the first reading finds room.
"""

from varde_protocols import cose, records, sealing
from varde_protocols._compat import TYPE_CHECKING

from .journal import JournalFull

if TYPE_CHECKING:
    from typing import Optional

    from varde_protocols.cose import Signer

    from .journal import Journal


class Recorder:
    """One boot's records of one hub.

    Every method raises JournalFull (an OSError) when its record finds no room; nothing of it is
    kept then. Events and the session may use the journal's reserve. Times are ms of uptime.
    """

    def __init__(
        self, journal: "Journal", signing_key: "Signer", hub_id: bytes, boot: int
    ) -> None:
        self.journal = journal
        self._signing_key = signing_key
        self._hub_id = hub_id
        self._boot = boot
        self._keys: "Optional[tuple[bytes, bytes]]" = None  # session private, receiver public
        self._sealer: "Optional[sealing.SessionSealer]" = None  # None until the session stands
        self._told_full = False

    def start(self, uptime_ms: int, reset_cause: int, torn: int) -> None:
        """Journal that the hub started, and the torn writes that mounting found.

        A full journal does not keep a hub from starting: then nothing is journaled.
        """
        try:
            self.event(uptime_ms, records.EVENT_BOOT, reset_cause)
            if torn:
                self.event(uptime_ms, records.EVENT_TORN_WRITE, torn)
        except JournalFull:
            self._told_full = True

    def session(self, uptime_ms: int, private: bytes, receiver_public: bytes) -> int:
        """Begin a session: readings are sealed under X25519 of `private` and `receiver_public`.

        `private` is 32 fresh random bytes. Returns the sequence number. After JournalFull the
        next reading tries again.
        """
        self._keys = (private, receiver_public)
        self._sealer = None
        return self._begin_session(uptime_ms)

    def _begin_session(self, uptime_ms: int) -> int:
        if self._keys is None:
            raise AssertionError("a reading before session()")
        private, receiver_public = self._keys
        seq = self.journal.next_seq
        sealer = sealing.SessionSealer(self._hub_id, self._boot, seq, private, receiver_public)
        session = records.Session(
            seq, self._boot, uptime_ms, sealer.public_key, sealer.receiver_kid
        )
        self.journal.set_session(seq, self._append(session, True))
        self._sealer = sealer
        return seq

    def reading(
        self,
        uptime_ms: int,
        slot: int,
        characteristic: int,
        value: bytes,
        service: int,
        address: bytes,
    ) -> int:
        """Journal a sensor's `value` as received; return the sequence number.

        `characteristic` and `service` are 16-bit UUIDs, `address` is type and 6 bytes. The first
        reading that finds no room journals the event journal-full.
        """
        content = sealing.Content(value, service, address)
        if self.journal.is_full:  # known before the price of a signature is paid
            self._tell_full(uptime_ms)
            raise JournalFull("recorder: the journal is full; deliver first")
        if self._sealer is None:
            self._begin_session(uptime_ms)
        assert self._sealer is not None
        seq = self.journal.next_seq
        sealed = self._sealer.seal(seq, uptime_ms, slot, characteristic, content)
        fields = (slot, characteristic, self._sealer.session_seq, sealed)
        self._append(records.Reading(seq, self._boot, uptime_ms, *fields), False)
        self._told_full = False
        return seq

    def _tell_full(self, uptime_ms: int) -> None:
        if not self._told_full:
            self._told_full = True
            self.event(uptime_ms, records.EVENT_JOURNAL_FULL, 0)

    def anchor(self, uptime_ms: int, utc_ms: int, source: int, uncertainty_ms: int) -> int:
        """Journal that it was `utc_ms` (Unix) at `uptime_ms`; return the sequence number."""
        seq = self.journal.next_seq
        times = (utc_ms, source, uncertainty_ms)
        self._append(records.Anchor(seq, self._boot, uptime_ms, *times), False)
        return seq

    def event(self, uptime_ms: int, code: int, detail: int) -> int:
        """Journal an event (records.EVENT_...); return the sequence number."""
        seq = self.journal.next_seq
        self._append(records.Event(seq, self._boot, uptime_ms, code, detail), True)
        return seq

    def _append(
        self,
        record: "records.Reading | records.Anchor | records.Event | records.Session",
        urgent: bool,
    ) -> bytes:
        """Sign `record` and append it; return its bytes."""
        data = cose.sign1(self._signing_key, self._hub_id, record.payload())
        self.journal.append(record.seq, data, urgent)
        return data
