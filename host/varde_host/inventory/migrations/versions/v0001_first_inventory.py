"""The first inventory: kits and things, their life, and the log with its guards."""

import sqlalchemy as sa
from alembic import op

from varde_host.inventory.migrations import append_only

revision = "0001"
down_revision = None

# Tables to which rows are added, and that is all.
_APPEND_ONLY = ("audit", "moves")


def upgrade() -> None:
    """Make the tables."""
    _create_audit()
    _create_things()
    _create_items()
    _create_life()
    _create_upkeep()
    for table in _APPEND_ONLY:
        append_only.guard(table)


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("function", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Index("audit_subject", "subject"),
    )


def _create_things() -> None:
    op.create_table(
        "places",
        sa.Column("place", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
    )
    op.create_table(
        "models",
        sa.Column("model", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("maker", sa.Text, nullable=False),
        sa.Column("lead_days", sa.Integer),
    )
    op.create_table(
        "model_codes",
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("model", sa.Text, sa.ForeignKey("models.model"), nullable=False),
    )
    op.create_table(
        "kits",
        sa.Column("kit_id", sa.Text, primary_key=True),
        sa.Column("profile", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("since_ms", sa.BigInteger, nullable=False),
        sa.Column("place", sa.Text, sa.ForeignKey("places.place")),
        sa.Column("is_infectious", sa.Boolean, nullable=False),
        sa.Column("quarantine_until_ms", sa.BigInteger),
        sa.Column("verified_until", sa.Text),
        sa.Index("kits_state", "state"),
    )


def _create_items() -> None:
    op.create_table(
        "items",
        sa.Column("item_id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("model", sa.Text, sa.ForeignKey("models.model"), nullable=False),
        sa.Column("serial", sa.Text),
        sa.Column("lot", sa.Text),
        sa.Column("udi", sa.Text),
        sa.Column("size", sa.Text),
        sa.Column("chip_id", sa.Text),
        sa.Column("hub_id", sa.Text),
        sa.Column("kit_id", sa.Text, sa.ForeignKey("kits.kit_id")),
        sa.Column("place", sa.Text, sa.ForeignKey("places.place")),
        sa.Column("standing", sa.Text, nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("lease_end", sa.Text),
        sa.Column("warranty_end", sa.Text),
        sa.Column("made_on", sa.Text),
        sa.Column("expires_on", sa.Text),
        sa.Column("installed_on", sa.Text),
        sa.Column("calibrated_until", sa.Text),
        sa.UniqueConstraint("model", "serial", name="items_once"),
        sa.UniqueConstraint("chip_id", name="items_chip_once"),
        sa.Index("items_kit", "kit_id"),
    )


def _create_life() -> None:
    op.create_table(
        "moves",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("kit_id", sa.Text, sa.ForeignKey("kits.kit_id"), nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("function", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Index("moves_kit", "kit_id", "number"),
    )
    op.create_table(
        "loans",
        sa.Column("loan_id", sa.Text, primary_key=True),
        sa.Column("kit_id", sa.Text, sa.ForeignKey("kits.kit_id"), nullable=False),
        sa.Column("handed_out_ms", sa.BigInteger, nullable=False),
        sa.Column("returned_ms", sa.BigInteger),
        sa.Index("loans_kit", "kit_id"),
    )
    op.create_table(
        "loan_items",
        sa.Column("loan_id", sa.Text, sa.ForeignKey("loans.loan_id"), primary_key=True),
        sa.Column("item_id", sa.Text, sa.ForeignKey("items.item_id"), primary_key=True),
        sa.Column("from_ms", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("until_ms", sa.BigInteger),
        sa.Index("loan_items_item", "item_id"),
    )
    op.create_table(
        "checks",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("item_id", sa.Text, sa.ForeignKey("items.item_id"), primary_key=True),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("record", sa.Text, nullable=False),
        sa.Column("valid_until", sa.Text),
        sa.Index("checks_item", "item_id", "number"),
    )


def _create_upkeep() -> None:
    op.create_table(
        "notes",
        sa.Column("note_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("function", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("opened_ms", sa.BigInteger, nullable=False),
        sa.Column("closed_ms", sa.BigInteger),
        sa.Column("outcome", sa.Text),
        sa.Index("notes_subject", "subject"),
    )
    op.create_table(
        "minimums",
        sa.Column("profile", sa.Text, primary_key=True),
        sa.Column("least", sa.Integer, nullable=False),
        sa.Column("turnaround_days", sa.Integer, nullable=False),
    )
    op.create_table(
        "counts",
        sa.Column("count_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("places", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("found", sa.Integer, nullable=False),
        sa.Column("deviations", sa.Text, nullable=False),
    )
    op.create_table(
        "progress",
        sa.Column("chip_id", sa.Text, primary_key=True),
        sa.Column("step", sa.Text, primary_key=True),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("evidence", sa.Text),
    )
