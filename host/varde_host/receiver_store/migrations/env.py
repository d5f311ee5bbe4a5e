"""Run by alembic: migrate over the connection that `upgrade` put into the configuration."""

from alembic import context

from varde_host.receiver_store import schema

given = context.config.attributes
context.configure(
    connection=given["connection"],
    version_table=given["version_table"],
    target_metadata=schema.metadata,
)
context.run_migrations()
