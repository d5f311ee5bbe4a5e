"""Measurements in a scenario by their meaning: `take = [{ weight = { weight = [70.0, 72.0] } }]`.

The word is a kind of `sensors.meaning`, the keys are its fields; a range of two numbers is drawn
by the seed, a new number for every measurement; with a decimal if one of the two has one.
"""

import dataclasses
import random
from collections.abc import Mapping
from typing import Any

from varde_simulator.scenario_table import Kind, ScenarioError
from varde_simulator.sensors import meaning

KINDS: Mapping[str, type[Any]] = {
    "pressure": meaning.Pressure,
    "cuff-pressure": meaning.CuffPressure,
    "oxygen": meaning.Oxygen,
    "oxygen-now": meaning.OxygenNow,
    "weight": meaning.Weight,
    "body": meaning.Body,
    "temperature": meaning.Temperature,
    "temperature-now": meaning.TemperatureNow,
    "glucose": meaning.Glucose,
    "heart-rate": meaning.HeartRate,
}
_DECIMALS = 1  # as sensors show their numbers

TAKE = Kind(
    f"a table with one of {', '.join(KINDS)}, such as {{ weight = {{ weight = [70.0, 72.0] }} }}",
    lambda value: isinstance(value, dict) and len(value) == 1 and next(iter(value)) in KINDS,
)


@dataclasses.dataclass(frozen=True)
class Drawable:
    """One result of a measurement, its ranges still open."""

    kind: str
    fields: Mapping[str, Any]

    def draw(self, dice: random.Random) -> meaning.Meaning:
        """Equal dice give equal results."""
        values = {key: _drawn(value, dice) for key, value in sorted(self.fields.items())}
        result: meaning.Meaning = KINDS[self.kind](**values)
        return result


def parse(table: Mapping[str, Any], where: str) -> Drawable:
    """Check one; raises ScenarioError."""
    kind, fields = next(iter(table.items()))
    if not isinstance(fields, dict):
        raise ScenarioError(f"{where}: `{kind} = {fields!r}` is no table")
    known = {field.name: field for field in dataclasses.fields(KINDS[kind])}
    for key, value in fields.items():
        if key not in known:
            raise ScenarioError(
                f"{where}: `{kind}` has no `{key}`; allowed here: {', '.join(known)}"
            )
        if not _is_drawable(value):
            raise ScenarioError(f"{where}: `{key} = {value!r}` is no number and no range of two")
    needed = [name for name, field in known.items() if field.default is dataclasses.MISSING]
    for name in needed:
        if name not in fields:
            raise ScenarioError(f"{where}: `{kind}` needs `{name}`")
    return Drawable(kind, fields)


def _is_drawable(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) == 2 and all(map(_is_number, value)) and value[0] <= value[1]
    return isinstance(value, bool) or _is_number(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _drawn(value: Any, dice: random.Random) -> Any:
    if not isinstance(value, list):
        return value
    low, high = value
    if isinstance(low, int) and isinstance(high, int):
        return dice.randint(low, high)
    return round(dice.uniform(low, high), _DECIMALS)
