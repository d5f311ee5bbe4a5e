"""Sessions, kept at the server: the browser has a random number, the file its hash.

Whoever reads the file gets into nothing. A number is new at each login and at each change of
function or municipality, so one that was planted in a browser beforehand is never one of ours.
Sessions end by logging out, by rest, by age, and when the clock stands before their beginning;
they outlive a restart of the server. The token of a session's forms is made from its number, so it
stands nowhere.

What is kept is small and of no lasting worth: a file of an older form is begun anew.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from varde_host import errors
from varde_host.access import identity
from varde_host.site import new_file

FILE: Final = "sessions.sqlite"
_TOKEN_BYTES: Final = 32
_VERSION: Final = 1
# Written down so often at most: a page that asks each second costs no write each second.
_SEEN_STEP_MS: Final = 20_000
# A clock that was set back by more than this would give sessions a longer life.
_CLOCK_SLACK_MS: Final = 5 * 60_000
# Nobody has so many browsers; the oldest of a person go first.
MOST_OF_A_PERSON: Final = 8
_TABLES: Final = """
CREATE TABLE sessions (
    hash BLOB PRIMARY KEY, owner TEXT NOT NULL, identity TEXT NOT NULL, site TEXT NOT NULL,
    function TEXT NOT NULL, language TEXT NOT NULL, began_ms INTEGER NOT NULL,
    seen_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE failures (
    whom BLOB PRIMARY KEY, count INTEGER NOT NULL, until_ms INTEGER NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Session:
    """`site` and `function` are those in use, "" until they are chosen."""

    identity: identity.Identity
    site: str
    function: str
    language: str
    began_ms: int
    seen_ms: int


@dataclass(slots=True)
class Failed:
    """How often somebody failed in a row, until when they wait, and when it last was."""

    count: int
    until_ms: int
    at_ms: int


class Sessions:
    """The store; one connection, used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Open or make the file, for its owner only. Raises WorldFailed `sessions-file`."""
        self._path = path
        self._lock = threading.Lock()
        with self._failing(), _alone(path.parent):
            _make_private(path)
            self._connection = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, timeout=5
            )
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            if self._connection.execute("PRAGMA user_version").fetchone() != (_VERSION,):
                self._begin_anew()

    def begin(
        self, who: identity.Identity, now_ms: int, *, site: str = "", function: str = "",
        language: str = "",
    ) -> str:  # fmt: skip
        """Begin a session of somebody who has just shown who they are; return its number."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        text, owner = identity.encode(who), identity.owner(who)
        with self._writing() as write:
            write(
                "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (_hash(token), owner, text, site, function, language, now_ms, now_ms),
            )
            write(
                "DELETE FROM sessions WHERE owner = ?1 AND hash != ?2 AND hash NOT IN (SELECT hash"
                " FROM sessions WHERE owner = ?1 AND hash != ?2 ORDER BY seen_ms DESC LIMIT ?3)",
                (owner, _hash(token), MOST_OF_A_PERSON - 1),
            )
        return token

    def find(self, token: str) -> Session | None:
        """Return the session of a number, None for one that is not ours. It may have ended
        (`is_alive`)."""
        with self._failing(), self._lock:
            row = self._connection.execute(
                "SELECT identity, site, function, language, began_ms, seen_ms FROM sessions"
                " WHERE hash = ?", (_hash(token),),
            ).fetchone()  # fmt: skip
        return None if row is None else Session(identity.decode(row[0]), *row[1:])

    def seen(self, token: str, session: Session, now_ms: int) -> None:
        """Remember that somebody was there."""
        if abs(now_ms - session.seen_ms) >= _SEEN_STEP_MS:
            with self._writing() as write:
                write("UPDATE sessions SET seen_ms = ? WHERE hash = ?", (now_ms, _hash(token)))

    def change(self, token: str, *, site: str, function: str) -> str | None:
        """Put a session into another function or municipality, under a new number."""
        new = secrets.token_urlsafe(_TOKEN_BYTES)
        with self._writing() as write:
            done = write(
                "UPDATE sessions SET hash = ?, site = ?, function = ? WHERE hash = ?",
                (_hash(new), site, function, _hash(token)),
            )
        return new if done else None

    def end(self, token: str) -> None:
        """End a session."""
        with self._writing() as write:
            write("DELETE FROM sessions WHERE hash = ?", (_hash(token),))

    def sweep(self, before_ms: int) -> None:
        """Forget sessions that began before that."""
        with self._writing() as write:
            write("DELETE FROM sessions WHERE began_ms < ?", (before_ms,))

    @contextlib.contextmanager
    def counting(self, whom: bytes) -> Iterator[Failed]:
        """Give the failures of somebody, to be changed by one at a time (`lockout`)."""
        with self._writing() as write:
            row = write.one("SELECT count, until_ms, at_ms FROM failures WHERE whom = ?", (whom,))
            failed = Failed(*(row or (0, 0, 0)))
            yield failed
            write("INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?)",
                  (whom, failed.count, failed.until_ms, failed.at_ms))  # fmt: skip

    def forgive(self, whom: bytes) -> None:
        """Forget the failures of somebody who has got in."""
        with self._writing() as write:
            write("DELETE FROM failures WHERE whom = ?", (whom,))

    def forget_failures(self, before_ms: int, most: int) -> None:
        """Forget failures of long ago, and of more than `most` the oldest."""
        with self._writing() as write:
            write("DELETE FROM failures WHERE at_ms < ?", (before_ms,))
            write("DELETE FROM failures WHERE whom NOT IN (SELECT whom FROM failures"
                  " ORDER BY count DESC, at_ms DESC LIMIT ?)", (most,))  # fmt: skip

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _begin_anew(self) -> None:
        for name in ("sessions", "failures"):
            self._connection.execute(f"DROP TABLE IF EXISTS {name}")
        self._connection.executescript(f"{_TABLES} PRAGMA user_version={_VERSION};")

    @contextlib.contextmanager
    def _writing(self) -> Iterator[_Write]:
        with self._failing(), self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield _Write(self._connection)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise errors.WorldFailed(
                "sessions-file", str(self._path), reason=str(error)
            ) from error


class _Write:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __call__(self, statement: str, values: tuple[object, ...]) -> int:
        return self._connection.execute(statement, values).rowcount

    def one(self, statement: str, values: tuple[object, ...]) -> tuple[int, ...] | None:
        found: tuple[int, ...] | None = self._connection.execute(statement, values).fetchone()
        return found


def form_token(token: str) -> str:
    """Return what the forms of a session hold."""
    return hmac.new(token.encode(), b"varde form", hashlib.sha256).hexdigest()


def is_alive(session: Session, now_ms: int, idle_ms: int, whole_ms: int) -> bool:
    """Tell if a session goes on, by its rest and its age."""
    if now_ms < session.began_ms - _CLOCK_SLACK_MS:
        return False
    return now_ms - session.began_ms < whole_ms and now_ms - session.seen_ms < idle_ms


def _hash(token: str) -> bytes:
    """256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).digest()


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one server at a time open the file: two that begin at once would both make it."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def _make_private(path: Path) -> None:
    if not path.exists():
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL, new_file.PRIVATE_MODE))
