"""How far a kit has been checked, for its label: the lowest of what its sensors were verified to.

One word stands for all that is in the case, so it is the weakest sensor's. A verification counts
while it holds; a kit with a sensor that has none is identified, and no more is said of it.
"""

from __future__ import annotations

import sqlalchemy as sa

from varde_host import errors
from varde_host.bench.making import label_facts
from varde_host.inventory import items, models, records, words
from varde_host.verification import judgement


def of_kit(connection: sa.Connection, kit_id: str, now_ms: int) -> int:
    """Return 0 to 4 for N0 to N4, by the verification that stands for each sensor."""
    inside = items.listing(connection, kit_id=kit_id, kind=models.SENSOR)
    found = [_of_item(connection, item.item_id, now_ms) for item in inside]
    return min(found, default=label_facts.IDENTIFIED)


def checked(asked: int | None, proven: int, kit_id: str) -> int:
    """Return the level that a label may bear: what was asked for, if no more than is proven.

    That its function was checked (N1) a person may say who has seen it. Raises InputRefused
    `label-level-above`.
    """
    if asked is None:
        return proven
    if asked > max(proven, label_facts.FUNCTION_CHECKED):
        raise errors.InputRefused("label-level-above", kit_id, asked=asked, proven=proven)
    return asked


def _of_item(connection: sa.Connection, item_id: str, now_ms: int) -> int:
    record = records.standing_verification(connection, item_id, now_ms)
    if record is None or record.valid_until is None or record.outcome not in judgement.GOOD:
        return label_facts.IDENTIFIED
    if record.valid_until < words.day(now_ms):
        return label_facts.IDENTIFIED
    return record.level or label_facts.IDENTIFIED
