"""Labels of kits on paper: what stands on each, from the inventory, in one of three forms."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from varde_host import errors
from varde_host.bench.making import label_facts, label_level
from varde_host.inventory import kits
from varde_host.paper import label, label_pdf, label_zpl

ROLL: Final = "roll"
SHEET: Final = "sheet"
ZPL: Final = "zpl"
FORMS: Final = (ROLL, SHEET, ZPL)


def of_kits(
    connection: sa.Connection,
    site: Path,
    wanted: Sequence[str],
    now_ms: int,
    level: int | None = None,
    until: dt.date | None = None,
) -> list[label.Label]:
    """Return the labels of kits: the level that is proven, or a lower one that is asked for.

    Raises as `label_facts.load`, `kits.find` and `label_level.checked`.
    """
    facts = label_facts.load(site)
    today = dt.datetime.fromtimestamp(now_ms / 1000, dt.UTC).date()
    found = [kits.find(connection, one) for one in wanted]
    return [
        facts.label(one, _level(connection, one.kit_id, now_ms, level), today, until)
        for one in found
    ]


def drawn(made: Sequence[label.Label], form: str, language: str, first: int = 1) -> bytes:
    """Return the file: a PDF of a roll or of a sheet (whose `first` free label it is), or ZPL.

    Raises InputRefused `label-form`.
    """
    if form == SHEET:
        return label_pdf.sheet(made, language, first)
    if form == ZPL:
        return b"".join(label_zpl.label(one, language) for one in made)
    if form != ROLL:
        raise errors.InputRefused("label-form", form[:20], known=", ".join(FORMS))
    if len(made) > 1:
        raise errors.InputRefused("label-form", ROLL, known=f"{SHEET}, {ZPL}")
    return label_pdf.roll(made[0], language)


def _level(connection: sa.Connection, kit: str, now_ms: int, asked: int | None) -> int:
    return label_level.checked(asked, label_level.of_kit(connection, kit, now_ms), kit)
