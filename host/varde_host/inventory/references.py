"""Certificates: what a reference was found to be by a laboratory, and until when that holds.

A certificate is entered once and stays; one that was typed wrongly is entered again, and the later
entry stands. An accredited laboratory's certificate of a sensor itself is of the kind
`external-certificate`, which alone can carry level N4. Past its date a reference may be practised
with, and approves nothing (REF-01).

A laboratory says the reference's own error at some points. It is not corrected for: readings are
compared as they are. So the largest of these errors, and how far they have moved since the
certificate before, is `drift`, which the uncertainty budget takes up in full (as a rectangular
distribution, GUM F.2.4.5 and 4.3.7).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

import sqlalchemy as sa

from varde_host import errors
from varde_host.inventory import birth_number, door, evidence, items, models, schema, who
from varde_host.inventory.who import Who
from varde_host.verification import measured, plain_form, procedure

EXTERNAL = "external-certificate"
WEIGHTS = "weights"
WEIGHT_CLASSES = ("M1", "M2", "M3")
MAX_POINTS = 60
DEFAULT_K = Decimal(2)

_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?")
_UNIT = re.compile(r"[^\s\x00-\x1f]{1,12}")


class Point(NamedTuple):
    """What the laboratory found at a nominal value: the reference's error, and its U if told."""

    nominal: Decimal
    error: Decimal
    expanded_u: Decimal | None


