"""Virtual sensors in virtual time: what each does, and that none forgets the unconfirmed."""

import asyncio

import pytest

from simulator.air_central import Central, in_virtual_time, until
from varde_simulator.sensors import models
from varde_simulator.sensors.model import INDICATE, Characteristic, Model, Service
from varde_simulator.sensors.virtual_sensor import VirtualSensor

WEIGHT = models.WEIGHT_MEASUREMENT
PRESSURE = models.BLOOD_PRESSURE_MEASUREMENT
CUFF_PRESSURE = models.INTERMEDIATE_CUFF_PRESSURE
READINGS = [(PRESSURE, bytes([0, n, 0, 80, 0, 90, 0])) for n in range(40)]


async def met(air, model, label="sensor"):
    """A started sensor and a started central."""
    sensor, central = VirtualSensor(air, model, label), Central(air)
    await sensor.start()
    await central.station.start()
    return sensor, central


async def connected(sensor, central):
    await central.connect(sensor.station.address)
    await until(lambda: central.connection is not None)
    await central.discover()


def test_advertises_for_its_burst_and_then_sleeps(tmp_path):
    async def story(air):
        sensor, central = await met(air, models.scale())
        await central.scan()
        sensor.measure([(WEIGHT, b"\0\x10\x27")])
        await asyncio.sleep(0.01)
        assert sensor.is_advertising
        await asyncio.sleep(sensor.model.burst_s + 1)
        assert not sensor.is_advertising
        heard = len(central.reports)
        data, response = sensor.model.advertising_data()
        assert {(kind, payload) for kind, payload, _ in central.reports} == {
            (0, data),
            (4, response),
        }
        assert 2 * 130 < heard < 2 * 155  # every 100 ms and a little, for 15 s, two reports each
        await asyncio.sleep(60)
        assert len(central.reports) == heard
        assert sensor.ledger.held

    in_virtual_time(tmp_path, story)


def test_sends_stored_readings_oldest_first_and_hangs_up_when_idle(tmp_path):
    async def story(air):
        sensor, central = await met(air, models.cuff())
        sensor.measure(READINGS[:3])
        await asyncio.sleep(0.01)
        await connected(sensor, central)
        assert not sensor.is_advertising
        assert await central.subscribe(PRESSURE, 2) == 0
        await until(lambda: len(central.values) == 3)
        assert central.values == READINGS[:3]
        await until(lambda: central.connection is None)
        last_us = sensor.ledger.readings[-1].confirmed_us
        idle_s = (central.disconnected_us[0] - last_us) / 1e6
        assert sensor.model.idle_s < idle_s < sensor.model.idle_s + 0.1
        await asyncio.sleep(60)
        assert sensor.ledger.bursts == 1
        assert not sensor.ledger.held

    in_virtual_time(tmp_path, story)


def test_an_unconfirmed_reading_is_kept_and_sent_again(tmp_path):
    async def story(air):
        sensor, central = await met(air, models.cuff())
        central.confirms = False
        sensor.measure(READINGS[:2])
        await asyncio.sleep(0.01)
        await connected(sensor, central)
        await central.subscribe(PRESSURE, 2)
        await until(lambda: central.values)
        await central.station.disconnect(central.connection.handle)
        await until(lambda: not sensor.is_connected)
        assert [r.sent for r in sensor.ledger.readings] == [1, 0]
        assert len(sensor.ledger.held) == 2
        await until(lambda: sensor.is_advertising)
        central.confirms = True
        await connected(sensor, central)
        await central.subscribe(PRESSURE, 2)
        await until(lambda: len(sensor.ledger.confirmed) == 2)
        assert [r.sent for r in sensor.ledger.readings] == [2, 1]

    in_virtual_time(tmp_path, story)


def test_a_confirmation_that_never_comes_ends_the_connection_after_30_s(tmp_path):
    async def story(air):
        sensor, central = await met(air, models.cuff())
        central.confirms = False
        sensor.measure(READINGS[:1])
        await asyncio.sleep(0.01)
        await connected(sensor, central)
        await central.subscribe(PRESSURE, 2)
        await until(lambda: central.values)
        start = asyncio.get_running_loop().time()
        await until(lambda: central.connection is None)
        assert 29.9 < asyncio.get_running_loop().time() - start < 30.2
        assert len(sensor.ledger.held) == 1

    in_virtual_time(tmp_path, story)


def test_asking_for_notifications_of_an_indicated_value_gives_nothing(tmp_path):
    async def story(air):
        sensor, central = await met(air, models.cuff())
        sensor.measure(READINGS[:1])
        await asyncio.sleep(0.01)
        await connected(sensor, central)
        assert await central.subscribe(PRESSURE, 1) == 0
        await until(lambda: central.connection is None)
        assert central.values == []
        assert len(sensor.ledger.held) == 1

    in_virtual_time(tmp_path, story)


