"""Each model's documented behaviour, seen by a host that knows it and by one that does not."""

import asyncio
from datetime import datetime, timedelta

import pytest

from simulator.air_central import in_virtual_time, until
from simulator.sensor_host import met
from varde_protocols import assigned, gatt
from varde_simulator.sensors import meaning as m
from varde_simulator.sensors import models
from varde_simulator.sensors import standard_services as s
from varde_simulator.sensors.models import and_medical, by_specification, health_sensor, omron
from varde_simulator.sensors.sensor_clock import date_time

NOON = datetime(2026, 3, 1, 12, 0, 0)  # noqa: DTZ001  sensors know no zone
PRESSURE = m.Pressure(128, 79, 95, 66)


def played(tmp_path, story):
    in_virtual_time(tmp_path, story)


async def pairing(sensor, host):
    """The button is held, the host pairs and leaves."""
    sensor.hold_button()
    await asyncio.sleep(0.1)
    await host.meet(sensor)
    change = await host.secure()
    await host.leave(sensor)
    return change


# A&D


def test_and_gives_nothing_before_its_clock_is_written(tmp_path):
    async def story(air):
        sensor, host = await met(air, models.MODELS["and-ua651"]())
        assert (await pairing(sensor, host)).bonded
        sensor.take(PRESSURE)
        await host.session(sensor, s.BLOOD_PRESSURE_SERVICE)
        await host.subscribe(s.BLOOD_PRESSURE_MEASUREMENT, 2)
        await asyncio.sleep(1)
        assert host.values == []
        assert await host.write(s.DATE_TIME, date_time(NOON)) == 0
        await until(lambda: sensor.ledger.confirmed)
        assert abs(sensor.clock.now() - NOON) < timedelta(seconds=1)

    played(tmp_path, story)


def test_and_indicates_right_after_the_cccd_and_hangs_up_after_two_seconds(tmp_path):
    async def story(air):
        sensor, host = await met(air, models.MODELS["and-ua651"]())
        await pairing(sensor, host)
        sensor.clock.set(NOON)
        for _ in range(32):
            sensor.take(PRESSURE)
        await asyncio.sleep(1)
        assert len(sensor.ledger.held) == 30
        await host.session(sensor, s.BLOOD_PRESSURE_SERVICE)
        await host.write(s.DATE_TIME, date_time(NOON + timedelta(days=1)))
        await host.subscribe(s.BLOOD_PRESSURE_MEASUREMENT, 2)
        await until(lambda: host.connection is None)
        assert len(host.values) == 30
        idle_us = host.disconnected_us[-1] - sensor.ledger.readings[-1].confirmed_us
        assert 2_000_000 < idle_us < 2_200_000
        stamps = {gatt.decode(u, v)["timestamp"][:10] for u, v in host.values}
        assert stamps == {"2026-03-01"}  # its clock as it was when it measured

    played(tmp_path, story)


def test_and_shows_e10_if_the_host_discovers_everything(tmp_path):
    async def story(air):
        sensor, host = await met(air, models.MODELS["and-ua651"]())
        await pairing(sensor, host)
        sensor.take(PRESSURE)
        await host.session(sensor)
        everything = asyncio.ensure_future(host.discover())
        await until(lambda: host.connection is None)
        with pytest.raises(AssertionError):
            await everything
        assert sensor.behaviour.error == "E10"
        assert len(sensor.ledger.held) == 1

    played(tmp_path, story)


def test_and_pairs_only_after_its_button_and_asks_for_it(tmp_path):
    async def story(air):
        sensor, host = await met(air, models.MODELS["and-ua651"]())
        sensor.take(PRESSURE)
        await host.meet(sensor)
        await until(lambda: host.changes)
        assert host.changes[-1].status
        assert not host.changes[-1].encrypted
        await host.leave(sensor)
        sensor.hold_button()
        await host.meet(sensor)
        await until(lambda: len(host.changes) == 2)  # it has asked, nobody called `pair`
        assert host.changes[-1].bonded

    played(tmp_path, story)


def test_and_takes_commands_for_its_store(tmp_path):
    async def story(air):
        sensor, host = await met(air, models.MODELS["and-ua651"]())
        await pairing(sensor, host)
        sensor.wake()
        await host.session(sensor, assigned.AND_SERVICE)
        assert await host.write(assigned.AND_CONTROL, bytes.fromhex("0200d6")) == 0
        assert (await host.read(assigned.AND_CONTROL))[:4] == bytes.fromhex("0302d601")
        assert await host.write(assigned.AND_CONTROL, bytes.fromhex("0301a600")) == 0
        for _ in range(3):
            sensor.take(PRESSURE)
        await asyncio.sleep(0.1)
        assert len(sensor.ledger.held) == 1
        assert await host.write(assigned.AND_CONTROL, bytes.fromhex("020112")) == 0
        assert not sensor.ledger.held
        assert sensor.ledger.readings[-1].deleted_us is not None

    played(tmp_path, story)


