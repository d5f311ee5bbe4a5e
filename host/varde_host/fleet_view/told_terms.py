"""What is published for hubs, as far as it may be shown: no password of a home stays in memory."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple

import sqlalchemy as sa

from varde_host.collector import schema
from varde_host.fleet_view.hub_view import SensorTerms, Terms
from varde_protocols import assignment, hub_config
from varde_protocols.errors import WireError

_AT_A_TIME: Final = 400
"""Documents of one query, some 200 kB."""


class HubRow(NamedTuple):
    """A row of `hubs`."""

    number: int
    hub_id: bytes
    public_key: bytes
    enrolled_ms: int
    config_number: int


class ToldTerms:
    """Fetches what is new since it was asked last."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, Terms | None]] = {}

    def read(self, connection: sa.Connection, rows: Collection[HubRow]) -> dict[int, Terms | None]:
        """Return the terms of each hub by its row's number, None for nothing published."""
        new = [row.number for row in rows if self._number(row.number) != row.config_number]
        for first in range(0, len(new), _AT_A_TIME):
            self._fetch(connection, new[first : first + _AT_A_TIME])
        return {
            row.number: self._known[row.number][1] if row.number in self._known else None
            for row in rows
        }

    def _number(self, hub: int) -> int:
        return self._known[hub][0] if hub in self._known else 0

    def _fetch(self, connection: sa.Connection, numbers: list[int]) -> None:
        hubs, kept = schema.hubs, schema.assignments
        query = sa.select(hubs.c.number, kept.c.number, kept.c.published_ms, kept.c.document)
        query = query.join_from(hubs, kept, kept.c.hub == hubs.c.number)
        query = query.where(kept.c.number == hubs.c.config_number, hubs.c.number.in_(numbers))
        found = {row[0]: (row[1], _terms(*row[1:])) for row in connection.execute(query)}
        for hub in numbers:
            self._known[hub] = found.get(hub, (0, None))


def hub_rows(connection: sa.Connection, only: bytes | None = None) -> list[HubRow]:
    """Return all hubs by their ids, or one; [] if that is not enrolled."""
    hubs = schema.hubs
    query = sa.select(*(hubs.c[name] for name in HubRow._fields)).order_by(hubs.c.hub_id)
    if only is not None:
        query = query.where(hubs.c.hub_id == only)
    return [HubRow(*row) for row in connection.execute(query)]


def _terms(number: int, published_ms: int, document: bytes) -> Terms | None:
    """Return what may be shown; None of a document that hubs would refuse as well."""
    try:
        given = assignment.unverified(bytes(document))
    except WireError:
        return None
    config = given.config
    return Terms(
        number, published_ms, config.heartbeat_s,
        None if given.release is None else given.release[0],
        config.data_budget_kib, config.modem is not None,
        tuple(
            SensorTerms(
                each.slot, each.model, each.service,
                each.bond != hub_config.BOND_NONE,
            )
            for each in config.sensors
        ),
    )  # fmt: skip
