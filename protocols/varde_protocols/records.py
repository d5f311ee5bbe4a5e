"""Journal records: what a hub signs, keeps in flash and delivers.

On the wire and in the journal a record is a COSE_Sign1 by the hub (kid = hub id) over

    {1: kind, 2: seq, 3: boot, 4: uptime_ms, 5: body}         protocols/cddl/record.cddl

`seq` never repeats under one hub id, `boot` counts the hub's starts, `uptime_ms` since this start.
UTC is not here: it is derived from anchors. A known kind has exactly the keys of its body; an
unknown kind decodes to `Unknown`, is stored and passed on.
"""

from . import cbor
from ._compat import TYPE_CHECKING, const
from .errors import RecordError
from .value import Value

if TYPE_CHECKING:
    from typing import Any

READING = const(1)
ANCHOR = const(2)
EVENT = const(4)
SESSION = const(6)

MAX_RECORD_BYTES = const(1024)  # four to a flash sector of 4096, and twice the largest value
MAX_VALUE_BYTES = const(512)  # the longest attribute value (Core specification 3.F.3.2.9)
MAX_SEALED_BYTES = const(640)  # MAX_VALUE_BYTES, its content map and the COSE_Encrypt0 around it
MAX_SEQ = (1 << 63) - 1  # a database's signed 64-bit integer
MAX_BOOT = (1 << 31) - 1  # the boot counter is an i32 in NVS
MAX_MS = (1 << 48) - 1  # some 8900 years: no honest clock gets there, and every integer holds it
MAX_KIND = const(255)
MAX_SLOT = const(255)

# Sources of time for anchors.
SOURCE_SNTP = const(1)
SOURCE_EXCHANGE = const(2)
SOURCE_MODEM = const(3)
SOURCE_BENCH = const(4)

# Event codes, and what `detail` says.
EVENT_BOOT = const(1)  # reset cause: 1 power-on, 2 hard, 3 watchdog, 5 soft
EVENT_TORN_WRITE = const(2)  # torn records found when the journal was mounted
EVENT_BAD_ACK = const(3)  # exchange.bad_ack_detail
EVENT_SERVER_REFUSED = const(4)  # 1 certificate, 2 name, 3 time
EVENT_CLOCK_STEP = const(5)  # size of the step in seconds
EVENT_JOURNAL_FULL = const(6)
EVENT_NOTIFICATIONS_DROPPED = const(7)  # how many
EVENT_RECORD_REFUSED = const(8)  # seq of the record that the collector refused

_MAX_SHOWN = const(40)  # how much of a peer's text an error repeats

PUBLIC_KEY_BYTES = const(32)
KID_BYTES = const(8)


def check_uint(number: "Any", limit: int, name: str) -> None:
    """Raise RecordError unless `number` is an int of 0..limit."""
    if type(number) is not int or not 0 <= number <= limit:
        raise RecordError("record-range", name, "send an integer of 0 to %d" % limit)


def check_bytes(data: "Any", low: int, high: int, name: str) -> None:
    """Raise RecordError unless `data` is a byte string of low..high bytes."""
    if type(data) is not bytes or not low <= len(data) <= high:
        raise RecordError("record-range", name, "send %d to %d bytes" % (low, high))


class _Record(Value):
    """What all kinds share: where and when in the hub's life."""

    KIND = 0
    seq: int
    boot: int
    uptime_ms: int

    def _check(self) -> None:
        check_uint(self.seq, MAX_SEQ, "seq")
        check_uint(self.boot, MAX_BOOT, "boot")
        check_uint(self.uptime_ms, MAX_MS, "uptime_ms")
        self._check_body()

    def _check_body(self) -> None:
        raise NotImplementedError

    def payload(self) -> bytes:
        """Return the deterministic CBOR of the record."""
        fields = {1: self.KIND, 2: self.seq, 3: self.boot, 4: self.uptime_ms, 5: self._body()}
        return cbor.encode(fields)

    def _body(self) -> "Any":
        raise NotImplementedError


