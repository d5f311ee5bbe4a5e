"""The exchange: how a hub's records reach the collector and are acknowledged.

    POST /v1/exchange, application/cbor-seq (RFC 8742):
        COSE_Sign1 by the hub over a Request, then the records' COSE_Sign1 as they are journaled
    200, application/cbor: COSE_Sign1 by the collector over an Answer

The hub deletes only what an Answer names, so `check_answer` believes nothing before the signature,
and then only an answer to this very request (nonce), for this hub, about records that were in it.
Shapes are in protocols/cddl/exchange.cddl.
"""

from . import cbor, cose, records
from ._compat import TYPE_CHECKING, const
from .errors import CborError, CoseError, ExchangeError, WireError
from .field_checks import FieldChecks
from .value import Value

if TYPE_CHECKING:
    from typing import Any, Sequence

PATH = "/v1/exchange"
REQUEST_TYPE = "application/cbor-seq"
ANSWER_TYPE = "application/cbor"

MAX_BODY_BYTES = const(65536)  # eight full batches: more in one request is no hub of ours
MAX_BATCH_BYTES = const(8192)  # what a hub holds in its heap at a time beside TLS
# A hub's batch holds 47 readings of the usual 173 bytes, and at most 87 records (of 94 bytes, the
# smallest). What binds is the answer, not the body: one that refuses all has 15 + 4 * 240 items,
# and the hub decodes cbor.MAX_ITEMS; the rest is room for fields to come.
MAX_RECORDS = const(240)
MAX_ANSWER_BYTES = const(8192)  # MAX_RECORDS ranges of 19 bytes, the signature, and room
NONCE_BYTES = const(16)
HUB_ID_BYTES = const(8)
# More often than every minute costs data and says nothing new; a hub that was silent for a day is
# one to telephone about. The hub keeps exactly to what it is told within these limits.
MIN_HEARTBEAT_S = const(60)
MAX_HEARTBEAT_S = const(86400)
MAX_CONFIG_NUMBER = (1 << 32) - 1
MAX_REASON = const(255)

# Why a record was refused.
REFUSED_SIGNATURE = const(1)
REFUSED_WRONG_HUB = const(2)
REFUSED_MALFORMED = const(3)
REFUSED_TOO_LARGE = const(4)
REFUSED_CONFLICT = const(5)  # the same seq was delivered with other bytes

# Details of the event bad-ack.
BAD_ACK_SIGNATURE = const(1)
BAD_ACK_NONCE = const(2)
BAD_ACK_MALFORMED = const(3)
BAD_ACK_RANGES = const(4)

_REQUEST_AAD = b"varde exchange request 1"
_ANSWER_AAD = b"varde exchange answer 1"

_checks = FieldChecks(ExchangeError, "exchange")


def _fault(code: str, where: str, hint: str) -> ExchangeError:
    return ExchangeError(code, where, hint)


class Request(Value):
    """What a hub says of itself: `first_seq` is its oldest unacknowledged record, `next_seq` the
    first never used, `config_number` the number of the assignment in force (0: none)."""

    FIELDS = (
        "nonce", "boot", "uptime_ms", "first_seq", "next_seq", "record_count", "config_number",
    )  # fmt: skip
    nonce: bytes
    boot: int
    uptime_ms: int
    first_seq: int
    next_seq: int
    record_count: int
    config_number: int

    def _check(self) -> None:
        _checks.byte_string(self.nonce, NONCE_BYTES, NONCE_BYTES, "nonce")
        _checks.uint(self.boot, 0, records.MAX_BOOT, "boot")
        _checks.uint(self.uptime_ms, 0, records.MAX_MS, "uptime_ms")
        _checks.uint(self.first_seq, 0, records.MAX_SEQ, "first_seq")
        _checks.uint(self.next_seq, 0, records.MAX_SEQ, "next_seq")
        _checks.uint(self.record_count, 0, MAX_RECORDS, "record_count")
        _checks.uint(self.config_number, 0, MAX_CONFIG_NUMBER, "config_number")
        if self.first_seq > self.next_seq:
            raise _fault("exchange-seqs", "request", "first_seq is at most next_seq")


