"""The papers that go out with a kit: the start card, and the handout that was signed."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from varde_host import errors
from varde_host.bench.making import label_facts
from varde_host.bench_record import form
from varde_host.inventory import items, kits, measuring_models, models, records
from varde_host.reporting import files as report_files
from varde_host.reporting import gathering, start_card
from varde_host.site import files


def card(
    connection: sa.Connection,
    site: files.Site,
    kit: str,
    now_ms: int,
    known: measuring_models.Known,
) -> start_card.Card:
    """Return what the start card of a kit says. Raises as `label_facts.load`, `kits.find`."""
    facts = label_facts.load(site.directory)
    today = dt.datetime.fromtimestamp(now_ms / 1000, dt.UTC).date()
    found = kits.find(connection, kit)
    inside = items.listing(connection, kit_id=found.kit_id)
    things = _things(connection, inside, known)
    label = facts.label(found, label_facts.IDENTIFIED, today)  # no level stands on the card
    return start_card.Card(label, things, today)


def handout(connection: sa.Connection, site: files.Site, kit: str, language: str) -> bytes:
    """Return the PDF of a kit's newest handout. InputRefused `report-not-out` for no handout."""
    found = kits.find(connection, kit)
    signed = records.of_kit(connection, found.kit_id, form.HANDOUT)
    if not signed:
        raise errors.InputRefused("report-not-out", found.kit_id)
    sources = gathering.sources(site, connection, signed[-1].sha256)
    return report_files.made(sources, language)[report_files.PDF]


def _things(
    connection: sa.Connection, inside: list[items.Item], known: measuring_models.Known
) -> list[start_card.Thing]:
    """Return what is used by hand; a cuff of its own goes with the monitor that it belongs to."""
    things = []
    sizes = [item.size for item in inside if item.kind == models.CUFF and item.size]
    for item in inside:
        if item.kind != models.SENSOR:
            continue
        measures = known.get(item.model)
        kind = measures.kind if measures is not None else measuring_models.OTHER
        size = item.size
        if kind == measuring_models.CUFF and size is None and sizes:
            size = sizes.pop(0)
        name = models.find(connection, item.model).name
        things.append(start_card.Thing(kind, name, size))
    return things
