"""COSE_Sign1 and COSE_Encrypt0 (RFC 9052), in the one profile that this project speaks.

    COSE_Sign1    [ << {1: -8, 4: kid} >>, {}, payload, signature ]   EdDSA over Ed25519
    COSE_Encrypt0 [ << {1: 30} >>, {5: iv}, ciphertext ]              AES-CCM-16-128-128

Both are untagged and name exactly these headers: an algorithm is fixed by the format, a header
only confirms it, and nothing is negotiated. As all of it is deterministic CBOR, a message has one
spelling; it is cut at fixed places, and what does not fit there is decoded in full only to name
the fault. What is signed (Sig_structure) and authenticated (Enc_structure) is concatenated.

Errors: CoseError; CborError where not even the coding holds.
"""

import hashlib

from ._compat import TYPE_CHECKING, const
from .cbor_scalars import byte_string
from .crypto import aes_ccm
from .errors import CoseError
from .value import Value

if TYPE_CHECKING:
    from typing import Any, Protocol

    class Signer(Protocol):
        def sign(self, message: bytes) -> bytes: ...

    class Verifier(Protocol):
        def verify(self, message: bytes, signature: bytes) -> bool: ...


KID_BYTES = const(8)  # every key id here is the start of a SHA-256 of the public key
IV_BYTES = const(13)  # AES-CCM-16: a 16-bit length leaves 13 bytes of nonce (RFC 9053 section 4.2)
TAG_BYTES = const(16)
SIGNATURE_BYTES = const(64)

# {1: -8, 4: kid} up to the kid; and as the array and the byte string that it stands in.
_SIGN_HEADERS = b"\xa2\x01\x27\x04\x48"
_SIGN1_START = b"\x84\x4d" + _SIGN_HEADERS
_KID_AT = const(7)
UNPROTECTED_AT = const(15)
_PAYLOAD_AT = const(16)
_SIGNATURE_HEAD = b"\x58\x40"

_ENCRYPT_HEADERS = b"\xa1\x01\x18\x1e"
_ENCRYPT0_START = b"\x83\x44" + _ENCRYPT_HEADERS + b"\xa1\x05\x4d"
_IV_AT = const(9)
_CIPHERTEXT_AT = const(22)

_SIGN1_CONTEXT = b"\x84\x6aSignature1"  # RFC 9052 section 4.4
_ENCRYPT0_CONTEXT = b"\x83\x68Encrypt0"  # RFC 9052 section 5.3


def _faults() -> "Any":
    from . import cose_faults  # noqa: PLC0415  (a hub seldom needs it)

    return cose_faults


def key_id(public: bytes) -> bytes:
    """Return the key id of a public key of any kind: 8 bytes."""
    return hashlib.sha256(public).digest()[:KID_BYTES]


def sig_structure(protected: bytes, external_aad: bytes, payload: bytes) -> bytes:
    """Return the bytes that a COSE_Sign1 signs (RFC 9052 section 4.4)."""
    return b"".join(
        (
            _SIGN1_CONTEXT,
            byte_string(protected),
            byte_string(external_aad),
            byte_string(payload),
        )
    )


def enc_structure(protected: bytes, external_aad: bytes) -> bytes:
    """Return what a COSE_Encrypt0 authenticates beside its plaintext (RFC 9052 section 5.3)."""
    return _ENCRYPT0_CONTEXT + byte_string(protected) + byte_string(external_aad)


def sign1(signing_key: "Signer", kid: bytes, payload: bytes, external_aad: bytes = b"") -> bytes:
    """Return the COSE_Sign1 of `payload`; `kid` has 8 bytes (else ValueError, ours)."""
    if len(kid) != KID_BYTES:
        raise ValueError("a key id has 8 bytes")
    protected = _SIGN_HEADERS + kid
    signature = signing_key.sign(sig_structure(protected, external_aad, payload))
    return b"".join((_SIGN1_START, kid, b"\xa0", byte_string(payload), _SIGNATURE_HEAD, signature))