class Answer(Value):
    """The collector's word, given after its commit.

    `acknowledged` is a list of [first, last] sequence numbers, ascending, with a gap between any
    two; `refused` a list of [index in the request, seq or None, reason], ascending by index. A
    record is named in one of them at most.
    """

    FIELDS = (
        "nonce", "hub_id", "acknowledged", "server_time_ms", "heartbeat_s", "config_number",
        "refused",
    )  # fmt: skip
    nonce: bytes
    hub_id: bytes
    acknowledged: "list[list[int]]"
    server_time_ms: int
    heartbeat_s: int
    config_number: int
    refused: "list[list[Any]]"

    def _check(self) -> None:
        _checks.byte_string(self.nonce, NONCE_BYTES, NONCE_BYTES, "nonce")
        _checks.byte_string(self.hub_id, HUB_ID_BYTES, HUB_ID_BYTES, "hub_id")
        _checks.uint(self.server_time_ms, 0, records.MAX_MS, "server_time_ms")
        _checks.uint(self.heartbeat_s, MIN_HEARTBEAT_S, MAX_HEARTBEAT_S, "heartbeat_s")
        _checks.uint(self.config_number, 0, MAX_CONFIG_NUMBER, "config_number")
        _check_ranges(self.acknowledged)
        _check_refused(self.refused)
        if len(self.acknowledged) + len(self.refused) > MAX_RECORDS:
            raise _fault("exchange-shape", "answer", "name each of %d at most once" % MAX_RECORDS)

    def acknowledges(self, seq: int) -> bool:
        return any(first <= seq <= last for first, last in self.acknowledged)


def _check_rows(rows: "Any", width: int, name: str) -> None:
    if type(rows) is not list or len(rows) > MAX_RECORDS:
        raise _fault("exchange-shape", name, "send an array of at most %d" % MAX_RECORDS)
    for row in rows:
        if type(row) is not list or len(row) != width:
            raise _fault("exchange-shape", name, "send arrays of %d" % width)


def _check_ranges(ranges: "Any") -> None:
    _check_rows(ranges, 2, "acknowledged")
    least = 0
    for first, last in ranges:
        _checks.uint(first, 0, records.MAX_SEQ, "acknowledged")
        _checks.uint(last, 0, records.MAX_SEQ, "acknowledged")
        if first < least or last < first:
            raise _fault("exchange-range-order", "acknowledged", "ascend, and join what touches")
        least = last + 2


def _check_refused(refused: "Any") -> None:
    _check_rows(refused, 3, "refused")
    free = 0
    for index, seq, reason in refused:
        _checks.uint(index, 0, MAX_RECORDS - 1, "refused index")
        _checks.uint(reason, 0, MAX_REASON, "refused reason")
        if seq is not None:
            _checks.uint(seq, 0, records.MAX_SEQ, "refused seq")
        if index < free:
            raise _fault("exchange-refused-order", "refused", "ascend by index, each once")
        free = index + 1


def _payload(message: "Request | Answer") -> bytes:
    """Return `{1: first field, 2: second field, ...}`."""
    fields = message.FIELDS
    return cbor.encode({i + 1: getattr(message, fields[i]) for i in range(len(fields))})


def _values(payload: bytes, count: int, name: str) -> "list[Any]":
    return _checks.values(cbor.decode(payload), count, name)


def encode_request(
    signing_key: "cose.Signer", hub_id: bytes, request: Request, record_bytes: "Sequence[bytes]"
) -> bytes:
    """Return the body of a request; `request.record_count` is the number of records."""
    if request.record_count != len(record_bytes):
        raise ValueError("record_count is not the number of records")
    signed = cose.sign1(signing_key, hub_id, _payload(request), _REQUEST_AAD)
    return signed + b"".join(record_bytes)


def split_body(body: bytes) -> "tuple[cose.Sign1, list[bytes]]":
    """Cut the body of a request into its unverified Request and the raw records.

    A record is not looked into here, so that one bad record can be refused alone. What is no CBOR
    at all ends where the next message under the same kid begins. Raises ExchangeError, CoseError
    or CborError.
    """
    if len(body) > MAX_BODY_BYTES:
        raise _fault("exchange-too-large", "body", "send at most %d bytes" % MAX_BODY_BYTES)
    end = _item_end(body, 0, b"")
    message = cose.Sign1.parse(body[:end])
    mark = bytes(body[: cose.UNPROTECTED_AT])
    raw_records: "list[bytes]" = []
    while end < len(body):
        if len(raw_records) == MAX_RECORDS:
            raise _fault("exchange-too-many", "body", "send at most %d records" % MAX_RECORDS)
        start, end = end, _item_end(body, end, mark)
        raw_records.append(body[start:end])
    return message, raw_records


def _item_end(body: bytes, start: int, mark: bytes) -> int:
    """Return where the item at `start` ends; every message of this hub begins with `mark`."""
    end = cose.sign1_end(body, start)
    if end >= 0:
        return end
    try:
        return cbor.decode_first(body, start)[1]
    except CborError:
        following = body.find(mark, start + 1) if mark else -1
        return following if following > 0 else len(body)


