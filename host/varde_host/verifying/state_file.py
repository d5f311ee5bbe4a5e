"""The file of a verification under way: whole after every answer, whatever is cut when.

One JSON file, replaced in one step and taken down to the disk before the next question is asked
(`new_file.replace`). It lies in the site's folder, `verifying/ITEM.json`, readable by its owner
only, and is moved to `verifying/done/` when the record is signed: nothing is deleted.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from varde_host import errors
from varde_host.inventory import audit, words
from varde_host.site import new_file

from . import entry as entry_module
from . import setup as setup_module

FOLDER = "verifying"
DONE = "done"
FORM = 1
MAX_BYTES = 4 * 1024 * 1024
_MAX_HOLDER_BYTES = 200

State = tuple[setup_module.Setup, tuple[entry_module.Entry, ...]]


def path_of(site: Path, item_id: str) -> Path:
    """Return where the state of this thing's verification lies."""
    return site / FOLDER / f"{item_id}.json"


def under_way(site: Path) -> list[str]:
    """Return the ids of the things of which a verification was begun and is not finished."""
    return sorted(path.stem for path in (site / FOLDER).glob("*.json"))


@contextmanager
def held(path: Path, person: str = "", now_ms: int = 0) -> Iterator[None]:
    """Keep others from the same thing. Raises InputRefused `verify-busy`, which says who holds it
    and since when, and WorldFailed."""
    try:
        new_file.make_directory(path.parent)
        lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, new_file.PRIVATE_MODE)
    except OSError as error:
        raise errors.WorldFailed("file-write", str(path), reason=error.strerror) from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise busy(path.stem, *_holder(lock)) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, json.dumps([person, now_ms]).encode(), 0)
        yield
    finally:
        os.close(lock)


def busy(item: str, person: str, since_ms: int) -> errors.InputRefused:
    """Return the refusal of a thing that somebody else works on."""
    since = words.moment(since_ms) if since_ms else "–"
    return errors.InputRefused("verify-busy", item, person=person or "–", since=since)


def _holder(lock: int) -> tuple[str, int]:
    """Return who holds a lock and since when; nobody for a file that does not say so."""
    try:
        person, since_ms = json.loads(os.pread(lock, _MAX_HOLDER_BYTES, 0))
        return str(person)[:40], max(0, int(since_ms))
    except (ValueError, TypeError, RecursionError):
        return "", 0


def keep(path: Path, fixed: setup_module.Setup, entries: Sequence[entry_module.Entry]) -> None:
    """Put the state on the disk: after that no cut loses it. WorldFailed `file-write`."""
    rows = [one.as_json() for one in entries]
    state = {"form": FORM, "setup": fixed.as_json(), "entries": rows}
    try:
        new_file.replace(path, audit.canonical(state).encode())
    except OSError as error:
        raise errors.WorldFailed("file-write", str(path), reason=error.strerror) from error


def load(path: Path) -> State | None:
    """Return the state, None if there is none. Raises InputRefused `verify-state`, `file-read`."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise errors.InputRefused("file-read", str(path), reason=error.strerror) from error
    return parse(data, str(path))


def parse(data: bytes, where: str) -> State:
    """Return the state in a file's bytes. Raises InputRefused `verify-state`."""
    found = _decoded(data, where)
    rows = found.get("entries")
    whole = set(found) == {"form", "setup", "entries"} and found["form"] == FORM
    if not whole or not isinstance(rows, list) or len(rows) > entry_module.MAX_ENTRIES:
        raise errors.InputRefused("verify-state", where, field="form")
    fixed = setup_module.from_json(found["setup"], where)
    return fixed, tuple(entry_module.from_json(row, where) for row in rows)


def put_away(path: Path, name: str) -> Path:
    """Move a finished state aside, under a name of its own. WorldFailed `file-write`."""
    try:
        folder = path.parent / DONE
        new_file.make_directory(folder)
        place = folder / f"{path.stem}-{name}.json"
        path.replace(place)
        new_file.sync_directory(folder)
        new_file.sync_directory(path.parent)
    except OSError as error:
        raise errors.WorldFailed("file-write", str(path), reason=error.strerror) from error
    return place


def _decoded(data: bytes, where: str) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        raise errors.InputRefused("verify-state", where, field="size")
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise errors.InputRefused("verify-state", where, field="JSON") from error
    if not isinstance(found, dict):
        raise errors.InputRefused("verify-state", where, field="JSON")
    return found
