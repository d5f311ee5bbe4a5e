"""Ed25519 signatures (RFC 8032 section 5.1): one interface, one back end for each interpreter.

Verification is the strict form without the cofactor: the encoding of S * B - k * A must equal R
byte for byte, S must be below the group order, and the public key must be the canonical encoding
of a point that is not of small order. RFC 8032 asks for all but the last: under a key of small
order one signature fits many messages, so it proves nothing, and libsodium refuses it as well.
`cryptography` (OpenSSL) takes such keys, and reads a y of p or more modulo p.
"""

from varde_protocols._compat import ON_MICROPYTHON, const

from . import ed25519_point

if ON_MICROPYTHON:
    from . import ed25519_micropython as _back_end
else:
    from . import ed25519_cpython as _back_end  # type: ignore[no-redef]

SEED_BYTES = const(32)
PUBLIC_BYTES = const(32)
SIGNATURE_BYTES = const(64)

_ORDER = (1 << 252) + 27742317777372353535851937790883648493


def _may_verify(public: bytes) -> bool:
    return ed25519_point.is_canonical(public) and not ed25519_point.has_small_order(public)


def is_usable(public: bytes) -> bool:
    """Whether a `VerifyKey` of these bytes can verify anything: for whoever pins or enrols a key.

    False also for another length. Costs the hub a square root, 10 M instructions.
    """
    return (
        len(public) == PUBLIC_BYTES
        and _may_verify(public)
        and ed25519_point.decode(public) is not None
    )


class SigningKey:
    """A private key: `seed` is its 32 secret bytes, `public` the 32 public ones."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise ValueError("an Ed25519 seed has 32 bytes")
        self._signer = _back_end.Signer(bytes(seed))
        self.public: bytes = self._signer.public

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature of `message`, always the same for the same message."""
        return self._signer.sign(message)


class VerifyKey:
    """A public key. Any 32 bytes are taken; those that are not `is_usable` verify nothing."""

    def __init__(self, public: bytes) -> None:
        if len(public) != PUBLIC_BYTES:
            raise ValueError("an Ed25519 public key has 32 bytes")
        self.public = bytes(public)
        self._may_verify = _may_verify(self.public)
        self._verifier = _back_end.Verifier(self.public)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether `signature` (64 bytes) is this key's for `message`."""
        if len(signature) != SIGNATURE_BYTES or not self._may_verify:
            return False
        if int.from_bytes(signature[32:], "little") >= _ORDER:
            return False
        return self._verifier.verify(message, bytes(signature))