def verify_request(
    message: "cose.Sign1", verify_key: "cose.Verifier", raw_records: "Sequence[bytes]"
) -> Request:
    """Return the Request, signed by the key that the collector keeps for the message's kid.

    Raises CoseError `bad-signature`, CborError or ExchangeError; `exchange-count` means that
    records were lost or added on the way.
    """
    payload = message.verify(verify_key, _REQUEST_AAD)
    request = Request(*_values(payload, len(Request.FIELDS), "request"))
    if request.record_count != len(raw_records):
        raise _fault("exchange-count", "body", "send as many records as the request says")
    return request


def encode_answer(signing_key: "cose.Signer", collector_kid: bytes, answer: Answer) -> bytes:
    """Return the body of an answer."""
    return cose.sign1(signing_key, collector_kid, _payload(answer), _ANSWER_AAD)


def check_answer(
    data: bytes,
    verify_key: "cose.Verifier",
    collector_kid: bytes,
    request: Request,
    sent_seqs: "Sequence[int]",
    *,
    hub_id: bytes,
) -> Answer:
    """Return the Answer in `data` if every word of it may be believed.

    `sent_seqs` are the sequence numbers of the request's records, in their order. Raises a
    WireError whose number for the event bad-ack is `bad_ack_detail(error)`.
    """
    if len(data) > MAX_ANSWER_BYTES:
        raise _fault("exchange-too-large", "answer", "send at most %d bytes" % MAX_ANSWER_BYTES)
    message = cose.Sign1.parse(data)
    if message.unverified_kid != collector_kid:
        raise CoseError("unknown-key", "answer", "sign with the collector's key of the config")
    payload = message.verify(verify_key, _ANSWER_AAD)
    answer = Answer(*_values(payload, len(Answer.FIELDS), "answer"))
    if answer.nonce != request.nonce:
        raise _fault("exchange-wrong-nonce", "answer", "answer this request, not an earlier one")
    if answer.hub_id != hub_id:
        raise _fault("exchange-wrong-hub", "answer", "answer the hub that asked")
    _check_against(answer, sent_seqs)
    return answer


def _check_against(answer: Answer, sent_seqs: "Sequence[int]") -> None:
    """Hold the answer's ranges and refusals against what was sent."""
    taken = _taken(answer.acknowledged, sorted(set(sent_seqs)))
    for index, seq, _reason in answer.refused:
        if index >= len(sent_seqs) or (seq is not None and seq != sent_seqs[index]):
            raise _fault("exchange-refused-not-sent", "refused %d" % index,
                         "refuse only what this request carried")  # fmt: skip
        if sent_seqs[index] in taken:
            raise _fault("exchange-refused-acknowledged", "refused %d" % index,
                         "say one thing about a record")  # fmt: skip


def _taken(ranges: "list[list[int]]", sent: "list[int]") -> "set[int]":
    """Return those of `sent` (ascending) that the ranges name, which must be all they name.

    Sent numbers are counted, never the numbers of a range: a range may be 2**60 long, and the
    `range` of the 32-bit interpreter takes machine words only.
    """
    taken: "set[int]" = set()
    at = 0
    for first, last in ranges:
        while at < len(sent) and sent[at] < first:
            at += 1
        start = at
        while at < len(sent) and sent[at] <= last:
            at += 1
        if at - start != last - first + 1:
            raise _fault("exchange-range-not-sent", "acknowledged %d..%d" % (first, last),
                         "acknowledge only what this request carried")  # fmt: skip
        taken.update(sent[start:at])
    return taken


_BAD_ACK = {
    "bad-signature": BAD_ACK_SIGNATURE,
    "unknown-key": BAD_ACK_SIGNATURE,
    "exchange-wrong-nonce": BAD_ACK_NONCE,
    "exchange-wrong-hub": BAD_ACK_NONCE,
    "exchange-range-order": BAD_ACK_RANGES,
    "exchange-range-not-sent": BAD_ACK_RANGES,
    "exchange-refused-order": BAD_ACK_RANGES,
    "exchange-refused-not-sent": BAD_ACK_RANGES,
    "exchange-refused-acknowledged": BAD_ACK_RANGES,
}


def bad_ack_detail(error: WireError) -> int:
    """Return the detail of the event bad-ack for an error of `check_answer`."""
    detail: int = _BAD_ACK.get(error.code, BAD_ACK_MALFORMED)
    return detail
