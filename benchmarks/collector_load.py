"""What hubs send, made fast: requests with genuine readings, and what a bare check takes of them.

Keys and readings follow from numbers; only libsodium signs, as the bench is not about signing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import nacl.bindings

from varde_protocols import cose, exchange, records, sealing

VALUE = bytes.fromhex("0061004800")
FIRST_SEQ = 1000


class Signer:
    """An Ed25519 key on libsodium."""

    def __init__(self, seed: bytes) -> None:
        self.public, self._secret = nacl.bindings.crypto_sign_seed_keypair(seed)

    def sign(self, message: bytes) -> bytes:
        return nacl.bindings.crypto_sign(message, self._secret)[: cose.SIGNATURE_BYTES]


@dataclass(frozen=True)
class Load:
    """Requests, and the inputs that a bare check of their records takes."""

    publics: list[bytes]
    bodies: list[bytes]
    signed: list[list[tuple[bytes, bytes]]]
    """Of each body's records: signature and message, and the key."""

    @property
    def records(self) -> int:
        return sum(map(len, self.signed))

    @property
    def checks(self) -> int:
        """Signatures, as a request has one, too."""
        return self.records + len(self.bodies)

    def parts(self, requests: int) -> Iterator[Load]:
        """Cut it into loads of so many requests."""
        for begin in range(0, len(self.bodies), requests):
            yield self.part(begin, begin + requests)

    def part(self, begin: int, end: int) -> Load:
        """Return some of its requests."""
        return Load(self.publics, self.bodies[begin:end], self.signed[begin:end])


def make(
    receiver_public: bytes, hubs: int, requests_a_hub: int, records_a_request: int | None = None
) -> Load:
    """Return the requests of many hubs, all hubs' first ones first.

    A request has as many readings as fit a hub's batch, or `records_a_request`.
    """
    keys = [Signer(hashlib.sha256(b"bench hub %d" % number).digest()) for number in range(hubs)]
    made = Load([key.public for key in keys], [], [])
    readings = [_readings(key, receiver_public) for key in keys]
    for _ in range(requests_a_hub):
        for key, its_readings in zip(keys, readings, strict=True):
            _add_request(made, key, its_readings, records_a_request)
    return made


def _readings(key: Signer, receiver_public: bytes) -> Iterator[bytes]:
    """Return endless readings of one hub, one a minute."""
    hub_id, boot = sealing.key_id(key.public), 3
    private = hashlib.sha256(b"session" + hub_id).digest()
    sealer = sealing.SessionSealer(hub_id, boot, FIRST_SEQ, private, receiver_public)
    content = sealing.Content(VALUE, 0x1822, bytes(7), "")
    seq = FIRST_SEQ
    while True:
        seq += 1
        uptime_ms = seq * 60_000
        sealed = sealer.seal(seq, uptime_ms, 1, 0x2A5E, content)
        reading = records.Reading(seq, boot, uptime_ms, 1, 0x2A5E, FIRST_SEQ, sealed, bytes(8))
        yield cose.sign1(key, hub_id, reading.payload())


def _add_request(
    load: Load, key: Signer, readings: Iterator[bytes], records_a_request: int | None
) -> None:
    raws = [next(readings)]
    most = records_a_request or exchange.MAX_RECORDS
    while len(raws) < most and sum(map(len, raws)) + len(raws[0]) <= exchange.MAX_BATCH_BYTES:
        raws.append(next(readings))
    request = exchange.Request(bytes(16), 3, 10**9, FIRST_SEQ + 1, 9999, len(raws), 1)
    hub_id = sealing.key_id(key.public)
    load.bodies.append(exchange.encode_request(key, hub_id, request, raws))
    load.signed.append([(_signed_message(raw), key.public) for raw in raws])


def _signed_message(raw: bytes) -> bytes:
    """Return signature and Sig_structure, as libsodium takes them."""
    parsed = cose.Sign1.parse(raw)
    return parsed.signature + cose.sig_structure(raw[2:15], b"", parsed.unverified_payload)
