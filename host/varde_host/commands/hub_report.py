"""`varde hub report`: how hubs are, by their own newest signed reports."""

from __future__ import annotations

from typing import Annotated

import typer

from varde_host import messages, output
from varde_host.collector import registry
from varde_host.commands import hexadecimal, options
from varde_host.receiver import reports, source, wording


def show_report(
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_address: options.DatabaseAddress = None,
    hub: Annotated[str | None, typer.Option(metavar="HEX")] = None,
    json: options.Json = False,
) -> None:
    """Show each hub's newest report, and which hubs have sent none."""
    only = None if hub is None else hexadecimal.parse(hub, registry.HUB_ID_BYTES)
    with options.opened_database(site, database_address) as opened, opened.reading() as connection:
        found = list(source.states(connection, only))
    if json:
        output.as_json([_as_json(hub_id, state) for hub_id, state in found])
        return
    for hub_id, state in found:
        _print(hub_id, state)


def _print(hub_id: bytes, state: reports.State | None) -> None:
    if state is None:
        output.line(messages.text("report.none", hub=hub_id.hex()))
        return
    moment = wording.moment(state.received_ms)
    output.line(messages.text("report.head", hub=hub_id.hex(), moment=moment))
    output.table(["column.field", "column.value"], state.in_words())


def _as_json(hub_id: bytes, state: reports.State | None) -> dict[str, object]:
    if state is None:
        return {"hub": hub_id.hex(), "seq": None}
    return {
        "hub": hub_id.hex(),
        "seq": state.report.seq,
        "boot": state.report.boot,
        "uptime_ms": state.report.uptime_ms,
        "received_ms": state.received_ms,
        "facts": state.named(),
    }
