"""The sensors of this house: an oximeter, a scale, a cuff.

By the specifications (PLXS, WSS, BLS), with the habits that public code and manuals tell of such
devices (`docs/sensors.md`); the names are invented, so that nobody takes one for a real device.
"""

import struct

from varde_simulator.sensors.model import INDICATE, NOTIFY, READ, Characteristic, Model, Service
from varde_simulator.sensors.standard_services import (
    BLOOD_PRESSURE_FEATURE,
    BLOOD_PRESSURE_MEASUREMENT,
    BLOOD_PRESSURE_SERVICE,
    INTERMEDIATE_CUFF_PRESSURE,
    PLX_CONTINUOUS,
    PLX_FEATURES,
    PLX_SERVICE,
    PLX_SPOT_CHECK,
    WEIGHT_FEATURE,
    WEIGHT_MEASUREMENT,
    WEIGHT_SERVICE,
    battery,
    device_information,
)

# Bits 0 and 1: time stamp and several users; resolution code 6 (0.01 kg) from bit 3 on.
_SCALE_FEATURES = struct.pack("<I", 0b11 | 6 << 3)
_CUFF_FEATURES = struct.pack("<H", 0b00_0111)  # movement, cuff fit, irregular pulse
_PLX_FEATURES = struct.pack("<H", 0b1_1100)  # stores spot checks, stamps them, has the fast mode


def oximeter(serial: str = "OX000001", battery_percent: int = 87) -> Model:
    """Spot check by indication, continuous values by notification while the finger is in."""
    plx = Service(
        PLX_SERVICE,
        (
            Characteristic(PLX_SPOT_CHECK, INDICATE),
            Characteristic(PLX_CONTINUOUS, NOTIFY),
            Characteristic(PLX_FEATURES, READ, _PLX_FEATURES),
        ),
    )
    return Model(
        name="Varde Oximeter",
        services=(plx, battery(battery_percent), device_information("VPX-1", serial)),
        advertised_services=(PLX_SERVICE,),
        burst_s=20.0,
        idle_s=3.0,
        advertises_while_measuring=True,
    )


def scale(serial: str = "SC000001", battery_percent: int = 64) -> Model:
    """A short burst, the name only in the scan response, gone two seconds after the last byte."""
    weight = Service(
        WEIGHT_SERVICE,
        (
            Characteristic(WEIGHT_MEASUREMENT, INDICATE),
            Characteristic(WEIGHT_FEATURE, READ, _SCALE_FEATURES),
        ),
    )
    return Model(
        name="Varde Scale",
        services=(weight, battery(battery_percent), device_information("VSC-1", serial)),
        advertised_services=(WEIGHT_SERVICE,),
        name_in_response=True,
        burst_s=15.0,
        idle_s=2.0,
    )


def cuff(serial: str = "BP000001", battery_percent: int = 92) -> Model:
    """Pressure by notification while it inflates, the result by indication, and a store of 30
    that comes as one burst when the hub was away. Static random address, service UUID only in
    the scan response."""
    pressure = Service(
        BLOOD_PRESSURE_SERVICE,
        (
            Characteristic(BLOOD_PRESSURE_MEASUREMENT, INDICATE),
            Characteristic(INTERMEDIATE_CUFF_PRESSURE, NOTIFY),
            Characteristic(BLOOD_PRESSURE_FEATURE, READ, _CUFF_FEATURES),
        ),
    )
    return Model(
        name="Varde Cuff",
        services=(pressure, battery(battery_percent), device_information("VBP-1", serial)),
        advertised_services=(BLOOD_PRESSURE_SERVICE,),
        services_in_response=True,
        random_address=True,
        burst_s=30.0,
        idle_s=2.0,
        advertises_while_measuring=True,
    )
