"""Say, signed, what has been committed."""

from __future__ import annotations

from typing import NamedTuple

from varde_host.collector.batch import Committed
from varde_protocols import cose, exchange, sealing
from varde_protocols.crypto import ed25519

# How often a hub without readings reports: four missed ones are an hour's silence.
DEFAULT_HEARTBEAT_S = 900


class Signer(NamedTuple):
    """The collector's key with its id."""

    key: cose.Signer
    kid: bytes


def signer(seed: bytes) -> Signer:
    """Return the signer of an Ed25519 seed (32 bytes)."""
    key = ed25519.SigningKey(seed)
    return Signer(key, sealing.key_id(key.public))


def answer(
    hub_id: bytes,
    request: exchange.Request,
    committed: Committed,
    server_time_ms: int,
    heartbeat_s: int,
) -> exchange.Answer:
    """Return the answer to `request` after its records were committed.

    Of two records under one number the hub is told what became of the number: it is safe.
    """
    safe = set(committed.acknowledged)
    return exchange.Answer(
        request.nonce,
        hub_id,
        ranges(committed.acknowledged),
        server_time_ms,
        heartbeat_s,
        committed.config_number,
        [
            [entry.position, entry.seq, entry.reason]
            for entry in committed.refused
            if entry.seq not in safe
        ],
    )


def ranges(ascending: list[int]) -> list[list[int]]:
    """Return ascending distinct numbers as inclusive [first, last] ranges."""
    found: list[list[int]] = []
    for number in ascending:
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found
