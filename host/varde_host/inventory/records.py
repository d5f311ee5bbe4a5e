"""The bench's signed records in the inventory: the evidence itself, not only its hash.

A record is put in as a part of a change, so the log holds it too, and a backup of the inventory
has it. A verification is at once a finding about its thing (`checks`): good with a good outcome,
and faulty with a bad one, with a deviation for whoever owns such codes, and quarantine for a kit
that was checked or ready with the thing in it. What was found bad before it was put right is both
findings, in this order, so that a trace begins where it must.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from varde_host.bench_record import form, texts
from varde_host.inventory.who import Who
from varde_protocols import documents


@dataclass(frozen=True, slots=True)
class Record:
    """A record as the inventory has it.

    `subject` is the thing (verification) or the kit; `at_ms` when it ended, `began_ms` when it
    began; `document` is the signed COSE_Sign. `level` is a verification's.
    """

    sha256: str
    kind: str
    number: str
    subject: str
    kit_id: str | None
    began_ms: int
    at_ms: int
    outcome: str | None
    level: int | None
    valid_until: str | None
    document: bytes

    @property
    def content(self) -> dict[str, Any]:
        """What it says. It was verified when it was put in (and again by `opening.opened`)."""
        return texts.decode(documents.unverified(self.document, form.NUMBERS[self.kind]))


@dataclass(frozen=True, slots=True)
class Put:
    """What followed from a record: a deviation's number, and the kit that went to quarantine."""

    record: Record
    note_id: int | None
    quarantined: str | None


def put(connection: sa.Connection, signed: form.Signed, by: Who, now_ms: int) -> Put:
    """Keep a record that was opened; the same one again changes nothing.

    Raises InputRefused: `record-former-key` for one signed by a key that is none any more,
    `record-future` for one that ends later than now, `record-number` where another record has
    its number, `item-unknown`, `kit-unknown`, `record-device` if the thing is of another model or
    serial, `item-standing` for what is gone, `kit-function` for a good verification or acceptance
    that none of `who.CHECKERS` has made.
    """
    raise NotImplementedError


def get(connection: sa.Connection, name: str) -> Record:
    """Return a record by its SHA-256 (at least 16 digits of it, as a reading has) or its number.

    Raises InputRefused `record-unknown`.
    """
    raise NotImplementedError


def of_item(connection: sa.Connection, item_id: str) -> list[Record]:
    """Return the verifications of a thing, the latest last."""
    raise NotImplementedError


def of_kit(connection: sa.Connection, kit_id: str, kind: str | None = None) -> list[Record]:
    """Return the acceptances and handouts of a kit (or those of a kind), the latest last."""
    raise NotImplementedError


def newest_verification(connection: sa.Connection, item_id: str) -> Record | None:
    """Return the latest verification of a thing by when it was done; None if there is none."""
    raise NotImplementedError


def listing(connection: sa.Connection, kind: str | None = None) -> list[Record]:
    """Return all records, or those of a kind, the latest last."""
    raise NotImplementedError
