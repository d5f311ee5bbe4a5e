"""The folder of one run, for what tools read: no longer there than the run, even if it is killed.

Scripts with a hub's assignment, and so its WiFi password, lie in it while a tool reads them. Only
this user may look into it, each run holds a lock on its own (which ends with the process, whatever
ends that), and every run first removes those that no run holds any more.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from varde_host import errors

PREFIX = "varde-bench-"


@contextmanager
def opened() -> Iterator[Path]:
    """Make the folder, and remove it at the end. Raises WorldFailed `file-write`."""
    try:
        remove_left()
        folder, held = _made()
    except OSError as error:
        where = tempfile.gettempdir()
        raise errors.WorldFailed("file-write", where, reason=error.strerror) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def remove_left() -> None:
    """Remove this user's folders of runs that are no more."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        held = _locked(folder) if _is_ours(folder) else None
        if held is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(held)


@contextmanager
def claimed(folder: Path, chip_id: str) -> Iterator[bool]:
    """Take a chip for the run with this folder; False if another run of this user has it.

    Between two programs a port is free, and what one run has finished another could erase there.
    """
    take(folder, chip_id)
    try:
        yield not is_taken(folder, chip_id)
    finally:
        give_back(folder, chip_id)


def take(folder: Path, name: str) -> None:
    """Say that the run with this folder is at work on this chip, or on what is on this port."""
    (folder / _claim(name)).touch()


def give_back(folder: Path, name: str) -> None:
    """Say that it no longer is."""
    (folder / _claim(name)).unlink(missing_ok=True)


def is_taken(folder: Path, name: str) -> bool:
    """Tell if another run of this user, not the one with this folder, is at work on it."""
    claims = Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{_claim(name)}")
    return any(_is_held(claim.parent) for claim in claims if claim.parent != folder)


def _claim(name: str) -> str:
    return f"{hashlib.sha256(name.encode()).hexdigest()[:16]}-at-work"


def _is_held(folder: Path) -> bool:
    held = _locked(folder)
    if held is not None:
        os.close(held)
    return held is None and folder.is_dir()


def _is_ours(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False  # its run has just removed it
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()


def _made() -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        held = _locked(folder)
        if held is not None and folder.is_dir():
            return folder, held
        # Another run has taken it for a left one before it was locked.
        if held is not None:
            os.close(held)


def _locked(folder: Path) -> int | None:
    """Return the descriptor that holds the lock, None if another process has it."""
    try:
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        return None
    return held
