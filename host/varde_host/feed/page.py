"""The answer to a question: hubs, sealed records, and where to go on.

    {1: [[hub id, public key, enrolled ms, revoked ms or null] ...],
     2: [[hub id, seq, boot, uptime ms, kind, received ms, record] ...],
     3: after}

`after` is the hub id to ask on from (b"": from the first), null when there is no more. It is
unsigned, over TLS: a record proves itself, and a hub's id is made of its key. What a page says in
clear (when something came) nobody but the collector knows.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import cbor2

from varde_host import errors
from varde_host.feed import question
from varde_protocols import records as record_limits
from varde_protocols.errors import ExchangeError

MAX_RECORD_BYTES: Final = 1 << 16
MAX_BYTES: Final = 2 << 20
"""Of a page that a receiver reads; `collector.feed` makes them of half of that."""
_MAX_MS: Final = 1 << 53


class Hub(NamedTuple):
    """A hub as the collector knows it: its id (8 bytes) is made of its key (32)."""

    hub_id: bytes
    public_key: bytes
    enrolled_ms: int
    revoked_ms: int | None = None


class Delivered(NamedTuple):
    """A record as the collector keeps it, with the columns that stand beside it in clear."""

    hub_id: bytes
    seq: int
    boot: int
    uptime_ms: int
    kind: int
    received_ms: int
    record: bytes


class Page(NamedTuple):
    """See above."""

    hubs: list[Hub]
    records: list[Delivered]
    following: question.Place | None


def encode(page: Page) -> bytes:
    """Return the body."""
    hubs = [list(each) for each in page.hubs]
    records = [list(each) for each in page.records]
    following = None if page.following is None else list(page.following)
    return cbor2.dumps({1: hubs, 2: records, 3: following}, canonical=True)


def decode(body: bytes, where: str) -> Page:
    """Return a page. Raises InputRefused `feed-page` for whatever else a server says."""
    refused = errors.InputRefused("feed-page", where)
    if len(body) > MAX_BYTES:
        raise refused
    try:
        fields = cbor2.loads(body)
        is_canonical = cbor2.dumps(fields, canonical=True) == body  # and nothing behind it
    except Exception as error:  # cbor2 says it with errors of many kinds
        raise refused from error
    if not is_canonical or not isinstance(fields, dict) or list(fields) != [1, 2, 3]:
        raise refused
    hubs, records, following = fields.values()
    if not (_all(hubs, _is_hub) and _all(records, _is_record)):
        raise refused
    try:
        place = None if following is None else question.place(following)
    except ExchangeError as error:
        raise refused from error
    return Page([Hub(*each) for each in hubs], [Delivered(*each) for each in records], place)


def _all(rows: Any, is_one: Any) -> bool:
    return isinstance(rows, list) and all(isinstance(each, list) and is_one(each) for each in rows)


def _is_hub(row: list[Any]) -> bool:
    if len(row) != len(Hub._fields):
        return False
    hub_id, public_key, enrolled_ms, revoked_ms = row
    is_key = isinstance(public_key, bytes) and len(public_key) == 32
    return _is_id(hub_id) and is_key and _is_ms(enrolled_ms) and (
        revoked_ms is None or _is_ms(revoked_ms)
    )  # fmt: skip


def _is_record(row: list[Any]) -> bool:
    if len(row) != len(Delivered._fields):
        return False
    hub_id, seq, boot, uptime_ms, kind, received_ms, record = row
    is_bytes = isinstance(record, bytes) and 0 < len(record) <= MAX_RECORD_BYTES
    is_small = all(type(each) is int and 0 <= each <= most for each, most in (
        (seq, question.MAX_NUMBER), (boot, record_limits.MAX_BOOT),
        (kind, record_limits.MAX_KIND),
    ))  # fmt: skip
    return _is_id(hub_id) and is_bytes and is_small and _is_ms(uptime_ms) and _is_ms(received_ms)


def _is_id(value: Any) -> bool:
    return isinstance(value, bytes) and len(value) == question.HUB_ID_BYTES


def _is_ms(value: Any) -> bool:
    return type(value) is int and 0 <= value < _MAX_MS
