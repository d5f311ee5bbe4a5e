"""Ed25519 signatures (RFC 8032 section 5.1): one interface, one back end for each interpreter.

Verification is the strict form without the cofactor: the encoding of S * B - k * A must equal R
byte for byte, S must be below the group order, and the public key must be the canonical encoding
of a point. `cryptography` (OpenSSL) agrees but for the last: it reads a y of p or more modulo p.
"""

from varde_protocols._compat import ON_MICROPYTHON, const

if ON_MICROPYTHON:
    from . import ed25519_micropython as _back_end
else:
    from . import ed25519_cpython as _back_end  # type: ignore[no-redef]

SEED_BYTES = const(32)
PUBLIC_BYTES = const(32)
SIGNATURE_BYTES = const(64)

_P = (1 << 255) - 19
_ORDER = (1 << 252) + 27742317777372353535851937790883648493
_SIGN_BIT = 1 << 255


def _is_canonical(encoding: bytes) -> bool:
    """Section 5.1.3 steps 1 and 4: y below p, and no sign on x = 0 (there y is 1 or -1)."""
    number = int.from_bytes(encoding, "little")
    y = number & (_SIGN_BIT - 1)
    if y in (1, _P - 1):
        return number == y
    return y < _P


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
    """A public key. Any 32 bytes are taken; those that are no point verify nothing."""

    def __init__(self, public: bytes) -> None:
        if len(public) != PUBLIC_BYTES:
            raise ValueError("an Ed25519 public key has 32 bytes")
        self.public = bytes(public)
        self._is_canonical = _is_canonical(self.public)
        self._verifier = _back_end.Verifier(self.public)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether `signature` (64 bytes) is this key's for `message`."""
        if len(signature) != SIGNATURE_BYTES or not self._is_canonical:
            return False
        if int.from_bytes(signature[32:], "little") >= _ORDER:
            return False
        return self._verifier.verify(message, bytes(signature))
