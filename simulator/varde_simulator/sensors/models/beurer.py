"""Beurer BM cuffs and BF scales.

BM (BM48, BM59, BM85; sold under other names too), known from derdilla/blood-pressure-monitor-fl
17aba3d0, whose tests hold captures of a BM85:
- The frame is not what its flags say: bit 6 is set, a user byte is sent with its flag clear, pulse
  and status are big-endian.
- It sends its whole memory on every connection.
- It wants some 100 ms of rest before the subscribe (shmuelzon/esp32-ble2mqtt #33,
  1technophile/OpenMQTTGateway #806). Not confirmed what happens without: here the subscription is
  answered and forgotten.
- Some (SBM69) show a passkey.

BF (BF720, BF105, BF500, BF788, BF950), known from KristianP26/ble-scale-sync 3cce009 (issues #83
#168 #229 #335) and oliexdev/openScale (#635 #868 #1332):
- Bond, then consent on the User Control Point; before that nothing is sent. After it the history
  of that user comes.
- Body composition is zeroed until the host has written the user's profile and the change increment
  back. Not confirmed whether that holds for ever: here until the batteries are out.
- Batteries out: users and consent codes are gone.
- `two_records`: the weight is sent twice, first without a user. Not confirmed which of the two
  carries the user.
Not simulated: the vendor's user list (service FFF0).
"""

from varde_simulator.sensors import encoding
from varde_simulator.sensors.behaviour import Behaviour, Values
from varde_simulator.sensors.ledger import Reading
from varde_simulator.sensors.meaning import Body, Meaning, Pressure, Weight
from varde_simulator.sensors.model import (
    ALL,
    AUTHENTICATED,
    ENCRYPTED,
    INDICATE,
    OPEN,
    RANDOM_PASSKEY,
    READ,
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
    BODY_COMPOSITION_FEATURE,
    BODY_COMPOSITION_MEASUREMENT,
    BODY_COMPOSITION_SERVICE,
    WEIGHT_FEATURE,
    WEIGHT_MEASUREMENT,
    WEIGHT_SERVICE,
    battery,
    current_time,
    device_information,
)
from varde_simulator.sensors.time_service import serve_current_time
from varde_simulator.sensors.user_data import UNKNOWN_USER, UserData, user_data_service
from varde_simulator.sensors.virtual_sensor import VirtualSensor

_BM_FLAGS = 0b0101_0110  # stamp, pulse, status, and bit 6, which is reserved
_BM_REST_S = 0.1
_COMPANY = b"\x11\x06"  # 0611, Beurer GmbH


class BeurerBm(Behaviour):
    """Every frame has 20 bytes."""

    def __init__(self, sensor: VirtualSensor) -> None:
        super().__init__(sensor)
        sensor.table.when_subscribed[BLOOD_PRESSURE_MEASUREMENT] = self._on_subscribed

    def encode(self, meaning: Meaning, user: int) -> Values:
        if not isinstance(meaning, Pressure) or self.sensor.clock is None:
            return super().encode(meaning, user)
        numbers = (meaning.systolic, meaning.diastolic, meaning.mean or 0)
        pulse, status = int(meaning.pulse or 0), meaning.status or 0
        value = bytes([_BM_FLAGS]) + b"".join(encoding.sfloat(each) for each in numbers)
        value += self.sensor.clock.stamp() + pulse.to_bytes(2, "big")
        value += bytes([user]) + status.to_bytes(2, "big")
        return [(BLOOD_PRESSURE_MEASUREMENT, value)]

    def _on_subscribed(self, _notify: bool, indicate: bool) -> None:
        if indicate and self.sensor.table.rest_s < _BM_REST_S:
            self.sensor.table.subscribed[BLOOD_PRESSURE_MEASUREMENT] = (False, False)