def test_and_scale_is_gone_in_one_session_of_twenty(tmp_path):
    async def story(air):
        sensor, host = await met(air, and_medical.uc352(gone_sessions=1.0))
        sensor.hold_button()
        sensor.take(m.Weight(81.2))
        await asyncio.sleep(0.1)
        await host.meet(sensor)
        await until(lambda: host.connection is None)
        assert len(sensor.ledger.held) == 1

    played(tmp_path, story)
    share = and_medical.uc352().behaviour.__closure__
    assert and_medical.GONE_SESSIONS in [cell.cell_contents for cell in share]


# Oximeters


def test_nonin_talks_while_the_finger_is_in_and_keeps_nothing(tmp_path):
    live = [(5.0 + n, m.OxygenNow(97, 61, 4.2)) for n in range(5)]

    async def story(air):
        sensor, host = await met(air, models.MODELS["nonin-3230"]())
        sensor.take(m.Oxygen(97, 61), live=live, duration_s=12)
        await host.session(sensor, s.PLX_SERVICE, assigned.NONIN_SERVICE)
        assert host.changes[-1].bonded
        for number in (s.PLX_CONTINUOUS, assigned.NONIN_CONTINUOUS):
            await host.subscribe(number, 1)
        await until(lambda: len(host.values) == 10)
        own = host.of(assigned.NONIN_CONTINUOUS)
        assert own[0] == bytes.fromhex("0a541e01a4000161003d")
        assert own[4][5:7] == b"\0\5"
        assert gatt.decode(s.PLX_CONTINUOUS, host.of(s.PLX_CONTINUOUS)[0])["spo2"].text() == "97"
        await asyncio.sleep(60)
        assert not sensor.is_advertising
        assert [r.overwritten for r in sensor.ledger.readings] == [True]

    played(tmp_path, story)


def test_nonin_refuses_what_is_not_encrypted(tmp_path):
    async def story(air):
        sensor, host = await met(air, models.MODELS["nonin-3230"]())
        host.station.pairing = None  # a host that does not answer the Security Request
        sensor.take(m.Oxygen(97, 61), duration_s=12)
        await host.meet(sensor)
        await host.discover_service(s.PLX_SERVICE)
        assert await host.read_status(s.PLX_FEATURES) == 0x105
        assert await host.subscribe(s.PLX_CONTINUOUS, 1) == 0x105

    played(tmp_path, story)


def test_mightysat_sends_one_spot_check_at_the_end(tmp_path):
    async def story(air):
        sensor, host = await met(air, models.MODELS["masimo-mightysat"]())
        sensor.take(m.Oxygen(96, 72, 3.1), duration_s=15)
        await host.session(sensor, s.PLX_SERVICE)
        await host.subscribe(s.PLX_SPOT_CHECK, 2)
        await asyncio.sleep(14)
        assert host.values == []
        await until(lambda: host.values)
        fields = gatt.decode(*host.values[0])
        assert (fields["spo2"].text(), fields["pulse_amplitude_index"].text()) == ("96", "3.1")
        assert len(host.values) == 1

    played(tmp_path, story)


# Omron


def adverts(host):
    return [payload for _kind, payload, _rssi in host.reports]


def test_omron_says_its_mode_with_one_letter_and_its_store_in_the_advertisement(tmp_path):
    async def story(air):
        sensor, host = await met(air, models.MODELS["omron-evolv"]())
        await host.scan()
        sensor.take(PRESSURE, user=2)
        await asyncio.sleep(1)
        address = sensor.address[1:].hex().upper().encode()
        assert any(b"BLESmart_00000116" + address in advert for advert in adverts(host))
        assert any(bytes.fromhex("0e02 01 25 000000 010001") in a for a in adverts(host))
        host.reports.clear()
        sensor.clock.set(NOON)
        sensor.hold_button()
        await asyncio.sleep(1)
        assert any(b"BLEsmart_00000116" in advert for advert in adverts(host))
        assert any(bytes.fromhex("0e02 01 29 000000 010001") in a for a in adverts(host))
        assert omron.COMPANY == 0x020E

    played(tmp_path, story)


