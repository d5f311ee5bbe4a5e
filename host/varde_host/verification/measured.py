"""What was seen: the points, series and answers of one verification, and what they rest on.

Nothing here is computed, rounded or corrected. `Run` as found is what the sensor did before
anything was touched; as left is there only if something was changed (a cuff, batteries, feet), and
then `change` says what. All values are decimals as they were read, in the check's unit.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from varde_host import errors
from varde_host.verification import plain_form

MAX_VALUE = Decimal(10) ** 9
"""Pascals, grams and lux stay below: what is larger is no reading of anything on the bench."""
SMALLEST_PLACE = -9
"""Decimal places of the finest value; no instrument on the bench shows more."""

MAX_K = 14
"""Student's t at 95.45 % with one degree of freedom (GUM table G.2); more is a slip of the pen."""

UP = "up"
DOWN = "down"

TYPED = "typed"
SERIAL = "serial"
BLE = "ble"
HUB = "hub"


@dataclass(frozen=True, slots=True)
class ProcedureName:
    """Which procedure was followed, exactly: `sha256` is of the file's bytes, in hexadecimal."""

    id: str
    version: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Point:
    """One comparison: the sensor's `indication` where the reference said `reference`.

    `check` names the check of the procedure, `nominal` the planned value (pressure, load), and
    `direction` is "up", "down", a corner's name, or "". `indication` is what is judged; `ble`
    and `display` are what each way showed, where both were seen. `added` is the small weights
    that were put on to find where the display changes over (display-only scales), `pieces` the
    nominal values of the weights on the scale. `reference_item` names the reference that was used,
    if there was more than one. The sources say how each value came: typed, serial, ble, hub.
    """

    check: str
    direction: str
    nominal: Decimal
    reference: Decimal | None = None
    indication: Decimal | None = None
    ble: Decimal | None = None
    display: Decimal | None = None
    added: Decimal | None = None
    pieces: tuple[Decimal, ...] = ()
    reference_item: str | None = None
    reference_source: str | None = None
    indication_source: str | None = None
    at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """A curve: `values` at `times_s` from its start, as many of each; the leak test's pressure."""

    check: str
    times_s: tuple[Decimal, ...] = ()
    values: tuple[Decimal, ...] = ()
    reference_item: str | None = None
    source: str | None = None

    def __post_init__(self) -> None:
        """Refuse a curve without its times."""
        if len(self.times_s) != len(self.values):
            raise ValueError("length")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person or a program saw that is no value: `yes` as the procedure asks."""

    check: str
    yes: bool
    text: str | None = None
    at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class NotDone:
    """A check that could not be done, and why in a person's words."""

    check: str
    reason: str


@dataclass(frozen=True, slots=True)
class Run:
    """One time through the procedure."""

    points: tuple[Point, ...] = ()
    series: tuple[Series, ...] = ()
    answers: tuple[Answer, ...] = ()
    not_done: tuple[NotDone, ...] = ()


@dataclass(frozen=True, slots=True)
class ReferenceUsed:
    """What was compared with, as its certificate stood that day.

    `kind` is one of `procedure.REFERENCE_KINDS`. `expanded_u` is the certificate's U with its
    coverage factor `k`, in `unit`; `drift` the most that it moves between two calibrations, if
    known. Weights by class have `weights_class` (M1, M2, M3) and no U. `traceable_to` is the
    laboratory or national institute; `due` the last day that the certificate holds.
    """

    item_id: str
    kind: str
    model: str | None = None
    serial: str | None = None
    certificate: str | None = None
    calibrated_on: str | None = None
    due: str | None = None
    expanded_u: Decimal | None = None
    k: Decimal | None = None
    drift: Decimal | None = None
    unit: str | None = None
    traceable_to: str | None = None
    weights_class: str | None = None

    def __post_init__(self) -> None:
        """Refuse dates that are none, and an uncertainty that is negative or has no factor."""
        _refuse_dates(self.calibrated_on, self.due)
        signed = (self.expanded_u, self.drift, self.k)
        if any(value is not None and value < 0 for value in signed):
            raise ValueError("uncertainty")
        if self.k is not None and not 1 <= self.k <= MAX_K:
            raise ValueError("k")


