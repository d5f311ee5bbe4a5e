"""The inventory's tables. `migrations/versions` makes them; a test holds the two together.

Values are texts, whole numbers and truths, so that the audit log holds them all as JSON and can
be compared with the tables. A date is YYYY-MM-DD, which sorts as it should; a moment is Unix time
in milliseconds. No row is ever deleted: what has gone has an end, or a state.
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

# Every change in one line, chained by its hashes (`audit`). Triggers refuse to alter or remove.
audit = sa.Table(
    "audit",
    metadata,
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

places = sa.Table(
    "places",
    metadata,
    sa.Column("place", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
)

models = sa.Table(
    "models",
    metadata,
    sa.Column("model", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("maker", sa.Text, nullable=False),
    sa.Column("lead_days", sa.Integer),  # from order to shelf
)

# What a maker prints on a model: `gtin:` and 14 digits, or `hibc:` with labeler and product.
model_codes = sa.Table(
    "model_codes",
    metadata,
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("model", sa.Text, sa.ForeignKey("models.model"), nullable=False),
)

kits = sa.Table(
    "kits",
    metadata,
    sa.Column("kit_id", sa.Text, primary_key=True),
    sa.Column("profile", sa.Text, nullable=False),  # what is in it, as the site names it
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("since_ms", sa.BigInteger, nullable=False),
    sa.Column("place", sa.Text, sa.ForeignKey("places.place")),
    sa.Column("is_infectious", sa.Boolean, nullable=False),
    sa.Column("quarantine_until_ms", sa.BigInteger),
    sa.Column("verified_until", sa.Text),  # the last day on which it may be handed out
    sa.Index("kits_state", "state"),
)

# Hubs, sensors, cuffs, batteries, references and what else has a number of its own.
items = sa.Table(
    "items",
    metadata,
    sa.Column("item_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("model", sa.Text, sa.ForeignKey("models.model"), nullable=False),
    sa.Column("serial", sa.Text),
    sa.Column("lot", sa.Text),
    sa.Column("udi", sa.Text),  # as it was scanned
    sa.Column("size", sa.Text),  # of a cuff
    sa.Column("chip_id", sa.Text),  # of a hub, as the bench knows it
    sa.Column("hub_id", sa.Text),  # of a hub, as the collector knows it
    sa.Column("kit_id", sa.Text, sa.ForeignKey("kits.kit_id")),
    sa.Column("place", sa.Text, sa.ForeignKey("places.place")),
    sa.Column("standing", sa.Text, nullable=False),
    sa.Column("owner", sa.Text),
    sa.Column("lease_end", sa.Text),
    sa.Column("warranty_end", sa.Text),
    sa.Column("made_on", sa.Text),
    sa.Column("expires_on", sa.Text),
    sa.Column("installed_on", sa.Text),  # of a battery
    sa.Column("calibrated_until", sa.Text),  # of a reference
    sa.UniqueConstraint("model", "serial", name="items_once"),
    sa.UniqueConstraint("chip_id", name="items_chip_once"),
    sa.Index("items_kit", "kit_id"),
)

# Each step that a kit went, numbered by its line in the audit log.
moves = sa.Table(
    "moves",
    metadata,
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

# Under random numbers: whose a loan is, is known where the patient's record is.
loans = sa.Table(
    "loans",
    metadata,
    sa.Column("loan_id", sa.Text, primary_key=True),
    sa.Column("kit_id", sa.Text, sa.ForeignKey("kits.kit_id"), nullable=False),
    sa.Column("handed_out_ms", sa.BigInteger, nullable=False),
    sa.Column("returned_ms", sa.BigInteger),
    sa.Index("loans_kit", "kit_id"),
)

# What was in the kit while it was out; what is swapped meanwhile has a part of the time.
loan_items = sa.Table(
    "loan_items",
    metadata,
    sa.Column("loan_id", sa.Text, sa.ForeignKey("loans.loan_id"), primary_key=True),
    sa.Column("item_id", sa.Text, sa.ForeignKey("items.item_id"), primary_key=True),
    sa.Column("from_ms", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("until_ms", sa.BigInteger),
    sa.Index("loan_items_item", "item_id"),
)

# What a measuring thing was found to be: alone, or with the kit that it is in.
checks = sa.Table(
    "checks",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("item_id", sa.Text, sa.ForeignKey("items.item_id"), primary_key=True),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("record", sa.Text, nullable=False),  # SHA-256 of what was signed, in hex
    sa.Column("valid_until", sa.Text),
    sa.Index("checks_item", "item_id", "number"),
)

# What the bench signed: verifications, acceptances, handouts (`records`). Rows are only added.
bench_records = sa.Table(
    "bench_records",
    metadata,
    sa.Column("sha256", sa.Text, primary_key=True),  # of the document, in hex
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),  # the thing's or the kit's id
    sa.Column("kit_id", sa.Text, sa.ForeignKey("kits.kit_id")),
    sa.Column("began_ms", sa.BigInteger, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),  # when it ended
    sa.Column("outcome", sa.Text),
    sa.Column("level", sa.Integer),
    sa.Column("valid_until", sa.Text),
    sa.Column("document", sa.Text, nullable=False),  # COSE_Sign in base64
    sa.UniqueConstraint("number", name="bench_records_number"),
    sa.Index("bench_records_subject", "subject", "kind", "at_ms"),
)

# What a laboratory found a reference, or a sensor itself, to be (`references`). Values are
# decimals as texts; points a JSON list of [nominal, error, U or null].
certificates = sa.Table(
    "certificates",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("item_id", sa.Text, sa.ForeignKey("items.item_id"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("certificate", sa.Text, nullable=False),
    sa.Column("issuer", sa.Text, nullable=False),
    sa.Column("accreditation", sa.Text),  # null: not by an accredited laboratory
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

# Deviations. Closed ones stay, with what was done.
notes = sa.Table(
    "notes",
    metadata,
    sa.Column("note_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("subject", sa.Text, nullable=False),  # a kit's or a thing's id
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("function", sa.Text, nullable=False),  # whose task it is
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("opened_ms", sa.BigInteger, nullable=False),
    sa.Column("closed_ms", sa.BigInteger),
    sa.Column("outcome", sa.Text),
    sa.Index("notes_subject", "subject"),
)

# How many ready kits of a profile there must be, and how long it takes to make one.
minimums = sa.Table(
    "minimums",
    metadata,
    sa.Column("profile", sa.Text, primary_key=True),
    sa.Column("least", sa.Integer, nullable=False),
    sa.Column("turnaround_days", sa.Integer, nullable=False),
)

counts = sa.Table(
    "counts",
    metadata,
    sa.Column("count_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("places", sa.Text, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("found", sa.Integer, nullable=False),
    sa.Column("deviations", sa.Text, nullable=False),
)

# The bench's steps, by the chip they were done on. Without evidence: to be done again.
progress = sa.Table(
    "progress",
    metadata,
    sa.Column("chip_id", sa.Text, primary_key=True),
    sa.Column("step", sa.Text, primary_key=True),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("evidence", sa.Text),
)
