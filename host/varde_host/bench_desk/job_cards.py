"""The cards of one job: one for each board, made of what is told, with the kit it is in."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import sqlalchemy as sa

from varde_host import explaining
from varde_host.acceptance import steps as acceptance_steps
from varde_host.bench import events
from varde_host.bench import steps as bench_steps
from varde_host.bench.taking_back import returning
from varde_host.bench_desk import batch, cards, orders
from varde_host.inventory import items, models, store

_OF_BOARDS = (events.SEEN, events.FINISHED, events.PERSON)
"""Events after which a board may be in another kit than before, or in one for the first time."""


class JobCards:
    """Hears the events of a job. A job about one kit has one card from the beginning, which waits
    for its board; others get theirs as boards come."""

    def __init__(
        self,
        job: int,
        order: orders.Order,
        inventory: store.Inventory,
        site: Path,
        now_ms: int,
    ) -> None:
        self._job = job
        self._order = order
        self._inventory = inventory
        self._site = site
        self._steps = _count(order)
        self._cards: dict[str, cards.Card] = {}
        self._own = ""
        """The key of the one card of a job about one kit, "" for a job about boards."""
        if order.kit:
            self._own = inventory.read(lambda connection: _chip(connection, order.kit)) or "-"
            chip = self._own.removeprefix("-")
            self._cards[self._own] = cards.Card(
                job, chip, order.kit, steps=self._steps, outcome=cards.WAITING, changed_ms=now_ms
            )

    def hear(self, event: events.Event) -> bool:
        """Change the card that it is about; return whether there is anything new to see."""
        if event.kind in (events.BEGUN, events.TOOL):
            return False
        before = self.shown()
        if self._own:
            self._hear_own(event)
        else:
            self._hear_any(event)
        if event.board and event.kind in _OF_BOARDS:
            self._name(event.board)
        return self.shown() != before

    def shown(self, *, is_over: bool = False) -> list[cards.Card]:
        """Return the cards in the order that the boards came; of a job that was broken off, those
        that were not done are STOPPED."""
        found = list(self._cards.values())
        if not is_over:
            return found
        return [
            card
            if card.outcome == cards.DONE
            else dataclasses.replace(card, outcome=cards.STOPPED)
            for card in found
        ]

    def end(self, is_good: bool, failure: explaining.Explained | None) -> None:
        """The job has ended: nothing works any more."""
        for key, card in self._cards.items():
            if card.outcome in (cards.WORKING, cards.WAITING, cards.PERSON):
                outcome = cards.DONE if is_good else cards.FAILED
                code = card.code or (failure.code if failure else "")
                self._cards[key] = dataclasses.replace(
                    card, outcome=outcome, percent=None, code="" if is_good else code
                )

    def _hear_own(self, event: events.Event) -> None:
        """What is said of other boards and ports counts only while ours was not seen."""
        card = self._cards[self._own]
        if event.board in ("", card.chip) and (event.board or not card.port):
            port = event.port if event.board else ""
            self._cards[self._own] = cards.after(card, dataclasses.replace(event, port=port))
        elif event.board and not card.chip:  # a kit that had no board: this is the one
            self._cards[self._own] = cards.after(card, event)

    def _hear_any(self, event: events.Event) -> None:
        if event.board:
            self._cards.pop(event.port, None)  # what was said of the port before it was known
        key = event.board or event.port
        card = self._cards.get(key) or cards.Card(self._job, steps=self._steps)
        self._cards[key] = cards.after(card, event)

    def _name(self, chip: str) -> None:
        """Say which kit the board is in, and keep it in the batch."""
        key = self._own or chip
        kit = self._inventory.read(lambda connection: _kit(connection, chip))
        self._cards[key] = dataclasses.replace(self._cards[key], kit=kit or self._order.kit)
        name = getattr(self._order, "batch", "")
        if name:
            batch.add(self._site, name, chips=[chip])


def _count(order: orders.Order) -> int:
    """Return how many steps a board has in this job, 0 where there are none."""
    if isinstance(order, orders.Make):
        until = order.until or (bench_steps.LABEL if order.label else bench_steps.TABLE[-2].name)
        return bench_steps.names().index(until) + 1
    counts = {orders.ACCEPT: len(acceptance_steps.STEPS), orders.RETURN: len(returning.NAMES)}
    return counts.get(order.kind, 1)


def _chip(connection: sa.Connection, kit: str) -> str:
    hubs = items.listing(connection, kit_id=kit, kind=models.HUB)
    return (hubs[0].chip_id or "") if len(hubs) == 1 else ""


def _kit(connection: sa.Connection, chip: str) -> str:
    hub = items.hub_of(connection, chip)
    return (hub.kit_id or "") if hub is not None else ""
