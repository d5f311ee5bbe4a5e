"""Open a program's database: a file of SQLite, or a server of PostgreSQL by its URL.

What differs between the two is in `on_sqlite` and `on_postgresql`: how they are opened and what
their failures mean (`Store`). All else is SQLAlchemy's and speaks to both.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import sqlalchemy as sa

from varde_host import errors
from varde_host.database import on_postgresql, on_sqlite, versions

Result = TypeVar("Result")

# How often one transaction is tried when it fails for what passes: a deadlock, a lost connection.
ATTEMPTS = 3

# A URL, one with a slash too few, or libpq's other spelling (its manual, section 34.1.1.1).
_NO_FILE = re.compile(
    r"://|^\s*postgres(ql)?:|(^|\s)(host|hostaddr|port|dbname|user|service|\w*password)\s*="
)


class Store(Protocol):
    """Where a database is, and how it is opened."""

    name: str
    """Which kind, for people and machines."""
    where: str
    """Which one, without secrets."""
    failures: tuple[type[Exception], ...]

    def is_missing(self) -> bool: ...
    def engines(self) -> tuple[sa.Engine, sa.Engine]: ...
    def make_durable(self) -> None: ...
    def lock_schema(self, connection: sa.Connection) -> None: ...
    def check(self, connection: sa.Connection) -> None: ...
    def is_passing(self, failure: BaseException | None, /) -> bool: ...


@dataclass(frozen=True)
class Program:
    """What is kept in a database, and by whom."""

    versions: versions.Versions
    proof: str
    """A table that can be read as long as all is well."""
    postgresql_session: tuple[str, ...] = ()
    """What each connection that writes to a server begins with."""


class Database:
    """An open database; `writing` and `reading` give connections with a transaction begun."""

    def __init__(self, address: str | Path, program: Program) -> None:
        self.address = address
        self._program = program
        self._store = _store(address, program)
        self._writers, self._readers = self._store.engines()
        self._failures: tuple[type[Exception], ...] = (
            sa.exc.DBAPIError,
            sa.exc.TimeoutError,
            *self._store.failures,
        )

    @property
    def kind(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._store.name

    @property
    def where(self) -> str:
        """Which database it is, without secrets."""
        return self._store.where

    @contextlib.contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Begin to write; commits at the end. Raises WorldFailed `database`."""
        with self._failing(), self._writers.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """See one consistent state, without any lock on writers. Raises WorldFailed."""
        with self._failing(), self._readers.connect() as connection:
            yield connection

    def write(self, work: Callable[[sa.Connection], Result]) -> Result:
        """Commit what `work` does; WorldFailed `database` if that fails for good.

        What fails in passing is begun again, also if it may have been committed: done twice,
        `work` must give what it gives when it is done once.
        """
        return self._repeating(self.writing, work)

    def read(self, work: Callable[[sa.Connection], Result]) -> Result:
        """Return what `work` finds, begun again as in `write`."""
        return self._repeating(self.reading, work)

    def check(self) -> None:
        """Raise WorldFailed `database` unless the database answers and can be written to."""
        self.read(self._store.check)

    def close(self) -> None:
        """Close all connections; SQLite's last one folds the write-ahead log into the file."""
        self._readers.dispose()
        self._writers.dispose()

    def is_missing(self) -> bool:
        """Tell if there is surely nothing to open."""
        return self._store.is_missing()

    def prepare(self, *, is_current: bool) -> None:
        """Make commits durable, and bring the database to the newest version. WorldFailed.

        Of several processes that start at once, one migrates and the others wait for it.
        """
        self.close()  # connections are to be opened with what is set here
        with self._failing():
            self._store.make_durable()
        if is_current:
            return
        with self.writing() as connection:
            self._store.lock_schema(connection)
            self._program.versions.upgrade(connection)

    def state(self) -> str:
        """Return what the database is, without touching it (a word of `versions`)."""
        return self.read(self._program.versions.state)

    def _repeating(
        self,
        begin: Callable[[], contextlib.AbstractContextManager[sa.Connection]],
        work: Callable[[sa.Connection], Result],
    ) -> Result:
        for _ in range(ATTEMPTS - 1):
            try:
                with begin() as connection:
                    return work(connection)
            except errors.WorldFailed as error:
                if not self._store.is_passing(error.__cause__):
                    raise
        with begin() as connection:
            return work(connection)

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except self._failures as error:
            reason = getattr(error, "orig", None) or error
            raise errors.WorldFailed("database", self.where, reason=reason) from error


Opened = TypeVar("Opened", bound=Database)


def bring_up(opened: Opened, *, create: bool = True) -> Opened:
    """Bring a database to the newest version and return it; it is closed if that fails.

    Raises InputRefused `database-missing` (unless `create`), `database-foreign` for a database of
    another program, `database-newer`, `database-url`; WorldFailed `database`. What is refused is
    left untouched.
    """
    try:
        _bring_up(opened, create=create)
    except BaseException:
        opened.close()
        raise
    return opened


def _bring_up(opened: Database, *, create: bool) -> None:
    if opened.is_missing() and not create:
        raise errors.InputRefused("database-missing", opened.where)
    state = opened.state()
    if state == versions.FOREIGN or (state == versions.EMPTY and not create):
        raise errors.InputRefused("database-foreign", opened.where)
    if state == versions.NEWER:
        raise errors.InputRefused("database-newer", opened.where)
    opened.prepare(is_current=state == versions.CURRENT)


def is_url(address: str | Path) -> bool:
    """Tell if this is a URL, if only of another kind or ill-written; anything else is a file.

    One of another kind may hold a password as well, so it is refused without being shown.
    """
    return isinstance(address, str) and _NO_FILE.search(address) is not None


def has_password(url: str) -> bool:
    """Tell if a server's URL holds a password. Raises InputRefused `database-url`."""
    return on_postgresql.has_password(url)


def _store(address: str | Path, program: Program) -> Store:
    if isinstance(address, str) and is_url(address):
        return on_postgresql.Store(address, program.proof, program.postgresql_session)
    return on_sqlite.Store(Path(address), program.proof)
