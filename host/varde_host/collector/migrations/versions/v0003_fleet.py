"""The fleet over the air: what is published for hubs, and a way to the few records that tell.

Without the index, to find the events of a year among its readings is to read the whole year.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables, the column and the index."""
    op.add_column(
        "hubs", sa.Column("config_number", sa.BigInteger, nullable=False, server_default="0")
    )
    is_told = sa.text("kind IN (4, 5)")
    columns = ["hub", "seq", "kind"]
    op.create_index(
        "records_told", "records", columns, sqlite_where=is_told, postgresql_where=is_told
    )
    op.create_table(
        "assignments",
        sa.Column(
            "hub", sa.Integer, sa.ForeignKey("hubs.number"), primary_key=True, autoincrement=False
        ),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("published_ms", sa.BigInteger, nullable=False),
        sa.Column("withdrawn_ms", sa.BigInteger),
    )
    op.create_table(
        "trusts",
        sa.Column("epoch", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("published_ms", sa.BigInteger, nullable=False),
    )
