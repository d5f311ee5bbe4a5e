"""The references that stand here, and what is left of their certificates."""

from __future__ import annotations

from typing import Final, NamedTuple

import sqlalchemy as sa

from varde_host.inventory import items, references, standing, stock, words

WARN_DAYS: Final = 60
"""A laboratory takes a reference for some weeks."""
NONE, PAST, SOON, HOLDS = "none", "past", "soon", "holds"


class Listed(NamedTuple):
    """`stands` is the certificate that holds now or held last; `state` one of the four above."""

    item: items.Item
    stands: references.Certificate | None
    state: str


def listing(connection: sa.Connection, now_ms: int) -> list[Listed]:
    """Return all references that are in the house, those whose date comes first on top."""
    today = words.day(now_ms)
    found = [
        _listed(item, references.standing(connection, item.item_id, today), now_ms)
        for item, _history in references.listing(connection)
        if item.standing not in standing.GONE
    ]
    return sorted(found, key=_by_due)


def state(stands: references.Certificate | None, now_ms: int) -> str:
    """Return what is left of a certificate."""
    if stands is None:
        return NONE
    if not stands.holds(words.day(now_ms)):
        return PAST
    return SOON if stands.given.due <= stock.day_after(now_ms, WARN_DAYS) else HOLDS


def _listed(item: items.Item, stands: references.Certificate | None, now_ms: int) -> Listed:
    return Listed(item, stands, state(stands, now_ms))


def _by_due(each: Listed) -> tuple[str, str]:
    return "" if each.stands is None else each.stands.given.due, each.item.item_id
