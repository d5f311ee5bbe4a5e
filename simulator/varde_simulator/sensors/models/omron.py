"""Omron cuffs that speak the Bluetooth specifications (Evolv, X4, BP5250, BP7000).

What is simulated, and where it is known from:
- The local name is `BLEsmart_` in pairing mode and `BLESmart_` in transfer mode, then the model in
  8 hex digits and the address in 12: the case of one letter is the mode
  (StanfordSpezi/SpeziDevices f6d0b16, OmronLocalName.swift). Pairing mode: the button was held; in
  the other mode it refuses.
- Manufacturer data of company 020E: type 1, flags (number of users - 1, bit 2 clock not set, bit 3
  pairing mode, bit 5 services of the specification), then for each user the sequence number u16
  and the count of records u8 (OmronManufacturerData.swift).
- The clock: it notifies 2A2B when that is subscribed, and takes a write only as the answer
  (weliem/blessed-android 44bba83, BluetoothHandler). Then it notifies once more.
- Each user has a memory of numbered records; they stay there after the transfer. The service
  5DF5E817 holds a 2A52 with filter type 4 for the sequence number, and beside the usual op codes
  0x10, answered by 0x11 and the number of the latest record (RecordAccessOpCode+Omron.swift).
- One host at a time; Just Works (eigger/hass-omron d6758ed, README).
Not confirmed: the answer to a write of 2A2B at the wrong moment (here Write Not Permitted), how
long the answer may take (here 30 s), and whether models with 2A52 also send new records unasked.
"""

import struct

from varde_protocols.assigned import OMRON_SERVICE
from varde_simulator.air.station import address_bytes
from varde_simulator.sensors.behaviour import Behaviour
from varde_simulator.sensors.gatt_table import WRITE_NOT_PERMITTED, refuse
from varde_simulator.sensors.model import (
    ENCRYPTED,
    INDICATE,
    READ,
    Characteristic,
    ClockPlan,
    Model,
    Security,
    Service,
    advertisement,
)
from varde_simulator.sensors.record_access import SEQUENCE_FILTER, RecordAccess
from varde_simulator.sensors.standard_services import (
    BLOOD_PRESSURE_FEATURE,
    BLOOD_PRESSURE_MEASUREMENT,
    BLOOD_PRESSURE_SERVICE,
    CURRENT_TIME,
    battery,
    current_time,
    device_information,
    record_access,
)
from varde_simulator.sensors.time_service import clock_of, set_clock
from varde_simulator.sensors.virtual_sensor import VirtualSensor

COMPANY = 0x020E
PAIRING_NAME, TRANSFER_NAME = b"BLEsmart_", b"BLESmart_"
REPORT_LATEST, LATEST_RESPONSE = 0x10, 0x11
_OMRON_SEQUENCE_FILTER = 4
_ANSWER_S = 30.0
_EACH_USER_DATA = 0x01
_CLOCK_NOT_SET, _PAIRING, _SPECIFIED_SERVICES = 1 << 2, 1 << 3, 1 << 5
_CURRENT_TIME_BYTES = 10


class Omron(Behaviour):
    """Users count from 1."""

    def __init__(self, sensor: VirtualSensor, users: int, model_id: bytes) -> None:
        super().__init__(sensor)
        self.users = users
        self._model_id = model_id
        self._asked_s: float | None = None
        table = sensor.table
        table.when_read[CURRENT_TIME] = clock_of(sensor).current_time
        table.when_written[CURRENT_TIME] = self._on_time
        table.when_subscribed[CURRENT_TIME] = self._on_time_subscribed
        self.records = RecordAccess(
            sensor,
            BLOOD_PRESSURE_MEASUREMENT,
            (SEQUENCE_FILTER, _OMRON_SEQUENCE_FILTER),
            extra={REPORT_LATEST: self._latest},
        )

    def button_pressed(self) -> None:
        """The transfer button."""
        if self.sensor.bonding is not None:
            self.sensor.bonding.end_pairing()
        super().button_pressed()

    def button_held(self) -> None:
        super().button_held()
        self.sensor.advertise()  # it may have advertised the other name

    def advertisement(self) -> tuple[bytes, bytes]:
        name = PAIRING_NAME if self._is_pairing else TRANSFER_NAME
        identity = self._model_id + address_bytes(self.sensor.station.address)
        return advertisement(
            name + identity.hex().upper().encode(),
            (BLOOD_PRESSURE_SERVICE,),
            self._manufacturer_data(),
            name_in_response=True,
        )

    def _manufacturer_data(self) -> bytes:
        flags = self.users - 1 | _SPECIFIED_SERVICES
        flags |= _PAIRING if self._is_pairing else 0
        flags |= 0 if clock_of(self.sensor).is_set else _CLOCK_NOT_SET
        data = struct.pack("<HBB", COMPANY, _EACH_USER_DATA, flags)
        ledger = self.sensor.ledger
        for user in range(1, self.users + 1):
            count = sum(reading.user == user for reading in ledger.stored)
            data += struct.pack("<HB", ledger.next_sequence(user) - 1, count)
        return data

    @property
    def _is_pairing(self) -> bool:
        bonding = self.sensor.bonding
        return bonding is not None and bonding.is_pairing_mode

    def disconnected(self) -> None:
        self._asked_s = None

    # The clock

    def _on_time_subscribed(self, notify: bool, _indicate: bool) -> None:
        if notify:
            self.sensor.later("tell time", 0.0, self._tell_time)

    def _tell_time(self) -> None:
        if self.sensor.is_connected:
            self.sensor.outbox.notify(CURRENT_TIME, clock_of(self.sensor).current_time())
            self._asked_s = self.sensor.now_us() / 1e6

    def _on_time(self, data: bytes) -> None:
        now_s = self.sensor.now_us() / 1e6
        if self._asked_s is None or now_s - self._asked_s > _ANSWER_S:
            refuse(WRITE_NOT_PERMITTED)
        set_clock(self.sensor, data, _CURRENT_TIME_BYTES)
        self._asked_s = None
        self.sensor.later("tell time", 0.0, self._tell_time_again)

    def _tell_time_again(self) -> None:
        self._tell_time()
        self._asked_s = None

    def _latest(self) -> bytes:
        stored = self.sensor.ledger.stored
        latest = max((reading.sequence for reading in stored), default=0)
        return struct.pack("<BBH", LATEST_RESPONSE, 0, latest)


def evolv(serial: str = "20240100001", battery_percent: int = 70, users: int = 2) -> Model:
    """Two users, 100 readings each."""
    pressure = Service(
        BLOOD_PRESSURE_SERVICE,
        (
            Characteristic(BLOOD_PRESSURE_MEASUREMENT, INDICATE),
            Characteristic(BLOOD_PRESSURE_FEATURE, READ, b"\x27\x00"),
        ),
        ENCRYPTED,
    )
    return Model(
        name="HEM-7600T",
        services=(
            pressure,
            current_time(protection=ENCRYPTED),
            Service(OMRON_SERVICE, (record_access(),), ENCRYPTED),
            battery(battery_percent, ENCRYPTED),
            device_information("HEM-7600T-E", serial, "OMRON HEALTHCARE", with_system_id=True),
        ),
        advertised_services=(BLOOD_PRESSURE_SERVICE,),
        burst_s=30.0,
        idle_s=5.0,
        max_stored=100,
        gives_up_after=5,
        keeps_confirmed=True,
        security=Security(),
        clock=ClockPlan(),
        driver="omron-evolv",
        behaviour=lambda sensor: Omron(sensor, users, bytes.fromhex("00000116")),
    )
