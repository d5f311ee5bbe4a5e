"""What models are built from: record access, clocks, bonds, the ledger, encoders."""

import asyncio
from datetime import datetime, timedelta

import pytest

from simulator.air_central import in_virtual_time, until
from simulator.sensor_host import Host, met
from varde_protocols import gatt
from varde_protocols.gatt import body_composition
from varde_simulator.sensors import encoding, models
from varde_simulator.sensors import meaning as m
from varde_simulator.sensors import standard_services as s
from varde_simulator.sensors.gatt_table import GattTable
from varde_simulator.sensors.model import (
    ENCRYPTED,
    NOTIFY,
    READ,
    Characteristic,
    ClockPlan,
    Model,
    Security,
    Service,
)
from varde_simulator.sensors.models import by_specification, house
from varde_simulator.sensors.sensor_clock import SensorClock, date_time, from_date_time
from varde_simulator.sensors.virtual_sensor import VirtualSensor

NOON = datetime(2026, 3, 1, 12, 0, 0)  # noqa: DTZ001  sensors know no zone
GLUCOSE = s.GLUCOSE_MEASUREMENT
SUCCESS, NO_RECORDS = "06000101", "06000106"


# Record access


async def glucose_session(air, count, between_s=0.0, subscribe=True):
    sensor, host = await met(air, by_specification.glucose_meter(between_s=between_s))
    sensor.hold_button()
    await asyncio.sleep(0.1)
    for n in range(count):
        sensor.take(m.Glucose(4.0 + n / 10))
    await asyncio.sleep(0.1)
    await host.session(sensor, s.GLUCOSE_SERVICE)
    if subscribe:
        await host.subscribe(GLUCOSE, 1)
        await host.subscribe(s.RECORD_ACCESS, 2)
    return sensor, host


@pytest.mark.parametrize(
    ("request_hex", "answer", "sequences"),
    [
        ("0101", SUCCESS, [1, 2, 3, 4, 5]),
        ("0105", SUCCESS, [1]),
        ("0106", SUCCESS, [5]),
        ("0103010400", SUCCESS, [4, 5]),
        ("0102010200", SUCCESS, [1, 2]),
        ("01040102000300", SUCCESS, [2, 3]),
        ("0103010900", NO_RECORDS, []),
        ("01040103000200", "06000105", []),  # the range runs backwards
        ("0103020900", "06000109", []),  # filter: user facing time
        ("0100", "06000103", []),
        ("0109", "06000104", []),
        ("010101", "06000105", []),
        ("0401", "05000500", []),
        ("0403010400", "05000200", []),
        ("0300", "06000301", []),
        ("0301", "06000303", []),
        ("0901", "06000902", []),
    ],
)
def test_record_access_answers_as_specified(tmp_path, request_hex, answer, sequences):
    async def story(air):
        sensor, host = await glucose_session(air, 5)
        answers = await host.asks(s.RECORD_ACCESS, bytes.fromhex(request_hex))
        assert [each.hex() for each in answers] == [answer]
        assert [int.from_bytes(v[1:3], "little") for v in host.of(GLUCOSE)] == sequences
        assert host.values[-1][0] == s.RECORD_ACCESS  # after the last record, never before
        await asyncio.sleep(0.1)
        assert [reading.sequence for reading in sensor.ledger.confirmed] == sequences

    in_virtual_time(tmp_path, story)


def test_records_stay_until_they_are_deleted(tmp_path):
    async def story(air):
        sensor, host = await glucose_session(air, 4)
        for _ in range(2):
            assert await host.asks(s.RECORD_ACCESS, b"\1\1") == [bytes.fromhex(SUCCESS)]
        assert [r.sent for r in sensor.ledger.readings] == [2] * 4
        assert await host.asks(s.RECORD_ACCESS, bytes.fromhex("0202010300")) == [b"\6\0\2\1"]
        assert [r.sequence for r in sensor.ledger.stored] == [4]
        assert await host.asks(s.RECORD_ACCESS, b"\4\1") == [b"\5\0\1\0"]
        assert await host.asks(s.RECORD_ACCESS, b"\2\1") == [b"\6\0\2\1"]
        assert await host.asks(s.RECORD_ACCESS, b"\1\1") == [bytes.fromhex(NO_RECORDS)]

    in_virtual_time(tmp_path, story)


