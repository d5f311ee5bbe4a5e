"""What a verification begins with: the thing, its procedure, the references, the place.

All of it comes from the inventory and the site's folder; a person is asked for the rest. The file
`bench.toml` in the site's folder says what is always so at this bench:

    place = "Lager 2, benk 1"
    latitude_deg = "59.91"           # for gravity, on scales
    height_m = "90"
    use_latitude_deg = "70.66"       # where the things are used, if that is another place
    references = ["4F7K2X"]          # ids of the references that stand here
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from varde_host import errors
from varde_host.inventory import (
    evidence,
    items,
    loans,
    measuring_models,
    models,
    records,
    references,
)
from varde_host.verification import measured, procedure, validity

from . import gathering
from .setup import Setup

FILE = "bench.toml"
MAX_FILE_BYTES = 16 * 1024
_ASKED = ("first_use", "has_test_mode", "resolution", "scale_class", "e", "d")
_CONDITIONS = ("latitude_deg", "height_m", "use_latitude_deg", "use_height_m")


@dataclass(frozen=True, slots=True)
class Bench:
    """What `bench.toml` says."""

    place: str | None = None
    conditions: measured.Conditions | None = None
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says; None and empty: nothing."""

    item: str
    procedure: str | None = None
    references: tuple[str, ...] = ()
    place: str | None = None
    firmware: str | None = None
    small_weights: bool = False


@dataclass(frozen=True, slots=True)
class Begun:
    """What it begins with, and the procedure itself."""

    fixed: Setup
    used: procedure.Procedure
    known: measuring_models.Known = field(repr=False, default_factory=dict)


def bench(site: Path) -> Bench:
    """Return what the site's `bench.toml` says. Raises InputRefused `verify-bench-file`."""
    path = site / FILE
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Bench()
    except OSError as error:
        raise errors.InputRefused("file-read", str(path), reason=error.strerror) from error
    try:
        return _bench(tomllib.loads(data[: MAX_FILE_BYTES + 1].decode("utf-8")))
    except (ValueError, TypeError, KeyError, InvalidOperation, RecursionError) as error:
        raise errors.InputRefused("verify-bench-file", str(path), what=str(error)[:60]) from error


def begin(
    connection: sa.Connection,
    site: Path,
    asked: Asked,
    procedures: dict[str, procedure.Procedure],
    now_ms: int,
    default_place: str,
) -> Begun:
    """Return what a verification of a thing begins with, at this moment.

    Raises InputRefused `verify-model` for a model that nobody has described, `verify-needs-none`
    for what is not verified by itself, `verify-procedure`, `verify-references` if there is nothing
    to compare with, `verify-which-reference`, `text-form` and `birth-number` for a place or a
    firmware that no record would take at the end, and as `items.find`, `references.used`, `bench`,
    `measuring_models.load`.
    """
    item, known, here = (
        items.find(connection, asked.item),
        measuring_models.load(site),
        bench(site),
    )
    used = _procedure(item, asked.procedure, known, procedures)
    today = gathering.day(now_ms)
    named = asked.references or here.references
    chosen = _references(connection, used, item, named, today)
    fixed = Setup(
        procedure=used.name,
        device=_device(connection, item, known, asked),
        began_ms=now_ms,
        place=evidence.text(asked.place or here.place or default_place, "--place"),
        references=tuple(chosen),
        where=here.conditions,
        kit=item.kit_id,
        small_weights=asked.small_weights or None,
    )
    return Begun(fixed, used, known)


def _procedure(
    item: items.Item,
    named: str | None,
    known: measuring_models.Known,
    procedures: dict[str, procedure.Procedure],
) -> procedure.Procedure:
    fitting = measuring_models.procedures(known, item.kind, item.model)
    if named is None:
        if fitting is None:
            raise errors.InputRefused("verify-model", item.item_id, model=item.model)
        if not fitting:
            raise errors.InputRefused("verify-needs-none", item.item_id, kind=item.kind)
        named = fitting[0]
    if named not in procedures:
        shown = ", ".join(sorted(procedures))
        raise errors.InputRefused("verify-procedure", named[:40], known=shown)
    return procedures[named]


def _references(
    connection: sa.Connection,
    used: procedure.Procedure,
    item: items.Item,
    named: Sequence[str],
    today: str,
) -> list[measured.ReferenceUsed]:
    """Return the references that fit: those named, else those there are, one of each kind."""
    wanted = {need.kind for need in used.reference}
    if validity.EXTERNAL in wanted:
        return [references.used(connection, item.item_id, today)]
    if not wanted:
        return []
    found = [references.used(connection, one, today) for one in named]
    if not named:
        there = items.listing(connection, kind=models.REFERENCE)
        found = [one for ref in there if (one := _standing(connection, ref, today)) is not None]
    fitting = [one for one in found if one.kind in wanted]
    kinds = [one.kind for one in fitting]
    doubled = next((kind for kind in kinds if kinds.count(kind) > 1), None)
    if doubled is not None:
        several = ", ".join(one.item_id for one in fitting if one.kind == doubled)
        raise errors.InputRefused("verify-which-reference", several, kind=doubled)
    if not fitting:
        raise errors.InputRefused("verify-references", used.id, kinds=", ".join(sorted(wanted)))
    return fitting


def _standing(
    connection: sa.Connection, reference: items.Item, today: str
) -> measured.ReferenceUsed | None:
    try:
        return references.used(connection, reference.item_id, today)
    except errors.InputRefused:
        return None


def _device(
    connection: sa.Connection, item: items.Item, known: measuring_models.Known, asked: Asked
) -> measured.Device:
    facts, model = known.get(item.model), models.find(connection, item.model)
    before = records.newest_verification(connection, item.item_id)
    lent = loans.of_item(connection, item.item_id)
    first_use = gathering.day(lent[0].from_ms) if lent else None
    device = measured.Device(
        item.item_id, item.kind, item.model, model.maker, item.serial, item.udi,
        asked.firmware and evidence.text(asked.firmware, "--firmware"), item.size,
        first_use=first_use,
    )  # fmt: skip
    if facts is not None:
        device = replace(
            device, scale_class=facts.scale_class, e=facts.e, d=facts.d,
            resolution=facts.resolution, ble_resolution=facts.ble_resolution,
            maximum=facts.maximum, maker_mpe=facts.maker_mpe, has_test_mode=facts.test_mode,
        )  # fmt: skip
    return device if before is None else _as_said_before(device, before)


def _as_said_before(device: measured.Device, before: records.Record) -> measured.Device:
    """Take over what a person was asked last time, and signed, and nobody has said since."""
    said = measured.from_json(before.content["measured"]).device
    if said.model != device.model:
        return device
    names = [name for name in _ASKED if getattr(device, name) is None]
    return replace(device, **{name: getattr(said, name) for name in names})


def _bench(table: dict[str, Any]) -> Bench:
    unknown = set(table) - {"place", "references", "desk", *_CONDITIONS}
    if unknown:
        raise ValueError(min(unknown))
    values = {name: Decimal(str(table[name])) for name in _CONDITIONS if name in table}
    named, place = table.get("references", []), table.get("place")
    if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
        raise ValueError("references")
    if place is not None and not isinstance(place, str):
        raise ValueError("place")
    return Bench(place, measured.Conditions(**values) if values else None, tuple(named))
