"""Journal records: what a hub signs, keeps in flash and delivers.

On the wire and in the journal a record is a COSE_Sign1 by the hub (kid = hub id) over

    {1: kind, 2: seq, 3: boot, 4: uptime_ms, 5: body}         protocols/cddl/record.cddl

`seq` never repeats under one hub id, `boot` counts the hub's starts, `uptime_ms` since this start.
UTC is not here: it is derived from anchors. A known kind has exactly the keys of its body; an
unknown kind decodes to `Unknown`, is stored and passed on.
"""

from . import assigned, cbor
from ._compat import TYPE_CHECKING, const
from .errors import RecordError
from .field_checks import FieldChecks
from .value import Value

if TYPE_CHECKING:
    from typing import Any

READING = const(1)
ANCHOR = const(2)
CLOCK = const(3)
EVENT = const(4)
GAP = const(5)
SESSION = const(6)
REPORT = const(7)

MAX_RECORD_BYTES = const(1024)  # four to a flash sector of 4096, and twice the largest value
MAX_VALUE_BYTES = const(512)  # the longest attribute value (Core specification 3.F.3.2.9)
MAX_SEALED_BYTES = const(640)  # MAX_VALUE_BYTES, its content map and the COSE_Encrypt0 around it
MAX_SEQ = (1 << 63) - 1  # a database's signed 64-bit integer
MAX_BOOT = (1 << 31) - 1  # the boot counter is an i32 in NVS
MAX_MS = (1 << 48) - 1  # some 8900 years: no honest clock gets there, and every integer holds it
MAX_KIND = const(255)
MAX_SLOT = const(255)
VERIFICATION_BYTES = const(8)  # first bytes of the SHA-256 of a verification record
MAX_FACTS = const(64)
MAX_FACT_KEY = const(255)
MAX_CLOCK_BYTES = const(32)  # a Current Time has 10, an Elapsed Time 9, and room

# When a sensor's clock was read.
CLOCK_READ = const(0)  # only looked at
CLOCK_BEFORE = const(1)  # before it was set
CLOCK_AFTER = const(2)  # read back after it was set

# Why records were given up.
GAP_JOURNAL_FULL = const(1)
MAX_GAP_RANGES = const(31)  # every other record of a sector of 62
MAX_GAP_SOURCES = const(31)  # 24 slots, some with two streams; a gap record stays below 1024 bytes

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
EVENT_READING_UNSETTLED = const(9)  # seq of the reading: its sensor may not know and send it again

EVENT_BOND_LOST = const(10)  # slot: the sensor refuses our bond; hold its pairing button
EVENT_PAIRING_FAILED = const(11)  # slot
EVENT_PAIRED = const(12)  # slot
EVENT_CLOCK_REFUSED = const(13)  # slot: its clock could not be set and read back
EVENT_HEAP_LOW = const(14)  # free bytes; no sensor is connected to until there is more
EVENT_SENSOR_REFUSED = const(15)  # slot: connected, but it is not what the config says
EVENT_JOURNAL_DAMAGED = const(16)  # unreadable stretches or sectors beside those told before
EVENT_NOT_ENROLLED = const(17)  # 1 the collector does not know us, 2 we were revoked
EVENT_WIFI_FAILED = const(18)  # index of the network << 8 | WIFI_...
EVENT_MODEM_FAILED = const(19)  # MODEM_...
EVENT_LINK_SWITCHED = const(20)  # LINK_...
EVENT_DATA_BUDGET = const(21)  # KiB that went over the modem this month: the budget is spent
EVENT_RESERVE_PROOF = const(22)  # 1 the reserve path reached the collector, 0 it did not
EVENT_SERVICE_REFUSED = const(23)  # SERVICE_...
EVENT_SERVICE_OPENED = const(24)  # by which key: the first 3 bytes of its id, as a number
EVENT_UPDATE_REFUSED = const(25)  # update_words.detail, as the next two
EVENT_UPDATE_RETURNED = const(26)
EVENT_UPDATE_CONFIRMED = const(27)
EVENT_TEST = const(28)  # test readings follow: how many << 8 | test_readings.BY_...

