"""`varde fleet hubs`, `varde fleet faults`: hubs by their own word, and whose task is what.

Exit status for scripts, beside those of all commands: 5 from `faults` if a deadline has passed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer

from varde_host import messages, output
from varde_host.commands import inventory_options, options
from varde_host.fleet_view import fault_codes, hub_json, listing, opening, silence, watching
from varde_host.fleet_view.hub_view import HubView
from varde_host.inventory import words

EXIT_LATE: Final = 5
NOTHING: Final = "–"
_COLUMNS: Final = ("hub", "kit", "ring", "release", "config", "heard", "clock", "pending", "wrong")
_FAULT_COLUMNS: Final = ("due", "owner", "subject", "what", "now")

_Site = options.SiteDirectory
_Database = options.DatabaseAddress
_Inventory = inventory_options.InventoryAddress


@contextlib.contextmanager
def watch(site: Path, database: str | None, inventory: str | None) -> Iterator[watching.Watch]:
    """Give the site's watch."""
    collected = options.database_address(site, database)
    kept = inventory_options.address(site, inventory)
    with opening.opened(site, collected, kept) as found:
        yield found


def hubs(
    text: Annotated[str, typer.Argument(metavar="HUB|KIT")] = "",
    heard: Annotated[str, typer.Option(metavar="|".join(silence.STATES))] = "",
    wrong: Annotated[str, typer.Option(metavar="any|bad|CODE")] = "",
    group: Annotated[str, typer.Option(metavar="NAME")] = "",
    ring: Annotated[str, typer.Option(metavar="NAME")] = "",
    order: Annotated[str, typer.Option(metavar="|".join(listing.ORDERS))] = "wrong",
    site: _Site = options.DEFAULT_SITE,
    database_address: _Database = None,
    inventory: _Inventory = None,
    json: options.Json = False,
) -> None:
    """Show hubs: what each says it runs beside what it was told, and what is wrong."""
    now_ms = inventory_options.now_ms()
    asked = listing.Asked(text, heard, wrong, group, ring, order=order)
    with watch(site, database_address, inventory) as opened:
        fleet = opened.look(now_ms)
    faults = listing.by_hub(fleet.faults)
    found = listing.find(fleet.hubs.values(), faults, asked)
    if json:
        output.as_json([hub_json.of(hub, faults.get(hub.hub_id, ())) for hub in found])
        return
    columns = [f"fleet-page.column.{name}" for name in _COLUMNS]
    output.table(columns, [_cells(hub, faults.get(hub.hub_id, ())) for hub in found], whole={0})
    output.line(messages.text("fleet-page.hubs.count", count=len(found), hubs=len(fleet.hubs)))


def faults(
    owner: Annotated[str, typer.Option(metavar="FUNCTION")] = "",
    site: _Site = options.DEFAULT_SITE,
    database_address: _Database = None,
    inventory: _Inventory = None,
    json: options.Json = False,
) -> None:
    """List what is wrong now: whose task it is and until when, the most pressing first."""
    now_ms = inventory_options.now_ms()
    with watch(site, database_address, inventory) as opened:
        fleet = opened.look(now_ms)
    found = [each for each in fleet.faults if owner in ("", each.owner)]
    if json:
        output.as_json([each.as_json(now_ms) for each in found])
    elif found:
        columns = [f"fleet-page.column.{name}" for name in _FAULT_COLUMNS]
        output.table(columns, [_fault_cells(each, now_ms) for each in found], whole={2})
    else:
        output.good(messages.text("fleet-page.faults.none"))
    if any(each.is_late(now_ms) for each in found):
        raise typer.Exit(EXIT_LATE)


def release_text(hub: HubView) -> str:
    """Return what a hub runs, and what it shall run if that is another."""
    runs = NOTHING if hub.runs is None else str(hub.runs)
    return runs if hub.told in (None, hub.runs) else f"{runs} → {hub.told}"


def config_text(hub: HubView) -> str:
    """Return the assignment that is in force, and that which shall be if it is another."""
    runs = NOTHING if hub.config.in_force is None else str(hub.config.in_force)
    told = hub.known.terms.number if hub.known.terms else None
    return runs if told in (None, hub.config.in_force) else f"{runs} → {told}"


def _cells(hub: HubView, faults: list[fault_codes.Fault] | tuple[()]) -> tuple[str, ...]:
    heard = messages.text(f"fleet-page.silence.{hub.silence.state}")
    if hub.heard_ms is not None:
        heard = f"{words.moment(hub.heard_ms)} {heard}"
    return (
        hub.hub_id, hub.kit_id or "", hub.known.member.ring, release_text(hub), config_text(hub),
        heard, messages.text(f"fleet-page.clock.{hub.clock_quality}"),
        NOTHING if hub.pending is None else str(hub.pending),
        ", ".join(messages.text(f"fleet-page.fault.{each.code}.name") for each in faults),
    )  # fmt: skip


def _fault_cells(fault: fault_codes.Fault, now_ms: int) -> tuple[str, ...]:
    late = "✖ " if fault.is_late(now_ms) else ""
    subject = fault.subject if fault.kit_id is None else f"{fault.kit_id} {fault.subject}"
    return (
        late + words.moment(fault.due_ms), words.function(fault.owner), subject, fault.what,
        fault.now,
    )  # fmt: skip
