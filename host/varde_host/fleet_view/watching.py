"""The fleet as it is, kept up: what changes is read again, what does not is kept.

    watch = Watch(site, opened, inventory)
    fleet = watch.look(now_ms)            # at most every few seconds for all who ask

All of a hub's own word is `fleet.hub_truth`'s, which believes nothing that the hub has not signed;
so a page and `varde fleet status` cannot say two things. Everything here only reads.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from varde_host.collector import database, schema
from varde_host.fleet import advancing, groups, hub_truth
from varde_host.fleet_view import (
    begun,
    fault_codes,
    homes,
    hub_faults,
    hub_view,
    recent_events,
    report_facts,
    rollouts,
    stock_faults,
    told_terms,
)
from varde_host.fleet_view.fault_codes import Fault
from varde_host.fleet_view.hub_view import HubView
from varde_host.inventory import store
from varde_host.site import files

FRESH_MS: Final = 5_000
"""For so long a look is good enough: reports come once an hour."""


@dataclass(frozen=True)
class Fleet:
    """All of it at one moment; `hubs` by id, `faults` in the order of their deadlines."""

    now_ms: int
    hubs: Mapping[str, HubView]
    faults: tuple[Fault, ...]
    rollouts: tuple[rollouts.Summary, ...]

    def of_hub(self, hub_id: str) -> list[Fault]:
        """Return what is wrong with a hub."""
        return [each for each in self.faults if each.hub_id == hub_id]


class Watch:
    """One site's; may be asked by several threads."""

    def __init__(
        self, site: files.Site, opened: database.Database, inventory: store.Inventory | None
    ) -> None:
        self.site, self.opened, self.inventory = site, opened, inventory
        self.follower = hub_truth.Follower(opened)
        self._terms = told_terms.ToldTerms()
        self._events = recent_events.RecentEvents()
        self._rollouts = rollouts.Rollouts()
        self._begun: dict[tuple[str, str], int] = {}
        self._fleet: Fleet | None = None
        self._lock = threading.Lock()

    def look(self, now_ms: int, *, is_fresh: bool = False) -> Fleet:
        """Return the fleet, read now or a few seconds ago. Raises WorldFailed `database`, and as
        `groups.load`."""
        with self._lock:
            kept = self._fleet
            if kept is None or is_fresh or not 0 <= now_ms - kept.now_ms < FRESH_MS:
                self._fleet = kept = self._look(now_ms)
            return kept

    def rollout(self, name: str, now_ms: int) -> advancing.Looked:
        """Return one rollout whole (`advancing.Looked`). Raises as `advancing.look`."""
        with self._lock:
            return rollouts.whole(self.site, name, self.opened, now_ms, self.follower)

    def forget(self) -> None:
        """Look anew the next time: something was changed here."""
        with self._lock:
            self._fleet = None
            self._rollouts.forget()

    def _look(self, now_ms: int) -> Fleet:
        hubs = self._hubs(now_ms)
        faults = self._of_hubs(hubs, now_ms)
        found, of_rollouts = self._rollouts.read(self.site, self.opened, now_ms, self.follower)
        faults += of_rollouts
        faults += self.opened.read(lambda c: stock_faults.strangers(c, now_ms))
        if self.inventory is not None:
            faults += self.inventory.read(lambda c: stock_faults.of_stock(c, now_ms))
        return Fleet(now_ms, hubs, tuple(fault_codes.order(faults)), found)

    def _hubs(self, now_ms: int) -> dict[str, HubView]:
        truths = self.follower.read()
        at_home = {} if self.inventory is None else self.inventory.read(homes.of_hubs)
        members = groups.load(self.site.directory)

        def read(connection: sa.Connection) -> dict[str, HubView]:
            rows = [row for row in told_terms.hub_rows(connection) if row.hub_id in truths]
            terms = self._terms.read(connection, rows)
            keys = {row.number: (row.hub_id, row.public_key) for row in rows}
            events = self._events.read(connection, keys)
            refused, trust = _refused(connection), _newest_trust(connection)
            made = {}
            for row in rows:
                hub_id = row.hub_id.hex()
                known = hub_view.Known(
                    row.enrolled_ms, terms[row.number], at_home.get(hub_id),
                    members.of(hub_id), *trust, *refused.get(row.number, (0, None)),
                )  # fmt: skip
                truth = truths[row.hub_id]
                made[hub_id] = hub_view.view(truth, known, events[row.number], now_ms)
            return made

        return self.opened.read(read)

    def _of_hubs(self, hubs: Mapping[str, HubView], now_ms: int) -> list[Fault]:
        wrong = {
            hub_id: set(hub_faults.of_report(hub.facts, hub.known.terms))
            for hub_id, hub in hubs.items()
        }
        now_so = {(hub_id, code) for hub_id, codes in wrong.items() for code in codes}
        self._begun = {pair: at_ms for pair, at_ms in self._begun.items() if pair in now_so}
        new = sorted(now_so - set(self._begun))
        if new:
            self._begun |= self.opened.read(lambda c: _since(c, hubs, new))
        begun_ms: dict[str, dict[str, int]] = {}
        for (hub_id, code), at_ms in self._begun.items():
            begun_ms.setdefault(hub_id, {})[code] = at_ms
        return [
            fault
            for hub_id, hub in hubs.items()
            for fault in hub_faults.of_hub(hub, now_ms, begun_ms.get(hub_id, {}))
        ]


def _since(
    connection: sa.Connection, hubs: Mapping[str, HubView], wanted: list[tuple[str, str]]
) -> dict[tuple[str, str], int]:
    rows = {row.hub_id.hex(): row for row in told_terms.hub_rows(connection)}
    found = {}
    for hub_id, code in wanted:
        row, terms = rows.get(hub_id), hubs[hub_id].known.terms
        if row is None:
            continue
        is_so = functools.partial(_says, code=code, terms=terms)
        at_ms = begun.begun_ms(connection, row.number, row.hub_id, row.public_key, is_so)
        if at_ms is not None:
            found[hub_id, code] = at_ms
    return found


def _says(facts: report_facts.Facts, code: str, terms: hub_view.Terms | None) -> bool:
    return code in hub_faults.of_report(facts, terms)


def _refused(connection: sa.Connection) -> dict[int, tuple[int, int]]:
    """Return how many refused records are kept of each hub, and when the newest came."""
    table = schema.quarantine
    newest = sa.func.max(table.c.received_ms)
    query = sa.select(table.c.hub, sa.func.count(), newest).group_by(table.c.hub)
    return {row[0]: (row[1], row[2]) for row in connection.execute(query)}


def _newest_trust(connection: sa.Connection) -> tuple[int | None, int | None]:
    """Return the newest epoch that is out, and since when."""
    table = schema.trusts
    query = sa.select(table.c.epoch, table.c.published_ms).order_by(table.c.epoch.desc()).limit(1)
    row = connection.execute(query).first()
    return (row[0], row[1]) if row else (None, None)
