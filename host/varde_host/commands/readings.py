"""`varde readings`: what the receiver sees."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from varde_host import messages, output
from varde_host.collector import quarantine, registry
from varde_host.commands import hexadecimal, inventory_options, options
from varde_host.inventory import store, words
from varde_host.receiver import (
    assembly,
    gaps,
    opening,
    repetition,
    source,
    stamp,
    value_words,
    verification_of,
    verification_records,
    wording,
)
from varde_host.site import files

_COLUMNS = ("hub", "seq", "slot", "value", "utc", "sensor-clock", "characteristic", "signature",
            "verification")  # fmt: skip
_NARROW = ("seq", "slot", "value", "utc")
_SILENT = (verification_of.HOLDS, verification_of.NOT_NAMED)
_WIDE_FROM = 120  # columns of the terminal: in fewer, eight cells are folded beyond reading


def readings(
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_address: options.DatabaseAddress = None,
    key: Annotated[Path | None, typer.Option(envvar="VARDE_RECEIVER_KEY", metavar="FILE")] = None,
    hub: Annotated[str | None, typer.Option(metavar="HEX")] = None,
    verifications: Annotated[
        Path | None, typer.Option(envvar="VARDE_VERIFICATIONS", metavar="DIR")
    ] = None,
    everything: Annotated[bool, typer.Option("--all")] = False,
    tests: Annotated[bool, typer.Option("--tests")] = False,
    wide: Annotated[bool, typer.Option("--wide")] = False,
    json: options.Json = False,
) -> None:
    """Open the readings and print them."""
    loaded = files.load(site)
    private = loaded.receiver_private(key)
    only = None if hub is None else hexadecimal.parse(hub, registry.HUB_ID_BYTES)
    with options.opened_database(site, database_address) as opened, opened.reading() as connection:
        hubs = list(source.opened(connection, private, only, with_tests=tests))
        quarantined = quarantine.count(connection)
    known = _look_up(hubs, loaded, verifications)
    left_out = 0 if everything else _leave_out(hubs)
    if json:
        output.as_json([line for each in hubs for line in _as_json(each)])
        return
    rows = [row for each in hubs for row in each.rows]
    is_narrow = not wide and output.width() < _WIDE_FROM
    _print(rows, is_narrow, output.WIDE if wide else None)
    faults = sum(row.error is not None for row in rows)
    output.line(
        messages.text("readings.count", readings=len(rows), faults=faults, quarantined=quarantined)
    )
    if left_out:
        output.line(messages.text("readings.left-out", repeats=left_out))
    given_up = sum(loss.numbers for each in hubs for loss in each.losses)
    if given_up:
        output.line(messages.text("readings.given-up", readings=given_up))
    _say_of_verifications(rows, known)
    if is_narrow:
        output.line(messages.text("readings.narrow"))


def _look_up(
    hubs: list[source.Opened], site: files.Site, folder: Path | None
) -> verification_records.Loaded:
    """Put into each row what its verification says; return what is known of verifications."""
    rows = [row for hub in hubs for row in hub.rows]
    names = {row.verification for row in rows if row.verification}
    known = _verifications(site, folder, names) if names else verification_records.nothing()
    for hub in hubs:
        hub.rows[:] = [
            dataclasses.replace(row, standing=known.register.of(row.verification, *row.made))
            if row.slot is not None and not row.is_test
            else row
            for row in hub.rows
        ]
    return known


def _verifications(
    site: files.Site, folder: Path | None, names: set[bytes]
) -> verification_records.Loaded:
    """Take them from the folder that was named, else from the site's own, else its inventory."""
    exported = folder or site.directory / verification_records.FOLDER
    if folder is not None or exported.is_dir():
        return verification_records.from_folder(exported, site, names)
    if not (site.directory / store.FILE).exists():
        return verification_records.nothing()
    with inventory_options.reading(site.directory, None) as connection:
        return verification_records.from_inventory(connection, names)


def _say_of_verifications(rows: list[opening.Row], known: verification_records.Loaded) -> None:
    """Say how many rest on what does not hold, and how old that knowledge is."""
    standings = [row.standing for row in rows if row.standing is not None]
    if not any(each.name for each in standings):
        return
    worse = sum(each.state not in _SILENT for each in standings)
    newest_ms = known.register.newest_ms
    until = "-" if newest_ms is None else words.moment(newest_ms)
    output.line(messages.text("readings.verifications", worse=worse, until=until))
    if known.refused:
        output.line(messages.text("readings.verification-files", files=", ".join(known.refused)))