class Reading(_Record):
    """One notification of a sensor, sealed for the receiver (`sealing`)."""

    KIND = READING
    FIELDS = ("seq", "boot", "uptime_ms", "slot", "characteristic", "session_seq", "sealed")
    slot: int
    characteristic: int
    session_seq: int
    sealed: bytes

    def _check_body(self) -> None:
        check_uint(self.slot, MAX_SLOT, "slot")
        check_uint(self.characteristic, 0xFFFF, "characteristic")
        check_uint(self.session_seq, MAX_SEQ, "session_seq")
        check_bytes(self.sealed, 1, MAX_SEALED_BYTES, "sealed")

    def _body(self) -> "Any":
        return {1: self.slot, 2: self.characteristic, 3: self.session_seq, 4: self.sealed}


class Anchor(_Record):
    """A tie between uptime and UTC: `utc_ms` (Unix) was at `uptime_ms`, give or take."""

    KIND = ANCHOR
    FIELDS = ("seq", "boot", "uptime_ms", "utc_ms", "source", "uncertainty_ms")
    utc_ms: int
    source: int
    uncertainty_ms: int

    def _check_body(self) -> None:
        check_uint(self.utc_ms, MAX_MS, "utc_ms")
        check_uint(self.source, 255, "source")
        check_uint(self.uncertainty_ms, MAX_MS, "uncertainty_ms")

    def _body(self) -> "Any":
        return {1: self.utc_ms, 2: self.source, 3: self.uncertainty_ms}


class Event(_Record):
    """Something that happened to the hub: a code of the list above and its detail."""

    KIND = EVENT
    FIELDS = ("seq", "boot", "uptime_ms", "code", "detail")
    code: int
    detail: int

    def _check_body(self) -> None:
        check_uint(self.code, 0xFFFF, "code")
        check_uint(self.detail, MAX_SEQ, "detail")

    def _body(self) -> "Any":
        return {1: self.code, 2: self.detail}


class Session(_Record):
    """The X25519 key of this boot, to which readings are sealed, and for which receiver."""

    KIND = SESSION
    FIELDS = ("seq", "boot", "uptime_ms", "public_key", "receiver_kid")
    public_key: bytes
    receiver_kid: bytes

    def _check_body(self) -> None:
        check_bytes(self.public_key, PUBLIC_KEY_BYTES, PUBLIC_KEY_BYTES, "public_key")
        check_bytes(self.receiver_kid, KID_BYTES, KID_BYTES, "receiver_kid")

    def _body(self) -> "Any":
        return {1: self.public_key, 2: self.receiver_kid}


class Unknown(_Record):
    """A record of a kind that came after this program; its body is any CBOR value."""

    FIELDS = ("kind", "seq", "boot", "uptime_ms", "body")
    kind: int
    body: "Any"

    def _check_body(self) -> None:
        check_uint(self.kind, MAX_KIND, "kind")
        if self.kind in _KINDS:
            raise RecordError("record-kind", "kind", "this kind has a type of its own")

    def payload(self) -> bytes:
        fields = {1: self.kind, 2: self.seq, 3: self.boot, 4: self.uptime_ms, 5: self.body}
        return cbor.encode(fields)


_KINDS: "dict[int, Any]" = {READING: Reading, ANCHOR: Anchor, EVENT: Event, SESSION: Session}


def decode(payload: bytes) -> "Reading | Anchor | Event | Session | Unknown":
    """Return the record of a payload; raises RecordError, CborError where the coding is wrong."""
    fields = cbor.decode(payload, cbor.MAX_DEPTH, MAX_RECORD_BYTES)
    check_keys(fields, 5, "record")
    kind = fields[1]
    if type(kind) is not int or kind not in _KINDS:
        return Unknown(kind, fields[2], fields[3], fields[4], fields[5])
    record = _KINDS[kind]
    body = fields[5]
    count = len(record.FIELDS) - 3
    check_keys(body, count, record.__name__)
    values = [body[key] for key in range(1, count + 1)]
    result: "Reading | Anchor | Event | Session" = record(fields[2], fields[3], fields[4], *values)
    return result


def check_keys(fields: "Any", count: int, name: str) -> None:
    """Raise RecordError unless `fields` is a map with exactly the keys 1..count."""
    if type(fields) is not dict:
        raise RecordError("record-shape", name, "send a map")
    for key in fields:
        if type(key) is not int or not 1 <= key <= count:
            shown = repr(key)[:_MAX_SHOWN]
            raise RecordError("record-unknown-key", "%s key %s" % (name, shown), "leave it out")
    for key in range(1, count + 1):
        if key not in fields:
            raise RecordError("record-missing-key", "%s key %d" % (name, key), "send it")
