"""The receiver's question: which sealed records are there that I do not have?

    POST /v1/feed, application/cbor: COSE_Sign1 by a feed key, its key id the first 8 bytes of the
        key's SHA-256, with external data of its own, over
        {1: Unix ms, 2: start, 3: end, 4: {hub id: [first, last, first, last ...]}}
    200, application/cbor: a page (`page`); anything else as in the exchange

`start` and `end` are places, [hub id, number]: what is asked for lies from the one to the other,
both included, hubs in the order of their ids. The ranges are what is held there: a hub that is
not named is not known. So nobody keeps a place in a list, and whatever comes late, twice or back
from a backup is found; and as a place may lie within a hub, what is held can always be said in
several questions, however many holes it has.

The time stands there so that who copied a question cannot ask it for ever. What it could get are
sealed records, and who measured when.

Errors: ExchangeError, CoseError, CborError. Shape: protocols/cddl/feed.cddl.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import cbor2

from varde_host.feed import ranges
from varde_host.feed.ranges import Range
from varde_protocols import cose, records
from varde_protocols.errors import ExchangeError

PATH: Final = "/v1/feed"
TYPE: Final = "application/cbor"
HUB_ID_BYTES: Final = 8
MAX_BYTES: Final = 64 * 1024
"""Of a question: what a body at the collector (`collector.body`) and a COSE_Sign1 hold."""
MAX_AGE_MS: Final = 300_000
"""Clocks of two servers that run NTP are closer; five minutes forgive one that does not."""
MAX_NUMBER: Final = records.MAX_SEQ

_AAD: Final = b"varde feed 1"
_KEYS: Final = [1, 2, 3, 4]

# What a question costs at most: a hub with its heads in CBOR, a range of two long numbers.
_ROOM_BYTES: Final = MAX_BYTES - 256
_HUB_BYTES: Final = 12
_RANGE_BYTES: Final = 18


class Place(NamedTuple):
    """A number of a hub. Places have an order."""

    hub_id: bytes
    seq: int


FIRST: Final = Place(bytes(HUB_ID_BYTES), 0)
LAST: Final = Place(b"\xff" * HUB_ID_BYTES, MAX_NUMBER)


class Question(NamedTuple):
    """See above."""

    at_ms: int
    start: Place
    end: Place
    held: Mapping[bytes, Sequence[Range]]

    def bounds(self, hub_id: bytes) -> Range | None:
        """Return which numbers of a hub are asked about, None if none is."""
        first = self.start.seq if hub_id == self.start.hub_id else 0
        last = self.end.seq if hub_id == self.end.hub_id else MAX_NUMBER
        is_within = self.start.hub_id <= hub_id <= self.end.hub_id and first <= last
        return (first, last) if is_within else None

    def holes(self, hub_id: bytes) -> list[Range]:
        """Return what is asked for of a hub, as ranges in order."""
        bounds = self.bounds(hub_id)
        if bounds is None:
            return []
        return ranges.holes(self.held.get(hub_id, ()), bounds)


def after(place: Place) -> Place | None:
    """Return the place that follows, None behind the last."""
    if place.seq < MAX_NUMBER:
        return Place(place.hub_id, place.seq + 1)
    if place.hub_id == LAST.hub_id:
        return None
    following = int.from_bytes(place.hub_id, "big") + 1
    return Place(following.to_bytes(HUB_ID_BYTES, "big"), 0)


def made(at_ms: int, start: Place, held: Mapping[bytes, Sequence[Range]]) -> Question:
    """Return a question from a place on, about as much as there is room to say what is held of."""
    said: dict[bytes, list[Range]] = {}
    left_bytes = _ROOM_BYTES
    end = start
    for hub_id in sorted(each for each in held if each >= start.hub_id):
        left_bytes -= _HUB_BYTES
        if left_bytes < _RANGE_BYTES and said:
            return Question(at_ms, start, end, said)
        mine: list[Range] = []
        said[hub_id] = mine
        least = start.seq if hub_id == start.hub_id else 0
        for low, high in held[hub_id]:
            if high < least:
                continue
            left_bytes -= _RANGE_BYTES
            if left_bytes < 0:
                return Question(at_ms, start, Place(hub_id, mine[-1][1]), said)
            mine.append((max(low, least), high))
        end = Place(hub_id, MAX_NUMBER)
    return Question(at_ms, start, LAST, said)


def sign(signing_key: cose.Signer, kid: bytes, question: Question) -> bytes:
    """Return the body of a question."""
    held = {
        hub_id: [number for each in mine for number in each]
        for hub_id, mine in question.held.items()
    }
    fields = {1: question.at_ms, 2: list(question.start), 3: list(question.end), 4: held}
    return cose.sign1(signing_key, kid, cbor2.dumps(fields, canonical=True), _AAD)


def parse(body: bytes) -> cose.Sign1:
    """Return the message of a body, whose key id is only a claim."""
    if len(body) > MAX_BYTES:
        raise ExchangeError("feed-too-large", "body", f"send at most {MAX_BYTES} bytes")
    return cose.Sign1.parse(body)


def check(message: cose.Sign1, verify_key: cose.Verifier, now_ms: int) -> Question:
    """Return the question, signed by the key that the collector keeps for the message's kid.

    Raises CoseError `bad-signature`; ExchangeError `feed-time`, `feed-question`.
    """
    asked = _question(message.verify(verify_key, _AAD))
    if abs(asked.at_ms - now_ms) > MAX_AGE_MS:
        hint = f"set the clock: here it is {now_ms} ms"
        raise ExchangeError("feed-time", "question", hint)
    return asked


def _question(payload: bytes) -> Question:
    try:
        fields = cbor2.loads(payload)
        is_canonical = cbor2.dumps(fields, canonical=True) == payload
    except Exception as error:  # cbor2 says it with errors of many kinds
        raise _refused() from error
    if not is_canonical or not isinstance(fields, dict) or list(fields) != _KEYS:
        raise _refused()
    at_ms, start, end, held = fields.values()
    if type(at_ms) is not int or not isinstance(held, dict):
        raise _refused()
    asked = Question(at_ms, place(start), place(end), {
        hub_id: _ranges(numbers) for hub_id, numbers in held.items() if _is_hub_id(hub_id)
    })  # fmt: skip
    if len(asked.held) < len(held) or asked.start > asked.end:
        raise _refused()
    return asked


def place(said: Any) -> Place:
    """Return a place that was decoded. Raises ExchangeError `feed-question`."""
    if not isinstance(said, list) or len(said) != len(Place._fields):
        raise _refused()
    if not _is_hub_id(said[0]) or not _is_number(said[1]):
        raise _refused()
    return Place(*said)


def _refused() -> ExchangeError:
    return ExchangeError("feed-question", "question", "see docs/receiver-service.md")


def _is_hub_id(value: Any) -> bool:
    return isinstance(value, bytes) and len(value) == HUB_ID_BYTES


def _is_number(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MAX_NUMBER


def _ranges(numbers: Any) -> list[Range]:
    """Return pairs that ascend and do not touch. Raises ExchangeError for anything else."""
    if not isinstance(numbers, list) or len(numbers) % 2:
        raise _refused()
    if not all(_is_number(each) for each in numbers):
        raise _refused()
    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
    if any(low > high for low, high in pairs):
        raise _refused()
    if any(high + 1 >= low for high, low in zip(numbers[1::2], numbers[2::2], strict=False)):
        raise _refused()
    return pairs
