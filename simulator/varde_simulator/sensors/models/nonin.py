"""Nonin 3230, a finger oximeter.

What is simulated, and where it is known from:
- It is there while a finger is in, and needs a bond; it asks for security itself and also refuses
  an unencrypted access, so a host's pairing dialog can appear twice (weliem/blessed-android #125).
- Its own service 46A970E0 with the continuous characteristic 0AAD7EA0: once a second 10 bytes, all
  big-endian: length, status, battery in 0.1 V, amplitude u16 in 0.01 %, counter u16, SpO2, pulse
  u16 (Nonin 113142-000-02 as read by public decoders; andreasdri/nonin-3230-ble). PLX beside it.
- It stores nothing: when the finger is out, what nobody fetched is gone.
Not simulated: the commands of its control characteristic 1447AF80 (writes are taken and ignored).
Not confirmed: that its PLX sends 2A5F each second and 2A5E once at the end.
"""

import struct

from varde_protocols.assigned import NONIN_CONTINUOUS, NONIN_CONTROL, NONIN_SERVICE
from varde_simulator.sensors.behaviour import Behaviour, Values
from varde_simulator.sensors.meaning import Meaning, OxygenNow
from varde_simulator.sensors.model import (
    ENCRYPTED,
    INDICATE,
    NOTIFY,
    READ,
    WRITE,
    Characteristic,
    ClockPlan,
    Model,
    Security,
    Service,
)
from varde_simulator.sensors.standard_services import (
    PLX_CONTINUOUS,
    PLX_FEATURES,
    PLX_SERVICE,
    PLX_SPOT_CHECK,
    battery,
    device_information,
)
from varde_simulator.sensors.virtual_sensor import VirtualSensor

_FRAME_BYTES = 10
_STATUS = 0b0101_0100  # encrypted, sensor on the finger, passed the SmartPoint check
_BATTERY_TENTHS_V = 30


class Nonin(Behaviour):
    """Each live value goes out twice: in its own frame and as PLX."""

    def __init__(self, sensor: VirtualSensor) -> None:
        super().__init__(sensor)
        self._counter = 0

    def encode(self, meaning: Meaning, user: int) -> Values:
        values = super().encode(meaning, user)
        if isinstance(meaning, OxygenNow):
            values.insert(0, (NONIN_CONTINUOUS, self._frame(meaning)))
        return values

    def _frame(self, value: OxygenNow) -> bytes:
        self._counter = self._counter + 1 & 0xFFFF
        return struct.pack(
            ">BBBHHBH",
            _FRAME_BYTES,
            _STATUS,
            _BATTERY_TENTHS_V,
            round((value.amplitude or 0) * 100),
            self._counter,
            int(value.spo2),
            int(value.pulse),
        )


def nonin_3230(serial: str = "502000001", battery_percent: int = 80) -> Model:
    """Advertises and talks while the measurement lasts."""
    own = Service(
        NONIN_SERVICE,
        (Characteristic(NONIN_CONTINUOUS, NOTIFY), Characteristic(NONIN_CONTROL, WRITE | NOTIFY)),
        ENCRYPTED,
    )
    plx = Service(
        PLX_SERVICE,
        (
            Characteristic(PLX_SPOT_CHECK, INDICATE),
            Characteristic(PLX_CONTINUOUS, NOTIFY),
            Characteristic(PLX_FEATURES, READ, b"\x48\x00"),  # stamps, amplitude
        ),
        ENCRYPTED,
    )
    information = device_information("3230", serial, "Nonin Medical", with_system_id=True)
    return Model(
        name=f"Nonin3230_{serial}",
        services=(own, plx, battery(battery_percent), information),
        advertised_services=(PLX_SERVICE,),
        name_in_response=True,
        burst_s=10.0,
        idle_s=3.0,
        advertises_while_measuring=True,
        max_stored=0,
        security=Security(needs_button=False, asks=True),
        clock=ClockPlan(),
        driver="nonin-3230",
        behaviour=Nonin,
    )
