"""The one door through which the inventory changes: each change writes its line in the log.

A `Change` inserts and updates rows, and when it ends it appends one line to the audit log that
holds all values it wrote, in the same transaction. So the log tells everything that was ever
written, and the tables can be made from it again (`replay`): who changes a row behind its back is
found by comparing the two. Nothing in the inventory is deleted, so the door cannot.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, NamedTuple

import sqlalchemy as sa

from varde_host import errors
from varde_host.inventory import audit, schema, who
from varde_host.inventory.who import Who

Key = tuple[Any, ...]
Rows = dict[str, dict[Key, dict[str, Any]]]
"""Table, key, column, value."""

TABLES = tuple(table for table in schema.metadata.sorted_tables if table is not schema.audit)


class Change:
    """What somebody does, in one transaction; use as a context. `number` is its line's."""

    def __init__(
        self,
        connection: sa.Connection,
        by: Who,
        now_ms: int,
        what: str,
        subject: str,
        **said: object,
    ) -> None:
        """`said` goes into the line as well, for people who read it.

        Raises InputRefused `by-auditor`: who looks after others changes nothing.
        """
        if by.function == who.AUDITOR:
            raise errors.InputRefused("by-auditor", str(by))
        audit.lock(connection)
        self.number = audit.head(connection).number + 1
        self._connection = connection
        self._line = (by, now_ms, what, subject)
        self._said = said
        self._written: list[tuple[str, list[Any], dict[str, Any]]] = []

    def __enter__(self) -> Change:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if kind is None:
            detail = self._said | {"rows": self._written}
            audit.append(self._connection, *self._line, detail)

    def insert(self, table: sa.Table, **values: object) -> None:
        """Add a row; columns that are not named are null."""
        self._connection.execute(sa.insert(table).values(values))
        keys = [column.name for column in table.primary_key]
        others = {name: value for name, value in values.items() if name not in keys}
        self._written.append((table.name, [values[name] for name in keys], others))

    def update(self, table: sa.Table, *key: object, **values: object) -> None:
        """Change the row with that primary key, which must be there."""
        query = sa.update(table).values(values)
        for column, value in zip(table.primary_key, key, strict=True):
            query = query.where(column == value)
        changed = self._connection.execute(query).rowcount
        assert changed == 1, (table.name, key)  # who calls has read it, under the lock
        self._written.append((table.name, list(key), values))


def text(value: object) -> str:
    """Return the one JSON text of a value, for a column that holds JSON."""
    return audit.canonical(value)


class Difference(NamedTuple):
    """A row that is not as the log says; None where there is no row."""

    table: str
    key: Key
    logged: dict[str, Any] | None
    found: dict[str, Any] | None


def replay(details: Iterable[Mapping[str, Any]]) -> Rows:
    """Return what the tables must hold after the changes of these lines (their details)."""
    rows: Rows = {table.name: {} for table in TABLES}
    for detail in details:
        for name, key, values in detail.get("rows", ()):
            rows.setdefault(name, {}).setdefault(tuple(key), {}).update(values)
    return rows


def differences(connection: sa.Connection, logged: Rows) -> Iterator[Difference]:
    """Return where the tables are not as the log says."""
    for table in TABLES:
        keys = [column.name for column in table.primary_key]
        wanted = dict(logged[table.name])
        for row in connection.execute(sa.select(table)).mappings():
            key = tuple(row[name] for name in keys)
            found = {name: row[name] for name in row if name not in keys and row[name] is not None}
            known = wanted.pop(key, None)
            stated = None if known is None else _without_nulls(known)
            if stated != found:
                yield Difference(table.name, key, stated, found)
        for key, values in wanted.items():
            yield Difference(table.name, key, _without_nulls(values), None)
    for name in sorted(set(logged) - {table.name for table in TABLES}):  # no table of ours
        for key, values in logged[name].items():
            yield Difference(name, key, _without_nulls(values), None)


def _without_nulls(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
