"""Which hubs have to be opened again: those of which something is known that was not considered.

Each hub has a *mark* at each target: how much had come of it, what was known beside its records
(loan sheets, verifications, persons, what was typed), and what the target gets. It is written in
the same transaction as what followed from it, so whoever is cut off considers it once more; and it
holds no time, so no clock that is set hides anything.

The program is not in it. What another decoder makes of old readings is for people to look at
first (`varde receiver redecode`).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import sqlalchemy as sa

from varde_host.receiver_store import store


def come(connection: sa.Connection, hub: bytes | None = None) -> dict[bytes, str]:
    """Return by hub, or of one, how much has come. Records are kept, so a number will do."""
    return {hub_id: str(records) for hub_id, records in store.come(connection, hub).items()}


def beside(paths: Iterable[Path]) -> str:
    """Return a short text that is another one once a file of these, or below, is another one."""
    told = hashlib.sha256()
    for path in paths:
        for line in sorted(_files(path)):
            told.update(line.encode())
    return told.hexdigest()[:16]


def _files(path: Path) -> Iterator[str]:
    try:
        found = path.stat()
    except OSError:
        return  # there is none, or not yet
    if path.is_dir():
        with os.scandir(path) as entries:
            inner = [Path(entry.path) for entry in entries]
        for each in inner:
            yield from _files(each)
    else:
        yield f"{path}\0{found.st_size}\0{found.st_mtime_ns}\0{found.st_ino}\n"
