"""The people of a site who log in here: `people.json` in its folder, for its owner only.

    {"format": 1, "people": {"t17": {"functions": [...], "password": "$argon2id$...",
     "totp": "BASE32", "last_step": 58000000, "recovery": ["sha-256", ...], "stamp": "...",
     "is_disabled": false}}}

No names: a person is the short id of the municipality's own list. The file is replaced whole, in
one step, by one program at a time (`people.lock`); who is cut off leaves the old one. A file that
is not quite as it should be lets nobody in.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from varde_host import errors
from varde_host.inventory import who
from varde_host.site import files, new_file, passphrases

FILE: Final = "people.json"
LOCK: Final = "people.lock"
MOST: Final = 1000
MAX_BYTES: Final = 1024 * 1024
MOST_RECOVERY_CODES: Final = 10
_FORMAT: Final = 1
# What we write (`password.make`), and no other cost: a planted one would take all memory.
_PASSWORD = re.compile(r"\$argon2id\$v=19\$m=65536,t=3,p=4\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}")
_SHAPES: Final[Mapping[str, Callable[[Any], bool]]] = {
    "functions": lambda given: _is_list(given, who.FUNCTIONS.__contains__, len(who.FUNCTIONS)),
    "password": lambda given: _fits(_PASSWORD, given),
    "totp": lambda given: _fits(re.compile(r"[A-Z2-7]{32}"), given),
    "last_step": lambda given: type(given) is int and 0 <= given < 2**40,
    "recovery": lambda given: _is_list(
        given, lambda each: _fits(re.compile(r"[0-9a-f]{64}"), each), MOST_RECOVERY_CODES
    ),
    "stamp": lambda given: _fits(re.compile(r"[0-9a-f]{16}"), given),
    "is_disabled": lambda given: type(given) is bool,
}

People = Mapping[str, "Person"]


@dataclass(frozen=True, slots=True)
class Person:
    """`last_step` is the newest time step of a code that was used: none is taken twice (RFC 6238
    section 5.2). `recovery` are hashes of codes that are left; `stamp` is new with each change of
    what the person logs in by or may do."""

    functions: tuple[str, ...]
    password: str
    totp: str
    recovery: tuple[str, ...]
    stamp: str
    last_step: int = 0
    is_disabled: bool = False


def load(directory: Path) -> People:
    """Return the people of a site by their short ids; none without a file.

    Raises InputRefused `people-file`, `people-open` (others may read it), `file-read`.
    """
    path = directory / FILE
    try:
        status = path.stat()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise errors.InputRefused("file-read", str(path), reason=error.strerror) from error
    if mode := passphrases.open_mode(status):
        raise errors.InputRefused("people-open", str(path), mode=mode)
    return _loaded(path, (status.st_mtime_ns, status.st_size, status.st_ino))


@functools.lru_cache(maxsize=100)
def _loaded(path: Path, _mark: tuple[int, int, int]) -> People:
    return decode(files.read(path, MAX_BYTES), str(path))


@contextlib.contextmanager
def changing(directory: Path) -> Iterator[dict[str, Person]]:
    """Give the people to be changed; written at the end, unless there is an error.

    One program at a time: others wait. Raises as `load`, InputRefused `people-many`, WorldFailed
    `file-write`.
    """
    with _locked(directory):
        before = load(directory)
        now = dict(before)
        yield now
        if now == before:
            return
        if len(now) > MOST:
            raise errors.InputRefused("people-many", str(directory / FILE), most=MOST)
        _write(directory / FILE, encode(now))


def encode(known: People) -> bytes:
    """Return the file's content."""
    rows = {person: asdict(known[person]) for person in sorted(known)}
    return json.dumps({"format": _FORMAT, "people": rows}, indent=1).encode() + b"\n"


def decode(data: bytes, where: str) -> People:
    """Return the people of a file's content; raises InputRefused `people-file`."""
    refused = errors.InputRefused("people-file", where)
    if len(data) > MAX_BYTES:
        raise refused
    try:
        found = json.loads(data.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise refused from error
    if not isinstance(found, dict) or set(found) != {"format", "people"}:
        raise refused
    rows = found["people"]
    if found["format"] != _FORMAT or not isinstance(rows, dict) or len(rows) > MOST:
        raise refused
    return {person: _person(person, row, refused) for person, row in rows.items()}


def _person(person: str, row: object, refused: errors.InputRefused) -> Person:
    try:
        who.Who(who.TECHNICIAN, person)
    except errors.InputRefused as error:
        raise refused from error
    if not isinstance(row, dict) or set(row) != set(_SHAPES):
        raise refused
    if not all(is_fit(row[name]) for name, is_fit in _SHAPES.items()):
        raise refused
    values: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in row.items()}
    return Person(**values)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that stands twice: two readers could take either."""
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def _fits(shape: re.Pattern[str], given: object) -> bool:
    return isinstance(given, str) and shape.fullmatch(given) is not None


def _is_list(given: object, is_fit: Callable[[Any], bool], most: int) -> bool:
    if not isinstance(given, list) or len(given) > most:
        return False
    return all(isinstance(each, str) and is_fit(each) for each in given) and (
        len(set(given)) == len(given)
    )


@contextlib.contextmanager
def _locked(directory: Path) -> Iterator[None]:
    try:
        lock = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT, new_file.PRIVATE_MODE)
    except OSError as error:
        where = str(directory / LOCK)
        raise errors.WorldFailed("file-write", where, reason=error.strerror) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _write(path: Path, data: bytes) -> None:
    try:
        new_file.replace(path, data)
    except OSError as error:
        raise errors.WorldFailed("file-write", str(path), reason=error.strerror) from error
