"""Decide about each record of a request: stored, or refused and why. Pure: no disk, no clock.

A record is good if it is whole, of this hub, signed by its enrolled key, and a legal record of any
kind. A bad one is refused alone; the others of the request are not held up by it.
"""

from __future__ import annotations

import contextlib
from typing import NamedTuple

from varde_host.collector import envelope, registry, verification, whole_reading
from varde_host.collector.batch import (
    BAD_SIGNATURE,
    MALFORMED,
    TOO_LARGE,
    WRONG_HUB,
    Batch,
    Refused,
    Row,
)
from varde_protocols import cbor, cose, exchange, records
from varde_protocols.errors import CborError, ExchangeError, WireError

_READING = records.READING


class Parts(NamedTuple):
    """A request's body, cut: nothing in it has been verified."""

    request: cose.Sign1
    raws: list[bytes]
    found: list[whole_reading.Found | None]
    """What was found of each of `raws` if it is a whole reading."""


def split(body: bytes, *, at_starts: bool = False) -> Parts:
    """Cut a request's body into its request and the raw records.

    As `exchange.split_body`, but what is no COSE_Sign1 does not swallow what follows it: the next
    record is found by the bytes that every record of this hub begins with. Raises
    ExchangeError, CoseError or CborError. With `at_starts` nothing else ends it.
    """
    end = cose.sign1_end(body, 0)
    request = cose.Sign1.parse(body[:end] if end > 0 else body)
    raws: list[bytes] = []
    all_found: list[whole_reading.Found | None] = []
    while end < len(body):
        if len(raws) == exchange.MAX_RECORDS:
            hint = f"send at most {exchange.MAX_RECORDS} records"
            raise ExchangeError("exchange-too-many", "body", hint)
        begin, found = end, whole_reading.find(body, end)
        end = found[0] if found else _end(body, begin, request.unverified_kid, at_starts)
        raws.append(body[begin:end])
        all_found.append(found)
    return Parts(request, raws, all_found)


def _end(body: bytes, begin: int, unverified_hub_id: bytes, at_starts: bool) -> int:
    """Return where anything else than a whole reading ends."""
    end = cose.sign1_end(body, begin)
    if end > 0:
        return end
    following = body.find(verification.record_start(unverified_hub_id), begin + 1)
    end = following if following > 0 else len(body)
    if not at_starts:
        with contextlib.suppress(CborError):
            return min(cbor.decode_first(body, begin)[1], end)
    return end


def verify_request(body: bytes, parts: Parts, hub: registry.Hub) -> tuple[exchange.Request, Parts]:
    """Return the request, signed by the hub, and the parts that fit it; raises a WireError.

    A record that is broken in its lengths may fall into several items of CBOR. The request says
    how many records there are: if that does not fit, only the beginnings of records cut.
    """
    verifier = verification.Verifier(hub.public_key)
    try:
        return exchange.verify_request(parts.request, verifier, parts.raws), parts
    except ExchangeError as error:
        if error.code != "exchange-count":
            raise
    parts = split(body, at_starts=True)
    return exchange.verify_request(parts.request, verifier, parts.raws), parts


def judge(parts: Parts, hub: registry.Hub, received_ms: int) -> Batch:
    """Return the good records and the refused ones.

    A last record that was cut off is neither: the hub still has it and sends it again.
    """
    verifier = verification.RecordVerifier(hub.hub_id, hub.public_key)
    number, start = hub.number, verifier.start
    batch = Batch(number, received_ms, [], [], [])
    for position, (raw, found) in enumerate(zip(parts.raws, parts.found, strict=True)):
        if found and raw.startswith(start) and verifier.is_signed(raw):
            _end, seq, boot, uptime_ms = found
            judged: Row | int = (number, seq, boot, _READING, uptime_ms, received_ms, raw)
        else:
            judged = _judge_any(raw, batch, verifier)
        if isinstance(judged, tuple):
            batch.rows.append(judged)
            batch.positions.append(position)
        elif position < len(parts.raws) - 1 or not _is_cut_off(raw, verifier.start):
            batch.refused.append(Refused(position, None, judged, raw))
    return batch


def _judge_any(raw: bytes, batch: Batch, verifier: verification.RecordVerifier) -> Row | int:
    """Return the row of a good record of any kind, or the reason to refuse it."""
    reason = _outer_fault(raw, verifier.start)
    if reason:
        return reason
    if not verifier.is_signed(raw):
        return BAD_SIGNATURE
    try:
        clear = envelope.read(cose.Sign1.parse(raw).unverified_payload)
    except WireError:
        return MALFORMED
    return batch.hub, clear.seq, clear.boot, clear.kind, clear.uptime_ms, batch.received_ms, raw


def _outer_fault(raw: bytes, start: bytes) -> int:
    """Return the reason to refuse the record by its outside alone, or 0."""
    if len(raw) > records.MAX_RECORD_BYTES:
        return TOO_LARGE
    if cose.sign1_end(raw, 0) != len(raw):
        return MALFORMED
    return 0 if raw.startswith(start) else WRONG_HUB


def _is_cut_off(raw: bytes, start: bytes) -> bool:
    """Tell if these may be the first bytes of a record of this hub."""
    if raw[: len(start)] != start[: len(raw)]:
        return False
    try:
        cbor.decode_first(raw)
    except CborError as error:
        return error.code == "cbor-truncated"
    return False