WIFI_WRONG_PASSWORD = const(1)
WIFI_NOT_FOUND = const(2)
WIFI_NO_ADDRESS = const(3)
WIFI_LEADS_NOWHERE = const(4)  # there is an address, and the collector cannot be reached

MODEM_SILENT = const(1)
MODEM_NO_SIM = const(2)
MODEM_PIN = const(3)  # wrong, or wanted and not in the config
MODEM_SIM_BUSY = const(4)
MODEM_DENIED = const(5)  # the network will not register this subscription
MODEM_NO_NETWORK = const(6)
MODEM_NO_PPP = const(7)
MODEM_HUNG = const(8)

LINK_WIFI = const(1)
LINK_MODEM = const(2)

# Why a request for the service mode was refused (service_request).
SERVICE_MALFORMED = const(1)
SERVICE_NONCE = const(2)
SERVICE_HUB = const(3)
SERVICE_COMMAND = const(4)
SERVICE_KEY = const(5)  # none of the trust's service keys
SERVICE_SIGNATURE = const(6)
SERVICE_NO_TRUST = const(7)  # the hub cannot read its trust
SERVICE_NO_MEMORY = const(8)
SERVICE_NOT_NOW = const(9)  # a test is under way, or the application does not run

# What a report tells; docs/formats.md has the units. What is not known is left out.
FACT_APPLICATION = const(1)
FACT_INTERPRETER = const(2)
FACT_SLOT = const(3)
FACT_CONFIG_NUMBER = const(4)
FACT_RESET_CAUSE = const(5)
FACT_CRASHES = const(6)
FACT_TRIALS = const(7)
FACT_PENDING = const(10)
FACT_FIRST_SEQ = const(11)
FACT_NEXT_SEQ = const(12)
FACT_FREE_BYTES = const(13)
FACT_GIVEN_UP = const(14)
FACT_DAMAGE = const(15)
FACT_BATTERY_MV = const(20)
FACT_EXTERNAL_POWER = const(21)
FACT_LINK = const(30)
FACT_SIGNAL_DBM = const(31)
FACT_NETWORK = const(32)
FACT_FAILED_EXCHANGES = const(33)
FACT_LINK_SWITCHES = const(34)
FACT_MONTH = const(35)
FACT_WIFI_BYTES = const(36)
FACT_MODEM_BYTES = const(37)
FACT_RESERVE_PROVEN_MS = const(38)
FACT_BONDS = const(40)
FACT_SENSORS = const(41)
FACT_CLOCK = const(50)
FACT_CLOCK_STEPS = const(51)
FACT_LEAST_HEAP = const(60)
FACT_DROPPED = const(61)
FACT_RELEASE = const(70)
FACT_UPDATE = const(71)  # update_words has its numbers
FACT_REMINDERS = const(72)
FACT_TRUST_EPOCH = const(73)

PUBLIC_KEY_BYTES = const(32)
KID_BYTES = const(8)


_checks = FieldChecks(RecordError, "record")


class _Record(Value):
    """What all kinds share: where and when in the hub's life."""

    KIND = 0
    seq: int
    boot: int
    uptime_ms: int

    def _check(self) -> None:
        _checks.uint(self.seq, 0, MAX_SEQ, "seq")
        _checks.uint(self.boot, 0, MAX_BOOT, "boot")
        _checks.uint(self.uptime_ms, 0, MAX_MS, "uptime_ms")
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
    """One notification of a sensor, sealed for the receiver (`sealing`).

    `verification` names the record that stood for the sensor when the hub got its config:
    the first 8 bytes of its SHA-256, b"" if there was none.
    """

    KIND = READING
    FIELDS = (
        "seq", "boot", "uptime_ms", "slot", "characteristic", "session_seq", "sealed",
        "verification",
    )  # fmt: skip
    slot: int
    characteristic: int
    session_seq: int
    sealed: bytes
    verification: bytes

    def _check_body(self) -> None:
        _checks.uint(self.slot, 0, MAX_SLOT, "slot")
        _checks.uint(self.characteristic, 0, assigned.MAX_NUMBER, "characteristic")
        _checks.uint(self.session_seq, 0, MAX_SEQ, "session_seq")
        _checks.byte_string(self.sealed, 1, MAX_SEALED_BYTES, "sealed")
        least = VERIFICATION_BYTES if self.verification else 0
        _checks.byte_string(self.verification, least, least, "verification")

    def _body(self) -> "Any":
        return {1: self.slot, 2: self.characteristic, 3: self.session_seq, 4: self.sealed,
                5: self.verification}  # fmt: skip


