"""The application of a slot as one file: deterministic CBOR in a zlib stream.

    zlib (RFC 1950, window of 2^13 at most) of a CBOR sequence (RFC 8742):
        [1, number of files, bytes of all contents], then path, content of each file

Paths are text, relative to the slot, ascending; contents are byte strings. So one set of files
has one sequence, and a hub unpacks it with one small buffer: it reads a head, then as many bytes
as the head says. What stands over all of it is the release's SHA-256.

The sequence is the same everywhere. The zlib stream around it is that of the zlib which made it:
other versions may find other matches. So who compares builds compares what is inside.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from typing import Final

from varde_host import errors
from varde_protocols import cbor
from varde_protocols.errors import CborError

FORMAT: Final = 1
WINDOW_BITS: Final = 13
"""A hub keeps the window while it unpacks: 8 KiB, as much as the batch of records that it has in
memory anyway. Twice as much saves 3 % on the air (docs/release.md)."""
LEAST_WINDOW_BITS: Final = 9
"""zlib itself writes 9 where 8 is asked for."""
MAX_BYTES: Final = 256 * 1024
MAX_CONTENT_BYTES: Final = 256 * 1024
"""The budget of a slot is 200 kB (firmware/manifest.py); with heads and paths it stays below."""
MAX_FILES: Final = 512
"""Three times as many as there are; littlefs lists a folder in linear time."""
MAX_FILE_BYTES: Final = 32 * 1024
MAX_PATH_CHARACTERS: Final = 96
MPY_VERSION: Final = 6
ARCHITECTURES: Final = {1: "x86", 2: "x64", 10: "xtensawin"}
"""MP_NATIVE_ARCH_ numbers of MicroPython's `py/persistentcode.h`; 0 is code for any."""

_MAX_SEQUENCE_BYTES = MAX_CONTENT_BYTES + MAX_FILES * (MAX_PATH_CHARACTERS + 8)
_NAME = "[a-z_][a-z0-9_]*"
_PATH = re.compile(rf"{_NAME}(?:/{_NAME})*\.mpy")
_LEVEL = 9
_MEM_LEVEL = 8  # 9 finds no better matches in files of this size


def sequence(files: Mapping[str, bytes]) -> bytes:
    """Return the content before it is deflated.

    Raises InputRefused `bundle-malformed` for files that no slot may hold.
    """
    _check(files)
    parts = [cbor.encode([FORMAT, len(files), sum(map(len, files.values()))])]
    for path in sorted(files):
        parts += [cbor.encode(path), cbor.encode(files[path])]
    return b"".join(parts)


def encode(files: Mapping[str, bytes], window_bits: int = WINDOW_BITS) -> bytes:
    """Return the bundle; raises as `sequence`."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, window_bits, _MEM_LEVEL)
    data = packer.compress(sequence(files)) + packer.flush()
    if len(data) > MAX_BYTES:
        raise _malformed(f"more than {MAX_BYTES} bytes")
    return data


def window_bits(data: bytes) -> int:
    """Return what the head of a bundle says of its window: CINFO of RFC 1950 section 2.2."""
    return (data[0] >> 4) + 8 if data else 0


def decode(data: bytes) -> dict[str, bytes]:
    """Return the files by path. Raises InputRefused `bundle-malformed`, also for what inflates
    without end: nothing is taken beyond what a slot may hold."""
    return _files(_inflated(data))


def architecture(files: Mapping[str, bytes]) -> str:
    """Return what the native code of these files is for, "" if there is none.

    Raises InputRefused `bundle-malformed` for code of two kinds, or of none that we know.
    """
    found = {content[2] >> 2 for content in files.values()} - {0}
    if len(found) > 1 or not found <= ARCHITECTURES.keys():
        raise _malformed("code for " + ", ".join(map(str, sorted(found))))
    return ARCHITECTURES[found.pop()] if found else ""


def _check(files: Mapping[str, bytes]) -> None:
    if not 0 < len(files) <= MAX_FILES:
        raise _malformed(f"{len(files)} files")
    if sum(map(len, files.values())) > MAX_CONTENT_BYTES:
        raise _malformed(f"more than {MAX_CONTENT_BYTES} bytes")
    for path, content in files.items():
        if len(path) > MAX_PATH_CHARACTERS or not _PATH.fullmatch(path):
            raise _malformed(f"path {path[:MAX_PATH_CHARACTERS]!r}")
        if not 4 <= len(content) <= MAX_FILE_BYTES:
            raise _malformed(f"{len(content)} bytes in {path}")
        if content[:2] != bytes((ord("M"), MPY_VERSION)):
            raise _malformed(f"no .mpy of version {MPY_VERSION}: {path}")
    architecture(files)


def _inflated(data: bytes) -> bytes:
    if len(data) > MAX_BYTES:
        raise _malformed(f"more than {MAX_BYTES} bytes")
    if not LEAST_WINDOW_BITS <= window_bits(data) <= WINDOW_BITS:
        raise _malformed(f"window of 2^{window_bits(data)}")
    unpacker = zlib.decompressobj(WINDOW_BITS)
    try:
        plain = unpacker.decompress(data, _MAX_SEQUENCE_BYTES)
        more = unpacker.decompress(unpacker.unconsumed_tail, 1)  # only the end may be left
    except zlib.error as error:
        raise _malformed("zlib") from error
    if more or not unpacker.eof or unpacker.unused_data or unpacker.unconsumed_tail:
        raise _malformed(f"ends elsewhere, or has more than {_MAX_SEQUENCE_BYTES} bytes")
    return plain


def _files(plain: bytes) -> dict[str, bytes]:
    try:
        head, at = cbor.decode_first(plain)
        files: dict[str, bytes] = {}
        before = ""
        while at < len(plain) and len(files) < MAX_FILES:
            path, at = cbor.decode_first(plain, at)
            content, at = cbor.decode_first(plain, at)
            if type(path) is not str or type(content) is not bytes or path <= before:
                raise _malformed("paths ascend, and each has a content")
            files[path] = content
            before = path
    except CborError as error:
        raise _malformed(str(error)) from error
    _check(files)
    if at != len(plain) or head != [FORMAT, len(files), sum(map(len, files.values()))]:
        raise _malformed("its head says otherwise")
    return files


def _malformed(reason: str) -> errors.InputRefused:
    return errors.InputRefused("bundle-malformed", "bundle", reason=reason)
