"""Models: what can be bought, and the codes that its maker prints on it.

A thing is always of a known model. A code that belongs to none is answered with "new model"
(`scanning`), and somebody names the model once; nobody types a model into a thing as free text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import sqlalchemy as sa

from varde_host import errors
from varde_host.inventory import birth_number, door, evidence, schema
from varde_host.inventory.who import Who

HUB = "hub"
SENSOR = "sensor"
CUFF = "cuff"
BATTERY = "battery"
REFERENCE = "reference"
CHARGER = "charger"
TABLET = "tablet"
OTHER = "other"
KINDS = (HUB, SENSOR, CUFF, BATTERY, REFERENCE, CHARGER, TABLET, OTHER)

MEASURING = (HUB, SENSOR, CUFF)
"""What a check of a kit is about."""

MAX_LEAD_DAYS = 366

_MODEL = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
"""As the sensors' models elsewhere: and-ua651, nonin-3230."""
_CODE = re.compile(r"gtin:\d{14}|hibc:[A-Z][A-Z0-9]{3}[A-Z0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Model:
    """A model; `codes` are what its makers print (`barcode.Scanned.code`)."""

    model: str
    kind: str
    name: str
    maker: str
    lead_days: int | None
    codes: tuple[str, ...]


def add(
    connection: sa.Connection,
    model: str,
    kind: str,
    by: Who,
    now_ms: int,
    *,
    name: str,
    maker: str,
    lead_days: int | None = None,
    code: str | None = None,
) -> Model:
    """Name a model.

    Raises InputRefused `model-code`, `birth-number`, `model-kind`, `model-known`, `code-known`.
    """
    if kind not in KINDS:
        raise errors.InputRefused("model-kind", kind[:20], known=", ".join(KINDS))
    check_key(connection, model)
    if code is not None:
        _refuse_code(connection, code)
    said = {"name": evidence.text(name, "name"), "maker": evidence.text(maker, "maker")}
    with door.Change(connection, by, now_ms, "model.added", model) as change:
        change.insert(schema.models, model=model, kind=kind, lead_days=lead_days, **said)
        if code is not None:
            change.insert(schema.model_codes, code=code, model=model)
    return find(connection, model)


def check_key(connection: sa.Connection, model: str) -> str:
    """Return a model's key that is still free.

    Raises InputRefused `model-code`, `birth-number`, `model-known`.
    """
    if not _MODEL.fullmatch(model):
        raise errors.InputRefused("model-code", model[:40])
    birth_number.refuse_any(model, "MODEL")
    if _row(connection, model) is not None:
        raise errors.InputRefused("model-known", model)
    return model


def add_code(connection: sa.Connection, model: str, code: str, by: Who, now_ms: int) -> Model:
    """Give a model one more code. InputRefused `model-unknown`, `code-known`."""
    found = find(connection, model)
    _refuse_code(connection, code)
    with door.Change(connection, by, now_ms, "model.code", found.model) as change:
        change.insert(schema.model_codes, code=code, model=found.model)
    return find(connection, model)


def find(connection: sa.Connection, model: str) -> Model:
    """Return a model by its key. Raises InputRefused `model-unknown`."""
    row = _row(connection, model)
    if row is None:
        raise errors.InputRefused("model-unknown", model[:40])
    return row


def by_code(connection: sa.Connection, code: str) -> Model | None:
    """Return the model that a maker's code stands for, None for a new one."""
    table = schema.model_codes
    key = connection.execute(sa.select(table.c.model).where(table.c.code == code)).scalar()
    return None if key is None else find(connection, key)


def listing(connection: sa.Connection) -> list[Model]:
    """Return all models by their keys."""
    keys = connection.execute(sa.select(schema.models.c.model).order_by(schema.models.c.model))
    return [find(connection, key) for key in keys.scalars()]


def _row(connection: sa.Connection, model: str) -> Model | None:
    query = sa.select(schema.models).where(schema.models.c.model == model)
    row = connection.execute(query).first()
    if row is None:
        return None
    codes = schema.model_codes
    found = sa.select(codes.c.code).where(codes.c.model == model).order_by(codes.c.code)
    return Model(**row._mapping, codes=tuple(connection.execute(found).scalars()))


def _refuse_code(connection: sa.Connection, code: str) -> None:
    if not _CODE.fullmatch(code):
        raise errors.InputRefused("code-form", code[:40])
    known = by_code(connection, code)
    if known is not None:
        raise errors.InputRefused("code-known", code, model=known.model)
