"""HKDF with SHA-256 (RFC 5869); both interpreters have SHA-256 in C, so one file serves them."""

import hashlib

from varde_protocols._compat import const

_HASH_BYTES = const(32)
_BLOCK_BYTES = const(64)
MAX_LENGTH_BYTES = const(255 * 32)  # the block counter is one byte (section 2.3)


def _xor_all(data: bytes, mask: int) -> bytes:
    return bytes([byte ^ mask for byte in data])


def _hmac(key: bytes, message: bytes) -> bytes:
    """RFC 2104 with SHA-256."""
    if len(key) > _BLOCK_BYTES:
        key = hashlib.sha256(key).digest()
    key += bytes(_BLOCK_BYTES - len(key))
    inner = hashlib.sha256(_xor_all(key, 0x36) + message).digest()
    return hashlib.sha256(_xor_all(key, 0x5C) + inner).digest()


def sha256(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """Extract and expand: `length` bytes of key from `secret`; an empty salt means 32 zeros."""
    if not 0 < length <= MAX_LENGTH_BYTES:
        raise ValueError("HKDF-SHA256 gives 1 to 8160 bytes")
    pseudorandom_key = _hmac(salt or bytes(_HASH_BYTES), secret)
    output = b""
    block = b""
    counter = 1
    while len(output) < length:
        block = _hmac(pseudorandom_key, block + info + bytes([counter]))
        output += block
        counter += 1
    return output[:length]
