"""A Generic Health Sensor (GHSP 1.0): service 1840 with Elapsed Time 183F.

Live observations 2B8B are indicated or, to a host that asked for no more, notified in segments,
after which they are gone: one byte (bit 0 first, bit 1 last, bits 2 to 7 a
rolling counter), then a part of the observation. Observation: class u8, length u16, flags u16,
then the type as an MDC code u32, the time stamp of 9 bytes, and for a numeric one unit u32, FLOAT.
The host starts them by writing 0x01 to 2BF4. Its clock is 2BF2: flags u8, u48 seconds since
2000-01-01, sync source u8, offset s8 in quarter hours, then status and capabilities when read.

No product was at hand: this follows the profile's text and, for the width of the unit, the codes
of philips-labs/BLE-GHS-Server-Simulator 271f2aa. Not simulated: stored observations 2BDD,
schedules 2BF1, compound and discrete classes.
"""

import struct
from datetime import datetime, timedelta

from varde_simulator.sensors import encoding
from varde_simulator.sensors.behaviour import Behaviour, Values
from varde_simulator.sensors.gatt_table import OUT_OF_RANGE, refuse
from varde_simulator.sensors.ledger import Reading
from varde_simulator.sensors.meaning import Meaning, Oxygen, Pressure, Temperature
from varde_simulator.sensors.model import (
    INDICATE,
    NOTIFY,
    READ,
    WRITE,
    Characteristic,
    ClockPlan,
    Model,
    Service,
)
from varde_simulator.sensors.standard_services import (
    ELAPSED_TIME_SERVICE,
    HEALTH_SENSOR_SERVICE,
    battery,
    device_information,
)
from varde_simulator.sensors.time_service import clock_of
from varde_simulator.sensors.virtual_sensor import VirtualSensor

LIVE_OBSERVATIONS = 0x2B8B
ELAPSED_TIME = 0x2BF2
FEATURES = 0x2BF3
CONTROL_POINT = 0x2BF4
UNIQUE_DEVICE_ID = 0x2BF5

START_LIVE = 0x01
_NUMERIC = 1
_HAS_TYPE_AND_STAMP = 0b11
_CURRENT_TIMELINE = 1 << 5
_EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001  a sensor knows no zone
_SYNC_UNKNOWN, _SYNC_BY_HOST = 0, 1
_STAMP_BYTES = 9
_FIRST, _LAST, _COUNTER_SHIFT, _COUNTER_MASK = 1, 2, 2, 0x3F
# A segment for the smallest MTU, so that what is sent does not depend on the host.
_SEGMENT_BYTES = 19

# MDC codes (ISO/IEEE 11073-10101): partition x 65536 + term.
_SPO2, _PULSE, _TEMPERATURE = 150456, 149530, 150364
_SYSTOLIC, _DIASTOLIC = 150021, 150022
_PERCENT, _PER_MINUTE, _CELSIUS, _MMHG = 262688, 264864, 268192, 266016


class HealthSensor(Behaviour):
    """`started`: this host has asked for live observations."""

    def __init__(self, sensor: VirtualSensor) -> None:
        super().__init__(sensor)
        self.started = False
        self._counter = 0
        table = sensor.table
        table.when_written[CONTROL_POINT] = self._on_control
        table.when_read[ELAPSED_TIME] = lambda: self._elapsed() + b"\0\0"
        table.when_written[ELAPSED_TIME] = self._on_time

    def connected(self) -> None:
        self.started = False

    def next_reading(self) -> Reading | None:
        if not self.started:
            return None
        table = self.sensor.table
        if table.notifies(LIVE_OBSERVATIONS) and not table.indicates(LIVE_OBSERVATIONS):
            self._notify_all()
            return None
        return super().next_reading()

    def _notify_all(self) -> None:
        """Nobody will confirm them: what was sent is gone."""
        for reading in self.sensor.ledger.held:
            self.sensor.outbox.notify_reading(reading)
            reading.deleted_us = self.sensor.now_us()
        self.sensor.touch()

    def encode(self, meaning: Meaning, _user: int) -> Values:
        values = []
        for code, unit, value in _numbers(meaning):
            body = struct.pack("<I", code) + self._elapsed()
            body += struct.pack("<I", unit) + encoding.float32(value)
            head = struct.pack("<BHH", _NUMERIC, len(body) + 2, _HAS_TYPE_AND_STAMP)
            values += [(LIVE_OBSERVATIONS, part) for part in self._segments(head + body)]
        return values

    def _segments(self, observation: bytes) -> list[bytes]:
        parts = []
        for at in range(0, len(observation), _SEGMENT_BYTES):
            is_last = at + _SEGMENT_BYTES >= len(observation)
            head = (_FIRST if at == 0 else 0) | (_LAST if is_last else 0)
            head |= (self._counter & _COUNTER_MASK) << _COUNTER_SHIFT
            self._counter += 1
            parts.append(bytes([head]) + observation[at : at + _SEGMENT_BYTES])
        return parts

    def _on_control(self, data: bytes) -> None:
        if data != bytes([START_LIVE]):
            refuse(OUT_OF_RANGE)
        self.started = True
        self.sensor.later("next reading", 0.0, self.sensor.send_next)

    def _elapsed(self) -> bytes:
        clock = clock_of(self.sensor)
        seconds = int((clock.now() - _EPOCH).total_seconds())
        source = _SYNC_BY_HOST if clock.is_set else _SYNC_UNKNOWN
        return bytes([_CURRENT_TIMELINE]) + seconds.to_bytes(6, "little") + bytes([source, 0])

    def _on_time(self, data: bytes) -> None:
        if len(data) < _STAMP_BYTES:
            refuse(OUT_OF_RANGE)
        if not self.sensor.faults.strikes("refuses-clock"):
            seconds = int.from_bytes(data[1:7], "little")
            clock_of(self.sensor).set(_EPOCH + timedelta(seconds=seconds))


def _numbers(meaning: Meaning) -> list[tuple[int, int, float]]:
    """MDC code, unit, value of each number."""
    if isinstance(meaning, Oxygen):
        return [(_SPO2, _PERCENT, meaning.spo2), (_PULSE, _PER_MINUTE, meaning.pulse)]
    if isinstance(meaning, Pressure):
        return [(_SYSTOLIC, _MMHG, meaning.systolic), (_DIASTOLIC, _MMHG, meaning.diastolic)]
    if isinstance(meaning, Temperature):
        return [(_TEMPERATURE, _CELSIUS, meaning.celsius)]
    raise TypeError(f"a health sensor here measures no {type(meaning).__name__}")


def health_sensor(serial: str = "HS000001", battery_percent: int = 88) -> Model:
    """Measures whatever it is given."""
    health = Service(
        HEALTH_SENSOR_SERVICE,
        (
            Characteristic(LIVE_OBSERVATIONS, INDICATE | NOTIFY),
            Characteristic(FEATURES, READ, struct.pack("<BBI", 0, 1, _SPO2)),
            Characteristic(CONTROL_POINT, WRITE | INDICATE),
            Characteristic(UNIQUE_DEVICE_ID, READ, serial.encode()),
        ),
    )
    clock = Service(ELAPSED_TIME_SERVICE, (Characteristic(ELAPSED_TIME, READ | WRITE | NOTIFY),))
    return Model(
        name="Varde Health",
        services=(health, clock, battery(battery_percent), device_information("VHS-1", serial)),
        advertised_services=(HEALTH_SENSOR_SERVICE,),
        burst_s=30.0,
        idle_s=5.0,
        clock=ClockPlan(),
        behaviour=HealthSensor,
    )
