"""The versions of the inventory's database (alembic), applied when it is opened."""

from varde_host.database import versions

VERSIONS = versions.Versions(__name__, "inventory_version")
