"""Masimo MightySat, a finger oximeter.

Only the spot check 2A5E by the specification, sent once, when the measurement is over; the live
stream is proprietary and not simulated (weliem/blessed-android #81). Whether it wants a bond is
not confirmed: here it does not. It stores nothing.
"""

from varde_simulator.sensors.model import INDICATE, READ, Characteristic, ClockPlan, Model, Service
from varde_simulator.sensors.standard_services import (
    PLX_FEATURES,
    PLX_SERVICE,
    PLX_SPOT_CHECK,
    battery,
    device_information,
)


def mightysat(serial: str = "MS000001", battery_percent: int = 75) -> Model:
    """On the air while the finger is in and for some seconds after."""
    plx = Service(
        PLX_SERVICE,
        (
            Characteristic(PLX_SPOT_CHECK, INDICATE),
            Characteristic(PLX_FEATURES, READ, b"\x48\x00"),  # stamps, amplitude
        ),
    )
    information = device_information("MightySat", serial, "Masimo Corporation")
    return Model(
        name="MightySat",
        services=(plx, battery(battery_percent), information),
        advertised_services=(PLX_SERVICE,),
        burst_s=10.0,
        idle_s=5.0,
        advertises_while_measuring=True,
        max_stored=0,
        clock=ClockPlan(),
        driver="masimo-mightysat",
    )