@dataclass(frozen=True, slots=True)
class Conditions:
    """Where it was done. `use_*` is the place of use (home, municipality), if it is known."""

    temperature_c: Decimal | None = None
    humidity_percent: Decimal | None = None
    pressure_hpa: Decimal | None = None
    latitude_deg: Decimal | None = None
    height_m: Decimal | None = None
    use_latitude_deg: Decimal | None = None
    use_height_m: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """The sensor, as far as a judgement rests on it.

    `scale_class` is "III", "IIII" or None; `e` and `d` are a scale's verification and display
    steps; `resolution` is the display's step of any other sensor, `ble_resolution` that of the
    values it sends; `maximum` its Max or rated highest value; `maker_mpe` the maker's printed
    accuracy; `repeatability` its model's pooled standard deviation, if known; all in the
    procedure's unit.
    """

    item_id: str
    kind: str
    model: str | None = None
    maker: str | None = None
    serial: str | None = None
    udi: str | None = None
    firmware: str | None = None
    size: str | None = None
    scale_class: str | None = None
    e: Decimal | None = None
    d: Decimal | None = None
    resolution: Decimal | None = None
    ble_resolution: Decimal | None = None
    maximum: Decimal | None = None
    maker_mpe: Decimal | None = None
    repeatability: Decimal | None = None
    has_test_mode: bool | None = None
    first_use: str | None = None
    condition: str | None = None

    def __post_init__(self) -> None:
        """Refuse steps and limits that are not above zero, and a date that is none."""
        _refuse_dates(self.first_use)
        steps = (self.e, self.d, self.resolution, self.ble_resolution, self.maximum)
        if any(value is not None and value <= 0 for value in (*steps, self.maker_mpe)):
            raise ValueError("step")
        if self.repeatability is not None and self.repeatability < 0:
            raise ValueError("repeatability")


@dataclass(frozen=True, slots=True)
class Measured:
    """All that a judgement follows from, and nothing else: `evaluation.evaluate(p, measured)`.

    `measured_on` is the UTC day; whether a reference's certificate held is judged by it.
    """

    procedure: ProcedureName
    device: Device
    measured_on: str
    as_found: Run
    as_left: Run | None = None
    change: str | None = None
    references: tuple[ReferenceUsed, ...] = ()
    conditions: Conditions | None = None

    def __post_init__(self) -> None:
        """Refuse a date that is none, and values no instrument shows."""
        _refuse_dates(self.measured_on)
        if (self.as_left is None) != (self.change is None):
            raise ValueError("change")
        if self.as_left is not None and self.as_found == Run():
            raise ValueError("as_found")  # what could not be done as found is written down
        _refuse_values(self)

    @property
    def handed_out(self) -> Run:
        """Return the run that tells of what goes out: as left, or as found if nothing changed."""
        return self.as_found if self.as_left is None else self.as_left

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values without floats; None and empty are left out."""
        return dict(plain_form.plain(self))


def from_json(value: object) -> Measured:
    """Return what `Measured.as_json` gave; InputRefused `measured-form`, with the field."""
    try:
        return plain_form.built(Measured, value)
    except plain_form.Malformed as error:
        raise errors.InputRefused("measured-form", error.where, why=error.why) from None


def _refuse_dates(*dates: str | None) -> None:
    for date in dates:
        if date is not None and dt.date.fromisoformat(date).isoformat() != date:
            raise ValueError("date")


def _refuse_values(value: object) -> None:
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        if not isinstance(exponent, int) or exponent < SMALLEST_PLACE or abs(value) > MAX_VALUE:
            raise ValueError("range")
    elif isinstance(value, tuple):
        for inner in value:
            _refuse_values(inner)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            _refuse_values(getattr(value, field.name))
