"""Run by alembic: migrate over the connection that `upgrade` put into the configuration."""

from alembic import context

from varde_host.collector import schema

context.configure(
    connection=context.config.attributes["connection"], target_metadata=schema.metadata
)
context.run_migrations()
