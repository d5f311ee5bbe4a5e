"""A database's versions (alembic): which it has, and how it gets to the newest."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

import alembic.command
import alembic.config
import alembic.migration
import alembic.script
import sqlalchemy as sa

# What a database may be.
EMPTY = "empty"
CURRENT = "current"
OLDER = "older"
NEWER = "newer"  # of a version that came after this program
FOREIGN = "foreign"  # another program's


@dataclass(frozen=True)
class Versions:
    """The migrations in a package's `versions`, and the table that says which have been made.

    The package's `env.py` migrates over the connection in the configuration's attributes. Each
    program has a table of its own name, so that none takes another's database for its own.
    """

    package: str
    table: str

    def state(self, connection: sa.Connection) -> str:
        """Return what the database is, without touching it."""
        options = {"version_table": self.table}
        context = alembic.migration.MigrationContext.configure(connection, opts=options)
        revision = context.get_current_revision()
        if revision is None:
            return FOREIGN if sa.inspect(connection).get_table_names() else EMPTY
        script = alembic.script.ScriptDirectory.from_config(self._config(connection))
        if revision not in {known.revision for known in script.walk_revisions()}:
            return NEWER
        return CURRENT if revision == script.get_current_head() else OLDER

    def newest(self) -> str:
        """Return the version that an opened database has."""
        head = alembic.script.ScriptDirectory.from_config(self._config()).get_current_head()
        assert head is not None
        return head

    def upgrade(self, connection: sa.Connection, version: str = "head") -> None:
        """Bring the database up to a version, inside the connection's transaction."""
        alembic.command.upgrade(self._config(connection), version)

    def _config(self, connection: sa.Connection | None = None) -> alembic.config.Config:
        config = alembic.config.Config()
        config.set_main_option("script_location", str(resources.files(self.package)))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        config.attributes["version_table"] = self.table
        return config
