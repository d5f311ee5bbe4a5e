"""`varde kit support KIT`: a kit on the telephone, by its id; never a reading (R32)."""

from __future__ import annotations

from typing import Annotated

import typer

from varde_host import messages, output
from varde_host.commands import fleet_hubs, inventory_options, options
from varde_host.fleet_view import fault_codes, one_hub, support
from varde_host.inventory import words
from varde_host.receiver import wording


def show(
    kit: Annotated[str, typer.Argument(metavar="KIT")],
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_address: options.DatabaseAddress = None,
    inventory: inventory_options.InventoryAddress = None,
    json: options.Json = False,
) -> None:
    """Show how a kit is: last contact, power, clock, bonds, queue, last errors, what to do."""
    now_ms = inventory_options.now_ms()
    with fleet_hubs.watch(site, database_address, inventory) as opened:
        found = support.of_kit(opened, kit, now_ms)
    if json:
        output.as_json(support.as_json(found, now_ms))
        return
    since = words.moment(found.kit.since_ms)
    output.line(f"{found.kit.kit_id}: {words.state(found.kit.state)}, {since}")
    for fault in found.faults:
        output.line(f"{fault.what}. {fault.now} ({words.function(fault.owner)})")
    if found.step is not None:
        output.line(f"{found.step.what}. {found.step.now}")
    for each in found.hubs:
        _tell(each)
    if not found.hubs:
        output.line(messages.text("fleet-page.support.no-hub"))


def _tell(each: support.HubHealth) -> None:
    columns = ["column.field", "column.value"]
    output.table(columns, facts(each))
    for seen in each.errors:
        moment = wording.moment(seen.received_ms)
        output.line(f"{moment}  {one_hub.text(each.view.hub_id, seen)}")


def facts(each: support.HubHealth) -> list[tuple[str, str]]:
    """Return names and values of a hub's health, in the language in use."""
    hub = each.view
    rows = [
        ("heard", wording.moment(hub.heard_ms) if hub.heard_ms else fleet_hubs.NOTHING),
        ("silence", messages.text(f"fleet-page.silence.{hub.silence.state}")),
        ("power", power_text(hub.battery_mv, hub.has_external_power)),
        ("clock", messages.text(f"fleet-page.clock.{hub.clock_quality}")),
        ("pending", fleet_hubs.NOTHING if hub.pending is None else str(hub.pending)),
        ("lost", str(hub.lost)),
        ("release", fleet_hubs.release_text(hub)),
        ("config", fleet_hubs.config_text(hub)),
    ]
    named = [(messages.text(f"fleet-page.column.{name}"), value) for name, value in rows]
    return [("Hub", hub.hub_id), *named, *(_sensor(row) for row in each.sensors)]


def power_text(battery_mv: int | None, is_powered: bool | None) -> str:
    """Return battery and power."""
    parts = []
    if battery_mv is not None:
        parts.append(str(fault_codes.Volts(battery_mv)))
    if is_powered is not None:
        parts.append(messages.text(f"fleet-page.power.{'on' if is_powered else 'off'}"))
    return ", ".join(parts) or fleet_hubs.NOTHING


def _sensor(row: support.SensorHealth) -> tuple[str, str]:
    bond = "unknown" if row.has_bond is None else "there" if row.has_bond else "lost"
    heard = fleet_hubs.NOTHING if row.heard_ms is None else wording.moment(row.heard_ms)
    battery = fleet_hubs.NOTHING if row.battery_percent is None else f"{row.battery_percent} %"
    said = messages.text(
        "fleet-page.support.sensor",
        heard=heard,
        battery=battery,
        bond=messages.text(f"fleet-page.bond.{bond}"),
    )
    return row.name, said