def test_cuff_notifies_while_it_inflates_and_indicates_the_result(tmp_path):
    live = [(5.0 + n, CUFF_PRESSURE, bytes([0, 10 * n, 0])) for n in range(10)]

    async def story(air):
        sensor, central = await met(air, models.cuff())
        sensor.measure(READINGS[:1], live, duration_s=20.0)
        await asyncio.sleep(0.01)
        await connected(sensor, central)
        await central.subscribe(PRESSURE, 2)
        await central.subscribe(CUFF_PRESSURE, 1)
        await until(lambda: sensor.ledger.confirmed)
        assert central.values == [(u, v) for _, u, v in live] + READINGS[:1]
        assert [(n.characteristic, n.value) for n in sensor.ledger.notifications] == [
            (u, v) for _, u, v in live
        ]
        assert sensor.ledger.live_values_missed == 0

    in_virtual_time(tmp_path, story)


def test_live_values_without_a_listener_are_gone_and_counted(tmp_path):
    async def story(air):
        sensor, _ = await met(air, models.oximeter())
        live = [(0.5, models.PLX_CONTINUOUS, b"\0")] * 4
        sensor.measure([(models.PLX_SPOT_CHECK, b"\0" * 5)], live, duration_s=1.0)
        await asyncio.sleep(2)
        assert sensor.ledger.live_values_missed == 4
        assert len(sensor.ledger.held) == 1

    in_virtual_time(tmp_path, story)


def test_its_memory_is_bounded_and_the_oldest_goes_first(tmp_path):
    async def story(air):
        sensor, _ = await met(air, models.cuff())
        for reading in READINGS:
            sensor.measure([reading])
        await asyncio.sleep(1)
        assert [(r.characteristic, r.value) for r in sensor.ledger.held] == READINGS[10:]
        assert sum(r.overwritten for r in sensor.ledger.readings) == 10

    in_virtual_time(tmp_path, story)


def test_a_value_longer_than_the_mtu_is_cut_and_the_ledger_knows(tmp_path):
    async def story(air):
        sensor, central = await met(air, models.cuff())
        live = [(5.0, CUFF_PRESSURE, bytes(range(30)))]
        sensor.measure([], live, duration_s=6.0)
        await asyncio.sleep(0.01)
        await connected(sensor, central)
        await central.subscribe(CUFF_PRESSURE, 1)
        await until(lambda: central.values)
        assert central.values[0][1] == bytes(range(20)) == sensor.ledger.notifications[0].value

    in_virtual_time(tmp_path, story)


def test_retry_bursts_go_on_while_something_is_left(tmp_path):
    async def story(air):
        base = models.scale()
        model = Model(**{**vars(base), "retry_every_s": 600.0})
        sensor, _ = await met(air, model)
        sensor.measure([(WEIGHT, b"\0\1\2")])
        await asyncio.sleep(3600)
        assert sensor.ledger.bursts == 6
        assert len(sensor.ledger.held) == 1

    in_virtual_time(tmp_path, story)


@pytest.mark.parametrize("build", models.HOUSE.values(), ids=models.HOUSE)
def test_battery_and_device_information_are_read(tmp_path, build):
    async def story(air):
        sensor, central = await met(air, build(serial="SN42", battery_percent=55))
        sensor.wake()
        await asyncio.sleep(0.01)
        await connected(sensor, central)
        assert await central.read(models.BATTERY_LEVEL) == b"\x37"
        assert await central.read(0x2A25) == b"SN42"
        sensor.set_value(models.BATTERY_LEVEL, b"\x05")
        assert await central.read(models.BATTERY_LEVEL) == b"\x05"

    in_virtual_time(tmp_path, story)


def test_address_is_the_labels_for_ever(tmp_path):
    async def story(air):
        one = VirtualSensor(air, models.cuff(), "a").address
        assert one == VirtualSensor(air, models.cuff(), "a").address
        assert one != VirtualSensor(air, models.cuff(), "b").address
        assert one[0] == 1
        assert one[1] & 0xC0 == 0xC0  # static random, as its model says
        assert VirtualSensor(air, models.scale(), "a").address[0] == 0

    in_virtual_time(tmp_path, story)


def test_advertising_data_that_does_not_fit_is_refused():
    service = Service(0x1810, (Characteristic(0x2A35, INDICATE),))
    model = Model("a name of more than 22 bytes", (service,), (0x1810,))
    with pytest.raises(ValueError, match="over 31 bytes"):
        model.advertising_data()
