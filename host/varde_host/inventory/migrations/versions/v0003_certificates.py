"""Certificates of references, and of sensors that a laboratory calibrated."""

import sqlalchemy as sa
from alembic import op

from varde_host.inventory.migrations import append_only

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "certificates",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("item_id", sa.Text, sa.ForeignKey("items.item_id"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("certificate", sa.Text, nullable=False),
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("accreditation", sa.Text),
        sa.Column("traceable_to", sa.Text),
        sa.Column("calibrated_on", sa.Text, nullable=False),
        sa.Column("due", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("expanded_u", sa.Text),
        sa.Column("k", sa.Text),
        sa.Column("weights_class", sa.Text),
        sa.Column("file_sha256", sa.Text),
        sa.Column("points", sa.Text, nullable=False),
        sa.Index("certificates_item", "item_id", "number"),
    )
    append_only.guard("certificates")
