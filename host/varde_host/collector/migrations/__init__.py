"""The database's versions (alembic), applied when the collector starts."""

from __future__ import annotations

from importlib import resources

import alembic.command
import alembic.config
import sqlalchemy as sa


def upgrade(connection: sa.Connection) -> None:
    """Bring the database to the newest version, inside the connection's transaction."""
    config = alembic.config.Config()
    config.set_main_option("script_location", str(resources.files(__name__)))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    alembic.command.upgrade(config, "head")
