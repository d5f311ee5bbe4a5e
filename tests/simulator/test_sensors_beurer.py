"""Beurer's cuffs and scales, as they are known to be."""

import asyncio
from datetime import datetime

from simulator.air_central import in_virtual_time as played
from simulator.air_central import until
from simulator.sensor_host import met
from varde_protocols import gatt
from varde_simulator.sensors import meaning as m
from varde_simulator.sensors import models
from varde_simulator.sensors import standard_services as s

NOON = datetime(2026, 3, 1, 12, 0, 0)  # noqa: DTZ001  sensors know no zone
PRESSURE = m.Pressure(128, 79, 95, 66)


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
