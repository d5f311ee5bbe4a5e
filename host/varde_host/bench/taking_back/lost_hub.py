"""A hub that is gone: stop trusting it, and say what could be on it (docs/return.md).

Nothing secret is told, and nothing is claimed that nobody can know: what a hub had at its last
signed report is a fact, what it measured since is not. Networks are named, since somebody has to
change their passwords; the passwords themselves are in the assignment only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from varde_host import errors
from varde_host.collector import registry
from varde_host.collector import schema as collector_schema
from varde_host.inventory import items, kits, loans, models
from varde_host.receiver import source
from varde_protocols import assignment, records
from varde_protocols.errors import WireError


@dataclass(frozen=True)
class AtCollector:
    """What the collector knows of a hub. `undelivered` are numbers that its last report says it
    held and that have not come; None without a report. Times are Unix milliseconds."""

    is_enrolled: bool
    revoked_ms: int | None
    delivered: int
    last_received_ms: int | None
    report_ms: int | None
    pending: int | None
    undelivered: int | None
    assignment: int | None
    bonds: tuple[int, ...]
    """Slots whose sensor has a bond."""


@dataclass(frozen=True)
class OnPaper:
    """What an assignment says was on the hub, without its secrets."""

    number: int
    networks: tuple[str, ...]
    has_modem: bool
    sensors: tuple[str, ...]


@dataclass(frozen=True)
class Lost:
    """All of it."""

    kit_id: str
    state: str
    hub_id: str
    chip_id: str
    loan_id: str | None
    handed_out_ms: int | None
    things: tuple[dict[str, str], ...]
    collector: AtCollector
    assigned: OnPaper | None

    def as_json(self) -> dict[str, Any]:
        """For the incident's file."""
        at, paper = self.collector, self.assigned
        return {
            "kit": self.kit_id,
            "state": self.state,
            "hub": self.hub_id,
            "chip": self.chip_id,
            "loan": self.loan_id,
            "handed_out_ms": self.handed_out_ms,
            "things": list(self.things),
            "revoked_ms": at.revoked_ms,
            "enrolled": at.is_enrolled,
            "delivered": at.delivered,
            "last_received_ms": at.last_received_ms,
            "last_report": None
            if at.report_ms is None
            else {
                "received_ms": at.report_ms,
                "pending": at.pending,
                "undelivered": at.undelivered,
                "assignment": at.assignment,
                "bonds": list(at.bonds),
            },
            "assigned": None
            if paper is None
            else {
                "number": paper.number,
                "networks": list(paper.networks),
                "modem": paper.has_modem,
                "sensors": list(paper.sensors),
            },
        }


def revoke(connection: sa.Connection, hub_id: bytes, now_ms: int) -> bool:
    """Refuse the hub from now on; return whether it was enrolled at all."""
    known = registry.find(connection, hub_id)
    if known is not None and not known.is_revoked:
        registry.revoke(connection, hub_id, now_ms)
    return known is not None


def at_collector(connection: sa.Connection, hub_id: bytes) -> AtCollector:
    """Return what is known of it there, each report verified again."""
    rows = [row for row in registry.enrolments(connection) if row.hub_id == hub_id]
    if not rows:
        return AtCollector(False, None, 0, None, None, None, None, None, ())
    row = rows[0]
    state = next((state for _id, state in source.states(connection, hub_id)), None)
    facts = {} if state is None else state.report.facts
    return AtCollector(
        is_enrolled=True,
        revoked_ms=row.revoked_ms,
        delivered=row.records,
        last_received_ms=row.last_received_ms,
        report_ms=None if state is None else state.received_ms,
        pending=_number(facts, records.FACT_PENDING),
        undelivered=_undelivered(connection, hub_id, facts),
        assignment=_number(facts, records.FACT_CONFIG_NUMBER),
        bonds=_slots(facts),
    )


def _number(facts: dict[int, Any], key: int) -> int | None:
    value = facts.get(key)
    return value if type(value) is int else None


def _slots(facts: dict[int, Any]) -> tuple[int, ...]:
    said = facts.get(records.FACT_BONDS)
    return tuple(slot for slot in said if type(slot) is int) if isinstance(said, list) else ()


def _undelivered(connection: sa.Connection, hub_id: bytes, facts: dict[int, Any]) -> int | None:
    """Return how many of the numbers that the report named have not come since."""
    pending = _number(facts, records.FACT_PENDING)
    first, following = (
        _number(facts, key) for key in (records.FACT_FIRST_SEQ, records.FACT_NEXT_SEQ)
    )
    if pending is None or first is None or following is None:
        return pending
    hub = registry.find(connection, hub_id)
    table = collector_schema.records
    came = connection.execute(
        sa.select(sa.func.count()).where(
            table.c.hub == (0 if hub is None else hub.number),
            table.c.seq >= first, table.c.seq < following,
        )
    ).scalar_one()  # fmt: skip
    # Of the numbers in between some were never pending; so this is a bound from above.
    return max(0, min(pending, following - first - came))


def on_paper(path: Path) -> OnPaper:
    """Return what an assignment's file says, without its secrets.

    Raises InputRefused `assignment-file`, `file-read`.
    """
    try:
        given = assignment.unverified(path.read_bytes())
    except OSError as error:
        raise errors.InputRefused("file-read", str(path), reason=error.strerror) from error
    except WireError as error:
        raise errors.InputRefused("assignment-file", str(path), reason=error.code) from error
    config = given.config
    return OnPaper(
        given.number,
        tuple(network.ssid for network in config.networks),
        config.modem is not None,
        tuple(f"{one.slot} {one.model or one.name_prefix or ''}" for one in config.sensors),
    )


def gather(
    inventory: sa.Connection, collector: sa.Connection, kit: str, assigned: OnPaper | None
) -> Lost:
    """Return all that is known. Raises InputRefused `kit-unknown` and the like, `kit-hub`."""
    found = kits.find(inventory, kit)
    within = items.listing(inventory, kit_id=found.kit_id)
    hub = _hub_of(found.kit_id, within)
    loan = loans.current(inventory, found.kit_id)
    hub_id = hub.hub_id or ""
    return Lost(
        kit_id=found.kit_id,
        state=found.state,
        hub_id=hub_id,
        chip_id=hub.chip_id or "",
        loan_id=None if loan is None else loan.loan_id,
        handed_out_ms=None if loan is None else loan.handed_out_ms,
        things=tuple(_thing(item) for item in within),
        collector=at_collector(collector, bytes.fromhex(hub_id)),
        assigned=assigned,
    )


def hub_id_of(inventory: sa.Connection, kit: str) -> bytes:
    """Return the hub's identity. Raises InputRefused `kit-hub` if the kit has no known one."""
    found = kits.find(inventory, kit)
    hub = _hub_of(found.kit_id, items.listing(inventory, kit_id=found.kit_id))
    return bytes.fromhex(hub.hub_id or "")


def _hub_of(kit_id: str, within: Sequence[items.Item]) -> items.Item:
    hubs = [item for item in within if item.kind == models.HUB and item.hub_id is not None]
    if len(hubs) != 1:
        raise errors.InputRefused("kit-hub", kit_id, hubs=len(hubs))
    return hubs[0]


def _thing(item: items.Item) -> dict[str, str]:
    return {
        "item": item.item_id,
        "kind": item.kind,
        "model": item.model,
        "serial": item.serial or "",
        "owner": item.owner or "",
    }
