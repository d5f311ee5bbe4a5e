"""PostgreSQL: a server that several collectors share.

Transactions are READ COMMITTED, and what must not change under them is locked:

1. The hubs of a transaction, FOR SHARE: `hub keys revoke` updates the row, so it waits for the
   transactions that still saw the hub stand, and those that come after it find it revoked.
2. Records, by the primary key (hub, seq): who inserts a number that another transaction is about
   to commit waits for it. All collectors insert in the order of that key, and quarantine after
   it in the order of its own, so that no two wait for each other. Should two do so all the same
   (a person's statement among them), one is given up by the server and begun again here.

A transaction that was lost with its connection may have been committed. All of ours give the same
when they are repeated, so it is begun again, and after that the hub sends again.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Collection
from typing import Any, Final

import psycopg
import psycopg.conninfo
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from varde_host import errors
from varde_host.collector import schema
from varde_host.collector.batch import Batch, Differing

NAME = "postgresql"

# A collector has one writer, one for strangers and some readers; a server has some hundred places.
POOL_SIZE = 4
MAX_POOL_OVERFLOW = 4
# A temporary table holds back the server's removal of old transaction numbers as long as its
# connection lives, which has to end well before two thousand million of them.
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
# What has arrived, in the order of a Row, until the end of the transaction.
_ARRIVED = (
    "CREATE TEMPORARY TABLE arrived (hub integer, seq bigint, boot integer, kind smallint, "
    "uptime_ms bigint, received_ms bigint, record bytea) ON COMMIT DELETE ROWS"
)
_COPY = "COPY arrived FROM STDIN (FORMAT binary)"
_INSERT_RECORDS = (
    "INSERT INTO records (hub, seq, boot, kind, uptime_ms, received_ms, record) "
    "SELECT hub, seq, boot, kind, uptime_ms, received_ms, record FROM arrived "
    "ORDER BY hub, seq, ctid ON CONFLICT DO NOTHING"
)
_DIFFERING = (
    "SELECT hub, seq, arrived.record FROM arrived JOIN records USING (hub, seq) "
    "WHERE arrived.record <> records.record"
)
_STANDING = (
    "SELECT number FROM hubs WHERE number = ANY(%s) AND revoked_ms IS NULL "
    "ORDER BY number FOR SHARE"
)
# A standby answers, but takes no records.
_CHECK = (
    "SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean "
    "FROM (SELECT 1 FROM hubs LIMIT 1) AS any_hub RIGHT JOIN (SELECT 1) AS one ON true"
)
# The number of our lock among a database's advisory locks: "varde" in ASCII.
_SCHEMA_LOCK = 0x7661726465

# A row of binary COPY: how many fields, and each with its length before it; the record follows.
_FIELDS = struct.Struct(">hiiiqiiihiqiqi").pack
_COPY_HEAD = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_COPY_TAIL = b"\xff\xff"

# SQLSTATEs (appendix A of the manual). The server goes down, or has become a standby: the
# connection is of no more use, a new one may find another server.
_GONE = {"57P01", "57P02", "57P03", "25006"}
# What of a URL nobody else on the machine may read (the manual, section 34.1.2).
_SECRETS = {"password", "sslpassword", "oauth_client_secret", "scram_client_key"}
# RFC 3986, section 3.1.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
# A deadlock, or a conflict between transactions: the other one has got through.
_AGAIN = {"40P01", "40001"}

insert = postgresql.insert


class Store:
    """A database of a server, by a URL as libpq takes it (its manual, section 34.1.1.2)."""

    name = NAME
    failures: tuple[type[Exception], ...] = (psycopg.Error,)

    def __init__(self, url: str) -> None:
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
        sa.event.listen(writers, "connect", _prepare_writer)
        return writers, readers

    def make_durable(self) -> None:
        """Nothing is left to do: each connection of a writer asks for it."""

    def lock_schema(self, connection: sa.Connection) -> None:
        """Be the only one that migrates until the transaction ends, however long that takes."""
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (_SCHEMA_LOCK,))

    def check(self, connection: sa.Connection) -> None:
        """Raise one of `failures` unless records can be read and written."""
        if connection.exec_driver_sql(_CHECK).scalar_one():
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


def _prepare_writer(connection: psycopg.Connection[Any], _record: Any) -> None:
    connection.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
    connection.execute(f"SET statement_timeout = '{WRITE_TIMEOUT}'")
    connection.execute("SET client_min_messages = 'warning'")  # `_CertainConnection` hears them
    connection.execute(_DURABLE)
    connection.execute(_ARRIVED)
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


# --- statements of `commit` ----------------------------------------------------------------------


def insert_records(connection: sa.Connection, batches: list[Batch]) -> int:
    """Store the rows whose (hub, seq) is new; return how many those are."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.write(_binary(batches))
    return connection.exec_driver_sql(_INSERT_RECORDS).rowcount


def standing(connection: sa.Connection, numbers: Collection[int]) -> set[int]:
    """Return those of the hubs that are not revoked, and keep them so."""
    return set(connection.exec_driver_sql(_STANDING, (list(numbers),)).scalars())


def differing(connection: sa.Connection, _batches: list[Batch]) -> set[Differing]:
    """Return the rows of `insert_records` under whose number other bytes are stored."""
    return {(hub, seq, record) for hub, seq, record in connection.exec_driver_sql(_DIFFERING)}


def _binary(batches: list[Batch]) -> bytes:
    """Return the rows as binary COPY wants them (the manual's page on COPY, "Binary Format")."""
    parts = [_COPY_HEAD]
    parts += [
        _FIELDS(7, 4, hub, 8, seq, 4, boot, 2, kind, 8, uptime, 8, received, len(record)) + record
        for batch in batches
        for hub, seq, boot, kind, uptime, received, record in batch.rows
    ]
    parts.append(_COPY_TAIL)
    return b"".join(parts)


# --- statements of `backup` ----------------------------------------------------------------------


def lock_tables(connection: sa.Connection) -> None:
    """Let nobody write until the transaction ends, however long that takes."""
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    names = ", ".join(schema.metadata.tables)
    connection.exec_driver_sql(f"LOCK TABLE {names} IN EXCLUSIVE MODE")


def load(connection: sa.Connection, table: sa.Table, rows: list[tuple[Any, ...]]) -> None:
    """Insert rows as they are; each has all columns."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    columns = ", ".join(column.name for column in table.columns)
    statement = f"COPY {table.name} ({columns}) FROM STDIN"
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def number_on(connection: sa.Connection) -> None:
    """Go on numbering rows behind those that were loaded with their numbers."""
    for table, column in (("hubs", "number"), ("quarantine", "id")):
        connection.exec_driver_sql(
            f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), "  # noqa: S608
            f"(SELECT coalesce(max({column}), 0) + 1 FROM {table}), false)"
        )
