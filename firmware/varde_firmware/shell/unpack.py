"""Puts the bundle on the stage into an application slot, file by file, each read back.

A bundle is a zlib stream of a CBOR sequence (docs/release.md): [1, files, bytes of contents], then
path and content of each file, paths ascending. Its hash was held against the signed one before, so
what is checked here is that nothing can be written but .mpy files inside of the slot, and that
what cannot be ends. Loaded for an update.
"""

import asyncio

from varde_firmware.core.update_plan import FAILED, REFUSED, Stop
from varde_protocols import update_words as words
from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Any

_FORMAT = const(1)
_MAX_FILES = const(512)
_MAX_FILE_BYTES = const(32_768)
_MAX_PATH_BYTES = const(96)
_PIECE_BYTES = const(512)
_BYTES, _TEXT, _ARRAY, _UINT = 2, 3, 4, 0  # major types of CBOR
_CHARACTERS = b"_/abcdefghijklmnopqrstuvwxyz0123456789"


def _malformed() -> Stop:
    return Stop(words.MALFORMED, REFUSED)


def _head(stream: "Any", major: int, most: int) -> int:
    """Return the argument of the next item, which is of this major type."""
    first = stream.read(1)
    if not first or first[0] >> 5 != major:
        raise _malformed()
    size = first[0] & 31
    if size >= 24:
        data = stream.read(1 << (size & 3))
        if size > 26 or len(data) < 1 << (size & 3):
            raise _malformed()
        size = int.from_bytes(data, "big")
    if size > most:
        raise _malformed()
    return int(size)


def _path(stream: "Any", before: str) -> str:
    data = stream.read(_head(stream, _TEXT, _MAX_PATH_BYTES))
    is_good = data[-4:] == b".mpy" and data[:1] != b"/" and b"//" not in data
    for byte in data[:-4]:
        is_good = is_good and byte in _CHARACTERS
    if not is_good:
        raise _malformed()
    path: str = data.decode()
    if path <= before:
        raise _malformed()
    return path


async def unpack(stream: "Any", slots: "Any", slot: int, sha256: "Any") -> None:
    """Fill the slot, which is cleared before. `slots` is the module ports.slots."""
    slots.clear(slot)
    _head(stream, _ARRAY, 3)
    is_known = _head(stream, _UINT, 0xFFFF) == _FORMAT
    count = _head(stream, _UINT, _MAX_FILES)
    _head(stream, _UINT, 1 << 20)
    if not is_known:
        raise _malformed()
    piece = memoryview(bytearray(_PIECE_BYTES))
    path = ""
    for _ in range(count):
        path = _path(stream, path)
        left = size = _head(stream, _BYTES, _MAX_FILE_BYTES)
        made = sha256()
        with slots.create(slot, path) as file:
            while left:
                taken = stream.readinto(piece[: min(left, _PIECE_BYTES)])
                if not taken:
                    raise _malformed()
                made.update(piece[:taken])
                file.write(piece[:taken])
                left -= taken
        if slots.read_back(slot, path) != (size, made.digest()):
            raise Stop(words.WRONG_HASH, FAILED)
        await asyncio.sleep_ms(0)  # type: ignore[attr-defined]
    if stream.read(1):
        raise _malformed()
