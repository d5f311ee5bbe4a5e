"""The site's folder `fleet/`: what people decide about hubs, before any hub is told.

    fleet/groups.toml      which group and ring each hub is in
    fleet/drafts/          changes that are not pushed, a file a hub; with passwords: not for git
    fleet/rollouts/        rollouts under way

Files are replaced in one step (`site.new_file`), so whoever is cut off leaves the old or the new.
Who reads one, changes it and writes it back holds the folder's lock meanwhile.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from varde_host import errors
from varde_host.site import new_file

FOLDER: Final = "fleet"
GROUPS: Final = "groups.toml"
DRAFTS: Final = "drafts"
ROLLOUTS: Final = "rollouts"

# Whoever holds the lock writes some files and asks nobody: a second on a slow disk.
MAX_WAIT_S: Final = 10
_POLL_S: Final = 0.05


def folder(site: Path) -> Path:
    """Return the folder of a site's directory."""
    return site / FOLDER


@contextlib.contextmanager
def held(site: Path) -> Iterator[Path]:
    """Give the folder, made if need be, to one command at a time.

    Raises WorldFailed `fleet-busy`, `file-write`.
    """
    place = folder(site)
    try:
        new_file.make_directory(place)
        descriptor = os.open(place, os.O_RDONLY)
    except OSError as error:
        raise errors.WorldFailed("file-write", str(place), reason=error.strerror) from error
    try:
        _wait(descriptor, place)
        yield place
    finally:
        os.close(descriptor)


def _wait(descriptor: int, place: Path) -> None:
    until_s = time.monotonic() + MAX_WAIT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until_s:
                raise errors.WorldFailed("fleet-busy", str(place)) from None
            time.sleep(_POLL_S)
        else:
            return


def write(path: Path, data: bytes) -> None:
    """Give a file new content in one step; raises WorldFailed `file-write`."""
    try:
        new_file.make_directory(path.parent)
        new_file.replace(path, data)
    except OSError as error:
        raise errors.WorldFailed("file-write", str(path), reason=error.strerror) from error
