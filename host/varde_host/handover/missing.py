"""Tells targets that want it what was expected and did not come (`missed`, docs/missed.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol

import sqlalchemy as sa

from varde_host.handover import considering, notices, turns
from varde_host.loan_facts import facts
from varde_host.missed import kept, life, looking
from varde_host.receiver import source, verification_of

SINCE_MS: Final = looking.MOST_MS
"""How far back what was told is compared with what targets have."""


class Knowing(Protocol):
    """Who knows what is known of loans."""

    def known(
        self, connection: sa.Connection
    ) -> tuple[facts.LoanFacts, verification_of.Register]: ...


def notice(
    service: considering.Service, stream: Knowing, private: bytes, look: looking.Looking
) -> int:
    """Look what is missing now and queue what is new of it; return how many.

    0 if no target wants any, or if another receiver is at it. Raises WorldFailed `database`.
    """
    wanting = [each for each in service.switched_on() if each.misses]
    if not wanting:
        return 0
    with turns.turn(service.address, turns.PLANNING) as turn:
        if turn is None:
            return 0
        now_ms = service.time.utc_ms()
        opening = _opening(service, private)
        with service.store.reading() as connection:
            found = look.look(connection, stream.known(connection)[0], now_ms, opening)
        service.store.write(lambda connection: kept.put(connection, found))
        with service.store.reading() as connection:
            told = kept.told(connection, since_ms=max(0, now_ms - SINCE_MS))
        subjects = service.stream.with_subject()
        return sum(
            notices.queue(
                service, target,
                looking.messages(told, target, service.styles[target.name], subjects),
            )
            for target in wanting
        )  # fmt: skip


def _opening(
    service: considering.Service, private: bytes
) -> Callable[[str], Mapping[int, life.Span]]:
    """Return what gives, by number, when a hub's sensors say that its values were measured."""

    def opened(hub_id: str) -> Mapping[int, life.Span]:
        with service.store.reading() as connection:
            return {
                row.seq: life.Span(*row.made)
                for hub in source.opened(connection, private, bytes.fromhex(hub_id))
                for row in hub.rows
                if row.sensor is not None and row.sensor.utc_ms is not None
            }

    return opened
