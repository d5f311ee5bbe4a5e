"""Sensors that do what the Bluetooth specifications say, and two that are known to be difficult.

`thermometer` (HTS 1.0), `glucose_meter` (GLS 1.0.1), `heart_rate_strap` (HRS 1.0): no product, the
text of the specification. The strap asks for a slow connection, as what is worn for hours does:
the numbers are those of the example that many products began as (Nordic nRF5 SDK, `ble_app_hrs`,
main.c: MIN_CONN_INTERVAL to FIRST_CONN_PARAMS_UPDATE_DELAY). The two difficult ones are types of
which each fault thread has one:

- `forgetful_scale`: pairs by its button, and its bond is gone with its batteries. Then a host that
  encrypts with the old key is told "PIN or key missing" (HCI 0x06; eigger/hass-omron #91 #92 tell
  of the same at other devices).
- `dumping_cuff`: sends its whole memory on every connection, for ever (HL7/phd 5af8412,
  Non11073PHDDevices.md; Medisana BS440, keptenkurk/BS440 #56).
"""

import dataclasses

from varde_simulator.sensors import encoding
from varde_simulator.sensors.behaviour import Behaviour, Values
from varde_simulator.sensors.meaning import Glucose, Meaning
from varde_simulator.sensors.model import (
    ALL,
    ASKED,
    ENCRYPTED,
    INDICATE,
    NOTIFY,
    READ,
    Characteristic,
    ClockPlan,
    Model,
    Security,
    Service,
)
from varde_simulator.sensors.models import house
from varde_simulator.sensors.record_access import RecordAccess
from varde_simulator.sensors.standard_services import (
    BODY_SENSOR_LOCATION,
    GLUCOSE_FEATURE,
    GLUCOSE_MEASUREMENT,
    GLUCOSE_SERVICE,
    HEART_RATE_MEASUREMENT,
    HEART_RATE_SERVICE,
    INTERMEDIATE_TEMPERATURE,
    TEMPERATURE_MEASUREMENT,
    TEMPERATURE_TYPE,
    THERMOMETER_SERVICE,
    battery,
    current_time,
    device_information,
    record_access,
)
from varde_simulator.sensors.time_service import serve_current_time
from varde_simulator.sensors.virtual_sensor import VirtualSensor

# Interval from 400 to 650 ms, no latency, 4 s of supervision: in the units of the request.
_SLOW = (320, 520, 0, 400)
_SLOW_AFTER_S = 5.0
_CHEST = 1
_EAR = 3


class Clocked(Behaviour):
    """A plain sensor with a Current Time Service."""

    def __init__(self, sensor: VirtualSensor) -> None:
        super().__init__(sensor)
        serve_current_time(sensor)


class Strap(Behaviour):
    """Once the host had time for its questions, it asks for a slower pace; whatever the answer."""

    def connected(self) -> None:
        self.sensor.later("slow", _SLOW_AFTER_S, self._ask)

    def disconnected(self) -> None:
        self.sensor.cancel("slow")

    def _ask(self) -> None:
        station = self.sensor.station
        station.parameter_requests.ask(self.sensor.connection.handle, *_SLOW)


class GlucoseMeter(Clocked):
    """Says nothing by itself: a host asks on the Record Access Control Point."""

    def __init__(self, sensor: VirtualSensor, between_s: float) -> None:
        super().__init__(sensor)
        self.records = RecordAccess(sensor, GLUCOSE_MEASUREMENT, between_s=between_s)

    def encode(self, meaning: Meaning, user: int) -> Values:
        if not isinstance(meaning, Glucose) or self.sensor.clock is None:
            return super().encode(meaning, user)
        sequence = self.sensor.ledger.next_sequence(user)
        value = encoding.glucose(meaning, self.sensor.clock.stamp(), sequence)
        return [(GLUCOSE_MEASUREMENT, value)]

    def sequence(self, _characteristic: int, value: bytes, _user: int) -> int:
        return int.from_bytes(value[1:3], "little")


def thermometer(serial: str = "TH000001", battery_percent: int = 77) -> Model:
    """Ear thermometer: 2A1E while it measures, which is never final, then 2A1C."""
    service = Service(
        THERMOMETER_SERVICE,
        (
            Characteristic(TEMPERATURE_MEASUREMENT, INDICATE),
            Characteristic(TEMPERATURE_TYPE, READ, bytes([_EAR])),
            Characteristic(INTERMEDIATE_TEMPERATURE, NOTIFY),
        ),
    )
    information = device_information("VTH-1", serial)
    return Model(
        name="Varde Thermometer",
        services=(service, current_time(), battery(battery_percent), information),
        advertised_services=(THERMOMETER_SERVICE,),
        burst_s=20.0,
        idle_s=2.0,
        advertises_while_measuring=True,
        clock=ClockPlan(),
        behaviour=Clocked,
    )


def glucose_meter(
    serial: str = "GL000001", battery_percent: int = 66, between_s: float = 0.0
) -> Model:
    """500 records; `between_s`: its pace when it reports them."""
    service = Service(
        GLUCOSE_SERVICE,
        (
            Characteristic(GLUCOSE_MEASUREMENT, NOTIFY),
            Characteristic(GLUCOSE_FEATURE, READ, b"\x00\x04"),  # time fault
            record_access(),
        ),
        ENCRYPTED,
    )
    return Model(
        name="Varde Glucose",
        services=(
            service,
            current_time(protection=ENCRYPTED),
            battery(battery_percent),
            device_information("VGL-1", serial, with_system_id=True),
        ),
        advertised_services=(GLUCOSE_SERVICE,),
        burst_s=60.0,
        idle_s=5.0,
        max_stored=500,
        sends=ASKED,
        security=Security(),
        clock=ClockPlan(),
        behaviour=lambda sensor: GlucoseMeter(sensor, between_s),
    )


def heart_rate_strap(serial: str = "HR000001", battery_percent: int = 58) -> Model:
    """Notifies while it is worn; keeps nothing."""
    service = Service(
        HEART_RATE_SERVICE,
        (
            Characteristic(HEART_RATE_MEASUREMENT, NOTIFY),
            Characteristic(BODY_SENSOR_LOCATION, READ, bytes([_CHEST])),
        ),
    )
    return Model(
        name="Varde Strap",
        services=(service, battery(battery_percent), device_information("VHR-1", serial)),
        advertised_services=(HEART_RATE_SERVICE,),
        burst_s=30.0,
        idle_s=10.0,
        advertises_while_measuring=True,
        max_stored=0,
        behaviour=Strap,
    )


def forgetful_scale(serial: str = "SC000002", battery_percent: int = 40) -> Model:
    """The scale of the house, with a bond that goes with the batteries."""
    plain = house.scale(serial, battery_percent)
    weight, *others = plain.services
    return dataclasses.replace(
        plain,
        name="Varde Scale B",
        services=(dataclasses.replace(weight, protection=ENCRYPTED), *others),
        security=Security(survives_batteries=False),
        gives_up_after=5,
    )


def dumping_cuff(serial: str = "BP000002", battery_percent: int = 50) -> Model:
    """The cuff of the house, which never forgets and tells it all each time; with a clock, so that
    two alike readings are told apart by their stamps."""
    plain = house.cuff(serial, battery_percent)
    return dataclasses.replace(
        plain,
        name="Varde Cuff D",
        services=(*plain.services, current_time()),
        sends=ALL,
        max_stored=100,
        clock=ClockPlan(),
        behaviour=Clocked,
    )
