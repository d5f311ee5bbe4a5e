"""The receiver's tables. `migrations/versions` makes them; a test holds the two together.

`hubs` and `records` are the collector's, column for column: what opens readings
(`receiver.source`) reads either. No value stands here in clear: records are sealed as hubs sent
them, and what waits to be handed on is sealed with the receiver's key (`handover.sealed`).
"""

from __future__ import annotations

import sqlalchemy as sa

from varde_host.collector import schema as collector_schema

metadata = sa.MetaData()

_ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

hubs = collector_schema.hubs.to_metadata(metadata)
records = collector_schema.records.to_metadata(metadata)

# Which numbers of `records` are here, as ranges: to look through years of records for what is
# missing, each minute, would take longer than the minute. `store.take` writes both.
spans = sa.Table(
    "spans",
    metadata,
    sa.Column("hub", sa.Integer, primary_key=True, autoincrement=False),  # hubs.number
    sa.Column("first", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("last", sa.BigInteger, nullable=False),
)

# What a target has (`handover.outbox`): one row for each identifier, the newest version of it.
handed = sa.Table(
    "handed",
    metadata,
    sa.Column("target", sa.Text, primary_key=True),
    sa.Column("key", sa.LargeBinary, primary_key=True),  # of the identifier
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("hub", sa.LargeBinary, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("part", sa.Text, nullable=False),
    sa.Column("change", sa.Text, nullable=False),
    sa.Column("handed_ms", sa.BigInteger, nullable=False),
    sa.Column("remote", sa.Text),  # what the target calls it
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Index("handed_hub", "target", "hub"),
)

# What waits for a target, or was refused by it.
outbox = sa.Table(
    "outbox",
    metadata,
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
    sa.Column("words", sa.Text),  # of a target that refused
    sa.Column("queued_ms", sa.BigInteger, nullable=False),
    sa.Column("refused_ms", sa.BigInteger),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("target", "key", "version", name="outbox_once"),
    sa.Index("outbox_state", "target", "state", "number"),
    sa.Index("outbox_hub", "target", "hub"),
)

# Up to where a hub's records were looked at for a target, and what of it is kept back.
considered = sa.Table(
    "considered",
    metadata,
    sa.Column("target", sa.Text, primary_key=True),
    sa.Column("hub", sa.LargeBinary, primary_key=True),
    sa.Column("mark", sa.Text, nullable=False),
    sa.Column("held", sa.Text, nullable=False),  # counts by reason, JSON
)

# Who switched triage and who set which limits (`triage.kept`). Rows are only added.
triage_log = sa.Table(
    "triage_log",
    metadata,
    sa.Column("number", _ROW_NUMBER, sa.Identity(), primary_key=True),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("loan", sa.Text),
    sa.Column("function", sa.Text, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Index("triage_log_loan", "loan", "number"),
)

# What the follow-up service said of loans (`loan_facts.kept`): entries from paper, which of them
# were in error, pauses and plans. Rows are only added. What was measured is sealed.
loan_log = sa.Table(
    "loan_log",
    metadata,
    sa.Column("number", _ROW_NUMBER, sa.Identity(), primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),  # random: a row is added once
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("loan", sa.Text, nullable=False),
    sa.Column("function", sa.Text, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("said", sa.Text, nullable=False),  # JSON, nothing that was measured
    sa.Column("sealed", sa.LargeBinary),
    sa.Index("loan_log_loan", "loan", "number"),
)

# What was told of measurements that did not come (`missed.kept`): the newest word of each. Nothing
# that was measured; when and what kind stands in clear beside each record, too.
misses = sa.Table(
    "misses",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),  # `missed.expected.Expected.key`
    sa.Column("hub", sa.Text, nullable=False),
    sa.Column("loan", sa.Text, nullable=False),  # "" for none
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
    sa.Column("evidence", sa.Text, nullable=False),  # JSON
    sa.Index("misses_state", "state", "due_ms"),
)
