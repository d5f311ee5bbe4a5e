"""What is handed on beside measurements: that one is missing, and why; that one has a colour.

Whoever makes them gives each an identifier that stays the same; what is said under it may change,
and is sent again as the next version. They go the way of measurements: outbox, ledger, once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa

from varde_host import json_text
from varde_host.handover import considering, ledger, outbox, planning, sending, targets

HUB: Final = b"notices!"
"""Whose rows they are in the ledger. No hub has this id."""


def queue(
    service: considering.Service, target: targets.Target, items: Iterable[sending.Outgoing]
) -> int:
    """Put those into a target's outbox that say something new; return how many.

    `version` and `made_ms` of an item do not count: the ledger has its own. For whoever has the
    turn to plan.
    """
    steps = list(_steps(service, target, list(items)))
    return considering.put(service, target, steps)


def _steps(
    service: considering.Service, target: targets.Target, items: list[sending.Outgoing]
) -> Iterable[planning.Step]:
    keys = {planning.key_of(each.identifier) for each in items}
    with service.store.reading() as connection:
        newest = _newest(connection, target, keys)
    for each in items:
        wanted = _wanted(service, each)
        row = newest.get(wanted.key)
        if row is None:
            yield planning.Queue(wanted, 1, each.change, None, (ledger.FIRST,))
        elif row.digest == wanted.digest:
            continue
        elif row.number is not None and not row.is_tried:
            yield planning.Queue(wanted, row.version, row.change, row.number, (ledger.VALUE,))
        else:
            change = planning.MESSAGE if each.change == planning.MESSAGE else planning.AMEND
            yield planning.Queue(wanted, row.version + 1, change, None, (ledger.VALUE,))


def _newest(
    connection: sa.Connection, target: targets.Target, keys: set[bytes]
) -> dict[bytes, planning.Row]:
    found: dict[bytes, planning.Row] = {}
    for row in outbox.rows(connection, target.name, b"", keys):
        if row.key not in found or found[row.key].version < row.version:
            found[row.key] = row
    return found


def _wanted(service: considering.Service, item: sending.Outgoing) -> planning.Wanted:
    said = ledger.Said({}, "", loan=item.subject_loan, is_entered=True)
    digest = service.sealer.digest(json_text.dumps(list(item.resources)).encode())
    origin = f"notice:{planning.key_of(item.identifier).hex()[:16]}"
    return planning.Wanted(item.identifier, origin, item.change, HUB, said, digest, item.resources)
