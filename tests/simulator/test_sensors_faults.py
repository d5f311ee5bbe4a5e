"""Each fault alone: what a host sees of it, and what the ledger says."""

import asyncio
from datetime import datetime

import pytest

from simulator.air_central import in_virtual_time, until
from simulator.sensor_host import met
from varde_protocols import gatt
from varde_simulator.sensors import faults, models
from varde_simulator.sensors import meaning as m
from varde_simulator.sensors import standard_services as s
from varde_simulator.sensors.models import by_specification, house
from varde_simulator.sensors.sensor_clock import date_time

NOON = datetime(2026, 3, 1, 12, 0, 0)  # noqa: DTZ001  sensors know no zone
PRESSURE = s.BLOOD_PRESSURE_MEASUREMENT
READINGS = [(PRESSURE, bytes([0, n, 0, 80, 0, 90, 0])) for n in range(1, 4)]


async def cuff_session(sensor, host):
    await host.session(sensor, s.BLOOD_PRESSURE_SERVICE)
    await host.subscribe(PRESSURE, 2)


def test_vanish_mid_burst(tmp_path):
    name = "vanish-mid-burst"

    async def story(air):
        sensor, host = await met(air, house.cuff())
        sensor.faults.set(name, times=1)
        sensor.measure(READINGS)
        await cuff_session(sensor, host)
        await until(lambda: host.connection is None)
        silent_us = host.disconnected_us[0] - sensor.ledger.readings[0].sent_us[0]
        assert 2_500_000 < silent_us < 2_600_000  # the supervision timeout
        assert [r.is_confirmed for r in sensor.ledger.readings[1:]] == [False] * 2
        await asyncio.sleep(20)
        await cuff_session(sensor, host)
        await until(lambda: len(sensor.ledger.confirmed) == 3)
        assert len(sensor.ledger.carried) == 3

    in_virtual_time(tmp_path, story)


def test_wrong_clock(tmp_path):
    name = "wrong-clock"

    async def story(air):
        sensor, _ = await met(air, by_specification.thermometer())
        sensor.clock.set(NOON)
        sensor.faults.set(name, times=1)
        sensor.take(m.Temperature(36.6))
        await asyncio.sleep(0.1)
        stamp = gatt_stamp(sensor.ledger.readings[0].value[5:12])
        jump_s = (stamp - NOON).total_seconds()
        assert min(abs(jump_s - known) for known in faults.CLOCK_JUMPS_S) < 2

    in_virtual_time(tmp_path, story)


def gatt_stamp(value):
    return datetime.fromisoformat(gatt.decode(s.DATE_TIME, value)["timestamp"])


def test_refuses_clock(tmp_path):
    name = "refuses-clock"

    async def story(air):
        sensor, host = await met(air, by_specification.thermometer())
        sensor.faults.set(name, times=1)
        sensor.wake()
        await host.session(sensor, s.CURRENT_TIME_SERVICE)
        value = date_time(NOON) + bytes(3)
        assert await host.write(s.CURRENT_TIME, value) == 0
        assert (await host.read(s.CURRENT_TIME))[:2] == b"\xe4\x07"  # 2020: read it back
        assert await host.write(s.CURRENT_TIME, value) == 0
        assert (await host.read(s.CURRENT_TIME))[:2] == b"\xea\x07"

    in_virtual_time(tmp_path, story)


@pytest.mark.parametrize(
    ("build", "meaning", "key"),
    [
        (house.cuff, m.Pressure(120, 80, pulse=60), "systolic"),
        (house.oximeter, m.Oxygen(98, 60), "spo2"),
        (house.scale, m.Weight(70), "unsuccessful"),
    ],
)
def test_nan_measurement(tmp_path, build, meaning, key):
    name = "nan-measurement"

    async def story(air):
        sensor, _ = await met(air, build())
        sensor.faults.set(name)
        sensor.take(meaning)
        await asyncio.sleep(0.1)
        reading = sensor.ledger.readings[0]
        assert gatt.decode(reading.characteristic, reading.value)[key] in {"NaN", True}

    in_virtual_time(tmp_path, story)


def test_duplicate(tmp_path):
    name = "duplicate"

    async def story(air):
        sensor, host = await met(air, house.cuff())
        sensor.faults.set(name, times=1)
        sensor.measure(READINGS)
        await cuff_session(sensor, host)
        await until(lambda: host.connection is None)
        first, second, third = READINGS
        assert host.values == [first, first, second, third]
        assert sensor.ledger.carried == READINGS

    in_virtual_time(tmp_path, story)


