"""The ICC profile of our pages: grey, gamma 2.2, made here so that it is the same bytes for ever.

An archived page must say what its colours mean (ISO 19005-3, 6.2.3). Ours has one colour, black,
and its greys. Layout: ICC.1:2001-04 (version 2), a display profile of the grey colour space
with the four tags that such a profile must have (section 6.3.1.1).
"""

from __future__ import annotations

import struct

_HEADER_BYTES = 128
_MADE = (2026, 1, 1, 0, 0, 0)
"""A fixed moment: the profile does not change when a page is drawn again."""
_D50 = (0xF6D6, 0x10000, 0xD32D)
"""The illuminant of the profile connection space, s15Fixed16 (section 5.3)."""
_GAMMA = 0x0233
"""2.2 as u8Fixed8: what displays and printers' drivers take greys for."""
_NAME = b"Varde grey 2.2"


def grey() -> bytes:
    """Return the profile."""
    tags = {
        b"cprt": b"text\0\0\0\0" + b"No copyright, use freely\0",
        b"desc": _description(),
        b"kTRC": struct.pack(">4s4xIH", b"curv", 1, _GAMMA),
        b"wtpt": struct.pack(">4s4x3I", b"XYZ ", *_D50),
    }
    place = _HEADER_BYTES + 4 + 12 * len(tags)
    table, content = [struct.pack(">I", len(tags))], []
    for name, data in tags.items():
        table.append(struct.pack(">4sII", name, place, len(data)))
        whole = data + bytes(-len(data) % 4)
        content.append(whole)
        place += len(whole)
    return _header(place) + b"".join(table) + b"".join(content)


def _header(size: int) -> bytes:
    start = struct.pack(">I4xI4s4s4s", size, 0x02100000, b"mntr", b"GRAY", b"XYZ ")
    made = struct.pack(">6H4s", *_MADE, b"acsp")
    return (start + made + bytes(28) + struct.pack(">3I", *_D50)).ljust(_HEADER_BYTES, b"\0")


def _description() -> bytes:
    """Return a textDescriptionType: the name in ASCII, none in Unicode, none for Macintosh."""
    name = _NAME + b"\0"
    return struct.pack(">4s4xI", b"desc", len(name)) + name + bytes(4 + 4 + 2 + 1 + 67)
