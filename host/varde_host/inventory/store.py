"""Open the inventory: `inventory.sqlite` in the site's folder, or PostgreSQL by its URL."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from varde_host import errors
from varde_host.database import engine
from varde_host.inventory import audit, migrations

Result = TypeVar("Result")

FILE = "inventory.sqlite"
"""Its name in a site's folder."""

_PROGRAM = engine.Program(migrations.VERSIONS, "kits")


class Inventory(engine.Database):
    """An open inventory. Who writes is alone until the transaction ends (`audit.lock`)."""

    def __init__(self, address: str | Path) -> None:
        super().__init__(address, _PROGRAM)

    @contextlib.contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Begin to change something; commits at the end. Raises WorldFailed `database`."""
        with super().writing() as connection:
            audit.lock(connection)
            yield connection

    def write(self, work: Callable[[sa.Connection], Result]) -> Result:
        """Commit what `work` does, tried once: WorldFailed `database` if that fails.

        A commit whose answer was lost may stand, and a change done twice is two lines in the log.
        There is a person who can look.
        """
        with self.writing() as connection:
            return work(connection)


def open_inventory(address: str | Path, *, create: bool = True) -> Inventory:
    """Open a file, or a server by a URL, and bring it to the newest version.

    Raises as `engine.bring_up`, but InputRefused `inventory-missing` and `inventory-foreign`.
    """
    try:
        return engine.bring_up(Inventory(address), create=create)
    except errors.InputRefused as error:
        if error.code == "database-missing":
            raise errors.InputRefused("inventory-missing", error.where) from error
        if error.code == "database-foreign":
            raise errors.InputRefused("inventory-foreign", error.where) from error
        raise