def test_record_access_refuses_without_cccds_and_while_it_is_busy(tmp_path):
    async def story(air):
        sensor, host = await glucose_session(air, 20, between_s=0.5, subscribe=False)
        assert await host.write(s.RECORD_ACCESS, b"\1\1") == 0x1FD
        await host.subscribe(s.RECORD_ACCESS, 2)
        assert await host.write(s.RECORD_ACCESS, b"\1\1") == 0x1FD
        await host.subscribe(GLUCOSE, 1)
        assert await host.write(s.RECORD_ACCESS, b"\1\1") == 0
        await asyncio.sleep(2)
        assert await host.write(s.RECORD_ACCESS, b"\4\1") == 0x1FE
        assert await host.asks(s.RECORD_ACCESS, b"\3\0") == [b"\6\0\3\1"]
        sent = len(host.of(GLUCOSE))
        assert 3 <= sent <= 6
        await asyncio.sleep(2)
        assert len(host.of(GLUCOSE)) == sent
        assert not sensor.ledger.confirmed  # it cannot know; it was not told the end

    in_virtual_time(tmp_path, story)


def test_a_report_ends_with_its_connection(tmp_path):
    async def story(air):
        sensor, host = await glucose_session(air, 20, between_s=0.5)
        await host.write(s.RECORD_ACCESS, b"\1\1")
        await asyncio.sleep(2)
        await host.leave(sensor)
        sent = [r.sent for r in sensor.ledger.readings]
        await asyncio.sleep(5)
        assert [r.sent for r in sensor.ledger.readings] == sent
        await host.session(sensor, s.GLUCOSE_SERVICE)
        assert await host.asks(s.RECORD_ACCESS, b"\4\1") == [b"\5\0\x14\0"]

    in_virtual_time(tmp_path, story)


def test_a_control_solution_says_so(tmp_path):
    async def story(air):
        sensor, _ = await met(air, by_specification.glucose_meter())
        sensor.clock.set(NOON)
        sensor.take(m.Glucose(6.1, sample=10, location=4, offset_min=-60))
        await asyncio.sleep(0.1)
        reading = sensor.ledger.readings[0]
        assert reading.value.hex() == "070100ea0703010c0000c4ff3dc04a"
        assert reading.sequence == 1

    in_virtual_time(tmp_path, story)


# Clocks


def test_a_clock_drifts_can_be_set_and_forgets_with_its_batteries(tmp_path):
    async def story(_air):
        clock = SensorClock(ClockPlan(unset=None, drift_ppm=100))
        assert clock.stamp() == bytes(7)
        assert clock.current_time() == bytes(10)
        clock.set(NOON)
        await asyncio.sleep(100_000)
        drift = clock.now() - NOON - timedelta(seconds=100_000)
        assert timedelta(seconds=9.9) < drift < timedelta(seconds=10.1)
        assert clock.current_time(2)[7] == 1  # Monday; NOON is a Sunday
        clock.lose()
        assert not clock.is_set
        assert clock.stamp() == bytes(7)

    in_virtual_time(tmp_path, story)


def test_dates_that_no_calendar_has_are_refused(tmp_path):
    assert from_date_time(date_time(NOON)) == NOON
    assert from_date_time(bytes(7)) is None
    assert from_date_time(b"\0") is None

    async def story(air):
        sensor, host = await met(air, by_specification.thermometer())
        sensor.wake()
        await host.session(sensor, s.CURRENT_TIME_SERVICE)
        good = date_time(NOON) + bytes(3)
        assert await host.write(s.CURRENT_TIME, good[:9]) == 0x1FF
        assert await host.write(s.CURRENT_TIME, b"\0\0" + good[2:]) == 0x1FF
        assert await host.write(s.CURRENT_TIME, good) == 0
        assert gatt.decode(s.CURRENT_TIME, await host.read(s.CURRENT_TIME))["day_of_week"] == 7
        written = [value for _, value in sensor.writes]
        assert written == [good[:9], b"\0\0" + good[2:], good]

    in_virtual_time(tmp_path, story)


# Bonds


def secured_scale(**security):
    weight = Service(s.WEIGHT_SERVICE, house.scale().services[0].characteristics, ENCRYPTED)
    plan = Security(**security)
    return Model("Scale", (weight,), (s.WEIGHT_SERVICE,), burst_s=600, security=plan)


