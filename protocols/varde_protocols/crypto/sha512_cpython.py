"""SHA-512 for CPython: its own hashlib."""

import hashlib


def digest(data: bytes) -> bytes:
    """The 64-byte SHA-512 of `data`."""
    return hashlib.sha512(data).digest()
