"""age's file format, written from its specification (C2SP/age.md, version 1): the passphrase part.

An implementation of its own beside the library that the product uses: what one writes the other
must read. It takes any work factor, so tests need not pay a second and a gigabyte a file.
"""

from __future__ import annotations

import base64
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

VERSION = b"age-encryption.org/v1\n"
CHUNK_BYTES = 64 * 1024
QUICK = 2  # of the work factor, for tests


class Refused(Exception):
    """Not a whole file under this passphrase."""


def encrypt(plain: bytes, passphrase: str, work_factor: int = QUICK) -> bytes:
    file_key, salt, nonce = os.urandom(16), os.urandom(16), os.urandom(16)
    body = ChaCha20Poly1305(wrap_key(passphrase, salt, work_factor)).encrypt(
        bytes(12), file_key, None
    )
    stanza = b"-> scrypt %s %d\n%s\n" % (unpadded(salt), work_factor, unpadded(body))
    head = VERSION + stanza + b"---"
    mac = hmac.digest(derived(file_key, b"", b"header"), head, "sha256")
    cipher = ChaCha20Poly1305(derived(file_key, nonce, b"payload"))
    sealed = [
        cipher.encrypt(chunk_nonce(number, is_last), chunk, None)
        for number, chunk, is_last in chunks(plain, CHUNK_BYTES)
    ]
    return head + b" " + unpadded(mac) + b"\n" + nonce + b"".join(sealed)


def decrypt(data: bytes, passphrase: str) -> bytes:
    try:
        version, stanza, body, mac, rest = data.split(b"\n", 4)
        _, kind, salt, factor = stanza.split(b" ")
        assert (version + b"\n", kind, mac[:4]) == (VERSION, b"scrypt", b"--- ")
        key = wrap_key(passphrase, padded(salt), int(factor))
        file_key = ChaCha20Poly1305(key).decrypt(bytes(12), padded(body), None)
        head = data[: data.index(b"\n---") + 4]
        expected = hmac.digest(derived(file_key, b"", b"header"), head, "sha256")
        assert hmac.compare_digest(expected, padded(mac[4:]))
        cipher = ChaCha20Poly1305(derived(file_key, rest[:16], b"payload"))
        return b"".join(
            cipher.decrypt(chunk_nonce(number, is_last), chunk, None)
            for number, chunk, is_last in chunks(rest[16:], CHUNK_BYTES + 16)
        )
    except (ValueError, AssertionError, InvalidTag) as error:
        raise Refused from error


def chunks(data: bytes, size: int) -> list[tuple[int, bytes, bool]]:
    cut = [data[at : at + size] for at in range(0, len(data), size)] or [b""]
    return [(number, chunk, number == len(cut) - 1) for number, chunk in enumerate(cut)]


def chunk_nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])


def wrap_key(passphrase: str, salt: bytes, work_factor: int) -> bytes:
    label = b"age-encryption.org/v1/scrypt"
    return Scrypt(label + salt, 32, 1 << work_factor, 8, 1).derive(passphrase.encode())


def derived(key: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt, info).derive(key)


def unpadded(data: bytes) -> bytes:
    return base64.b64encode(data).rstrip(b"=")


def padded(text: bytes) -> bytes:
    return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
