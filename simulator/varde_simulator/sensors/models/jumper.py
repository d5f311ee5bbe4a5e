"""Jumper JPD-500F, a finger oximeter; it also goes as "My Oximeter" under other labels.

What is simulated, and where it is known from:
- It advertises its own service CDEACB80 and the name; no pairing; connected while in use
  (SensorsIot/Oximeters-BLE-Hack-ESP32, Oximeter_Jumper/Oximeter_Jumper.ino).
- CDEACB81 notifies `81 pulse SpO2 perfusion`, the last in 0.1 % (same source).
- No finger: pulse 255, SpO2 127, perfusion 0 (public clients drop exactly these; which of them the
  device sends together is not confirmed).
Not simulated: the frames of other lengths, which seem to carry the wave, and the characteristic
CDEACB82 that takes alarm limits. Not confirmed: one frame a second; that it goes off 8 s after the
finger is out.
"""

from varde_protocols.assigned import JUMPER_NOTIFY, JUMPER_SERVICE
from varde_simulator.sensors.finger_stream import FingerStream, Shown
from varde_simulator.sensors.model import NOTIFY, Characteristic, Model, Service
from varde_simulator.sensors.standard_services import device_information

_VALUES = 0x81
_NO_PULSE, _NO_SPO2 = 255, 127


class Jumper(FingerStream):
    """Four bytes a second."""

    characteristic = JUMPER_NOTIFY

    def frame(self, shown: Shown | None) -> bytes:
        if shown is None:
            return bytes([_VALUES, _NO_PULSE, _NO_SPO2, 0])
        perfusion = round((shown.amplitude or 0) * 10)
        return bytes([_VALUES, int(shown.pulse), int(shown.spo2), min(perfusion, 255)])


def jumper_500f(serial: str = "JP500001", battery_percent: int = 90) -> Model:
    """A frame of four bytes each second while the finger is in; no pairing, no store."""
    del battery_percent  # it tells nobody
    own = Service(JUMPER_SERVICE, (Characteristic(JUMPER_NOTIFY, NOTIFY),))
    return Model(
        name="My Oximeter",
        services=(own, device_information("JPD-500F", serial, "Jumper")),
        advertised_services=(JUMPER_SERVICE,),
        name_in_response=True,
        burst_s=30.0,
        idle_s=8.0,
        advertises_while_measuring=True,
        max_stored=0,
        driver="jumper-500f",
        behaviour=Jumper,
    )
