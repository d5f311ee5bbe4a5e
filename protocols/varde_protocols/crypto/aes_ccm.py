"""AES-CCM (RFC 3610, NIST SP 800-38C) with a 128-bit key.

The nonce has 13 bytes in every message of ours, which leaves 2 bytes for the length: a plaintext
has at most 65535 bytes. Other nonce and tag lengths are there for the test vectors.
"""

from varde_protocols._compat import ON_MICROPYTHON, const

if ON_MICROPYTHON:
    from . import aes_ccm_micropython as _back_end
else:
    from . import aes_ccm_cpython as _back_end  # type: ignore[no-redef]

KEY_BYTES = const(16)
TAG_BYTES = const(16)
_BLOCK_BYTES = const(16)
_SHORTEST_NONCE = const(7)
_LONGEST_NONCE = const(13)
_LONGEST_AAD = const(0xFEFF)  # the longest whose length is written in two bytes (section 2.2)


class TagMismatch(ValueError):  # noqa: N818  (what happened, in the field's words)
    """The message was not sealed under this key, nonce and additional data, or was altered."""


def _check(key: bytes, nonce: bytes, length: int, aad: bytes, tag_bytes: int) -> None:
    if len(key) != KEY_BYTES:
        raise ValueError("an AES-128 key has 16 bytes")
    if not _SHORTEST_NONCE <= len(nonce) <= _LONGEST_NONCE:
        raise ValueError("a CCM nonce has 7 to 13 bytes")
    if tag_bytes not in (4, 6, 8, 10, 12, 14, 16):
        raise ValueError("a CCM tag has 4 to 16 bytes, an even number")
    if length >= 1 << 8 * (_BLOCK_BYTES - 1 - len(nonce)):
        raise ValueError("the plaintext is too long for this nonce")
    if len(aad) > _LONGEST_AAD:
        raise ValueError("the additional data is too long")


def seal(
    key: bytes, nonce: bytes, plaintext: bytes, aad: bytes, tag_bytes: int = TAG_BYTES
) -> bytes:
    """Ciphertext and tag. A nonce must never come twice under the same key."""
    _check(key, nonce, len(plaintext), aad, tag_bytes)
    return _back_end.seal(key, nonce, plaintext, aad, tag_bytes)


def open_sealed(
    key: bytes, nonce: bytes, data: bytes, aad: bytes, tag_bytes: int = TAG_BYTES
) -> bytes:
    """The plaintext; raises TagMismatch if `data` is not what `seal` gave."""
    _check(key, nonce, max(len(data) - tag_bytes, 0), aad, tag_bytes)
    plaintext = None
    if len(data) >= tag_bytes:
        plaintext = _back_end.open_sealed(key, nonce, data, aad, tag_bytes)
    if plaintext is None:
        raise TagMismatch("the tag does not fit: wrong key, nonce or additional data, or altered")
    return plaintext