def test_omron_refuses_to_pair_in_transfer_mode(tmp_path):
    async def story(air):
        sensor, host = await met(air, models.MODELS["omron-evolv"]())
        sensor.press_button()
        await asyncio.sleep(0.1)
        await host.meet(sensor)
        change = await host.secure()
        assert (change.encrypted, change.status & 0xF00) == (False, 0x500)
        await host.leave(sensor)
        assert (await pairing(sensor, host)).bonded
        sensor.press_button()
        await host.session(sensor)
        assert host.changes[-1].encrypted

    played(tmp_path, story)


def test_omron_takes_the_time_only_as_the_answer(tmp_path):
    async def story(air):
        sensor, host = await met(air, models.MODELS["omron-evolv"]())
        await pairing(sensor, host)
        sensor.press_button()
        await host.session(sensor, s.CURRENT_TIME_SERVICE)
        value = date_time(NOON) + bytes([7, 0, 2])
        assert await host.write(s.CURRENT_TIME, value) == 0x103
        await host.subscribe(s.CURRENT_TIME, 1)
        await until(lambda: host.values)
        assert gatt.decode(*host.values[0])["timestamp"].startswith("2020-01-01")
        assert await host.write(s.CURRENT_TIME, value) == 0
        await until(lambda: len(host.values) == 2)
        assert gatt.decode(*host.values[1])["timestamp"] == "2026-03-01T12:00:00"
        assert await host.write(s.CURRENT_TIME, value) == 0x103

    played(tmp_path, story)


def test_omron_numbers_each_users_records_and_keeps_them(tmp_path):
    async def story(air):
        sensor, host = await met(air, models.MODELS["omron-evolv"]())
        await pairing(sensor, host)
        for systolic, user in ((120, 1), (121, 2), (122, 1)):
            sensor.take(m.Pressure(systolic, 80), user=user)
        await asyncio.sleep(0.1)
        assert [(r.user, r.sequence) for r in sensor.ledger.readings] == [(1, 1), (2, 1), (1, 2)]
        await host.session(sensor, s.BLOOD_PRESSURE_SERVICE, assigned.OMRON_SERVICE)
        await host.subscribe(s.RECORD_ACCESS, 2)
        await host.subscribe(s.BLOOD_PRESSURE_MEASUREMENT, 2)
        await until(lambda: len(host.of(s.BLOOD_PRESSURE_MEASUREMENT)) == 3)
        assert await host.asks(s.RECORD_ACCESS, b"\x10\x00") == [b"\x11\x00\x02\x00"]
        answer = await host.asks(s.RECORD_ACCESS, bytes.fromhex("0103040200"))
        assert answer == [bytes.fromhex("06000101")]
        assert host.of(s.BLOOD_PRESSURE_MEASUREMENT)[3:] == [sensor.ledger.readings[2].value]
        assert sensor.ledger.readings[2].sent == 2

    played(tmp_path, story)


# Beurer


def test_beurer_bm_sends_its_own_layout_and_its_whole_store_each_time(tmp_path):
    async def story(air):
        sensor, host = await met(air, models.MODELS["beurer-bm"]())
        sensor.clock.set(NOON.replace(month=8, day=11, hour=20, minute=57))
        sensor.take(m.Pressure(119, 70, pulse=87, status=0x40), user=1)
        sensor.take(m.Pressure(113, 73, pulse=65), user=1)
        await asyncio.sleep(0.1)
        for _ in range(2):
            host.values.clear()
            await host.session(sensor, s.BLOOD_PRESSURE_SERVICE)
            await asyncio.sleep(0.15)
            await host.subscribe(s.BLOOD_PRESSURE_MEASUREMENT, 2)
            await until(lambda: len(host.values) == 2)
            await host.leave(sensor)
            sensor.wake()
        # The capture of a BM85 in protocols/vectors/ble.json (v160).
        assert host.values[0][1].hex() == "56770046000000ea07080b1439000057010040"
        assert [r.sent for r in sensor.ledger.readings] == [2, 2]

    played(tmp_path, story)


def test_beurer_bm_forgets_a_subscription_that_comes_too_soon(tmp_path):
    async def story(air):
        sensor, host = await met(air, models.MODELS["beurer-bm"]())
        sensor.take(PRESSURE)
        await host.session(sensor, s.BLOOD_PRESSURE_SERVICE)
        assert await host.subscribe(s.BLOOD_PRESSURE_MEASUREMENT, 2) == 0
        await asyncio.sleep(1)
        assert host.values == []
        assert await host.subscribe(s.BLOOD_PRESSURE_MEASUREMENT, 2) == 0
        await until(lambda: host.values)

    played(tmp_path, story)


