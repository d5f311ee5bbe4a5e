"""The versions of the collector's database (alembic), applied when the collector starts."""

from varde_host.database import versions

VERSIONS = versions.Versions(__name__, "alembic_version")
newest = VERSIONS.newest
