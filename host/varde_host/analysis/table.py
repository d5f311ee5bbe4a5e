"""One row a value: the columns, their types, and how a measurement's Observations become rows.

What is in a row is what FHIR targets get of it, flat; one mapping serves both (`fhir.of`). The
digits are the sensor's: `value` has them as text, `number` the same number for arithmetic. No
person is in it: the loan is a random id, or a new one (`pseudonyms`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

from varde_host.analysis import values
from varde_host.analysis.pseudonyms import Pseudonyms
from varde_host.fhir import coded, time
from varde_host.fhir import measured as measured_module
from varde_host.fhir.measured import Measured
from varde_host.fhir.of import Made
from varde_host.fhir.style import Resource
from varde_host.receiver import stamp, verification_of

TEXT: Final = "string"
NUMBER: Final = "number"
INTEGER: Final = "integer"
BOOLEAN: Final = "boolean"
MOMENT: Final = "datetime"
TYPES: Final = (TEXT, NUMBER, INTEGER, BOOLEAN, MOMENT)
"""As Frictionless Table Schema names them."""

Cell = str | int | bool | Decimal | None
"""A moment is Unix milliseconds until it is written."""


class Column(NamedTuple):
    """One column; `known` are all words that can stand there, () for any."""

    name: str
    type: str
    known: tuple[str, ...] = ()


# docs/analysis.md and the dictionary beside each file say what they are (`analysis.column.*`).
COLUMNS: Final = (
    Column("loan", TEXT),
    Column("reading", TEXT),
    Column("kind", TEXT),
    Column("time", MOMENT),
    Column("earliest", MOMENT),
    Column("latest", MOMENT),
    Column("time_basis", TEXT, time.BASES),
    Column("sensor_time", TEXT),
    Column("panel", TEXT),
    Column("loinc", TEXT),
    Column("mdc", TEXT),
    Column("name", TEXT),
    Column("value", TEXT),
    Column("number", NUMBER),
    Column("unit", TEXT),
    Column("absent", TEXT),
    Column("interpretation", TEXT),
    Column("qualifiers", TEXT),
    Column("status", TEXT),
    Column("marks", TEXT),
    Column("is_manual", BOOLEAN),
    Column("device", TEXT),
    Column("device_kind", TEXT),
    Column("device_maker", TEXT),
    Column("device_name", TEXT),
    Column("device_model", TEXT),
    Column("device_firmware", TEXT),
    Column("is_private", BOOLEAN),
    Column("cuff_size", TEXT),
    Column("verification", TEXT, verification_of.STATES),
    Column("level", INTEGER),
    Column("valid_until", TEXT),
    Column("hub", TEXT),
    Column("error", TEXT),
)
NAMES: Final = tuple(each.name for each in COLUMNS)
BETWEEN: Final = " "
"""Parts several words in one cell; no word has it."""


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one value, by column."""

    cells: dict[str, Cell]

    @property
    def order(self) -> tuple[str, int, str]:
        """Rows of a loan stand together and in time; what has no time stands first."""
        at = self.cells["time"]
        moment_ms = at if isinstance(at, int) else -1
        return str(self.cells["loan"] or ""), moment_ms, str(self.cells["reading"])


def rows(measured: Measured, made: Made, pseudonyms: Pseudonyms) -> Iterator[Row]:
    """Return the rows of one measurement: one a value, and one for what has none to be told."""
    about = _about(measured, pseudonyms)
    if not made.observations:
        yield _row({**about, "reading": pseudonyms.reading(_origin(measured))})
    for observation, kind in zip(made.observations, made.kinds, strict=True):
        reading = pseudonyms.reading(str(observation["identifier"][0]["value"]))
        said = {**about, "reading": reading, "kind": kind, **_said(observation)}
        found = values.of(observation)
        panel = _code(observation)
        for value in found:
            yield _row({**said, "panel": panel if value.is_component else None, **_of(value)})
        if not found:
            yield _row({**said, **_of(_nothing(observation))})


def _row(cells: dict[str, Cell]) -> Row:
    return Row({name: cells.get(name) for name in NAMES})


def _about(measured: Measured, pseudonyms: Pseudonyms) -> dict[str, Cell]:
    at, thing, standing = time.known(measured), measured.thing, measured.standing
    named = None if standing is None else standing.verification
    return {
        "loan": None if measured.loan_id is None else pseudonyms.loan(measured.loan_id),
        "time": at.utc_ms,
        "earliest": at.earliest_ms,
        "latest": at.latest_ms,
        "time_basis": at.basis,
        "sensor_time": measured.stamp or stamp.of(measured.fields),
        "marks": _words(measured.marks),
        "is_manual": measured.entered is not None or measured_module.MANUAL in measured.marks,
        "device": _device(measured, pseudonyms),
        "device_kind": thing.kind,
        "device_maker": thing.maker,
        "device_name": thing.name,
        "device_model": thing.model or None,
        "device_firmware": thing.firmware,
        "is_private": thing.is_private or measured_module.PRIVATE in measured.marks,
        "cuff_size": thing.cuff_size,
        "verification": verification_of.NOT_NAMED if standing is None else standing.state,
        "level": None if standing is None else standing.level,
        "valid_until": None if named is None else named.valid_until,
        "hub": None if measured.hub_id is None else pseudonyms.hub(measured.hub_id.hex()),
        "error": measured.error,
    }


def _device(measured: Measured, pseudonyms: Pseudonyms) -> str | None:
    """Return what tells one thing from another: its id in the inventory, else its address."""
    known = measured.thing.item_id or measured.thing.address
    return None if known is None else pseudonyms.device(known)


def _origin(measured: Measured) -> str:
    if measured.entered is not None:
        return f"entry:{measured.entered.entry_id}"
    hub = "" if measured.hub_id is None else measured.hub_id.hex()
    return f"{hub}:{measured.seq}"


def _said(observation: Resource) -> dict[str, Cell]:
    return {
        "qualifiers": _words(values.qualifiers(observation)),
        "status": str(observation.get("status", "")) or None,
    }


def _of(value: values.Value) -> dict[str, Cell]:
    text = value.text
    if text is not None and value.comparator:
        text = f"{value.comparator}{text}"
    return {
        "loinc": value.loinc,
        "mdc": value.mdc,
        "name": value.name,
        "value": text,
        "number": None if value.comparator else value.number,
        "unit": value.unit,
        "absent": value.absent,
        "interpretation": _words(value.interpretations),
    }


def _nothing(observation: Resource) -> values.Value:
    """An Observation that says only what its qualifiers say."""
    code = observation.get("code", {})
    return values.of({"code": code, "dataAbsentReason": {"text": "unknown"}})[0]


def _code(observation: Resource) -> str | None:
    found = values.of({"code": observation.get("code", {}), "dataAbsentReason": {}})[0]
    return found.loinc or found.mdc


def _words(words: Sequence[str]) -> str | None:
    """Return several words as one cell; a blank within one would part it."""
    return BETWEEN.join(each.replace(BETWEEN, "_") for each in words) or None


def moment(unix_ms: int) -> str:
    """Return a moment as a cell of text: UTC, to the millisecond."""
    return coded.instant(unix_ms)
