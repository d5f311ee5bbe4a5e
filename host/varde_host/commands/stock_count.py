"""`varde stock count`: scan what is there, and hear at once what is wrong."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from varde_host import errors, messages, output
from varde_host.commands import inventory_options, options
from varde_host.inventory import birth_number, counting, places, standing, states, store, words


def count(
    scans: Annotated[str, typer.Option(metavar="FILE|-")] = "-",
    place: Annotated[str | None, typer.Option()] = None,
    keep: Annotated[Path | None, typer.Option(metavar="FILE")] = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    inventory: inventory_options.InventoryAddress = None,
    by: inventory_options.By = None,
    json: options.Json = False,
) -> None:
    """Compare what was scanned with what ought to be there; a place's label begins that place."""
    acting, now_ms = inventory_options.acting(by)
    with inventory_options.opened(site, inventory) as opened:
        lines = [] if keep is None else _kept(keep)
        with opened.reading() as connection:
            where = places.find(connection, place).place if place else None
            before = counting.read(connection, lines, where)
        here = before[-1].place if before else where
        for line in _given(scans):
            lines.append(line)
            _keep(keep, birth_number.masked(line))
            if scans == "-":
                here = _answer(opened, line, here, now_ms)
        with opened.writing() as connection:
            read = counting.read(connection, lines, where)
            done = counting.count(connection, read, where, acting, now_ms)
    if json:
        output.as_json(dataclasses.asdict(done))
    else:
        _print(done)


def _answer(opened: store.Inventory, line: str, here: str | None, now_ms: int) -> str | None:
    """Say on standard error what was scanned, as somebody stands there; return where that is."""
    with opened.reading() as connection:
        read = counting.read(connection, [line], here)
        if not read:
            return here
        [scan] = read
        found = counting.judge(connection, scan, now_ms)
    if found is None:
        output.progress(messages.text("count.here", id=scan.text or scan.place))
    else:
        word = messages.text(f"deviation.{found.what}")
        output.progress(messages.text("count.deviates", id=found.subject, word=word))
    return scan.place


def _print(done: counting.Count) -> None:
    said = {"found": done.found, "deviations": len(done.deviations)}
    if not done.deviations:
        output.good(messages.text("stock.counted", **said))
        return
    names = ("deviation", "id", "place", "listed", "state")
    output.table(
        [f"inventory-column.{name}" for name in names],
        [
            (messages.text(f"deviation.{each.what}"), each.subject, each.place,
             each.listed or "", _state(each.state))
            for each in done.deviations
        ],
        whole={1},
    )  # fmt: skip
    output.line(messages.text("stock.counted", **said))


def _state(key: str | None) -> str:
    """Return a state of a kit or a thing's standing as people say it; a kit's id as it is."""
    if key in states.STATES:
        return words.state(key)
    return messages.text(f"standing-word.{key}") if key in standing.STANDINGS else key or ""


def _given(scans: str) -> Iterator[str]:
    """Return the lines as they come; InputRefused `file-read`."""
    try:
        if scans == "-":
            yield from sys.stdin
        else:
            yield from Path(scans).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "UTF-8"
        raise errors.InputRefused("file-read", scans, reason=reason) from error


def _kept(path: Path) -> list[str]:
    """Return what an earlier run kept, if there was one."""
    return list(_given(str(path))) if path.exists() else []


def _keep(path: Path | None, line: str) -> None:
    """Append one scan, on the disk before the next is taken. WorldFailed `file-write`."""
    if path is None:
        return
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(line.rstrip("\r\n") + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise errors.WorldFailed("file-write", str(path), reason=error.strerror) from error
