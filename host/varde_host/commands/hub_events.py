"""`varde hub events`: what hubs say of themselves, and what to do about it."""

from __future__ import annotations

from typing import Annotated

import typer

from varde_host import messages, output
from varde_host.collector import registry
from varde_host.commands import hexadecimal, options
from varde_host.receiver import events, gaps, source, wording
from varde_protocols import assigned

_COLUMNS = ("hub", "seq", "utc", "event")


def show_events(
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_address: options.DatabaseAddress = None,
    hub: Annotated[str | None, typer.Option(metavar="HEX")] = None,
    json: options.Json = False,
) -> None:
    """List the hubs' own events with their time."""
    only = None if hub is None else hexadecimal.parse(hub, registry.HUB_ID_BYTES)
    with options.opened_database(site, database_address) as opened, opened.reading() as connection:
        found = list(source.happenings(connection, only))
    if json:
        output.as_json([_as_json(event) for event in found])
        return
    _print(found)
    output.line(messages.text("hub.events-count", events=len(found)))


def _print(found: list[events.Happening]) -> None:
    """An only hub stands above the table, and not in every line."""
    hubs = {event.hub_id.hex() for event in found}
    shown = slice(0 if len(hubs) > 1 else 1, None)
    if len(hubs) == 1:
        output.line(messages.text("readings.hub", hub=hubs.pop()))
    columns = [f"column.{name}" for name in _COLUMNS[shown]]
    output.table(columns, [_cells(event)[shown] for event in found])


def _cells(event: events.Happening) -> tuple[str, ...]:
    when = event.when
    known = when.utc_ms is not None
    return (
        event.hub_id.hex(),
        str(event.seq),
        wording.moment(when.utc_ms) if known else messages.text("readings.no-time"),
        event.text(),
    )


def _as_json(event: events.Happening) -> dict[str, object]:
    return {
        "hub": event.hub_id.hex(),
        "seq": event.seq,
        "code": event.code,
        "name": event.name,
        "detail": event.detail,
        "text": event.text(),
        "utc_ms": event.when.utc_ms,
        "uncertainty_ms": event.when.uncertainty_ms,
        "not_before_ms": event.when.not_before_ms,
        "not_after_ms": event.when.not_after_ms,
        "given_up": None if event.loss is None else _given_up(event.loss),
    }


def _given_up(loss: gaps.Loss) -> dict[str, object]:
    return {
        "readings": loss.numbers,
        "sources": [
            {"slot": slot, "characteristic": assigned.name(characteristic)}
            for slot, characteristic in loss.sources
        ],
        "ranges": loss.ranges,
        "reason": loss.reason,
        "not_before_ms": loss.not_before_ms,
        "not_after_ms": loss.not_after_ms,
    }
