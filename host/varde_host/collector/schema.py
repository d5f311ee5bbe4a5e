"""The collector's tables. `migrations/versions` makes them; a test holds the two together."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

# SQLite numbers the rows of a table itself if this is spelled INTEGER.
_ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

hubs = sa.Table(
    "hubs",
    metadata,
    # A small number stands for the 8-byte id in the tables that have a row per record.
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("hub_id", sa.LargeBinary(8), nullable=False, unique=True),
    sa.Column("public_key", sa.LargeBinary(32), nullable=False),
    sa.Column("enrolled_ms", sa.BigInteger, nullable=False),
    sa.Column("revoked_ms", sa.BigInteger),
    # The newest of `assignments`, 0 for none: here, as each exchange reads this row in any case.
    sa.Column("config_number", sa.BigInteger, nullable=False, server_default="0"),
)

# What hubs delivered, byte for byte. The columns beside `record` repeat what stands in it, in
# clear and under the hub's signature, for those who look for missing measurements. There is a row
# for each, years of them: no column has more bytes than its values need, wide ones go first as
# PostgreSQL aligns them, and there is one index of all of them. The hub is no foreign key: the
# transaction that stores a record has found and locked its hub, and to look again for each would
# be two fifths of PostgreSQL's work.
records = sa.Table(
    "records",
    metadata,
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("uptime_ms", sa.BigInteger, nullable=False),
    sa.Column("received_ms", sa.BigInteger, nullable=False),
    sa.Column("hub", sa.Integer, nullable=False),  # hubs.number
    sa.Column("boot", sa.Integer, nullable=False),
    sa.Column("kind", sa.SmallInteger, nullable=False),
    sa.Column("record", sa.LargeBinary, nullable=False),
    # Exactly once rests on this line.
    sa.PrimaryKeyConstraint("hub", "seq", name="records_once"),
)

# Events and gaps (`records.EVENT`, `records.GAP`) among the readings and reports of years: the
# few that say how updates went and what was lost (`fleet.hub_truth`).
# Whoever wants to go by this index says its condition in the same words.
IS_TOLD = sa.text("kind IN (4, 5)")
sa.Index(
    "records_told",
    records.c.hub,
    records.c.seq,
    records.c.kind,  # for SQLite, which else looks at each row to count them
    sqlite_where=IS_TOLD,
    postgresql_where=IS_TOLD,
)

# Refused bytes, kept as evidence; the hub is told to let go of them. The digest keeps a request
# that is sent again from doubling them.
quarantine = sa.Table(
    "quarantine",
    metadata,
    sa.Column("id", _ROW_NUMBER, sa.Identity(), primary_key=True),
    sa.Column("hub", sa.Integer, sa.ForeignKey("hubs.number"), nullable=False),
    sa.Column("seq", sa.BigInteger),
    sa.Column("reason", sa.Integer, nullable=False),
    sa.Column("received_ms", sa.BigInteger, nullable=False),
    sa.Column("digest", sa.LargeBinary(32), nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("hub", "reason", "digest", name="quarantine_once"),
)

# What was refused of a hub after its share of the quarantine was full: counted, not kept.
quarantine_overflow = sa.Table(
    "quarantine_overflow",
    metadata,
    sa.Column(
        "hub", sa.Integer, sa.ForeignKey("hubs.number"), primary_key=True, autoincrement=False
    ),
    sa.Column("records", sa.BigInteger, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("last_ms", sa.BigInteger, nullable=False),
)

# Who knocked without being enrolled, or after being revoked. The id is a claim: without a key
# nothing in such a request can be checked.
strangers = sa.Table(
    "strangers",
    metadata,
    sa.Column("unverified_hub_id", sa.LargeBinary(8), primary_key=True),
    sa.Column("first_seen_ms", sa.BigInteger, nullable=False),
    sa.Column("last_seen_ms", sa.BigInteger, nullable=False),
    sa.Column("requests", sa.Integer, nullable=False),
)

# What is published for hubs (`fleet.publishing`), as their site signed it; handed out by
# `documents`. It holds passwords of homes, so no more content is kept than may be asked for; of
# the others number, SHA-256 and times stay, and the document is empty.
assignments = sa.Table(
    "assignments",
    metadata,
    sa.Column(
        "hub", sa.Integer, sa.ForeignKey("hubs.number"), primary_key=True, autoincrement=False
    ),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.Column("digest", sa.LargeBinary(32), nullable=False),
    sa.Column("published_ms", sa.BigInteger, nullable=False),
    sa.Column("withdrawn_ms", sa.BigInteger),
)

# The site's trusts, each following the one before, for hubs to follow them one by one.
trusts = sa.Table(
    "trusts",
    metadata,
    sa.Column("epoch", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.Column("published_ms", sa.BigInteger, nullable=False),
)

# Receivers that may ask for sealed records (`feed`). Rows stay, with the day they were removed.
feed_keys = sa.Table(
    "feed_keys",
    metadata,
    sa.Column("kid", sa.LargeBinary(8), primary_key=True),
    sa.Column("public_key", sa.LargeBinary(32), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("added_ms", sa.BigInteger, nullable=False),
    sa.Column("removed_ms", sa.BigInteger),
)
