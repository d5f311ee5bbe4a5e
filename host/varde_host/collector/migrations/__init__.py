"""The database's versions (alembic), applied when the collector starts."""

from __future__ import annotations

from importlib import resources

import alembic.command
import alembic.config
import alembic.migration
import alembic.script
import sqlalchemy as sa

# What a database file may be.
EMPTY = "empty"
CURRENT = "current"
OLDER = "older"
NEWER = "newer"  # of a version that came after this program
FOREIGN = "foreign"  # another program's

VERSION_TABLE = "alembic_version"


def state(connection: sa.Connection) -> str:
    """Return what the database is, without touching it."""
    revision = alembic.migration.MigrationContext.configure(connection).get_current_revision()
    if revision is None:
        return FOREIGN if sa.inspect(connection).get_table_names() else EMPTY
    script = alembic.script.ScriptDirectory.from_config(_config(connection))
    if revision not in {known.revision for known in script.walk_revisions()}:
        return NEWER
    return CURRENT if revision == script.get_current_head() else OLDER


def newest() -> str:
    """Return the version that an opened database has."""
    head = alembic.script.ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def upgrade(connection: sa.Connection) -> None:
    """Bring the database to the newest version, inside the connection's transaction."""
    alembic.command.upgrade(_config(connection), "head")


def _config(connection: sa.Connection | None = None) -> alembic.config.Config:
    config = alembic.config.Config()
    config.set_main_option("script_location", str(resources.files(__name__)))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
