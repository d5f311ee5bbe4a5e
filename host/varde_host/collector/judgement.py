"""Decide about each record of a request: stored, or refused and why. Pure: no disk, no clock.

A record is good if it is whole, of this hub, signed by its enrolled key, and a legal record of any
kind. A bad one is refused alone; the others of the request are not held up by it.
"""

from __future__ import annotations

from typing import NamedTuple

from varde_host.collector import envelope, registry, verification
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


class Parts(NamedTuple):
    """A request's body, cut: nothing in it has been verified."""

    request: cose.Sign1
    raws: list[bytes]
    odd: frozenset[int]
    """Which of `raws` (from 0) are no COSE_Sign1 of our profile."""


def split(body: bytes) -> Parts:
    """Cut a request's body into its request and the raw records.

    As `exchange.split_body`, but something that is no CBOR does not swallow what follows it: the
    next record is found by the bytes that every record of this hub begins with. Raises
    ExchangeError, CoseError or CborError.
    """
    end = cose.sign1_end(body, 0)
    request = cose.Sign1.parse(body[:end] if end > 0 else body)
    start = verification.record_start(request.unverified_kid)
    raws: list[bytes] = []
    odd: set[int] = set()
    while end < len(body):
        if len(raws) == exchange.MAX_RECORDS:
            hint = f"send at most {exchange.MAX_RECORDS} records"
            raise ExchangeError("exchange-too-many", "body", hint)
        begin, end = end, cose.sign1_end(body, end)
        if end < 0:
            odd.add(len(raws))
            end = _odd_end(body, begin, start)
        raws.append(body[begin:end])
    return Parts(request, raws, frozenset(odd))


def _odd_end(body: bytes, begin: int, start: bytes) -> int:
    try:
        return cbor.decode_first(body, begin)[1]
    except CborError:
        following = body.find(start, begin + 1)
        return following if following > 0 else len(body)


def verify_request(parts: Parts, hub: registry.Hub) -> exchange.Request:
    """Return the request, signed by the hub; raises a WireError."""
    verifier = verification.Verifier(hub.public_key)
    return exchange.verify_request(parts.request, verifier, parts.raws)


def judge(parts: Parts, hub: registry.Hub, received_ms: int) -> Batch:
    """Return the good records and the refused ones.

    A last record that was cut off is neither: the hub still has it and sends it again.
    """
    verifier = verification.RecordVerifier(hub.hub_id, hub.public_key)
    batch = Batch(hub.number, received_ms, [], [], [])
    for index, raw in enumerate(parts.raws):
        reason = _fault(raw, index in parts.odd, verifier.start)
        payload = None if reason else verifier.payload(raw)
        if reason == 0 and payload is None:
            reason = BAD_SIGNATURE
        if payload is not None:
            reason = _take(batch, index, raw, payload)
        is_last = index == len(parts.raws) - 1
        if reason and not (is_last and _is_cut_off(raw, verifier.start)):
            batch.refused.append(Refused(index, None, reason, raw))
    return batch


def _fault(raw: bytes, is_odd: bool, start: bytes) -> int:
    """Return the reason to refuse the record by its outside alone, or 0."""
    if len(raw) > records.MAX_RECORD_BYTES:
        return TOO_LARGE
    if is_odd:
        return MALFORMED
    return 0 if raw.startswith(start) else WRONG_HUB


def _take(batch: Batch, index: int, raw: bytes, payload: bytes) -> int:
    """Add the verified record to the batch; return the reason if it is no legal one."""
    try:
        clear = envelope.read(payload)
    except WireError:
        return MALFORMED
    row = Row(
        batch.hub, clear.seq, clear.boot, clear.kind, clear.uptime_ms, batch.received_ms, raw
    )
    batch.rows.append(row)
    batch.positions.append(index)
    return 0


def _is_cut_off(raw: bytes, start: bytes) -> bool:
    """Tell if these may be the first bytes of a record of this hub."""
    if raw[: len(start)] != start[: len(raw)]:
        return False
    try:
        cbor.decode_first(raw)
    except CborError as error:
        return error.code == "cbor-truncated"
    return False
