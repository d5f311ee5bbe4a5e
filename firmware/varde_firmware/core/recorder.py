"""Makes records: numbers them, seals readings, signs, appends. Durable when a call returns.

A reading names the session record of its boot, so the session is journaled first. Should there be
no room for it at boot, it is journaled when the first reading finds room.

A sensor deletes an indicated value when it has got our confirmation, and sends it again if it has
not. The value is durable before the confirmation leaves, so it may be journaled twice. The hub
cannot prevent that, but it can say so: the event reading-unsettled names a reading that may come
again, and the receiver then knows the repetition. A reading is unsettled

- after a boot, if it was the newest record and not marked as settled (`start`);
- after a connection that broke (`in_doubt`), if the next value is the same (`reading`).
"""

from varde_protocols import cose, records, sealing
from varde_protocols._compat import TYPE_CHECKING

from .journal import ORDINARY, URGENT, JournalFull

if TYPE_CHECKING:
    from typing import Any, Dict, Optional, Tuple, Union

    from varde_protocols.cose import Signer

    from .journal import Journal

    Record = Union[
        records.Reading, records.Anchor, records.Clock, records.Event, records.Gap,
        records.Session, records.Report,
    ]
    Kept = Tuple[int, int, bytes, bytes]  # seq, characteristic, value, address


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
        self._unsealed_seq = 0  # for no number from here on was anything sealed yet
        self._told_full = False
        self.given_up = 0  # records, in this boot (overflow.py)
        self.gap_seq = 0  # this boot's newest gap record (overflow.py)
        self.looked_to = 0  # below this number is nothing to be given up
        self._last: "Dict[int, Kept]" = {}  # by slot: indicated, the connection is not over
        self._in_doubt: "Dict[int, Kept]" = {}  # by slot: the connection broke just then

    def start(
        self, uptime_ms: int, reset_cause: int, torn: int, unsettled_seq: "Optional[int]" = None
    ) -> None:
        """Journal that the hub started, and what mounting found: torn writes, an unsettled record.

        A full journal does not keep a hub from starting: then nothing is journaled.
        """
        try:
            if unsettled_seq is not None:  # first: any other record would settle it
                self.event(uptime_ms, records.EVENT_READING_UNSETTLED, unsettled_seq)
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

    @property
    def session_seq(self) -> int:
        """The session record of this boot's readings, 0 while there is none."""
        return self._sealer.session_seq if self._sealer is not None else 0

    def _begin_session(self, uptime_ms: int) -> int:
        if self._keys is None:
            raise AssertionError("a reading before session()")
        private, receiver_public = self._keys
        seq = self.journal.next_seq
        sealer = sealing.SessionSealer(self._hub_id, self._boot, seq, private, receiver_public)
        session = records.Session(
            seq, self._boot, uptime_ms, sealer.public_key, sealer.receiver_kid
        )
        self.journal.set_session(seq, self._append(session, URGENT))
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
        indicated: bool = False,
        model: str = "",
        verification: bytes = b"",
    ) -> int:
        """Journal a sensor's `value` as received; return the sequence number.

        `characteristic` and `service` are numbers of `assigned`, `address` is type and 6 bytes,
        `model` and `verification` as in the config. The first reading that finds no room journals
        the event journal-full. One that was `indicated` is unsettled until `told` or the next
        record.
        """
        content = sealing.Content(value, service, address, model)
        if self.journal.is_full:  # known before the price of a signature is paid
            self._tell_full(uptime_ms)
            raise JournalFull("recorder: the journal is full; deliver first")
        if self._sealer is None:
            self._begin_session(uptime_ms)
        assert self._sealer is not None
        if indicated:
            self._tell_repeated(uptime_ms, slot, characteristic, value, address)
        # A number is spent when it was sealed for, also if the append then failed: one nonce, one
        # content.
        seq = max(self.journal.next_seq, self._unsealed_seq)
        self._unsealed_seq = seq + 1
        sealed = self._sealer.seal(seq, uptime_ms, slot, characteristic, content)
        fields = (slot, characteristic, self._sealer.session_seq, sealed, verification)
        kept = (seq, characteristic, value, address)
        self._append(records.Reading(seq, self._boot, uptime_ms, *fields), ORDINARY, not indicated)
        self._told_full = False
        if indicated:
            self._last[slot] = kept
        return seq

    def _tell_repeated(
        self, uptime_ms: int, slot: int, characteristic: int, value: bytes, address: bytes
    ) -> None:
        doubt = self._in_doubt.get(slot)
        if doubt is None or doubt[1] != characteristic:
            return
        if doubt[2:] == (value, address):
            self.event(uptime_ms, records.EVENT_READING_UNSETTLED, doubt[0])
        del self._in_doubt[slot]

    def came_again(self, slot: int, characteristic: int, address: bytes, value: bytes) -> None:
        """The sensor has sent a value again that stands in the journal; `told` may follow."""
        doubt = self._in_doubt.get(slot)
        if doubt is not None and doubt[1:] == (characteristic, value, address):
            self._last[slot] = self._in_doubt.pop(slot)

    def told(self, slot: int) -> None:
        """The sensor has got the confirmation of its last value."""
        last = self._last.pop(slot, None)
        if last is not None:
            self.journal.settle(last[0])

    def in_doubt(self, slot: int) -> None:
        """The connection broke; the sensor may not have got the last confirmation."""
        last = self._last.pop(slot, None)
        if last is not None:
            self._in_doubt[slot] = last

    def _tell_full(self, uptime_ms: int) -> None:
        if not self._told_full:
            self._told_full = True
            self.event(uptime_ms, records.EVENT_JOURNAL_FULL, 0)

    def anchor(self, uptime_ms: int, utc_ms: int, source: int, uncertainty_ms: int) -> int:
        """Journal that it was `utc_ms` (Unix) at `uptime_ms`; return the sequence number."""
        seq = self.journal.next_seq
        times = (utc_ms, source, uncertainty_ms)
        self._append(records.Anchor(seq, self._boot, uptime_ms, *times), ORDINARY)
        return seq

    def clock(
        self, uptime_ms: int, slot: int, characteristic: int, value: bytes, occasion: int
    ) -> int:
        """Journal a sensor's clock as read at `uptime_ms`, on a records.CLOCK_... occasion."""
        seq = self.journal.next_seq
        fields = (slot, characteristic, value, occasion)
        self._append(records.Clock(seq, self._boot, uptime_ms, *fields), ORDINARY)
        return seq

    def report(self, uptime_ms: int, facts: "Dict[int, Any]") -> int:
        """Journal how the hub is, facts by records.FACT_...; return the sequence number."""
        seq = self.journal.next_seq
        self._append(records.Report(seq, self._boot, uptime_ms, facts), ORDINARY)
        return seq

    def event(self, uptime_ms: int, code: int, detail: int) -> int:
        """Journal an event (records.EVENT_...); return the sequence number."""
        seq = self.journal.next_seq
        self._append(records.Event(seq, self._boot, uptime_ms, code, detail), URGENT)
        return seq

    def _append(
        self,
        record: "Record",
        urgent: int,
        settled: bool = True,
    ) -> bytes:
        """Sign `record` and append it; return its bytes."""
        data = cose.sign1(self._signing_key, self._hub_id, record.payload())
        self.journal.append(record.seq, data, urgent, settled)
        return data
