"""Each model's documented behaviour, seen by a host that knows it and by one that does not."""

import asyncio
from datetime import datetime, timedelta

import pytest

from simulator.air_central import in_virtual_time as played
from simulator.air_central import until
from simulator.sensor_host import met, pairing
from varde_protocols import assigned, gatt
from varde_simulator.sensors import meaning as m
from varde_simulator.sensors import models
from varde_simulator.sensors import standard_services as s
from varde_simulator.sensors.models import and_medical, omron
from varde_simulator.sensors.sensor_clock import date_time

NOON = datetime(2026, 3, 1, 12, 0, 0)  # noqa: DTZ001  sensors know no zone
PRESSURE = m.Pressure(128, 79, 95, 66)


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


def test_and_gives_up_on_a_host_that_fetches_nothing(tmp_path):
    async def story(air):
        sensor, host = await met(air, models.MODELS["and-ua651"]())
        sensor.take(PRESSURE)
        for _ in range(3):
            await until(lambda: sensor.is_advertising)
            await host.meet(sensor)
            await host.leave(sensor)
        await asyncio.sleep(5)
        assert not sensor.is_advertising
        sensor.press_button()
        await until(lambda: sensor.is_advertising)

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