def _leave_out(hubs: list[source.Opened]) -> int:
    """Drop what came twice for certain; return how many rows that was."""
    left_out = 0
    for hub in hubs:
        shown = [row for row in hub.rows if not repetition.is_certain(row)]
        left_out += len(hub.rows) - len(shown)
        hub.rows[:] = shown
    return left_out


def _as_json(hub: source.Opened) -> Iterator[dict[str, object]]:
    """Return the hub's rows, each with what was given up between the one before and this one."""
    *before, after = gaps.beside(hub.losses, [row.seq for row in hub.rows])
    for number, row in enumerate(hub.rows, 1):
        yield {
            **wording.as_json(row),
            "given_up_before": before[number - 1],
            "given_up_after": after if number == len(hub.rows) else 0,
        }


def _print(rows: list[opening.Row], is_narrow: bool, width: int | None) -> None:
    """Print a table, or in a narrow terminal one for each hub. An only hub stands above it, and
    not in every line."""
    hubs = sorted({row.hub_id.hex() for row in rows})
    if len(hubs) > 1 and not is_narrow:
        _print_table(rows, _COLUMNS, width)
        return
    for hub in hubs:
        output.line(messages.text("readings.hub", hub=hub))
        shown = _NARROW if is_narrow else _COLUMNS[1:]
        _print_table([row for row in rows if row.hub_id.hex() == hub], shown, width)


def _print_table(rows: list[opening.Row], shown: tuple[str, ...], width: int | None) -> None:
    places = [_COLUMNS.index(name) for name in shown]
    lines = [_cells(row, is_narrow=shown is _NARROW) for row in rows]
    cells = [[line[place] for place in places] for line in lines]
    dim = {
        number
        for number, row in enumerate(rows)
        if row.repeats is not None or row.part_of is not None
    }
    output.table([f"column.{name}" for name in shown], cells, dim, width=width)


def _cells(row: opening.Row, *, is_narrow: bool) -> tuple[str, ...]:
    return (
        row.hub_id.hex(),
        str(row.seq),
        "" if row.slot is None else str(row.slot),
        _value(row, is_narrow=is_narrow),
        _when(row),
        _sensor_clock(row),
        wording.characteristic(row) or "",
        messages.text(f"signature.{row.signature}"),
        _verification(row),
    )


def _verification(row: opening.Row) -> str:
    """Return the level that may be said, and why it is no higher where something is wrong."""
    standing = row.standing
    if standing is None or standing.state == verification_of.NOT_NAMED:
        return ""
    level = "" if standing.level is None else f"N{standing.level}"
    if standing.state == verification_of.HOLDS:
        return level
    named, bad = standing.verification, standing.found_bad
    until = "" if named is None else named.valid_until or ""
    found = "" if bad is None else words.day(bad.began_ms)
    said = messages.text(f"reading-verification.{standing.state}", until=until, found=found)
    return f"{level} {said}".strip()


def _value(row: opening.Row, *, is_narrow: bool) -> str:
    """Return what was measured, or why it cannot be said, and what else must be known of it."""
    notes = []
    if row.part_of is not None:
        notes.append(messages.text("readings.part-of", seq=row.part_of))
    elif row.parts is not None:
        notes.append(messages.text("readings.parts", parts=len(row.parts)))
    if row.repeats is not None:
        word = "repeats" if repetition.is_certain(row) else "may-repeat"
        notes.append(messages.text(f"readings.{word}", seq=row.repeats))
    said = _fault(row) or ""
    if is_narrow and row.standing is not None and row.standing.state not in _SILENT:
        notes.append(_verification(row))
    if row.error in (None, assembly.MISSING_PARTS):
        words = value_words.of(row.fields, row.characteristic)
        said = f"{words} ({said})" if words and said else words or said
    return " ".join([said, f"({', '.join(notes)})"] if notes else [said]).strip()


def _fault(row: opening.Row) -> str | None:
    """Return in words what could not be done; by its code where that is for developers."""
    key = f"fault.{row.error}"
    return messages.text(key) if messages.has(key) else row.error


def _sensor_clock(row: opening.Row) -> str:
    said = stamp.of(row.fields) or ""
    if row.fields.get("clock_not_set"):
        said = f"{said} {messages.text('readings.clock-not-set')}".strip()
    return said


def _when(row: opening.Row) -> str:
    when = row.when
    if when is None:
        return ""
    if when.utc_ms is not None and when.uncertainty_ms is not None:
        return f"{wording.moment(when.utc_ms)} {wording.bound(when.uncertainty_ms)}"
    after, before = wording.moment(when.not_before_ms), wording.moment(when.not_after_ms)
    between = messages.text("readings.between", after=after, before=before)
    return f"{messages.text('readings.no-time')} ({between})"
