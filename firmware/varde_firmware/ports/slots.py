"""The application slots: folders of .mpy files on littlefs. Loaded when needed.

Nothing here says whether a slot is whole: only the update record does (core/update_record.py), so
it says "no" before `clear` and "yes" after the last file was read back. Every call can be cut and
done again. Paths are inside the slot, "varde_firmware/core/link.mpy", and have been checked.
"""

import hashlib
import os

from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Any, List, Tuple

FOLDERS = ("/a", "/b")
_FOLDER_BIT = const(0x4000)  # of the type that ilistdir gives
_PIECE_BYTES = const(512)


def files(slot: int) -> "List[str]":
    """Return the paths of all files in a slot, [] if there is none."""
    found: "List[str]" = []
    _walk(FOLDERS[slot], "", found, [])
    return found


def clear(slot: int) -> None:
    """Remove a slot with all that is in it."""
    found: "List[str]" = []
    folders: "List[str]" = []
    _walk(FOLDERS[slot], "", found, folders)
    for path in found:
        os.remove(FOLDERS[slot] + "/" + path)
    for path in reversed(folders):
        os.rmdir(path)


def create(slot: int, path: str) -> "Any":
    """Open a new file for writing, with the folders it needs; durable when it is closed."""
    whole = FOLDERS[slot] + "/" + path
    end = whole.find("/", 1)
    while end > 0:
        try:
            os.mkdir(whole[:end])
        except OSError:
            pass  # it is there; if not, opening the file says why
        end = whole.find("/", end + 1)
    return open(whole, "wb")


def write(slot: int, path: str, data: bytes) -> None:
    """Write a file whole."""
    with create(slot, path) as file:
        file.write(data)


def read_back(slot: int, path: str) -> "Tuple[int, bytes]":
    """Return size and SHA-256 of what a file holds now. Raises OSError without one."""
    digest = hashlib.sha256()
    size = 0
    piece = bytearray(_PIECE_BYTES)
    with open(FOLDERS[slot] + "/" + path, "rb") as file:
        while True:
            count = file.readinto(piece)
            if not count:
                return size, digest.digest()
            digest.update(memoryview(piece)[:count])
            size += count


def _walk(folder: str, inside: str, found: "List[str]", folders: "List[str]") -> None:
    """Add files, and folders with each before those in it."""
    try:
        entries = list(os.ilistdir(folder))  # type: ignore[attr-defined]
    except OSError:
        return  # no such slot
    folders.append(folder)
    for entry in entries:
        if entry[1] & _FOLDER_BIT:
            _walk(folder + "/" + entry[0], inside + entry[0] + "/", found, folders)
        else:
            found.append(inside + entry[0])
