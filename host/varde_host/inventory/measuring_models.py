"""What a model measures, and by which procedures it is verified: said here, guessed nowhere.

Built in are the models of `sensor.models`; all else is in the site's `sensor-models.toml`, in a
table `measures` of the model's own table, also for a built-in model whose scale has a class:

    [varde-cuff.measures]
    kind = "cuff"                    # cuff, scale, oximeter, thermometer, other
    test_mode = true                 # a cuff: its display follows a pressure put on it
    resolution = "1"                 # steps of the display and of what it sends, by decimal text
    ble_resolution = "1"
    maximum = "280"
    maker_mpe = "3"                  # the maker's printed accuracy
    scale_class = "III"              # of a scale: III or IIII, with e; and d, its display's step
    e = "0.1"
    d = "0.1"

What is not known is left out, and a verification then says less. A cuff without a known test mode
may be verified by either procedure: who has done the static one has seen that it has one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from varde_host import errors
from varde_host.inventory import models
from varde_host.site import toml_file

FILE: Final = "sensor-models.toml"
"""Its name in a site's folder; the rest of it is for the hub's config (docs/pairing.md)."""
TABLE: Final = "measures"
MAX_FILE_BYTES = 64 * 1024

CUFF, SCALE, OXIMETER, THERMOMETER, OTHER = KINDS = (
    "cuff", "scale", "oximeter", "thermometer", "other",
)  # fmt: skip

STATIC, FUNCTION = "cuff-static", "cuff-function"
LOOKS: Final = "cuff-visual"
EXTERNAL: Final = "external-certificate"
"""An accredited laboratory's certificate of the sensor itself will do for any."""
_PROCEDURES: Final = {
    CUFF: (STATIC, FUNCTION),
    SCALE: ("scale-r76",),
    OXIMETER: ("oximeter-functional",),
    THERMOMETER: ("thermometer",),
    OTHER: ("sensor-function",),
}


@dataclass(frozen=True, slots=True)
class Measuring:
    """One model; see above. Values are in the unit of its procedure."""

    kind: str
    test_mode: bool | None = None
    resolution: Decimal | None = None
    ble_resolution: Decimal | None = None
    maximum: Decimal | None = None
    maker_mpe: Decimal | None = None
    scale_class: str | None = None
    e: Decimal | None = None
    d: Decimal | None = None

    @property
    def procedures(self) -> tuple[str, ...]:
        """The procedures of which one must have been passed, the best first."""
        if self.kind == CUFF and self.test_mode is not None:
            return (STATIC if self.test_mode else FUNCTION, EXTERNAL)
        return (*_PROCEDURES[self.kind], EXTERNAL)


Known = Mapping[str, Measuring]
"""By the inventory's word for the model."""

BUILT_IN: Final[Known] = {
    "and-ua651": Measuring(CUFF),
    "and-uc352": Measuring(SCALE),
    "omron-evolv": Measuring(CUFF),
    "beurer-bm": Measuring(CUFF),
    "beurer-bf": Measuring(SCALE),
    "xiaomi-scale": Measuring(SCALE),
    "nonin-3230": Measuring(OXIMETER),
    "masimo-mightysat": Measuring(OXIMETER),
    "viatom-o2ring": Measuring(OXIMETER),
    "berrymed-bm1000": Measuring(OXIMETER),
    "jumper-500f": Measuring(OXIMETER),
}


def load(site: Path) -> Known:
    """Return the built-in models and what the site says of these and others.

    Raises InputRefused `sensor-models` (names the model and the field), `file-read`.
    """
    path = site / FILE
    tables = toml_file.tables(path, "sensor-models", MAX_FILE_BYTES)
    own = {
        model: _parsed(table[TABLE], f"{path}: {model}")
        for model, table in tables.items()
        if isinstance(table, dict) and TABLE in table
    }
    return {**BUILT_IN, **own}


def procedures(known: Known, kind: str, model: str) -> tuple[str, ...] | None:
    """Return the procedures of which a thing must have passed one.

    Empty for what needs none of its own: the kit's acceptance is about its hub. None for a model
    that nobody has described.
    """
    if kind == models.CUFF:
        return (LOOKS, STATIC, FUNCTION)
    if kind != models.SENSOR:
        return ()
    return known[model].procedures if model in known else None


def _parsed(given: object, where: str) -> Measuring:
    if not isinstance(given, dict):
        raise errors.InputRefused("sensor-models", where, what=TABLE)
    names = {field.name for field in fields(Measuring)}
    unknown = sorted(set(given) - names)
    if unknown or given.get("kind") not in KINDS:
        what = unknown[0] if unknown else "kind"
        raise errors.InputRefused("sensor-models", where, what=what[:40])
    values: dict[str, Any] = {}
    for name, value in given.items():
        try:
            values[name] = _value(name, value)
        except (ValueError, TypeError, InvalidOperation) as error:
            raise errors.InputRefused("sensor-models", where, what=name) from error
    if (values.get("scale_class") is None) != (values.get("e") is None):
        raise errors.InputRefused("sensor-models", where, what="e")
    return Measuring(**values)


def _value(name: str, value: object) -> object:
    if name == "test_mode":
        if isinstance(value, bool):
            return value
        raise TypeError(value)
    if not isinstance(value, str):
        raise TypeError(value)
    if name == "kind":
        return value
    if name == "scale_class":
        if value in ("III", "IIII"):
            return value
        raise ValueError(value)
    number = Decimal(value)
    if number.is_finite() and Decimal("0.0001") <= number <= Decimal(10_000):
        return number
    raise ValueError(value)
