"""The versions of the receiver's database (alembic), applied when it is opened."""

from varde_host.database import versions

VERSIONS = versions.Versions(__name__, "receiver_version")
