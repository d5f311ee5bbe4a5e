"""`varde kit label`: a kit's label as PDF or ZPL, and the scan that shows that it is its own."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Annotated

import typer

from varde_host import clock, errors, messages, output
from varde_host.bench import faults, live
from varde_host.bench.making import kit_labels, scan_back
from varde_host.commands import inventory_options, new_output, options

_DATE = "%Y-%m-%d"


def draw(
    kit: Annotated[list[str], typer.Argument(metavar="KIT...")],
    out: Annotated[Path, typer.Option(metavar="FILE")],
    form: Annotated[str, typer.Option("--form", metavar="roll|sheet|zpl")] = kit_labels.ROLL,
    first: Annotated[int, typer.Option(min=1)] = 1,
    level: Annotated[int | None, typer.Option(min=0, max=4)] = None,
    next_check: Annotated[dt.datetime | None, typer.Option(formats=[_DATE])] = None,
    scan: Annotated[bool, typer.Option("--scan")] = False,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    inventory: inventory_options.InventoryAddress = None,
    json: options.Json = False,
) -> None:
    """Write the file; with `--scan`, ask for each label to be scanned where it is."""
    if form not in kit_labels.FORMS:
        raise errors.InputRefused("label-form", form[:20], known=", ".join(kit_labels.FORMS))
    now_ms = clock.from_environment().utc_ms()
    until = None if next_check is None else next_check.date()
    with inventory_options.reading(site, inventory) as connection:
        made = kit_labels.of_kits(connection, site, kit, now_ms, level, until)
    content = kit_labels.drawn(made, form, messages.speaker.language, first)
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
