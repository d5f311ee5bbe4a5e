"""Measurements as a person would say them; a model turns them into its own bytes.

Numbers are given as they stand on the display. A stamp is not part of a meaning: the sensor
stamps with its own clock. `None` leaves an optional field out.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pressure:
    """A blood pressure. `status` are the bits of Measurement Status (2A35); `kpa`: the numbers
    are kilopascal."""

    systolic: float
    diastolic: float
    mean: float | None = None
    pulse: float | None = None
    status: int | None = None
    kpa: bool = False


@dataclass(frozen=True)
class CuffPressure:
    """The pressure while the cuff inflates, mmHg."""

    mmhg: float


@dataclass(frozen=True)
class Oxygen:
    """A spot check of an oximeter: saturation in %, pulse per minute, pulse amplitude in %."""

    spo2: float
    pulse: float
    amplitude: float | None = None
    status: int | None = None


@dataclass(frozen=True)
class OxygenNow:
    """One value of an oximeter's stream."""

    spo2: float
    pulse: float
    amplitude: float | None = None


@dataclass(frozen=True)
class Weight:
    """A weighing in kg (`pounds`: in lb), height in m."""

    weight: float
    bmi: float | None = None
    height: float | None = None
    pounds: bool = False


@dataclass(frozen=True)
class Body:
    """Body composition: fat, muscle in %, water in kg, impedance in ohm, metabolism in kJ, weight
    in kg."""

    fat: float
    metabolism: int | None = None
    muscle: float | None = None
    water: float | None = None
    impedance: float | None = None
    weight: float | None = None


@dataclass(frozen=True)
class Temperature:
    """A temperature in degrees Celsius; `site` as in Temperature Type (2A1D), 2 is "body"."""

    celsius: float
    site: int | None = None


@dataclass(frozen=True)
class TemperatureNow:
    """A temperature on its way to the final one."""

    celsius: float


@dataclass(frozen=True)
class Glucose:
    """Glucose in mmol/L (2A18). `sample` and `location` as in the specification: 1 capillary whole
    blood, 10 control solution; 1 finger, 4 control solution."""

    mmol_per_l: float
    sample: int = 1
    location: int = 1
    offset_min: int | None = None


@dataclass(frozen=True)
class HeartRate:
    """A value of a heart-rate strap: beats per minute, contact, RR intervals in 1/1024 s."""

    per_minute: int
    contact: bool | None = None
    rr_intervals: tuple[int, ...] = ()


Meaning = (
    Pressure | CuffPressure | Oxygen | OxygenNow | Weight | Body | Temperature | TemperatureNow
    | Glucose | HeartRate
)  # fmt: skip
