"""Count the stock: compare what was scanned, place by place, with what ought to be there.

Three kinds of deviation, each found by itself: a thing that ought to be here and was not scanned
(missing), one that was scanned and is in no list (extra), one that is in the list of another
place (wrong place). Kits count as one thing, with what is in them inside. What was scanned twice
is one. A card that shows who somebody is may get under the scanner: its number is not kept.
Counting changes nothing but the list of counts; what is wrong is put right by the
ordinary commands, so that each correction has somebody's name on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from varde_host import errors
from varde_host.inventory import (
    birth_number,
    door,
    items,
    kits,
    places,
    scanning,
    schema,
    states,
    words,
)
from varde_host.inventory.who import Who

MISSING = "missing"
EXTRA = "extra"
WRONG_PLACE = "wrong-place"
UNREADABLE = "unreadable"
MAX_SCANS = 20_000
"""More than a municipality owns; a scanner's file that is longer is another kind of file."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """`place` is where it was looked for or found, `listed` where the inventory has it."""

    what: str
    subject: str
    place: str
    listed: str | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """A finished count."""

    count_id: int
    places: list[str]
    found: int
    deviations: list[Deviation]


@dataclass(frozen=True, slots=True)
class Scan:
    """One line of a count: what was scanned, where."""

    place: str
    text: str


def read(connection: sa.Connection, lines: Iterable[str], place: str | None) -> list[Scan]:
    """Return the scans; the label of a place begins that place. InputRefused `count-place`."""
    known = {each.place for each in places.listing(connection)}
    where = places.find(connection, place).place if place else None
    scans: list[Scan] = []
    for number, line in enumerate(lines, 1):
        text = birth_number.masked(
            line.strip("\r\n\t")
        )  # a space at the end may be a check character
        if number > MAX_SCANS:
            raise errors.InputRefused("count-long", str(number), most=MAX_SCANS)
        if text.strip().upper() in known:
            where = text.strip().upper()
            scans.append(Scan(where, ""))
        elif text.strip() and where is None:
            raise errors.InputRefused("count-place", text[:40])
        elif text.strip() and where is not None:
            scans.append(Scan(where, text))
    return scans


def judge(connection: sa.Connection, scan: Scan, now_ms: int) -> Deviation | None:
    """Return what is wrong with one scan at once; None for what is here, or a place's label."""
    seen, strange = _seen(connection, [scan], now_ms)
    for subject, where in seen.items():
        home, state = _home(connection, subject)
        if home != where:
            return Deviation(WRONG_PLACE, subject, where, home, state)
    return strange[0] if strange else None


def _home(connection: sa.Connection, subject: str) -> tuple[str | None, str | None]:
    """Return what `_listed` has of one kit or thing."""
    if scanning.identify(connection, subject, 0).what == scanning.KIT:
        kit = kits.find(connection, subject)
        return kit.place, kit.state
    item = items.find(connection, subject)
    return item.place, f"kit {item.kit_id}" if item.kit_id else item.standing


def count(
    connection: sa.Connection, scans: list[Scan], place: str | None, by: Who, now_ms: int
) -> Count:
    """Compare and keep the outcome; `place` is counted also if nothing was scanned there."""
    counted = list(dict.fromkeys([*([place] if place else []), *(scan.place for scan in scans)]))
    seen, deviations = _seen(connection, scans, now_ms)
    listed = _listed(connection)
    for subject, where in seen.items():
        home, state = listed.get(subject, (None, None))
        if home != where:
            deviations.append(Deviation(WRONG_PLACE, subject, where, home, state))
    deviations += [
        Deviation(MISSING, subject, home, home, state)
        for subject, (home, state) in listed.items()
        if home in counted and home is not None and subject not in seen
    ]
    deviations.sort(key=lambda each: (each.place, each.what, each.subject))
    number = _keep(connection, counted, len(seen), deviations, by, now_ms)
    return Count(number, counted, len(seen), deviations)


def _seen(
    connection: sa.Connection, scans: list[Scan], now_ms: int
) -> tuple[dict[str, str], list[Deviation]]:
    """Return where each thing of ours was scanned, and what is none of ours."""
    seen: dict[str, str] = {}
    strange: list[Deviation] = []
    for scan in scans:
        if not scan.text:
            continue
        try:
            found = scanning.identify(connection, scan.text, now_ms)
        except errors.InputRefused as error:
            what = EXTRA if error.code == "scan-unknown" else UNREADABLE
            strange.append(Deviation(what, scan.text[:60], scan.place))
            continue
        if found.what in (scanning.KIT, scanning.ITEM) and found.id is not None:
            seen.setdefault(found.id, scan.place)
        else:
            strange.append(Deviation(EXTRA, scan.text[:60], scan.place))
    return seen, list(dict.fromkeys(strange))


def _listed(connection: sa.Connection) -> dict[str, tuple[str | None, str | None]]:
    """Return each kit and thing with its place and what is to be known of it."""
    found: dict[str, tuple[str | None, str | None]] = {}
    for kit in kits.listing(connection):
        if kit.state != states.SCRAPPED:
            found[kit.kit_id] = (kit.place, kit.state)
    for item in items.listing(connection):
        found[item.item_id] = (item.place, f"kit {item.kit_id}" if item.kit_id else item.standing)
    return found


def _keep(
    connection: sa.Connection,
    counted: list[str],
    found: int,
    deviations: list[Deviation],
    by: Who,
    now_ms: int,
) -> int:
    rows = [[each.what, each.subject, each.place, each.listed] for each in deviations]
    subject = words.day(now_ms)
    with door.Change(connection, by, now_ms, "stock.counted", subject) as change:
        change.insert(
            schema.counts, count_id=change.number, places=door.text(counted), at_ms=now_ms,
            found=found, deviations=door.text(rows),
        )  # fmt: skip
    return change.number
