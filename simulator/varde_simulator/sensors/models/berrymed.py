"""BerryMed BM1000, a finger oximeter with the "BCI" protocol.

What is simulated, and where it is known from:
- It advertises its name and not its service (docs/radio.md); nobody sees the stream who does not
  write the CCCD of 49535343-1E4D (zh2x/SpO2-BLE-for-Android, BluetoothLeService.java).
- Packets of five bytes at about 100 Hz; only the first byte has bit 7. Byte 0: bits 0-3 signal
  strength (15 invalid), 4 signal, 5 probe unplugged, 6 beep of the pulse. 1: the wave, 0-100.
  2: bits 0-3 bar, 4 no finger, 5 searching the pulse, 6 is bit 7 of the pulse. 3: the pulse's low
  seven bits. 4: SpO2. No value: pulse 255, SpO2 127, perfusion 15 (zh2x/SpO2-BLE-for-Android,
  PackageParser.java; ehborisov/BerryMed-Pulse-Oximeter-tool, berrymed_pulse_oximeter.py; the
  protocol's manual is in zh2x/BCI_Protocol).
- Packets run through notifications as a stream of bytes: four whole ones in 20 bytes here, the
  most that fits without an MTU exchange; public clients search the start in each value.
Not confirmed: four packets a notification; whether bit 4 of byte 0 means signal or none (here: 1
is none, as the bit beside it says what is wrong); that it goes off 10 s after the finger is out.
"""

import math

from varde_protocols.assigned import BERRYMED_NOTIFY, BERRYMED_SERVICE, BERRYMED_WRITE
from varde_simulator.sensors.finger_stream import FingerStream, Shown
from varde_simulator.sensors.model import (
    NOTIFY,
    WRITE_NO_RESPONSE,
    Characteristic,
    Model,
    Service,
)
from varde_simulator.sensors.standard_services import device_information
from varde_simulator.sensors.virtual_sensor import VirtualSensor

PACKETS_PER_S = 100
PACKETS_PER_VALUE = 4
_START = 0x80
_NO_SIGNAL, _BEEP = 0x10, 0x40
_STRENGTH, _NO_STRENGTH = 8, 15
_NO_FINGER = 0x10
_NO_PULSE, _NO_SPO2 = 255, 127
_WAVE_HALF = 50


class BerryMed(FingerStream):
    """The same numbers a hundred times a second, and a wave between them."""

    characteristic = BERRYMED_NOTIFY
    period_s = PACKETS_PER_VALUE / PACKETS_PER_S

    def __init__(self, sensor: VirtualSensor) -> None:
        super().__init__(sensor)
        self._beat = 0.0  # the part of a heart beat that is over

    def frame(self, shown: Shown | None) -> bytes:
        return b"".join(self._packet(shown) for _ in range(PACKETS_PER_VALUE))

    def _packet(self, shown: Shown | None) -> bytes:
        if shown is None:
            head = _START | _NO_SIGNAL | _NO_STRENGTH
            return bytes([head, 0, _NO_FINGER | 0x40, _NO_PULSE & 0x7F, _NO_SPO2])
        pulse = int(shown.pulse)
        self._beat += pulse / 60 / PACKETS_PER_S
        beep = _BEEP if self._beat >= 1 else 0
        self._beat %= 1
        wave = round(_WAVE_HALF * (1 + math.sin(2 * math.pi * self._beat)))
        head = _START | beep | _STRENGTH
        return bytes([head, wave, wave // 7 | pulse >> 7 << 6, pulse & 0x7F, int(shown.spo2)])


def berrymed_bm1000(serial: str = "BM100001", battery_percent: int = 75) -> Model:
    """A hundred packets of five bytes a second; on the air only its name."""
    del battery_percent  # it tells nobody
    own = Service(
        BERRYMED_SERVICE,
        (
            Characteristic(BERRYMED_NOTIFY, NOTIFY),
            Characteristic(BERRYMED_WRITE, WRITE_NO_RESPONSE),
        ),
    )
    return Model(
        name="BerryMed",
        services=(own, device_information("BM1000", serial, "BerryMed")),
        advertised_services=(),
        burst_s=30.0,
        idle_s=10.0,
        advertises_while_measuring=True,
        max_stored=0,
        driver="berrymed-bm1000",
        behaviour=BerryMed,
    )