class Anchor(_Record):
    """A tie between uptime and UTC: `utc_ms` (Unix) was at `uptime_ms`, give or take."""

    KIND = ANCHOR
    FIELDS = ("seq", "boot", "uptime_ms", "utc_ms", "source", "uncertainty_ms")
    utc_ms: int
    source: int
    uncertainty_ms: int

    def _check_body(self) -> None:
        _checks.uint(self.utc_ms, 0, MAX_MS, "utc_ms")
        _checks.uint(self.source, 0, 255, "source")
        _checks.uint(self.uncertainty_ms, 0, MAX_MS, "uncertainty_ms")

    def _body(self) -> "Any":
        return {1: self.utc_ms, 2: self.source, 3: self.uncertainty_ms}


class Clock(_Record):
    """A sensor's own clock, as read at `uptime_ms`: `value` is the characteristic's (2A2B...)."""

    KIND = CLOCK
    FIELDS = ("seq", "boot", "uptime_ms", "slot", "characteristic", "value", "occasion")
    slot: int
    characteristic: int
    value: bytes
    occasion: int

    def _check_body(self) -> None:
        _checks.uint(self.slot, 0, MAX_SLOT, "slot")
        _checks.uint(self.characteristic, 0, assigned.MAX_NUMBER, "characteristic")
        _checks.byte_string(self.value, 1, MAX_CLOCK_BYTES, "value")
        _checks.uint(self.occasion, 0, 255, "occasion")

    def _body(self) -> "Any":
        return {1: self.slot, 2: self.characteristic, 3: self.value, 4: self.occasion}


class Event(_Record):
    """Something that happened to the hub: a code of the list above and its detail."""

    KIND = EVENT
    FIELDS = ("seq", "boot", "uptime_ms", "code", "detail")
    code: int
    detail: int

    def _check_body(self) -> None:
        _checks.uint(self.code, 0, 0xFFFF, "code")
        _checks.uint(self.detail, 0, MAX_SEQ, "detail")

    def _body(self) -> "Any":
        return {1: self.code, 2: self.detail}


class Gap(_Record):
    """Readings that the hub gave up, by their numbers; what was in them nobody knows any more.

    `ranges` is a list of [first, last], inclusive, ascending, a gap between any two; `sources` of
    [slot, characteristic], ascending: whose samples they were. Every source lost at least one of
    the numbers. A number that is delivered all the same is not lost.
    """

    KIND = GAP
    FIELDS = ("seq", "boot", "uptime_ms", "ranges", "sources", "reason")
    ranges: "list[list[int]]"
    sources: "list[list[int]]"
    reason: int

    def _check_body(self) -> None:
        _checks.uint(self.reason, 0, 255, "reason")
        least = 0
        for first, last in _pairs(self.ranges, MAX_GAP_RANGES, "ranges"):
            _checks.uint(first, least, MAX_SEQ, "first of a range")
            _checks.uint(last, first, MAX_SEQ, "last of a range")
            least = last + 2
        before = (-1, 0)
        for slot, characteristic in _pairs(self.sources, MAX_GAP_SOURCES, "sources"):
            _checks.uint(slot, 0, MAX_SLOT, "slot")
            _checks.uint(characteristic, 0, assigned.MAX_NUMBER, "characteristic")
            if (slot, characteristic) <= before:
                raise RecordError("record-range", "sources", "send them once, ascending")
            before = (slot, characteristic)

    def _body(self) -> "Any":
        return {1: self.ranges, 2: self.sources, 3: self.reason}