def test_re_send(tmp_path):
    name = "re-send"

    async def story(air):
        sensor, host = await met(air, house.cuff())
        sensor.faults.set(name, times=2)
        sensor.measure(READINGS)
        await cuff_session(sensor, host)
        await until(lambda: host.connection is None)
        assert host.values == READINGS
        await until(lambda: sensor.is_advertising)  # it thinks that something is left
        await cuff_session(sensor, host)
        await until(lambda: host.connection is None)
        assert host.values == READINGS + READINGS[:2]
        await asyncio.sleep(60)
        assert not sensor.is_advertising

    in_virtual_time(tmp_path, story)


def test_low_battery(tmp_path):
    name = "low-battery"

    async def story(air):
        sensor, host = await met(air, house.cuff())
        sensor.faults.set(name)
        await asyncio.sleep(0.1)
        sensor.measure(READINGS, duration_s=3)
        await host.session(sensor, s.BATTERY_SERVICE)
        await host.subscribe(s.BATTERY_LEVEL, 1)
        assert await host.read(s.BATTERY_LEVEL) == b"\x5c"
        await until(lambda: host.of(s.BATTERY_LEVEL))
        assert host.of(s.BATTERY_LEVEL) == [b"\5"]
        assert await host.read(s.BATTERY_LEVEL) == b"\5"

    in_virtual_time(tmp_path, story)


def test_lost_bond(tmp_path):
    name = "lost-bond"

    async def story(air):
        sensor, host = await met(air, by_specification.forgetful_scale())
        sensor.hold_button()
        await asyncio.sleep(0.1)
        await host.session(sensor)
        await host.leave(sensor)
        sensor.faults.set(name, times=1)
        sensor.take(m.Weight(70))
        await asyncio.sleep(0.1)
        await host.meet(sensor)
        assert (await host.secure()).status == 0x206

    in_virtual_time(tmp_path, story)


def test_stuck_advertising(tmp_path):
    name = "stuck-advertising"

    async def story(air):
        sensor, host = await met(air, house.scale())
        sensor.faults.set(name)
        sensor.wake()
        await asyncio.sleep(3600)
        assert sensor.is_advertising
        await host.meet(sensor)
        await until(lambda: host.connection is None)
        await until(lambda: sensor.is_advertising)
        sensor.faults.clear()
        await asyncio.sleep(60)
        assert not sensor.is_advertising

    in_virtual_time(tmp_path, story)


def test_indication_without_cccd(tmp_path):
    name = "indication-without-cccd"

    async def story(air):
        sensor, host = await met(air, house.cuff())
        sensor.faults.set(name)
        sensor.measure(READINGS)
        await host.meet(sensor)
        await until(lambda: len(sensor.ledger.confirmed) == 3)
        assert host.values == [(sensor.table.handle(PRESSURE), value) for _, value in READINGS]

    in_virtual_time(tmp_path, story)


def test_short_frame(tmp_path):
    name = "short-frame"

    async def story(air):
        sensor, _ = await met(air, house.cuff())
        sensor.faults.set(name, times=1)
        sensor.measure(READINGS)
        await asyncio.sleep(0.1)
        assert READINGS[0][1].startswith(sensor.ledger.readings[0].value)
        assert [len(r.value) for r in sensor.ledger.readings[1:]] == [7, 7]
        assert len(sensor.ledger.readings[0].value) < 7

    in_virtual_time(tmp_path, story)


def test_ghost_weight(tmp_path):
    name = "ghost-weight"

    async def story(air):
        sensor, _ = await met(air, house.scale())
        sensor.faults.set(name)
        sensor.take(m.Weight(70.5))
        await asyncio.sleep(0.1)
        real, ghost = (gatt.decode(r.characteristic, r.value) for r in sensor.ledger.readings)
        assert real["weight"].text() == "70.5"
        assert 0 < float(ghost["weight"].text()) < 5

    in_virtual_time(tmp_path, story)


def test_every_fault_has_its_test():
    assert {"test_" + name.replace("-", "_") for name in faults.NAMES} < set(globals())


def test_an_unknown_fault_is_named():
    with pytest.raises(ValueError, match="there are vanish-mid-burst"):
        faults.Faults("x").set("vanish")


def test_the_same_seed_strikes_the_same():
    def struck(seed):
        drawn = faults.Faults(seed)
        drawn.set("duplicate", chance=0.3)
        return [drawn.strikes("duplicate") for _ in range(50)]

    assert struck("cuff 1") == struck("cuff 1") != struck("cuff 2")
    assert 5 < sum(struck("cuff 1")) < 25


def test_a_sensor_without_faults_never_draws(tmp_path):
    async def story(air):
        sensor, _ = await met(air, models.MODELS["scale"]())
        before = sensor.faults.random.getstate()
        sensor.take(m.Weight(70))
        await asyncio.sleep(60)
        assert sensor.faults.random.getstate() == before

    in_virtual_time(tmp_path, story)
