"""Drivers: what each kind of sensor is asked for, and in which order. See docs/drivers.md.

A driver is a module with the generator `procedure`, see `steps`. The config names a model, whose
driver it is; without one the sensor keeps to the specification of its service. A driver is
imported when the first session needs it; what is needed of all of them at once is here.
"""

from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Any

    from varde_protocols.hub_config import Sensor

    from .. import steps

BY_SERVICE = {
    0x1808: "glucose_meter",
    0x1809: "thermometer",
    0x180D: "heart_rate",
    0x1810: "blood_pressure",
    0x181B: "body_composition",
    0x181D: "weight_scale",
    0x1822: "pulse_oximeter",
    0x1840: "health_sensor",
}
OTHERWISE = "plain"
# How long a model is left alone after a session that went well: it may advertise on though it has
# nothing more to say. Ten seconds for most, and what weliem/pi-health-hub 47f2eaf found for A&D.
HOLD_OFF_MS = const(10_000)
MODELS = {
    "and-ua651": 15_000,
    "and-uc352": 15_000,
    "beurer-bf": HOLD_OFF_MS,
    "beurer-bm": HOLD_OFF_MS,
    "berrymed-bm1000": HOLD_OFF_MS,
    "jumper-500f": HOLD_OFF_MS,
    "masimo-mightysat": HOLD_OFF_MS,
    "nonin-3230": HOLD_OFF_MS,
    "omron-evolv": HOLD_OFF_MS,
    "viatom-o2ring": 30_000,  # after a quarter of an hour: others get the connection
    "xiaomi-scale": 60_000,  # is never connected to
}


def hold_off_ms(sensor: "Sensor") -> int:
    """Return how long a sensor is left alone after a session that went well."""
    return MODELS.get(sensor.model, HOLD_OFF_MS)


def name_of(sensor: "Sensor") -> str:
    """Return the name of a sensor's driver. An unknown model keeps to the specification."""
    if sensor.model in MODELS:
        return sensor.model.replace("-", "_")
    return BY_SERVICE.get(sensor.service, OTHERWISE)


def load(sensor: "Sensor") -> "Any":
    """Return the driver's module."""
    path = "varde_firmware.core.drivers." + name_of(sensor)
    return __import__(path, None, None, ("procedure",))


def begin(facts: "steps.Facts") -> "steps.Procedure":
    """Return the driver's steps for one session."""
    steps_of_driver: "steps.Procedure" = load(facts.sensor).procedure(facts)
    return steps_of_driver
