"""Keys and ids as people copy them."""

from __future__ import annotations

from varde_host import errors

_SHOWN_CHARACTERS = 80


def parse(text: str, size_bytes: int) -> bytes:
    """Return the bytes; raises InputRefused `hex` unless there are `size_bytes` of them."""
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if len(value) != size_bytes:
        raise errors.InputRefused("hex", ascii(text[:_SHOWN_CHARACTERS]), size=size_bytes)
    return value