def test_a_bonded_host_is_served_before_it_has_asked_again(tmp_path):
    async def story(air):
        sensor, host = await met(air, secured_scale(needs_button=False))
        sensor.wake()
        await host.session(sensor, s.WEIGHT_SERVICE)
        await host.subscribe(s.WEIGHT_MEASUREMENT, 2)
        await host.leave(sensor)
        sensor.take(m.Weight(70.0))
        await asyncio.sleep(0.1)
        await host.meet(sensor)
        await asyncio.sleep(0.5)
        assert host.values == []
        await host.secure()
        await until(lambda: sensor.ledger.confirmed)
        assert len(host.values) == 1

    in_virtual_time(tmp_path, story)


def test_the_newest_host_takes_the_place_of_the_oldest(tmp_path):
    async def story(air):
        sensor, first = await met(air, secured_scale(needs_button=False))
        second = Host(air, "second")
        await second.station.start()
        for host in (first, second):
            sensor.wake()
            await asyncio.sleep(0.1)
            await host.session(sensor, s.WEIGHT_SERVICE)
            assert host.changes[-1].bonded
            await host.leave(sensor)
        assert len(sensor.station.bonds) == 1
        sensor.wake()
        await first.meet(sensor)
        assert (await first.secure()).status == 0x206

    in_virtual_time(tmp_path, story)


def test_a_sensor_with_two_bonds_knows_both(tmp_path):
    async def story(air):
        sensor, first = await met(air, secured_scale(needs_button=False, bonds=2))
        second = Host(air, "second")
        await second.station.start()
        for host in (first, second, first):
            sensor.wake()
            await asyncio.sleep(0.1)
            await host.session(sensor)
            assert host.changes[-1].bonded
            await host.leave(sensor)

    in_virtual_time(tmp_path, story)


def test_pairing_mode_ends_by_itself(tmp_path):
    async def story(air):
        sensor, host = await met(air, secured_scale(pairing_s=30))
        sensor.hold_button()
        await asyncio.sleep(31)
        await host.session(sensor)
        assert not host.changes[-1].encrypted

    in_virtual_time(tmp_path, story)


def test_new_batteries_end_a_connection_however_patient_the_host_is(tmp_path):
    async def story(air):
        sensor, host = await met(air, house.cuff())
        sensor.wake()
        await host.connect(sensor.station.address, supervision=3200)
        await until(lambda: host.connection is not None)
        sensor.change_batteries()
        await until(lambda: host.connection is None)
        assert not sensor.is_connected
        assert host.disconnected_us[0] > 31_000_000

    in_virtual_time(tmp_path, story)


# The ledger


def test_what_a_lost_connection_may_have_swallowed_is_not_called_carried(tmp_path):
    live = [(0.5 * n, m.HeartRate(70 + n)) for n in range(2, 40)]

    async def story(air):
        sensor, host = await met(air, by_specification.heart_rate_strap())
        sensor.take(live=live, duration_s=25)
        await host.session(sensor, s.HEART_RATE_SERVICE)
        await host.subscribe(s.HEART_RATE_MEASUREMENT, 1)
        await asyncio.sleep(10)
        sensor.vanish()
        await until(lambda: host.connection is None)
        received = [(u, v) for u, v in host.values]
        carried = sensor.ledger.carried
        assert received[: len(carried)] == carried
        assert 0 < len(carried) < len(sensor.ledger.notifications)
        assert len(received) - len(carried) <= 8  # those of the last seconds are left open

    in_virtual_time(tmp_path, story)


def test_carried_is_what_was_confirmed_and_offered_what_was_sent(tmp_path):
    async def story(air):
        sensor, host = await met(air, house.cuff())
        host.confirms = False
        sensor.take(m.Pressure(120, 80), m.Pressure(121, 80))
        await host.session(sensor, s.BLOOD_PRESSURE_SERVICE)
        await host.subscribe(s.BLOOD_PRESSURE_MEASUREMENT, 2)
        await until(lambda: host.values)
        await host.leave(sensor)
        assert (len(sensor.ledger.offered), sensor.ledger.carried) == (1, [])
        host.confirms = True
        await host.session(sensor, s.BLOOD_PRESSURE_SERVICE)
        await host.subscribe(s.BLOOD_PRESSURE_MEASUREMENT, 2)
        await until(lambda: len(sensor.ledger.carried) == 2)

    in_virtual_time(tmp_path, story)


