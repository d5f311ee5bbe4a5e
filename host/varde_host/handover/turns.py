"""One at a time: who plans, and who sends to a target, when several receivers share a store.

Locks that end with their holder, however it ends, and know no clock: of the kernel for a file
(flock(2)), of the server for a session (the manual of PostgreSQL, section 13.3.5). They keep
amendments in order and save double work. That nothing is handed on twice does not rest on them but
on identifiers: who lost its server, and its lock with it, may have one request under way.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Protocol

import psycopg
import psycopg.conninfo

from varde_host import errors
from varde_host.database import engine, on_postgresql

PLANNING: Final = "planning"
_PRIVATE_MODE: Final = 0o600


class Turn(Protocol):
    """Held for as long as `is_mine` says so."""

    def is_mine(self) -> bool: ...


@contextlib.contextmanager
def turn(address: str | Path, name: str) -> Iterator[Turn | None]:
    """Give the turn of that name at a store, or None if another has it. Raises WorldFailed."""
    if isinstance(address, str) and engine.is_url(address):
        with _of_server(address, name) as held:
            yield held
    else:
        with _of_file(Path(address), name) as held:
            yield held


class _Kernel:
    def is_mine(self) -> bool:
        """The kernel takes it from nobody who lives."""
        return True


@contextlib.contextmanager
def _of_file(database: Path, name: str) -> Iterator[Turn | None]:
    path = database.with_name(f"{database.name}.{name}.lock")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE_MODE)
    except OSError as error:
        raise errors.WorldFailed("file-write", str(path), reason=error.strerror) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield _Kernel()
    finally:
        os.close(descriptor)  # and with it the lock; the file stays, as its name is what is locked


class _Session:
    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def is_mine(self) -> bool:
        try:
            self._connection.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True


@contextlib.contextmanager
def _of_server(url: str, name: str) -> Iterator[Turn | None]:
    connection, is_mine = _asked(url, name)
    with contextlib.closing(connection):
        yield _Session(connection) if is_mine else None


def _asked(url: str, name: str) -> tuple[psycopg.Connection[Any], bool]:
    digest = hashlib.sha256(f"varde handover {name}".encode()).digest()
    number = int.from_bytes(digest[:8], "big", signed=True)
    parameters = {**on_postgresql.CONNECTION, **psycopg.conninfo.conninfo_to_dict(url)}
    try:
        connection = psycopg.connect("", autocommit=True, **parameters)
        got = connection.execute("SELECT pg_try_advisory_lock(%s)", (number,)).fetchone()
    except psycopg.Error as error:  # whose text may hold the password
        where = str(parameters.get("host", ""))
        raise errors.WorldFailed("database", where, reason=type(error).__name__) from None
    return connection, bool(got and got[0])
