"""PostgreSQL: a server that several programs share.

Writers' transactions are READ COMMITTED; who needs something not to change under it locks it.
Readers see one state (REPEATABLE READ). A transaction that was lost with its connection may have
been committed, so ours give the same when they are begun again (`engine.Database.write`).
"""

from __future__ import annotations

import re
from typing import Any, Final

import psycopg
import psycopg.conninfo
import sqlalchemy as sa

from varde_host import errors

NAME = "postgresql"

# A collector has one writer, one for strangers and some readers; a server has some hundred places.
POOL_SIZE = 4
MAX_POOL_OVERFLOW = 4
# A temporary table (the collector has one) holds back the server's removal of old transaction
# numbers as long as its connection lives, which has to end well before two thousand million.
POOL_RECYCLE_S = 3600

# A hub gives up on an answer after some 30 s. What the URL says of these goes before.
CONNECTION: Final[dict[str, Any]] = {
    "application_name": "varde",
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
LOCK_TIMEOUT = "10s"
WRITE_TIMEOUT = "20s"

# Commits are waited for until they are on the disk, whatever the server's default; who asked for
# more than that (remote_apply) keeps it.
_DURABLE = (
    "SELECT set_config('synchronous_commit', 'on', false) "
    "WHERE current_setting('synchronous_commit') = 'off'"
)
# A standby answers, but takes no records.
_CHECK = (
    "SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean "
    "FROM (SELECT 1 FROM {} LIMIT 1) AS any_row RIGHT JOIN (SELECT 1) AS one ON true"
)
# The number of our lock among a database's advisory locks: "varde" in ASCII.
_SCHEMA_LOCK = 0x7661726465

# SQLSTATEs (appendix A of the manual). The server goes down, or has become a standby: the
# connection is of no more use, a new one may find another server.
_GONE = {"57P01", "57P02", "57P03", "25006"}
# What of a URL nobody else on the machine may read (the manual, section 34.1.2).
_SECRETS = {"password", "sslpassword", "oauth_client_secret", "scram_client_key"}
# RFC 3986, section 3.1.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
# A deadlock, or a conflict between transactions: the other one has got through.
_AGAIN = {"40P01", "40001"}


class Store:
    """A database of a server, by a URL as libpq takes it (its manual, section 34.1.1.2)."""

    name = NAME
    failures: tuple[type[Exception], ...] = (psycopg.Error,)

    def __init__(self, url: str, proof: str, session: tuple[str, ...]) -> None:
        self._proof = proof
        self._session = session
        self._parameters = CONNECTION | _parameters(url)
        self.where = _without_secrets(self._parameters)

    def is_missing(self) -> bool:
        """Tell that there is a database: connecting to it will show."""
        return False

    def engines(self) -> tuple[sa.Engine, sa.Engine]:
        """Return the writers' engine and the readers'."""
        readers = self._engine("REPEATABLE READ")
        sa.event.listen(readers, "connect", _prepare_reader)
        writers = self._engine("READ COMMITTED")
        sa.event.listen(writers, "connect", self._prepare_writer)
        return writers, readers

    def make_durable(self) -> None:
        """Nothing is left to do: each connection of a writer asks for it."""

    def lock_schema(self, connection: sa.Connection) -> None:
        """Be the only one that migrates until the transaction ends, however long that takes."""
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (_SCHEMA_LOCK,))

    def check(self, connection: sa.Connection) -> None:
        """Raise one of `failures` unless the table of proof can be read and written."""
        if connection.exec_driver_sql(_CHECK.format(self._proof)).scalar_one():
            raise psycopg.errors.ReadOnlySqlTransaction("the server is a standby or read-only")

    def is_passing(self, failure: BaseException | None) -> bool:
        """Tell if the same transaction may succeed at once, on another connection."""
        cause = getattr(failure, "orig", None) or failure
        if not isinstance(cause, psycopg.Error):
            return False
        if isinstance(failure, sa.exc.DBAPIError):
            is_lost = failure.connection_invalidated
        else:  # COPY, which the driver does by itself; the server's own errors have a number
            is_lost = cause.sqlstate is None
        return is_lost or cause.sqlstate in _GONE | _AGAIN

    def _engine(self, isolation: Any) -> sa.Engine:
        engine = sa.create_engine(
            "postgresql+psycopg://",
            creator=self._connect,
            isolation_level=isolation,
            pool_size=POOL_SIZE,
            max_overflow=MAX_POOL_OVERFLOW,
            pool_timeout=CONNECTION["connect_timeout"],
            pool_recycle=POOL_RECYCLE_S,
            pool_use_lifo=True,  # what is seldom used is let go by the server's side first
            use_native_hstore=False,
        )
        sa.event.listen(engine, "handle_error", _drop_if_gone)
        return engine

    def _prepare_writer(self, connection: psycopg.Connection[Any], _record: Any) -> None:
        connection.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        connection.execute(f"SET statement_timeout = '{WRITE_TIMEOUT}'")
        connection.execute("SET client_min_messages = 'warning'")  # `_CertainConnection` hears
        connection.execute(_DURABLE)
        for statement in self._session:
            connection.execute(statement.encode())  # as bytes: psycopg types a str as a literal
        connection.commit()

    def _connect(self) -> psycopg.Connection[Any]:
        return _CertainConnection.connect("", **self._parameters)


class _CertainConnection(psycopg.Connection[Any]):
    """Takes no commit for done that the server has doubts about.

    If somebody cancels a commit that waits for a standby, it answers as ever and warns that the
    standby may not have it (the server's syncrep.c). Sent again by the hub, it waits anew.
    """

    def commit(self) -> None:
        """Commit; raises OperationalError also for what was committed with a warning."""
        warnings: list[str] = []

        def notice(told: psycopg.errors.Diagnostic) -> None:
            if told.severity_nonlocalized == "WARNING":
                warnings.append(told.message_primary or "")

        self.add_notice_handler(notice)
        try:
            super().commit()
        finally:
            self.remove_notice_handler(notice)
        if warnings:
            raise psycopg.OperationalError(warnings[0])


def has_password(url: str) -> bool:
    """Tell if the URL holds a password, or a client key's. Raises InputRefused `database-url`."""
    return not _SECRETS.isdisjoint(_parameters(url))


def _parameters(url: str) -> dict[str, Any]:
    scheme = _SCHEME.match(url)
    if scheme is None:  # libpq has a second spelling, and nothing before its first secret
        raise errors.InputRefused("database-url")
    try:
        return dict(psycopg.conninfo.conninfo_to_dict(url))
    except psycopg.Error:  # whose text may hold the password
        raise errors.InputRefused("database-url", scheme[0]) from None


def _prepare_reader(connection: psycopg.Connection[Any], _record: Any) -> None:
    connection.read_only = True
    connection.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
    connection.commit()


def _drop_if_gone(context: sa.ExceptionContext) -> None:
    """Let the pool drop its connections, as this one's server is of no more use."""
    if getattr(context.original_exception, "sqlstate", None) in _GONE:
        context.is_disconnect = True


def _without_secrets(parameters: dict[str, Any]) -> str:
    """Return what a person needs to know which database it is."""
    hosts = str(parameters.get("host", parameters.get("service", "")))
    ports = str(parameters.get("port", ""))
    return f"postgresql://{hosts}{':' if ports else ''}{ports}/{parameters.get('dbname', '')}"
