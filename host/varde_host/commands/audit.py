"""`varde audit`: who did what, and the proof that nobody has changed it since."""

from __future__ import annotations

import collections
import dataclasses
import re
from typing import Annotated, Any

import typer

from varde_host import errors, messages, output
from varde_host.commands import inventory_options, options
from varde_host.inventory import audit as log
from varde_host.inventory import copying, words

_Site = options.SiteDirectory
_Inventory = inventory_options.InventoryAddress
_DEFAULT = options.DEFAULT_SITE
_HEAD = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})")
_SHOWN_DETAIL = 80


def verify(
    anchor: Annotated[list[str] | None, typer.Option(metavar="NUMBER:HASH")] = None,
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    json: options.Json = False,
) -> None:
    """Follow the log's chain, and compare the tables with what the log says."""
    anchors = [_parse_head(text) for text in anchor or []]
    with inventory_options.reading(site, inventory) as connection:
        head = copying.prove(connection, anchors)
    if json:
        output.as_json({"lines": head.number, "head": str(head), "anchors": len(anchors)})
    else:
        output.good(messages.text("audit.whole", lines=head.number))
        output.line(messages.text("audit.head", head=str(head)))


def show_head(
    site: _Site = _DEFAULT, inventory: _Inventory = None, json: options.Json = False
) -> None:
    """Print the newest line's number and hash, to be kept where nobody here can change it."""
    with inventory_options.reading(site, inventory) as connection:
        head = log.head(connection)
    if json:
        output.as_json({"number": head.number, "hash": head.hash.hex(), "head": str(head)})
    else:
        output.line(str(head))


def show_list(
    subject: Annotated[str | None, typer.Argument(metavar="ID")] = None,
    last: Annotated[int, typer.Option(min=1, max=100_000)] = 50,
    site: _Site = _DEFAULT,
    inventory: _Inventory = None,
    json: options.Json = False,
) -> None:
    """List the last lines, or those about one kit, thing, model or place."""
    with inventory_options.reading(site, inventory) as connection:
        found = list(collections.deque(log.lines(connection, subject), maxlen=last))
    if json:
        output.as_json([_as_json(line) for line in found])
        return
    output.table(
        [f"inventory-column.{name}" for name in ("number", "moment", "function", "person", "what",
         "id", "detail")],
        [
            (str(line.number), words.moment(line.at_ms), line.function, line.person, line.what,
             line.subject, line.detail[:_SHOWN_DETAIL])
            for line in found
        ],
    )  # fmt: skip


def _as_json(line: log.Line) -> dict[str, Any]:
    return dataclasses.asdict(line) | {"hash": line.hash.hex()}


def _parse_head(text: str) -> log.Head:
    found = _HEAD.fullmatch(text.strip())
    if found is None:
        raise errors.InputRefused("audit-head", text[:40])
    return log.Head(int(found[1]), bytes.fromhex(found[2]))