# Encoders: the decoders of the project read what was written without them


@pytest.mark.parametrize(
    ("meaning", "fields"),
    [
        (m.Pressure(128.5, 79, None, 66, 5), {"systolic": "128.5", "map": "NaN"}),
        (m.Pressure(17.1, 10.4, kpa=True), {"unit": "kPa", "diastolic": "10.4"}),
        (m.CuffPressure(143), {"cuff_pressure": "143"}),
        (m.Oxygen(98.5, 61, 4.25, 0x100), {"spo2": "98.5", "pulse_amplitude_index": "4.25"}),
        (m.OxygenNow(97, 61, 4.2), {"spo2": "97", "pulse_rate": "61"}),
        (m.Weight(81.235, 23.9, 1.843), {"weight": "81.235", "height": "1.843", "bmi": "23.9"}),
        (m.Weight(150.25, pounds=True), {"unit": "lb", "weight": "150.25"}),
        (m.Temperature(37.2, 3), {"unit": "Cel", "temperature": "37.2", "type": 3}),
        (m.TemperatureNow(35.9), {"temperature": "35.9"}),
        (m.Glucose(5.5, 10, 4), {"sequence": 2, "concentration": "0.0055", "sample_type": 10}),
        (m.HeartRate(72, True, (820, 833)), {"heart_rate": 72, "rr_1024": [820, 833]}),
    ],
)  # fmt: skip
def test_encoders_write_what_the_decoders_read(meaning, fields):
    [(characteristic, value)] = encoding.encode(meaning, date_time(NOON), 2)
    decoded = gatt.decode(characteristic, value)
    texts = {key: getattr(decoded[key], "text", lambda key=key: decoded[key])() for key in fields}
    assert texts == fields
    if characteristic not in {0x2A36, 0x2A37, 0x2A5F, 0x2A1E}:
        assert decoded["timestamp"] == "2026-03-01T12:00:00"


def test_a_body_composition_that_is_too_long_comes_in_two_packets():
    body = m.Body(24.1, 7200, 38.0, 41.5, 512.0, 79.5)
    values = [value for _, value in encoding.encode(body, date_time(NOON), 3)]
    assert [len(value) for value in values] == [20, 6]
    first, second = (body_composition.decode_measurement(value) for value in values)
    merged = body_composition.merge(first, second)
    assert merged["multiple_packet"]
    assert (merged["weight"].text(), merged["bmr_kj"], merged["user_id"]) == ("79.5", 7200, 3)
    assert len(encoding.encode(m.Body(24.1, weight=79.5), b"", 0)) == 1


@pytest.mark.parametrize("value", [0, 2045, 2046, 2047, -2045, -2046, -2048, 0.01, 12345, -98.76])
def test_sfloats_keep_clear_of_the_special_words(value):
    number = int.from_bytes(encoding.sfloat(value), "little")
    assert number not in {0x7FE, 0x7FF, 0x800, 0x801, 0x802}
    mantissa = (number & 0xFFF) - (0x1000 if number & 0x800 else 0)
    exponent = (number >> 12) - (16 if number & 0x8000 else 0)
    assert abs(mantissa * 10.0**exponent - value) <= abs(value) * 0.005


def test_one_number_is_one_characteristic(tmp_path):
    twice = Service(0x1809, (Characteristic(0x2A1C, NOTIFY), Characteristic(0x2A1C, READ)))

    async def story(air):
        with pytest.raises(ValueError, match="2A1C is there twice"):
            VirtualSensor(air, Model("x", (twice,), ()), "x")
        assert GattTable.__contains__(VirtualSensor(air, house.cuff(), "y").table, 0x2A35)

    in_virtual_time(tmp_path, story)


def test_a_uuid_of_a_vendor_outside_the_table_is_served(tmp_path):
    raw = bytes(range(16))

    async def story(air):
        own = Service(0x1FFFE, (Characteristic(0x1FFFF, READ, b"hei", raw),), raw=raw[::-1])
        sensor, host = await met(air, Model("x", (own,), (), burst_s=9))
        sensor.wake()
        await host.meet(sensor)
        await host.discover()
        assert await host.read(int.from_bytes(raw[:2], "little")) == b"hei"

    in_virtual_time(tmp_path, story)
    assert set(models.HOUSE) < set(models.MODELS)
