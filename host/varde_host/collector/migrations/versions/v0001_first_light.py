"""First light: hubs, records, quarantine, strangers."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "hubs",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("hub_id", sa.LargeBinary(8), nullable=False, unique=True),
        sa.Column("public_key", sa.LargeBinary(32), nullable=False),
        sa.Column("enrolled_ms", sa.BigInteger, nullable=False),
        sa.Column("revoked_ms", sa.BigInteger),
    )
    _create_records()
    _create_quarantine()
    op.create_table(
        "strangers",
        sa.Column("unverified_hub_id", sa.LargeBinary(8), primary_key=True),
        sa.Column("first_seen_ms", sa.BigInteger, nullable=False),
        sa.Column("last_seen_ms", sa.BigInteger, nullable=False),
        sa.Column("requests", sa.Integer, nullable=False),
    )


def _create_records() -> None:
    op.create_table(
        "records",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("hub", sa.Integer, sa.ForeignKey("hubs.number"), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("boot", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Integer, nullable=False),
        sa.Column("uptime_ms", sa.BigInteger, nullable=False),
        sa.Column("received_ms", sa.BigInteger, nullable=False),
        sa.Column("record", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("hub", "seq", name="records_once"),
    )


def _create_quarantine() -> None:
    op.create_table(
        "quarantine",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("hub", sa.Integer, sa.ForeignKey("hubs.number"), nullable=False),
        sa.Column("seq", sa.BigInteger),
        sa.Column("reason", sa.Integer, nullable=False),
        sa.Column("received_ms", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("hub", "reason", "digest", name="quarantine_once"),
    )
