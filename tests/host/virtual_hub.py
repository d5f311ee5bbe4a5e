"""A hub for tests: makes signed records and requests with the protocol library, as it does."""

from __future__ import annotations

import hashlib

from varde_host.collector import batch
from varde_protocols import cose, exchange, records, sealing
from varde_protocols.crypto import ed25519

OXIMETER = bytes.fromhex("00a1a2a3a4a5a6")
SPOT_CHECK = 0x2A5E
SPOT_VALUE = bytes.fromhex("00610048f0")  # SpO2 97 %, pulse 72 in another exponent
COLLECTOR = bytes(range(1, 33))
RECEIVER = bytes(range(33, 65))


class VirtualHub:
    """`number` decides the identity; each record made takes the next sequence number."""

    def __init__(self, number: int = 1, receiver_public: bytes = b"") -> None:
        self.key = ed25519.SigningKey(hashlib.sha256(b"hub %d" % number).digest())
        self.public = self.key.public
        self.hub_id = sealing.key_id(self.public)
        self.receiver_public = receiver_public
        self.boot = 0
        self.next_seq = 1
        self.uptime_ms = 0
        self.sealer: sealing.SessionSealer | None = None

    def take_seq(self) -> int:
        self.next_seq += 1
        return self.next_seq - 1

    def sign(self, record: records.Event | bytes) -> bytes:
        payload = record if isinstance(record, bytes) else record.payload()
        return cose.sign1(self.key, self.hub_id, payload)

    def start(self) -> bytes:
        """Begin a new boot; return its session record."""
        self.boot += 1
        self.uptime_ms = 10
        seq = self.take_seq()
        private = hashlib.sha256(b"session %d" % seq).digest()
        self.sealer = sealing.SessionSealer(
            self.hub_id, self.boot, seq, private, self.receiver_public
        )
        session = records.Session(
            seq, self.boot, self.uptime_ms, self.sealer.public_key, self.sealer.receiver_kid
        )
        return self.sign(session)

    def reading(
        self,
        value: bytes = SPOT_VALUE,
        characteristic: int = SPOT_CHECK,
        slot: int = 1,
        address: bytes = OXIMETER,
        model: str = "",
        verification: bytes = b"",
    ) -> bytes:
        assert self.sealer is not None, "start first"
        seq = self.take_seq()
        content = sealing.Content(value, 0x1822, address, model)
        sealed = self.sealer.seal(seq, self.uptime_ms, slot, characteristic, content)
        fields = (slot, characteristic, self.sealer.session_seq, sealed, verification)
        return self.sign(records.Reading(seq, self.boot, self.uptime_ms, *fields))

    def anchor(self, utc_ms: int, uncertainty_ms: int = 50) -> bytes:
        seq = self.take_seq()
        return self.sign(records.Anchor(seq, self.boot, self.uptime_ms, utc_ms, 1, uncertainty_ms))

    def event(self, detail: int = 1, seq: int | None = None, code: int = 1) -> bytes:
        seq = self.take_seq() if seq is None else seq
        return self.sign(records.Event(seq, self.boot, self.uptime_ms, code, detail))

    def unsettled(self, seq: int) -> bytes:
        """The event that says that the sensor may send this reading again."""
        return self.event(seq, code=records.EVENT_READING_UNSETTLED)

    def request(
        self, raws: list[bytes], nonce: bytes = bytes(16)
    ) -> tuple[exchange.Request, bytes]:
        request = exchange.Request(
            nonce, self.boot, self.uptime_ms, 0, self.next_seq, len(raws), 1
        )
        return request, exchange.encode_request(self.key, self.hub_id, request, raws)

    def body(self, raws: list[bytes]) -> bytes:
        return self.request(raws)[1]


def batch_of(number: int, hub: VirtualHub, seqs: list[int], detail: int = 1) -> batch.Batch:
    """Return events under these numbers as they are after judgement; `number` is the hub's row."""
    rows = [(number, seq, 0, 4, 0, 0, hub.event(detail, seq)) for seq in seqs]
    return batch.Batch(number, 0, rows, list(range(len(rows))), [])


def collector_public() -> bytes:
    return ed25519.SigningKey(COLLECTOR).public


def read_answer(content: bytes) -> exchange.Answer:
    """Return the answer after checking its signature only (see `check` for the whole)."""
    message = cose.Sign1.parse(content)
    payload = message.verify(ed25519.VerifyKey(collector_public()), b"varde exchange answer 1")
    return exchange.Answer(*exchange._values(payload, 7, "answer"))


def check(hub: VirtualHub, request: exchange.Request, seqs: list[int], content: bytes):
    """Return the answer if a hub would believe it."""
    public = collector_public()
    key = ed25519.VerifyKey(public)
    return exchange.check_answer(
        content, key, sealing.key_id(public), request, seqs, hub_id=hub.hub_id
    )
