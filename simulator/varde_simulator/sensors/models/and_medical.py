"""A&D UA-651BLE (cuff) and UC-352BLE (scale).

What is simulated, and where it is known from:
- Date Time 2A08 stands in the measurement service and must be written first on every connection:
  without it nothing comes (weliem/pi-health-hub 47f2eaf, BloodPressureServiceHandler.kt).
- Pairing after the button was held; the sensor asks for security itself; it keeps one host. A bond
  that does not fit shows as ERR 10; batteries out for 30 s clear it (public provisioning script of
  the sister model UA-656BLE).
- Indications begin right after the CCCD write; it hangs up after about 2 s of rest.
- The store of 30 is switched on by the service 233BF000, frames [size][type][command][value]:
  A6 sets it (0 none, 1 thirty), D6 reads it, 12 deletes all, 03 disconnects. Names of the commands
  as in A&D's own description, quoted by several public gateways.
- E10 and off, if the host discovers everything: ask for the needed services only
  (andengineering/AndroidSampleCode #1). Not confirmed where the limit lies: here a request for the
  characteristics of more than three services at once.
- Not confirmed when it gives up: here after three connections that fetched nothing.
- The scale is gone in about one session of twenty (class UC352BLE of a public gateway).
"""

from collections.abc import Callable

from varde_protocols.assigned import AND_CONTROL, AND_SERVICE
from varde_simulator.sensors.behaviour import Behaviour
from varde_simulator.sensors.ledger import Reading
from varde_simulator.sensors.model import (
    ENCRYPTED,
    INDICATE,
    READ,
    WRITE,
    Characteristic,
    ClockPlan,
    Model,
    Security,
    Service,
)
from varde_simulator.sensors.standard_services import (
    BLOOD_PRESSURE_FEATURE,
    BLOOD_PRESSURE_MEASUREMENT,
    BLOOD_PRESSURE_SERVICE,
    DATE_TIME,
    WEIGHT_FEATURE,
    WEIGHT_MEASUREMENT,
    WEIGHT_SERVICE,
    battery,
    device_information,
)
from varde_simulator.sensors.time_service import serve_date_time
from varde_simulator.sensors.virtual_sensor import VirtualSensor

STORE = 30
GONE_SESSIONS = 1 / 20
_GONE_AFTER_S = 0.15  # in the middle of discovery, before anything was sent
_OFF_S = 60.0
_MOST_SERVICES_AT_ONCE = 3

READ_FRAME, WRITE_FRAME, RESPONSE_FRAME = range(3)
DISCONNECT, DELETE_ALL, SET_BUFFER, READ_BUFFER = 0x03, 0x12, 0xA6, 0xD6
_FRAME_BYTES = 20


class AndMedical(Behaviour):
    """`error`: what its display shows, "" or "E10"."""

    def __init__(self, sensor: VirtualSensor, gone_sessions: float = 0.0) -> None:
        super().__init__(sensor)
        self.error = ""
        self.has_store = True
        self._gone_sessions = gone_sessions
        self._time_written = False
        serve_date_time(sensor, self._time_is_written)
        sensor.table.when_written[AND_CONTROL] = self._on_command
        sensor.table.when_discovered = self._on_discovery

    def capacity(self) -> int:
        return STORE if self.has_store else 1

    def connected(self) -> None:
        self._time_written = False
        if self.sensor.faults.random.random() < self._gone_sessions:
            self.sensor.later("gone", _GONE_AFTER_S, self._switch_off)

    def next_reading(self) -> Reading | None:
        return super().next_reading() if self._time_written else None

    def _time_is_written(self) -> None:
        self._time_written = True
        self.sensor.later("next reading", 0.0, self.sensor.send_next)

    def _on_discovery(self, start: int, end: int) -> None:
        if len(self.sensor.table.services_in(start, end)) > _MOST_SERVICES_AT_ONCE:
            self.error = "E10"
            self._switch_off()

    def _switch_off(self) -> None:
        self.sensor.vanish(_OFF_S)

    def _on_command(self, data: bytes) -> None:
        kind, command, value = data[1:2], data[2:3], data[3:]
        if command == bytes([READ_BUFFER]) and kind == bytes([READ_FRAME]):
            self._respond(READ_BUFFER, bytes([self.has_store]))
        elif command == bytes([SET_BUFFER]) and value:
            self.has_store = value[0] != 0
            self._respond(SET_BUFFER, b"\0")
        elif command == bytes([DELETE_ALL]):
            for reading in self.sensor.ledger.held:
                reading.deleted_us = self.sensor.now_us()
            self._respond(DELETE_ALL, b"\0")
        elif command == bytes([DISCONNECT]):
            self.sensor.hang_up()

    def _respond(self, command: int, value: bytes) -> None:
        frame = bytes([len(value) + 2, RESPONSE_FRAME, command]) + value
        self.sensor.table.values[AND_CONTROL] = frame.ljust(_FRAME_BYTES, b"\0")


def ua651(serial: str = "5181200001", battery_percent: int = 90) -> Model:
    """Upper-arm cuff."""
    pressure = Service(
        BLOOD_PRESSURE_SERVICE,
        (
            Characteristic(BLOOD_PRESSURE_MEASUREMENT, INDICATE),
            Characteristic(BLOOD_PRESSURE_FEATURE, READ, b"\x05\x00"),  # movement, irregular pulse
            Characteristic(DATE_TIME, READ | WRITE),
        ),
        ENCRYPTED,
    )
    return _model("UA-651BLE", "and-ua651", pressure, serial, battery_percent, AndMedical)


def uc352(
    serial: str = "5181300001",
    battery_percent: int = 90,
    gone_sessions: float = GONE_SESSIONS,
) -> Model:
    """Scale; `gone_sessions`: the share of connections in which it just switches off."""
    weight = Service(
        WEIGHT_SERVICE,
        (
            Characteristic(WEIGHT_MEASUREMENT, INDICATE),
            Characteristic(WEIGHT_FEATURE, READ, b"\x01\x00\x00\x00"),
            Characteristic(DATE_TIME, READ | WRITE),
        ),
        ENCRYPTED,
    )

    def behaviour(sensor: VirtualSensor) -> AndMedical:
        return AndMedical(sensor, gone_sessions)

    return _model("UC-352BLE", "and-uc352", weight, serial, battery_percent, behaviour)


def _model(
    name: str,
    driver: str,
    service: Service,
    serial: str,
    percent: int,
    behaviour: Callable[[VirtualSensor], AndMedical],
) -> Model:
    control = Characteristic(AND_CONTROL, READ | WRITE, bytes(_FRAME_BYTES))
    information = device_information(name, serial, "A&D Medical", "BLP009", with_system_id=True)
    return Model(
        name=f"A&D_{name}_{serial[-6:]}",
        services=(
            service,
            information,
            battery(percent),
            Service(AND_SERVICE, (control,), ENCRYPTED),
        ),
        advertised_services=(service.uuid,),
        name_in_response=True,
        burst_s=60.0,
        idle_s=2.0,
        gives_up_after=3,
        max_stored=STORE,
        security=Security(asks=True, survives_batteries=False),
        clock=ClockPlan(),
        driver=driver,
        behaviour=behaviour,
    )
