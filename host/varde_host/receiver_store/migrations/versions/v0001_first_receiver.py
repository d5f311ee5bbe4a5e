"""The receiver's database. Until the first release of it this is edited in place."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _records()
    _handover()
    _triage()
    _loans()
    _misses()


def _records() -> None:
    op.create_table(
        "hubs",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("hub_id", sa.LargeBinary(8), nullable=False, unique=True),
        sa.Column("public_key", sa.LargeBinary(32), nullable=False),
        sa.Column("enrolled_ms", sa.BigInteger, nullable=False),
        sa.Column("revoked_ms", sa.BigInteger),
        sa.Column("config_number", sa.BigInteger, nullable=False, server_default="0"),
    )
    op.create_table(
        "records",
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("uptime_ms", sa.BigInteger, nullable=False),
        sa.Column("received_ms", sa.BigInteger, nullable=False),
        sa.Column("hub", sa.Integer, nullable=False),
        sa.Column("boot", sa.Integer, nullable=False),
        sa.Column("kind", sa.SmallInteger, nullable=False),
        sa.Column("record", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("hub", "seq", name="records_once"),
    )
    is_told = sa.text("kind IN (4, 5)")
    op.create_index(
        "records_told", "records", ["hub", "seq", "kind"],
        sqlite_where=is_told, postgresql_where=is_told,
    )  # fmt: skip
    op.create_table(
        "spans",
        sa.Column("hub", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("first", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("last", sa.BigInteger, nullable=False),
    )


def _handover() -> None:
    op.create_table(
        "handed",
        sa.Column("target", sa.Text, primary_key=True),
        sa.Column("key", sa.LargeBinary, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("hub", sa.LargeBinary, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("part", sa.Text, nullable=False),
        sa.Column("change", sa.Text, nullable=False),
        sa.Column("handed_ms", sa.BigInteger, nullable=False),
        sa.Column("remote", sa.Text),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Index("handed_hub", "target", "hub"),
    )
    op.create_table(
        "outbox",
        sa.Column("number", _ROW_NUMBER, sa.Identity(), primary_key=True),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("hub", sa.LargeBinary, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("part", sa.Text, nullable=False),
        sa.Column("change", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("words", sa.Text),
        sa.Column("queued_ms", sa.BigInteger, nullable=False),
        sa.Column("refused_ms", sa.BigInteger),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("target", "key", "version", name="outbox_once"),
        sa.Index("outbox_state", "target", "state", "number"),
        sa.Index("outbox_hub", "target", "hub"),
    )
    op.create_table(
        "considered",
        sa.Column("target", sa.Text, primary_key=True),
        sa.Column("hub", sa.LargeBinary, primary_key=True),
        sa.Column("mark", sa.Text, nullable=False),
        sa.Column("held", sa.Text, nullable=False),
    )


def _triage() -> None:
    op.create_table(
        "triage_log",
        sa.Column("number", _ROW_NUMBER, sa.Identity(), primary_key=True),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("loan", sa.Text),
        sa.Column("function", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Index("triage_log_loan", "loan", "number"),
    )


def _loans() -> None:
    op.create_table(
        "loan_log",
        sa.Column("number", _ROW_NUMBER, sa.Identity(), primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("loan", sa.Text, nullable=False),
        sa.Column("function", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("said", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Index("loan_log_loan", "loan", "number"),
    )


def _misses() -> None:
    op.create_table(
        "misses",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("hub", sa.Text, nullable=False),
        sa.Column("loan", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("due_ms", sa.BigInteger, nullable=False),
        sa.Column("from_ms", sa.BigInteger, nullable=False),
        sa.Column("until_ms", sa.BigInteger, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("is_final", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("told_ms", sa.BigInteger, nullable=False),
        sa.Column("due_by_ms", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("closed", sa.Text, nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Index("misses_state", "state", "due_ms"),
    )
