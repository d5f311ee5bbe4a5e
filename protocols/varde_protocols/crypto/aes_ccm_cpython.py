"""AES-CCM back end for CPython: OpenSSL, by way of `cryptography`."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM


def seal(key: bytes, nonce: bytes, plaintext: bytes, aad: bytes, tag_bytes: int) -> bytes:
    return AESCCM(key, tag_bytes).encrypt(nonce, plaintext, aad)


def open_sealed(
    key: bytes, nonce: bytes, data: bytes, aad: bytes, tag_bytes: int
) -> "bytes | None":
    """The plaintext, None if the tag does not fit."""
    try:
        return AESCCM(key, tag_bytes).decrypt(nonce, data, aad)
    except InvalidTag:
        return None