class Sign1(Value):
    """A parsed COSE_Sign1. Until `verify` returned, its key id and payload are only claims."""

    FIELDS = ("unverified_kid", "unverified_payload", "signature")
    unverified_kid: bytes
    unverified_payload: bytes
    signature: bytes

    @staticmethod
    def parse(data: bytes) -> "Sign1":
        """Cut `data`, all of it, into its parts."""
        end = sign1_end(data, 0)
        if end != len(data):
            raise _faults().of_sign1(data)
        payload_at, payload_end = byte_string_at(data, _PAYLOAD_AT)
        return Sign1(
            bytes(data[_KID_AT:UNPROTECTED_AT]),
            bytes(data[payload_at:payload_end]),
            bytes(data[payload_end + 2 :]),
        )

    def verify(self, verify_key: "Verifier", external_aad: bytes = b"") -> bytes:
        """Return the payload; raises CoseError `bad-signature`."""
        protected = _SIGN_HEADERS + self.unverified_kid
        signed = sig_structure(protected, external_aad, self.unverified_payload)
        if not verify_key.verify(signed, self.signature):
            raise CoseError("bad-signature", "COSE_Sign1", "use the key that its kid names")
        return self.unverified_payload


def sign1_end(data: bytes, start: int) -> int:
    """Return the offset behind the COSE_Sign1 at `start`, or -1 if none of ours is there."""
    payload_at = start + _PAYLOAD_AT
    if (
        data[start : start + _KID_AT] != _SIGN1_START
        or data[start + UNPROTECTED_AT : payload_at] != b"\xa0"
    ):
        return -1
    payload_end = byte_string_at(data, payload_at)[1]
    if payload_end < 0 or data[payload_end : payload_end + 2] != _SIGNATURE_HEAD:
        return -1
    end: int = payload_end + 2 + SIGNATURE_BYTES
    return end if end <= len(data) else -1


def byte_string_at(data: bytes, start: int) -> "tuple[int, int]":
    """Return (start, end) of the content of the byte string at `start`, or (0, -1)."""
    head = data[start : start + 3]
    if len(head) < 3:
        return 0, -1
    size = head[0] - 0x40
    if 0 <= size < 24:
        content = start + 1
    elif size == 24 and head[1] >= 24:
        size, content = head[1], start + 2
    elif size == 25 and head[1] > 0:
        size, content = head[1] << 8 | head[2], start + 3
    else:
        return 0, -1
    return (content, content + size) if content + size <= len(data) else (0, -1)


def encrypt0(key: bytes, iv: bytes, plaintext: bytes, external_aad: bytes) -> bytes:
    """Return the COSE_Encrypt0 of `plaintext` under a 16-byte key and a 13-byte nonce.

    The caller answers for never using a nonce twice with one key.
    """
    if len(iv) != IV_BYTES:
        raise ValueError("the nonce has 13 bytes")
    sealed = aes_ccm.seal(key, iv, plaintext, enc_structure(_ENCRYPT_HEADERS, external_aad))
    return _ENCRYPT0_START + iv + byte_string(sealed)


def encrypt0_iv(data: bytes) -> bytes:
    """Return the nonce of a COSE_Encrypt0; raises CoseError if `data` is none."""
    content, end = byte_string_at(data, _CIPHERTEXT_AT)
    if data[:_IV_AT] != _ENCRYPT0_START or end != len(data) or end - content < TAG_BYTES:
        raise _faults().of_encrypt0(data)
    return bytes(data[_IV_AT:_CIPHERTEXT_AT])


def decrypt0(key: bytes, data: bytes, external_aad: bytes) -> bytes:
    """Return the plaintext; raises CoseError `decrypt-failed` for a wrong key or altered bytes."""
    iv = encrypt0_iv(data)
    content, end = byte_string_at(data, _CIPHERTEXT_AT)
    aad = enc_structure(_ENCRYPT_HEADERS, external_aad)
    try:
        plaintext: bytes = aes_ccm.open_sealed(key, iv, bytes(data[content:end]), aad)
    except aes_ccm.TagMismatch:
        raise CoseError("decrypt-failed", "COSE_Encrypt0", "use the session's key and context")
    return plaintext
