"""Ed25519 back end for MicroPython (RFC 8032 section 5.1): the scalars, in big integers."""

from . import ed25519_point
from . import edwards25519_micropython as edwards
from . import edwards25519_public_micropython as public_points
from . import field25519_micropython as field
from . import sha512_micropython as sha512


def _encoded_base_multiple(scalar: int) -> bytes:
    words = bytearray(edwards.SLOTS * field.SLOT_BYTES)
    edwards.multiply_base(words, scalar)
    return edwards.encode(words)


def _hash_modulo_order(data: bytes) -> int:
    return int.from_bytes(sha512.digest(data), "little") % edwards.L


class Signer:
    """Holds the secret scalar and prefix of a 32-byte seed."""

    def __init__(self, seed: bytes) -> None:
        hashed = sha512.digest(seed)
        secret = int.from_bytes(hashed[:32], "little")
        self._scalar = ((secret & ((1 << 254) - 8)) | 1 << 254) % edwards.L
        self._prefix = hashed[32:]
        self.public = _encoded_base_multiple(self._scalar)

    def sign(self, message: bytes) -> bytes:
        """Section 5.1.6."""
        nonce = _hash_modulo_order(self._prefix + message)
        commitment = _encoded_base_multiple(nonce)
        challenge = _hash_modulo_order(commitment + self.public + message)
        response = (nonce + challenge * self._scalar) % edwards.L
        return commitment + response.to_bytes(32, "little")


class Verifier:
    """Holds a public key and, from the first use on, 2.5 KB of its multiples."""

    def __init__(self, public: bytes) -> None:
        self._public = public
        self._multiples: "bytearray | None" = None

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Section 5.1.7, without the cofactor: is encode(S * B - k * A) == R?"""
        if self._multiples is None:
            point = ed25519_point.decode(self._public)
            if point is None:
                return False
            x, y = point
            self._multiples = public_points.odd_multiples(field.P - x, y)
        words = public_points.working_slots()  # of this call alone, as in sha512.digest
        commitment = signature[:32]
        challenge = _hash_modulo_order(commitment + self._public + message)
        public_points.multiply(words, self._multiples, challenge)
        public_points.add_base_multiple(words, int.from_bytes(signature[32:], "little"))
        return edwards.encode(words) == commitment
