"""Check a hub's signatures, by libsodium: the fastest Ed25519 among Python's wheels.

libsodium releases the interpreter's lock while it works, so threads use all cores. It accepts a
subset of what RFC 8032 lets pass (it also refuses points of small order), by the same equation as
the receiver's check, so that what is accepted here is accepted there.
"""

from __future__ import annotations

import nacl.bindings
import nacl.exceptions

from varde_protocols import cose

_open = nacl.bindings.crypto_sign_open

# Where the kid and the payload's byte string begin in a COSE_Sign1 of the one profile spoken here:
# 84 4d a2 01 27 04 48 kid(8) a0 payload 58 40 signature(64). `cose` guards the shape.
_START = bytes.fromhex("844da201270448")
_PAYLOAD_AT = len(_START) + cose.KID_BYTES + 1
_TAIL_BYTES = 2 + cose.SIGNATURE_BYTES


class Verifier:
    """The verify key of `varde_protocols.cose`, on libsodium."""

    def __init__(self, public_key: bytes) -> None:
        self._public_key = public_key

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Tell if the signature is this key's over the message."""
        try:
            _open(signature + message, self._public_key)
        except nacl.exceptions.BadSignatureError:
            return False
        return True


def record_start(hub_id: bytes) -> bytes:
    """Return the bytes that every record of a hub begins with."""
    return _START + hub_id + b"\xa0"


class RecordVerifier:
    """Checks whole records of one hub, which all begin and are signed with the same bytes."""

    def __init__(self, hub_id: bytes, public_key: bytes) -> None:
        self.start = record_start(hub_id)
        # Sig_structure up to the payload's byte string (`sig_structure` of an empty one ends 40)
        self._context = cose.sig_structure(_START[2:] + hub_id, b"", b"")[:-1]
        self._public_key = public_key

    def is_signed(self, record: bytes) -> bool:
        """Tell if `record`, a COSE_Sign1 that begins with `start`, is signed by the hub."""
        signed = record[-cose.SIGNATURE_BYTES :] + self._context + record[_PAYLOAD_AT:-_TAIL_BYTES]
        try:
            _open(signed, self._public_key)
        except nacl.exceptions.BadSignatureError:
            return False
        return True