def test_beurer_bm_with_a_display_wants_its_passkey(tmp_path):
    async def story(air):
        sensor, host = await met(air, models.MODELS["beurer-bm"](passkey=428_115), passkey=428_115)
        sensor.take(PRESSURE)
        await host.session(sensor, s.BLOOD_PRESSURE_SERVICE)
        assert host.changes[-1].authenticated
        assert sensor.bonding.shown == 428_115
        await asyncio.sleep(0.15)
        await host.subscribe(s.BLOOD_PRESSURE_MEASUREMENT, 2)
        await until(lambda: host.values)

    played(tmp_path, story)


def test_beurer_bm_refuses_just_works_where_it_has_a_display(tmp_path):
    async def story(air):
        sensor, host = await met(air, models.MODELS["beurer-bm"](passkey=428_115))
        sensor.take(PRESSURE)
        await host.session(sensor, s.BLOOD_PRESSURE_SERVICE)
        assert await host.subscribe(s.BLOOD_PRESSURE_MEASUREMENT, 2) == 0x105

    played(tmp_path, story)


async def bf_session(host, sensor):
    await host.session(sensor, s.WEIGHT_SERVICE, s.BODY_COMPOSITION_SERVICE, s.USER_DATA_SERVICE)
    for number in (s.WEIGHT_MEASUREMENT, s.BODY_COMPOSITION_MEASUREMENT, 0x2A9F):
        await host.subscribe(number, 2)


def test_beurer_bf_sends_nothing_before_consent_and_zeroes_without_a_profile(tmp_path):
    body = m.Body(24.1, metabolism=7200, muscle=38.0, weight=79.5)

    async def story(air):
        sensor, host = await met(air, models.MODELS["beurer-bf"]())
        index = sensor.behaviour.user_data.register(1234)
        sensor.take(m.Weight(79.5), body, user=index)
        await asyncio.sleep(0.1)
        await bf_session(host, sensor)
        await asyncio.sleep(1)
        assert host.values == []
        assert await host.read_status(0x2A8E) == 0x180
        assert await host.asks(0x2A9F, bytes([2, index]) + b"\x00\x00") == [b"\x20\x02\x05"]
        assert await host.asks(0x2A9F, bytes([2, index, 0xD2, 4])) == [b"\x20\x02\x01"]
        await until(lambda: len(host.values) == 4)
        stub = host.of(s.BODY_COMPOSITION_MEASUREMENT)[0]
        assert stub[2:4] == b"\0\0"
        assert await host.write(0x2A8E, b"\xb4\x00") == 0
        assert await host.write(0x2A99, b"\x01\0\0\0") == 0
        sensor.take(m.Weight(79.6), body, user=index)
        await until(lambda: len(host.of(s.BODY_COMPOSITION_MEASUREMENT)) == 2)
        assert host.of(s.BODY_COMPOSITION_MEASUREMENT)[1][2:4] == b"\xf1\x00"

    played(tmp_path, story)


def test_beurer_bf_forgets_users_with_its_batteries(tmp_path):
    async def story(air):
        sensor, host = await met(air, models.MODELS["beurer-bf"]())
        index = sensor.behaviour.user_data.register(1234)
        sensor.clock.set(NOON)
        sensor.change_batteries()
        await asyncio.sleep(10)
        assert not sensor.clock.is_set
        sensor.wake()
        await bf_session(host, sensor)
        assert await host.asks(0x2A9F, bytes([2, index, 0xD2, 4])) == [b"\x20\x02\x05"]
        assert await host.asks(0x2A9F, b"\x01\xd2\x04") == [b"\x20\x01\x01\x01"]
        assert await host.asks(0x2A9F, b"\x02\x01\xd2\x04") == [b"\x20\x02\x01"]
        assert await host.asks(0x2A9F, b"\x63") == [b"\x20\x63\x02"]

    played(tmp_path, story)


def test_beurer_bf_gives_two_records_of_one_weighing(tmp_path):
    async def story(air):
        sensor, _ = await met(air, models.MODELS["beurer-bf"](two_records=True))
        sensor.take(m.Weight(70.0), user=1)
        await asyncio.sleep(0.1)
        users = [gatt.decode(r.characteristic, r.value)["user_id"] for r in sensor.ledger.readings]
        assert users == [255, 1]

    played(tmp_path, story)


# By the specification


