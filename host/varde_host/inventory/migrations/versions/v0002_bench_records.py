"""The bench's signed records, to which rows are added, and that is all."""

import sqlalchemy as sa
from alembic import op

from varde_host.inventory.migrations import append_only

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "bench_records",
        sa.Column("sha256", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("kit_id", sa.Text, sa.ForeignKey("kits.kit_id")),
        sa.Column("began_ms", sa.BigInteger, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("level", sa.Integer),
        sa.Column("valid_until", sa.Text),
        sa.Column("document", sa.Text, nullable=False),
        sa.UniqueConstraint("number", name="bench_records_number"),
        sa.Index("bench_records_subject", "subject", "kind", "at_ms"),
    )
    append_only.guard("bench_records")
