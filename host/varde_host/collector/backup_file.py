"""A backup's file: all tables in one stream, the same from SQLite and PostgreSQL.

The file is a CBOR sequence (RFC 8742) of byte strings, each with its length in four bytes
(5A, u32, content), so that a reader knows what to read before it takes memory for it. Each holds
one array:

    ["varde-backup", 1, schema version, created_ms]       first
    [1, table, [column, ...]]                             a table begins
    [2, [[value, ...], ...]]                              rows in the order of the table's key,
                                                          ROWS_A_BLOCK each but for the last
    [3, table, rows, sha256 of its blocks of rows]        and ends
    [4, sha256 of all bytes before this byte string]      last

A table's sha256 is over the CBOR of its arrays of rows (the second member of each 2), one after
the other: it depends on the rows alone, so it can be compared with that of another database.
Values are integers, byte strings and null. Nothing in it is secret beyond what the database is:
readings are sealed, and no key of a site is in it but hubs' public ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, Final, NamedTuple

import cbor2

from varde_host import errors

NAME: Final = "varde-backup"
FORMAT: Final = 1
ROWS_A_BLOCK: Final = 500
# Of rows the largest are refused requests of 64 KiB. A length beyond it is damage, not data.
MAX_ITEM_BYTES: Final = ROWS_A_BLOCK * 68 * 1024

_TABLE, _ROWS, _TABLE_END, _END = 1, 2, 3, 4
_ROWS_HEAD = b"\x82\x02"  # of [2, rows]; the rows follow as they are hashed
_BYTE_STRING = 0x5A  # its length follows in four bytes
_LENGTH_BYTES = 4

Row = tuple[Any, ...]


class Head(NamedTuple):
    """What the rows are of: the schema's version, and when they were read (UTC)."""

    revision: str
    created_ms: int


class Table(NamedTuple):
    """A table's rows begin."""

    name: str
    columns: tuple[str, ...]


class Total(NamedTuple):
    """What a table came to."""

    table: str
    rows: int
    sha256: str


class Tally:
    """Counts and hashes the rows of one table, wherever they come from."""

    def __init__(self, table: str) -> None:
        self._table = table
        self._digest = hashlib.sha256()
        self.rows = 0

    def add(self, rows: list[Row]) -> bytes:
        """Take a block of rows; return its encoding."""
        encoded = cbor2.dumps(rows)
        self.add_encoded(encoded, len(rows))
        return encoded

    def add_encoded(self, encoded: bytes, rows: int) -> None:
        """Take a block of rows as it stands in a file."""
        self._digest.update(encoded)
        self.rows += rows

    def total(self) -> Total:
        """Return what it came to so far."""
        return Total(self._table, self.rows, self._digest.hexdigest())


class Writer:
    """Writes one backup to a file; the caller opens and syncs it."""

    def __init__(self, file: BinaryIO, head: Head) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._put(cbor2.dumps([NAME, FORMAT, *head]))

    def table(self, table: Table, blocks: Iterable[list[Row]]) -> Iterator[Total]:
        """Write the table block by block, and yield what it has come to after each and in the
        end."""
        tally = Tally(table.name)
        self._put(cbor2.dumps([_TABLE, table.name, list(table.columns)]))
        for rows in blocks:
            self._put(_ROWS_HEAD + tally.add(rows))
            yield tally.total()
        total = tally.total()
        self._put(cbor2.dumps([_TABLE_END, *total]))
        yield total

    def end(self) -> None:
        """Close the sequence; without this a backup is half a backup."""
        self._put(cbor2.dumps([_END, self._digest.hexdigest()]))

    def _put(self, content: bytes) -> None:
        item = bytes([_BYTE_STRING]) + len(content).to_bytes(_LENGTH_BYTES) + content
        self._digest.update(item)
        self._file.write(item)


class Reader:
    """Reads a backup; `head` is there at once, all else by `items`.

    Raises InputRefused: `backup-format` for what is no backup, or one of a newer format;
    `backup-damaged` where anything is not as it was written.
    """

    def __init__(self, file: BinaryIO, where: str) -> None:
        self._file = file
        self._where = where
        self._offset = 0
        self._digest = hashlib.sha256()
        try:
            name, number, *fields = self._decoded(self._content())
        except (errors.InputRefused, ValueError):
            name, number, fields = "", 0, []
        if (name, number) != (NAME, FORMAT) or list(map(type, fields)) != [str, int]:
            raise errors.InputRefused("backup-format", where)
        self.head = Head(*fields)

    def items(self) -> Iterator[Table | list[Row] | Total]:
        """Yield tables, each with its rows in blocks and its total, which has been checked."""
        while True:
            before = self._digest.hexdigest()
            kind, *fields = self._decoded(self._content())
            if kind == _END:
                self._check(fields == [before] and not self._file.read(1))
                return
            self._check(kind == _TABLE and list(map(type, fields)) == [str, list])
            self._check(all(isinstance(column, str) for column in fields[1]))
            yield Table(fields[0], tuple(fields[1]))
            yield from self._rows(fields[0])

    def _rows(self, table: str) -> Iterator[list[Row] | Total]:
        tally = Tally(table)
        while True:
            content = self._content()
            kind, *fields = self._decoded(content)
            if kind == _TABLE_END:
                total = tally.total()
                self._check(fields == [*total])
                yield total
                return
            self._check(content.startswith(_ROWS_HEAD) and isinstance(fields[0], list))
            self._check(all(isinstance(row, list) for row in fields[0]))
            tally.add_encoded(content[len(_ROWS_HEAD) :], len(fields[0]))
            yield [tuple(row) for row in fields[0]]

    def _content(self) -> bytes:
        """Return what the next byte string holds; it has been counted in."""
        head = self._file.read(1 + _LENGTH_BYTES)
        length = int.from_bytes(head[1:])
        self._check(len(head) == 1 + _LENGTH_BYTES and head[0] == _BYTE_STRING)
        self._check(0 < length <= MAX_ITEM_BYTES)
        content = self._file.read(length)
        self._check(len(content) == length)
        self._digest.update(head)
        self._digest.update(content)
        self._offset += len(head) + length
        return content

    def _decoded(self, content: bytes) -> list[Any]:
        try:
            found = cbor2.loads(content)
        except Exception as error:  # whatever broken bytes do to the decoder
            raise self._damaged() from error
        self._check(isinstance(found, list) and len(found) > 0)
        return list(found)

    def _check(self, is_right: bool) -> None:
        if not is_right:
            raise self._damaged()

    def _damaged(self) -> errors.InputRefused:
        return errors.InputRefused("backup-damaged", self._where, offset=self._offset)
