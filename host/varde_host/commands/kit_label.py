"""`varde kit label`: a kit's label as PDF or ZPL, and the scan that shows that it is its own."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Annotated

import typer

from varde_host import clock, errors, messages, output
from varde_host.bench import faults, live
from varde_host.bench.making import label_facts, label_level, scan_back
from varde_host.commands import inventory_options, new_output, options
from varde_host.inventory import kits
from varde_host.paper import label, label_pdf, label_zpl

ROLL, SHEET, ZPL = "roll", "sheet", "zpl"
FORMS = (ROLL, SHEET, ZPL)
_DATE = "%Y-%m-%d"


def draw(
    kit: Annotated[list[str], typer.Argument(metavar="KIT...")],
    out: Annotated[Path, typer.Option(metavar="FILE")],
    form: Annotated[str, typer.Option("--form", metavar="roll|sheet|zpl")] = ROLL,
    first: Annotated[int, typer.Option(min=1)] = 1,
    level: Annotated[int | None, typer.Option(min=0, max=4)] = None,
    next_check: Annotated[dt.datetime | None, typer.Option(formats=[_DATE])] = None,
    scan: Annotated[bool, typer.Option("--scan")] = False,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    inventory: inventory_options.InventoryAddress = None,
    json: options.Json = False,
) -> None:
    """Write the file; with `--scan`, ask for each label to be scanned where it is."""
    if form not in FORMS:
        raise errors.InputRefused("label-form", form[:20], known=", ".join(FORMS))
    facts = label_facts.load(site)
    now_ms = clock.from_environment().utc_ms()
    today = dt.datetime.fromtimestamp(now_ms / 1000, dt.UTC).date()
    with inventory_options.reading(site, inventory) as connection:
        found = [kits.find(connection, one) for one in kit]
        levels = [
            label_level.checked(
                level, label_level.of_kit(connection, one.kit_id, now_ms), one.kit_id
            )
            for one in found
        ]
    until = None if next_check is None else next_check.date()
    made = [facts.label(one, its, today, until) for one, its in zip(found, levels, strict=True)]
    content = _drawn(made, form, first)
    new_output.write(out, content)
    scanned = [_scanned(one.kit_id) for one in made] if scan else []
    if json:
        output.as_json(
            {
                "file": str(out),
                "bytes": len(content),
                "labels": [
                    {
                        "kit": one.kit_id,
                        "level": one.level,
                        "next_check": one.next_check.isoformat(),
                        "scanned": one.kit_id in scanned,
                    }
                    for one in made
                ],
            }
        )
        return
    output.line(messages.text("label.written", file=out, labels=len(made)))
    for one in scanned:
        output.good(messages.text("label.scanned", kit=one))


def _drawn(made: list[label.Label], form: str, first: int) -> bytes:
    language = messages.speaker.language
    if form == SHEET:
        return label_pdf.sheet(made, language, first)
    if form == ZPL:
        return b"".join(label_zpl.label(one, language) for one in made)
    if len(made) > 1:
        raise errors.InputRefused("label-form", ROLL, known=f"{SHEET}, {ZPL}")
    return label_pdf.roll(made[0], language)


def _scanned(kit: str) -> str:
    """Ask until the label of this kit is scanned; InputRefused `label-unscanned` at the end."""
    while True:
        output.progress(messages.text("label.scan", kit=kit))
        line = sys.stdin.readline()
        if not line:
            raise errors.InputRefused("label-unscanned", kit)
        try:
            return scan_back.check(line, kit)
        except faults.Fault as fault:
            output.progress(live.fault_text(fault.code, fault.fields))