def test_forgetful_scale_answers_key_missing_after_new_batteries(tmp_path):
    async def story(air):
        sensor, host = await met(air, by_specification.forgetful_scale())
        await pairing(sensor, host)
        sensor.take(m.Weight(70.0))
        await asyncio.sleep(0.1)
        await host.session(sensor, s.WEIGHT_SERVICE)
        assert host.changes[-1].encrypted
        await host.leave(sensor)
        sensor.change_batteries()
        await asyncio.sleep(10)
        sensor.wake()
        await host.meet(sensor)
        change = await host.secure()
        assert (change.encrypted, change.status) == (False, 0x206)
        if host.connection is not None:
            await host.leave(sensor)
        host.station.bonds.forget_all()
        assert (await pairing(sensor, host)).bonded
        sensor.wake()
        await host.session(sensor, s.WEIGHT_SERVICE)
        await host.subscribe(s.WEIGHT_MEASUREMENT, 2)
        await until(lambda: sensor.ledger.confirmed)

    played(tmp_path, story)


def test_dumping_cuff_tells_everything_on_every_connection_for_ever(tmp_path):
    async def story(air):
        sensor, host = await met(air, by_specification.dumping_cuff())
        for n in range(3):
            sensor.take(m.Pressure(120 + n, 80))
            await asyncio.sleep(0.1)
            await host.session(sensor, s.BLOOD_PRESSURE_SERVICE)
            await host.subscribe(s.BLOOD_PRESSURE_MEASUREMENT, 2)
            await until(lambda: host.connection is None)
        assert [r.sent for r in sensor.ledger.readings] == [3, 2, 1]
        assert not sensor.ledger.held
        assert len(sensor.ledger.stored) == 3

    played(tmp_path, story)


def test_thermometer_shows_the_way_and_then_the_result(tmp_path):
    live = [(2.0 + n, m.TemperatureNow(35.0 + n / 2)) for n in range(3)]

    async def story(air):
        sensor, host = await met(air, by_specification.thermometer())
        sensor.take(m.Temperature(37.2, site=3), live=live, duration_s=6)
        await host.session(sensor, s.THERMOMETER_SERVICE)
        await host.subscribe(s.TEMPERATURE_MEASUREMENT, 2)
        await host.subscribe(s.INTERMEDIATE_TEMPERATURE, 1)
        await until(lambda: host.of(s.TEMPERATURE_MEASUREMENT))
        assert host.of(s.INTERMEDIATE_TEMPERATURE)[0].hex() == "005e0100ff"
        assert host.of(s.TEMPERATURE_MEASUREMENT)[0].hex() == "06740100ffe40701010000" + "0603"

    played(tmp_path, story)


def test_heart_rate_strap_notifies_while_it_is_worn(tmp_path):
    live = [(5.0, m.HeartRate(72, True, (820, 833))), (6.0, m.HeartRate(301))]

    async def story(air):
        sensor, host = await met(air, by_specification.heart_rate_strap())
        sensor.take(live=live, duration_s=20)
        await host.session(sensor, s.HEART_RATE_SERVICE)
        await host.subscribe(s.HEART_RATE_MEASUREMENT, 1)
        await until(lambda: len(host.values) == 2)
        assert [v.hex() for _, v in host.values] == ["164834034103", "012d01"]

    played(tmp_path, story)


def test_health_sensor_starts_on_demand_and_sends_segments(tmp_path):
    async def story(air):
        sensor, host = await met(air, health_sensor.health_sensor())
        sensor.take(m.Oxygen(96.5, 70))
        await host.session(sensor, s.HEALTH_SENSOR_SERVICE, s.ELAPSED_TIME_SERVICE)
        await host.subscribe(health_sensor.LIVE_OBSERVATIONS, 2)
        seconds = 26 * 365 * 86400
        stamp = b"\x22" + seconds.to_bytes(6, "little") + b"\x01\x00"
        assert await host.write(health_sensor.ELAPSED_TIME, stamp) == 0
        assert (await host.read(health_sensor.ELAPSED_TIME))[1:7] == stamp[1:7]
        assert host.values == []
        assert await host.write(health_sensor.CONTROL_POINT, b"\x01") == 0
        await until(lambda: len(host.values) == 4)
        heads = [value[0] for _, value in host.values]
        assert [head & 3 for head in heads] == [1, 2, 1, 2]
        assert [head >> 2 for head in heads] == [0, 1, 2, 3]
        whole = host.values[0][1][1:] + host.values[1][1][1:]
        assert whole[:9].hex() == "01" + "1700" + "0300" + "b84b0200"
        assert whole[-8:].hex() == "20020400" + "c50300ff"

    played(tmp_path, story)


@pytest.mark.parametrize("name", models.MODELS)
def test_every_model_can_be_built_and_advertised(tmp_path, name):
    async def story(air):
        sensor, host = await met(air, models.MODELS[name]())
        await host.scan()
        sensor.wake()
        await until(lambda: host.reports)
        assert name.startswith(sensor.model.driver)

    played(tmp_path, story)
