# mypy: disable-error-code="return"
"""AES-CCM back end for MicroPython: cryptolib has ECB and CBC, the mode is put together here.

CBC-MAC is the last block of a CBC encryption. The key stream is the counter blocks, encrypted by
ECB in one call; its first block hides the tag.
"""

import struct

import cryptolib

from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from . import viper as micropython
    from .viper import ptr8

_ECB = const(1)
_CBC = const(2)
_BLOCK_BYTES = const(16)


def _pad(data: bytes) -> bytes:
    return data + bytes(-len(data) % _BLOCK_BYTES)


def _mac(key: bytes, nonce: bytes, plaintext: bytes, aad: bytes, tag_bytes: int) -> bytes:
    """Section 2.2: the authentication field before it is encrypted, uncut."""
    length_bytes = _BLOCK_BYTES - 1 - len(nonce)
    flags = (64 if aad else 0) + (tag_bytes - 2) // 2 * 8 + length_bytes - 1
    blocks = bytes([flags]) + nonce + len(plaintext).to_bytes(length_bytes, "big")
    if aad:
        blocks += _pad(struct.pack(">H", len(aad)) + aad)
    blocks += _pad(plaintext)
    chain: bytes = cryptolib.aes(key, _CBC, bytes(_BLOCK_BYTES)).encrypt(blocks)
    return chain[-_BLOCK_BYTES:]


def _key_stream(key: bytes, nonce: bytes, length: int) -> bytes:
    """Section 2.3: S_0 and as many blocks after it as `length` bytes need."""
    length_bytes = _BLOCK_BYTES - 1 - len(nonce)
    prefix = bytes([length_bytes - 1]) + nonce
    last = -(-length // _BLOCK_BYTES)
    blocks = [prefix + i.to_bytes(length_bytes, "big") for i in range(last + 1)]
    stream: bytes = cryptolib.aes(key, _ECB).encrypt(b"".join(blocks))
    return stream


@micropython.viper
def _xor_into(target: ptr8, mask: ptr8, length: int) -> object:
    n = 0
    while n < length:
        target[n] = target[n] ^ mask[n]
        n += 1


@micropython.viper
def _differing_bits(left: ptr8, right: ptr8, length: int) -> int:
    """0 if equal; takes the same time wherever they differ."""
    bits = 0
    n = 0
    while n < length:
        bits |= left[n] ^ right[n]
        n += 1
    return bits


def _encrypt(data: bytes, key_stream: bytes) -> bytes:
    result = bytearray(data)
    _xor_into(result, memoryview(key_stream)[_BLOCK_BYTES:], len(data))
    return bytes(result)


def _hidden_tag(mac: bytes, key_stream: bytes, tag_bytes: int) -> bytes:
    tag = bytearray(mac[:tag_bytes])
    _xor_into(tag, key_stream, tag_bytes)
    return bytes(tag)


def seal(key: bytes, nonce: bytes, plaintext: bytes, aad: bytes, tag_bytes: int) -> bytes:
    key_stream = _key_stream(key, nonce, len(plaintext))
    mac = _mac(key, nonce, plaintext, aad, tag_bytes)
    return _encrypt(plaintext, key_stream) + _hidden_tag(mac, key_stream, tag_bytes)


def open_sealed(
    key: bytes, nonce: bytes, data: bytes, aad: bytes, tag_bytes: int
) -> "bytes | None":
    """The plaintext, None if the tag does not fit."""
    ciphertext = data[:-tag_bytes]
    key_stream = _key_stream(key, nonce, len(ciphertext))
    plaintext = _encrypt(ciphertext, key_stream)
    tag = _hidden_tag(_mac(key, nonce, plaintext, aad, tag_bytes), key_stream, tag_bytes)
    if _differing_bits(tag, data[len(ciphertext) :], tag_bytes):
        return None
    return plaintext
