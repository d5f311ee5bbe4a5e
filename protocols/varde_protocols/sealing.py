"""Sealed readings: only the receiver opens them.

At every boot the hub makes an X25519 key pair and journals its public half in a `session` record.
The content of a reading is encrypted with AES-CCM under

    key = HKDF-SHA256(secret = X25519(session key, receiver key), salt = hub_id || boot u32,
                      info = CBOR ["varde reading", session_seq, receiver_kid, session public], 16)
    iv  = seq u64 || boot u32 || 00
    aad = CBOR [hub_id, boot, seq, uptime_ms, slot, characteristic]

so that a key never meets a nonce twice (a sealer takes each seq once, ascending), and a content
cannot be moved to another reading. The content is CBOR `{1: value, 2: service, 3: address,
4: model}`: the bytes as the sensor sent them, the number of the service, the address (type, then 6
bytes, most significant first) and the model that the config names. A sensor that follows the
specification has no model, and its content no key 4.
"""

import struct

from . import assigned, cbor, cose, records
from ._compat import TYPE_CHECKING, const
from .crypto import hkdf, x25519
from .errors import CoseError, RecordError
from .field_checks import FieldChecks
from .value import Value

if TYPE_CHECKING:
    from typing import Any

    from .records import Reading, Session

KEY_BYTES = const(16)
ADDRESS_BYTES = const(7)
MAX_MODEL_BYTES = const(24)
_PURPOSE = "varde reading"

_checks = FieldChecks(RecordError, "content")


class Content(Value):
    """What a sealed reading holds."""

    FIELDS = ("value", "service", "address", "model")
    value: bytes
    service: int
    address: bytes
    model: str

    def _check(self) -> None:
        _checks.byte_string(self.value, 0, records.MAX_VALUE_BYTES, "value")
        _checks.uint(self.service, 0, assigned.MAX_NUMBER, "service")
        _checks.byte_string(self.address, ADDRESS_BYTES, ADDRESS_BYTES, "address")
        _checks.text(self.model, 0, MAX_MODEL_BYTES, "model")

    def encode(self) -> bytes:
        fields: "Any" = {1: self.value, 2: self.service, 3: self.address}
        if self.model:
            fields[4] = self.model
        return cbor.encode(fields)

    @staticmethod
    def decode(data: bytes) -> "Content":
        """Raises RecordError, CborError where the coding is wrong."""
        fields = cbor.decode(data, 1, records.MAX_SEALED_BYTES)
        with_model = type(fields) is dict and 4 in fields
        _checks.keys(fields, 4 if with_model else 3, "content")
        if with_model and fields[4] == "":
            raise RecordError("content-range", "model", "leave an empty model out")
        return Content(fields[1], fields[2], fields[3], fields[4] if with_model else "")


key_id = cose.key_id


def _session_key(hub_id: bytes, session: "Session", secret: bytes) -> bytes:
    salt = hub_id + struct.pack(">I", session.boot)
    info = cbor.encode([_PURPOSE, session.seq, session.receiver_kid, session.public_key])
    return hkdf.sha256(secret, salt, info, KEY_BYTES)


def _aad(hub_id: bytes, boot: int, *fields: int) -> bytes:
    """`fields` are seq, uptime_ms, slot and characteristic."""
    return cbor.encode((hub_id, boot) + fields)


def _iv(seq: int, boot: int) -> bytes:
    return struct.pack(">QIB", seq, boot, 0)


class SessionSealer:
    """The hub's side: seals the readings of one session.

    Two sealers made with the same arguments would share key and nonces: make one, keep it for as
    long as `private` lives.
    """

    def __init__(
        self, hub_id: bytes, boot: int, session_seq: int, private: bytes, receiver_public: bytes
    ) -> None:
        self.public_key = x25519.public_key(private)
        self.receiver_kid = key_id(receiver_public)
        self.session_seq = session_seq
        self._hub_id = hub_id
        self._boot = boot
        self._last_seq = -1
        session = records.Session(session_seq, boot, 0, self.public_key, self.receiver_kid)
        self._key = _session_key(hub_id, session, x25519.shared(private, receiver_public))

    def seal(
        self, seq: int, uptime_ms: int, slot: int, characteristic: int, content: Content
    ) -> bytes:
        """Return the COSE_Encrypt0 of `content` for the reading with these other fields.

        `seq` is greater than at any call before, else ValueError (ours): two contents under one
        key and nonce would give both away. A number that was sealed for but not journaled is
        spent.
        """
        if seq <= self._last_seq:
            raise ValueError("seq %d is sealed for already; take the next" % seq)
        self._last_seq = seq  # first of all: whatever fails below, the number is spent
        aad = _aad(self._hub_id, self._boot, seq, uptime_ms, slot, characteristic)
        return cose.encrypt0(self._key, _iv(seq, self._boot), content.encode(), aad)


class SessionOpener:
    """The receiver's side: opens the readings of one session.

    Raises RecordError `wrong-receiver` or `weak-key` for a session that is not for this receiver
    or whose public key is of small order (RFC 7748 section 6.1).
    """

    def __init__(self, hub_id: bytes, session: "Session", receiver_private: bytes) -> None:
        kid = key_id(x25519.public_key(receiver_private))
        if session.receiver_kid != kid:
            raise RecordError("wrong-receiver", "session %d" % session.seq, "use the key that "
                              "its receiver_kid names")  # fmt: skip
        try:
            secret = x25519.shared(receiver_private, session.public_key)
        except ValueError:
            raise RecordError("weak-key", "session %d" % session.seq, "distrust this hub")
        self._hub_id = hub_id
        self._session = session
        self._key = _session_key(hub_id, session, secret)

    def open(self, reading: "Reading") -> Content:
        """Return the content of a reading whose signature has been verified.

        Raises RecordError (`wrong-session`, a malformed content) or CoseError (`wrong-nonce`,
        `decrypt-failed`, a malformed message).
        """
        where = "reading %d" % reading.seq
        if (reading.boot, reading.session_seq) != (self._session.boot, self._session.seq):
            raise RecordError("wrong-session", where, "open it with the session that it names")
        if cose.encrypt0_iv(reading.sealed) != _iv(reading.seq, reading.boot):
            raise CoseError("wrong-nonce", where, "make the nonce of seq and boot")
        aad = _aad(self._hub_id, reading.boot, reading.seq, reading.uptime_ms, reading.slot,
                   reading.characteristic)  # fmt: skip
        return Content.decode(cose.decrypt0(self._key, reading.sealed, aad))
