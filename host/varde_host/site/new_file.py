"""Files that appear whole or not at all, and never in the place of another.

Keys are written before the file that makes them a site, each down to the disk; so whoever is cut
off on the way leaves keys that belong to nothing, and never a site that lacks some.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

PRIVATE_MODE = 0o600
PRIVATE_DIRECTORY_MODE = 0o700
PART = ".part"


def make_directory(directory: Path) -> None:
    """Make a directory for its owner only, and those above it, unless it is there.

    Modes are told here and in `write`, so that no umask makes them wider. Raises OSError.
    """
    if not directory.is_dir():
        make_directory(directory.parent)
        directory.mkdir(mode=PRIVATE_DIRECTORY_MODE)


def write(path: Path, data: bytes) -> None:
    """Write a file that must not exist yet, down to the disk, readable by its owner only.

    Raises OSError (FileExistsError); what it had written by then is gone again.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def publish(path: Path, data: bytes) -> None:
    """Let a file of this content appear in one step where there is none. Raises OSError."""
    part = path.with_name(path.name + PART)
    write(part, data)
    appear(part, path)


def appear(part: Path, path: Path) -> None:
    """Give a whole file its name, which must be free. Raises OSError (FileExistsError)."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:  # a USB stick's FAT has no links; nobody else writes there at the same time
        if path.exists():
            raise FileExistsError(f"{path} exists") from None
        part.rename(path)
    part.unlink(missing_ok=True)
    sync_directory(path.parent)


def replace(path: Path, data: bytes) -> None:
    """Give a file new content in one step: a reader sees the old or the new. Raises OSError."""
    part = path.with_name(path.name + PART)
    part.unlink(missing_ok=True)  # of one that was cut off
    write(part, data)
    part.replace(path)
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Take the names in a directory down to the disk."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