def _pairs(pairs: "Any", most: int, name: str) -> "list[list[int]]":
    """Check a list of 1 to `most` lists of two."""
    if type(pairs) is not list or not 0 < len(pairs) <= most:
        raise RecordError("record-range", name, "send 1 to %d" % most)
    for each in pairs:
        if type(each) is not list or len(each) != 2:
            raise RecordError("record-shape", name, "send pairs of numbers")
    return pairs


class Session(_Record):
    """The X25519 key of this boot, to which readings are sealed, and for which receiver."""

    KIND = SESSION
    FIELDS = ("seq", "boot", "uptime_ms", "public_key", "receiver_kid")
    public_key: bytes
    receiver_kid: bytes

    def _check_body(self) -> None:
        _checks.byte_string(self.public_key, PUBLIC_KEY_BYTES, PUBLIC_KEY_BYTES, "public_key")
        _checks.byte_string(self.receiver_kid, KID_BYTES, KID_BYTES, "receiver_kid")

    def _body(self) -> "Any":
        return {1: self.public_key, 2: self.receiver_kid}


class Report(_Record):
    """How a hub is: `facts` maps FACT_... to numbers, booleans, texts, byte strings, None, or
    lists of such, two deep at most. A fact that this program does not know is kept."""

    KIND = REPORT
    FIELDS = ("seq", "boot", "uptime_ms", "facts")
    facts: "dict[int, Any]"

    def _check_body(self) -> None:
        if type(self.facts) is not dict or not 0 < len(self.facts) <= MAX_FACTS:
            raise RecordError("record-range", "facts", "send 1 to %d" % MAX_FACTS)
        for key in self.facts:
            _checks.uint(key, 1, MAX_FACT_KEY, "fact")
            if not _is_fact(self.facts[key], 2):
                raise RecordError("record-shape", "fact %d" % key, "send scalars, or lists")

    def _body(self) -> "Any":
        return self.facts


def _is_fact(value: "Any", depth: int) -> bool:
    if type(value) is list:
        return depth > 0 and all(_is_fact(each, depth - 1) for each in value)
    return value is None or type(value) in (int, bool, str, bytes)


class Unknown(_Record):
    """A record of a kind that came after this program; its body is any CBOR value."""

    FIELDS = ("kind", "seq", "boot", "uptime_ms", "body")
    kind: int
    body: "Any"

    def _check_body(self) -> None:
        _checks.uint(self.kind, 0, MAX_KIND, "kind")
        if self.kind in _KINDS:
            raise RecordError("record-kind", "kind", "this kind has a type of its own")

    def payload(self) -> bytes:
        fields = {1: self.kind, 2: self.seq, 3: self.boot, 4: self.uptime_ms, 5: self.body}
        return cbor.encode(fields)


_KINDS: "dict[int, Any]" = {
    READING: Reading, ANCHOR: Anchor, CLOCK: Clock, EVENT: Event, GAP: Gap, SESSION: Session,
    REPORT: Report,
}  # fmt: skip


def decode(
    payload: bytes,
) -> "Reading | Anchor | Clock | Event | Gap | Session | Report | Unknown":
    """Return the record of a payload; raises RecordError, CborError where the coding is wrong."""
    fields = cbor.decode(payload, cbor.MAX_DEPTH, MAX_RECORD_BYTES)
    _checks.keys(fields, 5, "record")
    kind = fields[1]
    if type(kind) is not int or kind not in _KINDS:
        return Unknown(kind, fields[2], fields[3], fields[4], fields[5])
    record = _KINDS[kind]
    body = fields[5]
    if kind == REPORT:
        return Report(fields[2], fields[3], fields[4], body)
    count = len(record.FIELDS) - 3
    values = _checks.values(body, count, record.__name__)
    place = (fields[2], fields[3], fields[4])
    result: "Reading | Anchor | Clock | Event | Gap | Session" = record(*place, *values)
    return result
