"""The receiver's question: which sealed records are there that I do not have?

    POST /v1/feed, application/cbor: COSE_Sign1 by a feed key, its key id the first 8 bytes of the
        key's SHA-256, with external data of its own, over
        {1: Unix ms, 2: after, 3: until, 4: {hub id: [first, last, first, last ...]}}
    200, application/cbor: a page (`page`); anything else as in the exchange

`after` and `until` are hub ids, each b"" for none: what is asked for is of hubs above the one and
up to the other. The ranges are what is held of them: a hub that is not named is held nothing of.
So nobody keeps a place in a list, and whatever comes late, twice or back from a backup is found.

The time stands there so that who copied a question cannot ask it for ever. What it could get are
sealed records, and who measured when.

Errors: ExchangeError, CoseError, CborError; cbor2 reads what may be larger than a hub's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import cbor2

from varde_protocols import cose
from varde_protocols.errors import ExchangeError

PATH: Final = "/v1/feed"
TYPE: Final = "application/cbor"
HUB_ID_BYTES: Final = 8
MAX_BYTES: Final = 1 << 20
"""Of a question: some ten thousand hubs, or a hub with some ten thousand holes."""
MAX_AGE_MS: Final = 300_000
"""Clocks of two servers that run NTP are closer; five minutes forgive one that does not."""
MAX_NUMBER: Final = (1 << 32) - 1

_AAD: Final = b"varde feed 1"

Range = tuple[int, int]  # of numbers, both ends included


class Question(NamedTuple):
    """See above."""

    at_ms: int
    after: bytes
    until: bytes
    held: Mapping[bytes, Sequence[Range]]


def sign(signing_key: cose.Signer, kid: bytes, question: Question) -> bytes:
    """Return the body of a question."""
    held = {
        hub_id: [number for each in ranges for number in each]
        for hub_id, ranges in question.held.items()
    }
    fields = {1: question.at_ms, 2: question.after, 3: question.until, 4: held}
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
    refused = ExchangeError("feed-question", "question", "see docs/receiver-service.md")
    try:
        fields = cbor2.loads(payload)
    except (cbor2.CBORDecodeError, ValueError, RecursionError, OverflowError) as error:
        raise refused from error
    if not isinstance(fields, dict) or list(fields) != [1, 2, 3, 4]:
        raise refused
    at_ms, after, until, held = fields.values()
    if type(at_ms) is not int or not isinstance(held, dict):
        raise refused
    if not _is_hub_id(after, or_none=True) or not _is_hub_id(until, or_none=True):
        raise refused
    if not all(_is_hub_id(hub_id) for hub_id in held):
        raise refused
    found = {hub_id: _ranges(numbers) for hub_id, numbers in held.items()}
    if None in found.values():
        raise refused
    return Question(at_ms, after, until, {key: value or [] for key, value in found.items()})


def _is_hub_id(value: Any, *, or_none: bool = False) -> bool:
    return isinstance(value, bytes) and (len(value) == HUB_ID_BYTES or (or_none and not value))


def _ranges(numbers: Any) -> list[Range] | None:
    """Return pairs that ascend and do not touch, None for anything else."""
    if not isinstance(numbers, list) or len(numbers) % 2:
        return None
    if not all(type(each) is int and 0 <= each <= MAX_NUMBER for each in numbers):
        return None
    if any(low > high for low, high in zip(numbers[::2], numbers[1::2], strict=True)):
        return None
    if any(high >= low for high, low in zip(numbers[1::2], numbers[2::2], strict=False)):
        return None
    return list(zip(numbers[::2], numbers[1::2], strict=True))