@dataclass(frozen=True, slots=True)
class Given:
    """What is entered of a certificate; dates are YYYY-MM-DD, values in `unit`."""

    kind: str
    certificate: str
    issuer: str
    calibrated_on: str
    due: str
    unit: str
    accreditation: str | None = None
    traceable_to: str | None = None
    expanded_u: Decimal | None = None
    k: Decimal | None = None
    weights_class: str | None = None
    file_sha256: str | None = None
    points: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate as it was entered; `number` is its line in the log."""

    number: int
    item_id: str
    given: Given

    def holds(self, day: str) -> bool:
        """Tell if it is past nothing on a day."""
        return self.given.calibrated_on <= day <= self.given.due


def add(connection: sa.Connection, item: str, given: Given, by: Who, now_ms: int) -> Certificate:
    """Enter a certificate of a reference, or an accredited laboratory's of a sensor.

    Raises InputRefused `reference-kind` for a kind that the thing cannot be, `reference-value`,
    `reference-dates`, `reference-accredited` for a sensor's certificate without accreditation,
    `kit-function` unless `who.CHECKERS` enters it; as `items.find`, `evidence.text` and
    `evidence.date`.
    """
    found = items.find(connection, item)
    if by.function not in who.CHECKERS:
        known = ", ".join(who.CHECKERS)
        raise errors.InputRefused("kit-function", found.item_id, known=known)
    _refuse_unless_fits(found.kind, given)
    values = _values(given)
    with door.Change(connection, by, now_ms, "reference.certified", found.item_id) as change:
        change.insert(schema.certificates, number=change.number, item_id=found.item_id, **values)
        is_newest = (found.calibrated_until or "") <= given.due
        if found.kind == models.REFERENCE and is_newest:
            change.update(schema.items, found.item_id, calibrated_until=given.due)
    return of_item(connection, found.item_id)[-1]


def of_item(connection: sa.Connection, item_id: str) -> list[Certificate]:
    """Return the certificates of a thing in the order they were entered."""
    table = schema.certificates
    query = sa.select(table).where(table.c.item_id == item_id).order_by(table.c.number)
    return [_certificate(row._mapping) for row in connection.execute(query)]


def standing(connection: sa.Connection, item_id: str, day: str) -> Certificate | None:
    """Return the certificate that stands on a day: of those calibrated by then the newest."""
    return _standing(of_item(connection, item_id), day)


def used(connection: sa.Connection, item: str, day: str) -> measured.ReferenceUsed:
    """Return a reference as a verification on that day names it.

    Raises InputRefused `reference-none` for one that has no certificate by then; as `items.find`.
    """
    found = items.find(connection, item)
    history = of_item(connection, found.item_id)
    stands = _standing(history, day)
    if stands is None:
        raise errors.InputRefused("reference-none", found.item_id)
    given = stands.given
    return measured.ReferenceUsed(
        found.item_id, given.kind, found.model, found.serial, given.certificate,
        given.calibrated_on, given.due, given.expanded_u, given.k, drift(history, day),
        given.unit, given.traceable_to or given.issuer, given.weights_class,
    )  # fmt: skip


def drift(history: Sequence[Certificate], day: str) -> Decimal | None:
    """Return the largest error that stands uncorrected and how far it moved; None if unknown."""
    stands = _standing(history, day)
    if stands is None or not stands.given.points:
        return None
    largest = max(abs(point.error) for point in stands.given.points)
    earlier = [
        each
        for each in history
        if each.given.calibrated_on < stands.given.calibrated_on
        and each.given.unit == stands.given.unit
    ]
    if not earlier:
        return largest
    before = max(earlier, key=_by_age)
    known = {point.nominal: point.error for point in before.given.points}
    moved = [
        abs(point.error - known[point.nominal])
        for point in stands.given.points
        if point.nominal in known
    ]
    return largest + max(moved, default=Decimal(0))


def listing(connection: sa.Connection) -> list[tuple[items.Item, list[Certificate]]]:
    """Return all references, and other things that have a certificate, with what they have."""
    table = schema.certificates
    rows = connection.execute(sa.select(table).order_by(table.c.number))
    by_item: dict[str, list[Certificate]] = {}
    for row in rows:
        by_item.setdefault(row.item_id, []).append(_certificate(row._mapping))
    return [
        (item, by_item.get(item.item_id, []))
        for item in items.listing(connection)
        if item.kind == models.REFERENCE or item.item_id in by_item
    ]


def point(text: str) -> Point:
    """Return a point as it is typed, NOMINAL:ERROR or NOMINAL:ERROR:U, with comma or point.

    Raises InputRefused `reference-value`.
    """
    parts = text.split(":")
    if len(parts) not in (2, 3):
        raise errors.InputRefused("reference-value", text[:40])
    values = [value(part) for part in parts]
    return Point(values[0], values[1], values[2] if len(values) == 3 else None)


def value(text: str) -> Decimal:
    """Return a typed number, with comma or point. Raises InputRefused `reference-value`."""
    given = text.strip().replace(",", ".").replace("−", "-").removeprefix("+")
    if not _NUMBER.fullmatch(given):
        raise errors.InputRefused("reference-value", text[:40])
    return Decimal(given)


def _standing(history: Sequence[Certificate], day: str) -> Certificate | None:
    by_then = [each for each in history if each.given.calibrated_on <= day]
    return max(by_then, key=_by_age, default=None)


def _by_age(each: Certificate) -> tuple[str, int]:
    return each.given.calibrated_on, each.number


def _refuse_unless_fits(kind: str, given: Given) -> None:
    is_sensor = kind in models.MEASURING
    if given.kind not in procedure.REFERENCE_KINDS or is_sensor != (given.kind == EXTERNAL):
        known = EXTERNAL if is_sensor else ", ".join(procedure.REFERENCE_KINDS[:-1])
        raise errors.InputRefused("reference-kind", given.kind[:30], known=known)
    if given.kind == EXTERNAL and not given.accreditation:
        raise errors.InputRefused("reference-accredited", given.certificate[:40])
    has_class = given.weights_class in WEIGHT_CLASSES
    if given.weights_class is not None and not (has_class and given.kind == WEIGHTS):
        known = ", ".join(WEIGHT_CLASSES)
        raise errors.InputRefused("reference-class", given.weights_class[:10], known=known)
    if given.expanded_u is None and given.weights_class is None:
        raise errors.InputRefused("reference-value", "--u")
    if evidence.date(given.due, "--due") < evidence.date(given.calibrated_on, "--calibrated-on"):
        raise errors.InputRefused("reference-dates", given.due)


def _values(given: Given) -> dict[str, object]:
    """Return the columns, each checked."""
    texts: dict[str, object] = {}
    for name in ("certificate", "issuer", "accreditation", "traceable_to"):
        said = getattr(given, name)
        texts[name] = None if said is None else evidence.text(said, name)
    if not _UNIT.fullmatch(given.unit):
        raise errors.InputRefused("reference-value", "--unit")
    birth_number.refuse_any(given.unit, "--unit")
    if len(given.points) > MAX_POINTS or any(
        each is not None and each < 0
        for each in (given.expanded_u, *(point.expanded_u for point in given.points))
    ):
        raise errors.InputRefused("reference-value", "--point")
    if given.k is not None and not 1 <= given.k <= 10:
        raise errors.InputRefused("reference-value", "--k")
    k = None if given.expanded_u is None else given.k or DEFAULT_K
    return texts | {
        "kind": given.kind, "calibrated_on": given.calibrated_on, "due": given.due,
        "unit": given.unit, "weights_class": given.weights_class,
        "file_sha256": given.file_sha256,
        "expanded_u": _text(given.expanded_u), "k": _text(k),
        "points": door.text([[_text(each) for each in point] for point in given.points]),
    }  # fmt: skip


def _certificate(row: Any) -> Certificate:
    values = {name: row[name] for name in Given.__dataclass_fields__}
    for name in ("expanded_u", "k"):
        values[name] = _number(values[name])
    points = json.loads(values["points"])
    values["points"] = tuple(Point(*(_number(each) for each in point)) for point in points)
    return Certificate(row["number"], row["item_id"], Given(**values))


def _text(number: Decimal | None) -> str | None:
    return None if number is None else plain_form.decimal_text(number)


def _number(text: str | None) -> Any:
    return None if text is None else Decimal(text)
