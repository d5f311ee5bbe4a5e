"""Which characteristic means what, by the Bluetooth service specifications.

The measurements of each service: what is final and stored (indicated, or by record access), and
what is only seen while it lasts. Sources: PLXS 1.0.1, BLS 1.1.1, WSS 1.0, BCS 1.0, HTS 1.0, GLS
1.0, HRS 1.0, GHS 1.0, and for vendors' own docs/decoders.md.
"""

from __future__ import annotations

from varde_protocols import assigned

PULSE_OXIMETER, BLOOD_PRESSURE, THERMOMETER, GLUCOSE = 0x1822, 0x1810, 0x1809, 0x1808
WEIGHT, BODY_COMPOSITION, HEART_RATE, HEALTH_SENSOR = 0x181D, 0x181B, 0x180D, 0x1840
DEVICE_INFORMATION, BATTERY, CURRENT_TIME_SERVICE, USER_DATA = 0x180A, 0x180F, 0x1805, 0x181C
ELAPSED_TIME_SERVICE = 0x183F

DATE_TIME, CURRENT_TIME, ELAPSED_TIME = 0x2A08, 0x2A2B, 0x2BF2
BATTERY_LEVEL = 0x2A19
RECORD_ACCESS = 0x2A52
USER_CONTROL = 0x2A9F
GLUCOSE_MEASUREMENT = 0x2A18
HEALTH_CONTROL = 0x2BF4

FINAL: dict[int, tuple[int, ...]] = {
    PULSE_OXIMETER: (0x2A5E,),
    BLOOD_PRESSURE: (0x2A35,),
    WEIGHT: (0x2A9D,),
    BODY_COMPOSITION: (0x2A9C,),
    THERMOMETER: (0x2A1C,),
    GLUCOSE: (GLUCOSE_MEASUREMENT, 0x2A34),
    HEALTH_SENSOR: (0x2BDD,),
}
"""What a sensor stores, by service."""

LIVE: dict[int, tuple[int, ...]] = {
    PULSE_OXIMETER: (0x2A5F,),
    BLOOD_PRESSURE: (0x2A36,),
    THERMOMETER: (0x2A1E,),
    HEART_RATE: (0x2A37,),
    HEALTH_SENSOR: (0x2B8B,),
    assigned.NONIN_SERVICE: (assigned.NONIN_CONTINUOUS,),
    assigned.BERRYMED_SERVICE: (assigned.BERRYMED_NOTIFY,),
    assigned.JUMPER_SERVICE: (assigned.JUMPER_NOTIFY,),
}
"""What passes by while a measurement lasts, by service. A Viatom ring is not among them: it
answers commands, and has none that its maker has documented."""

MEASURING = frozenset({*FINAL, *LIVE, assigned.VIATOM_SERVICE})
"""Services that a sensor measures by: what `scan` looks out for."""

FEATURES: dict[int, int] = {
    PULSE_OXIMETER: 0x2A60,
    BLOOD_PRESSURE: 0x2A49,
    WEIGHT: 0x2A9E,
    BODY_COMPOSITION: 0x2A9B,
    GLUCOSE: 0x2A51,
    THERMOMETER: 0x2A1D,
    HEALTH_SENSOR: 0x2BF3,
}
"""What a sensor says of its own abilities, by service."""

IDENTITY: dict[int, str] = {
    0x2A29: "manufacturer",
    0x2A24: "model-number",
    0x2A25: "serial",
    0x2A26: "firmware",
    0x2A27: "hardware",
    0x2A28: "software",
    0x2A23: "system-id",
    0x2A50: "pnp-id",
}
"""Device information, with the keys of `--json` and of the texts."""

SERVICE_WORDS: dict[int, str] = {
    PULSE_OXIMETER: "oximeter",
    BLOOD_PRESSURE: "blood-pressure",
    THERMOMETER: "thermometer",
    GLUCOSE: "glucose",
    WEIGHT: "weight",
    BODY_COMPOSITION: "body-composition",
    HEART_RATE: "heart-rate",
    HEALTH_SENSOR: "health-sensor",
    assigned.NONIN_SERVICE: "oximeter",
    assigned.VIATOM_SERVICE: "oximeter",
    assigned.BERRYMED_SERVICE: "oximeter",
    assigned.JUMPER_SERVICE: "oximeter",
}
"""The word for what a service measures; the texts are in `messages`."""
