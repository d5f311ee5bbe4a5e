"""Say what was scanned: a kit, a thing of ours, a place, a model we know, or a new one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from varde_host import errors
from varde_host.inventory import barcode, items, kit_id, kits, models, places
from varde_host.inventory.items import Item
from varde_host.inventory.models import Model
from varde_host.inventory.scanned import Scanned

KIT = "kit"
ITEM = "item"
PLACE = "place"
MODEL = "model"  # known, and this one of it is not taken in
NEW_MODEL = "new-model"
SECONDARY = "secondary"  # the second half of an HIBC label: the first is to be scanned


@dataclass(frozen=True, slots=True)
class Found:
    """What a scan is; `id` is that of a kit, thing or place."""

    what: str
    id: str | None = None
    model: Model | None = None
    code: Scanned | None = None


def identify(
    connection: sa.Connection,
    text: str,
    now_ms: int,
    *,
    keeps_separators: bool = False,
    choice: int | None = None,
) -> Found:
    """Return what a text is. A code of no known model is NEW_MODEL, with what it says.

    Raises InputRefused as `barcode.parse`, and `scan-unknown` for an id or place that is nobody's.
    """
    own = _own(connection, text)
    if own is not None:
        return own
    year = _year(now_ms)
    code = barcode.parse(text, year, keeps_separators=keeps_separators, choice=choice)
    return _of_code(connection, code)


def of_pair(connection: sa.Connection, first: str, second: str, now_ms: int) -> Found:
    """Return what an HIBC label in two codes is; raises as `barcode.pair`."""
    return _of_code(connection, barcode.pair(first, second, _year(now_ms)))


def _year(now_ms: int) -> int:
    return dt.datetime.fromtimestamp(now_ms / 1000, dt.UTC).year


def _of_code(connection: sa.Connection, code: Scanned) -> Found:
    if code.code is None:
        return Found(SECONDARY, code=code)
    model = models.by_code(connection, code.code)
    if model is None:
        return Found(NEW_MODEL, code=code)
    known = _known(connection, model, code)
    if known is not None:
        return Found(ITEM, known.item_id, model, code)
    return Found(MODEL, model=model, code=code)


def labelled(connection: sa.Connection, text: str) -> str:
    """Return the id of a kit or a thing. InputRefused `kit-id`, `kit-id-check`, `scan-unknown`."""
    wanted = kit_id.check(text)
    return _labelled(connection, wanted).id or wanted


def _own(connection: sa.Connection, text: str) -> Found | None:
    """Return what has a label of ours; None if this is none."""
    try:
        wanted = kit_id.check(text)
    except errors.InputRefused as error:
        if error.code == "kit-id-check":
            raise
    else:
        return _labelled(connection, wanted)
    given = text.strip().upper()
    codes = {place.place for place in places.listing(connection)}
    return Found(PLACE, given) if given in codes else None


def _labelled(connection: sa.Connection, wanted: str) -> Found:
    for what, find in ((KIT, kits.find), (ITEM, items.find)):
        try:
            found = find(connection, wanted)
        except errors.InputRefused as error:
            if not error.code.endswith("-unknown"):
                raise
        else:
            model = models.find(connection, found.model) if isinstance(found, Item) else None
            return Found(what, wanted, model)
    raise errors.InputRefused("scan-unknown", wanted)


def _known(connection: sa.Connection, model: Model, code: Scanned) -> Item | None:
    if code.serial is None:
        return None
    found = items.listing(connection, model=model.model, serial=code.serial)
    return found[0] if found else None