def bm(serial: str = "BM850001", battery_percent: int = 85, passkey: int | None = None) -> Model:
    """Without a passkey it needs no pairing at all."""
    pressure = Service(
        BLOOD_PRESSURE_SERVICE,
        (
            Characteristic(BLOOD_PRESSURE_MEASUREMENT, INDICATE),
            Characteristic(BLOOD_PRESSURE_FEATURE, READ, b"\x04\x00"),
        ),
        OPEN if passkey is None else AUTHENTICATED,
    )
    security = None if passkey is None else Security(passkey=passkey, needs_button=False)
    return Model(
        name="BM85" if passkey is None else "SBM69",
        services=(
            pressure,
            battery(battery_percent),
            device_information("BM85", serial, "Beurer GmbH"),
        ),
        advertised_services=(BLOOD_PRESSURE_SERVICE,),
        burst_s=30.0,
        idle_s=3.0,
        max_stored=60,
        sends=ALL,
        security=security,
        clock=ClockPlan(),
        driver="beurer-bm",
        behaviour=BeurerBm,
    )


def sbm69(serial: str = "BM690001", battery_percent: int = 85) -> Model:
    """Shows six digits when a host pairs, others each time."""
    return bm(serial, battery_percent, RANDOM_PASSKEY)


class BeurerBf(Behaviour):
    """`user_data` holds the users; the scale's own keys register them too."""

    def __init__(self, sensor: VirtualSensor, two_records: bool) -> None:
        super().__init__(sensor)
        self.user_data = UserData(sensor)
        self.user_data.when_consented = sensor.send_next
        self._two_records = two_records
        serve_current_time(sensor)

    def user_entered(self, code: int) -> None:
        self.user_data.register(code)

    def batteries_changed(self) -> None:
        self.user_data.wipe()

    def disconnected(self) -> None:
        self.user_data.disconnected()

    def encode(self, meaning: Meaning, user: int) -> Values:
        if isinstance(meaning, Body) and user not in self.user_data.complete:
            meaning = _stub(meaning)
        values = super().encode(meaning, user)
        if isinstance(meaning, Weight) and self._two_records:
            values = super().encode(meaning, UNKNOWN_USER) + values
        return values

    def next_reading(self) -> Reading | None:
        user = self.user_data.consented
        if user is None:
            return None
        held = [reading for reading in self.sensor.ledger.held if reading.user in {0, user}]
        asked = (r for r in held if self.sensor.table.indicates(r.characteristic))
        return next(asked, None)


def _stub(body: Body) -> Body:
    """The same fields, and nothing in them but the metabolism."""

    def zero(value: float | None) -> float | None:
        return None if value is None else 0

    return Body(
        fat=0,
        metabolism=body.metabolism,
        muscle=zero(body.muscle),
        water=zero(body.water),
        impedance=zero(body.impedance),
        weight=zero(body.weight),
    )


def bf(serial: str = "BF720001", battery_percent: int = 95, two_records: bool = False) -> Model:
    """A scale for eight people."""
    weight = Service(
        WEIGHT_SERVICE,
        (
            Characteristic(WEIGHT_MEASUREMENT, INDICATE),
            Characteristic(WEIGHT_FEATURE, READ, (0b111 | 4 << 3).to_bytes(4, "little")),
        ),
        ENCRYPTED,
    )
    body = Service(
        BODY_COMPOSITION_SERVICE,
        (
            Characteristic(BODY_COMPOSITION_MEASUREMENT, INDICATE),
            Characteristic(BODY_COMPOSITION_FEATURE, READ, (0b1_1101_1111).to_bytes(4, "little")),
        ),
        ENCRYPTED,
    )
    return Model(
        name="BF720",
        services=(
            weight,
            body,
            user_data_service(),
            current_time(protection=ENCRYPTED),
            battery(battery_percent),
            device_information("BF720", serial, "Beurer GmbH"),
        ),
        advertised_services=(WEIGHT_SERVICE, BODY_COMPOSITION_SERVICE),
        manufacturer_data=_COMPANY,
        burst_s=30.0,
        idle_s=10.0,
        max_stored=30,
        security=Security(needs_button=False),
        clock=ClockPlan(),
        driver="beurer-bf",
        behaviour=lambda sensor: BeurerBf(sensor, two_records),
    )
