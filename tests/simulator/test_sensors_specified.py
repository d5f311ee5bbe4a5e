"""Sensors by the specification, and that every model there is can be built."""

import asyncio
from pathlib import Path

import pytest

from simulator.air_central import in_virtual_time as played
from simulator.air_central import until
from simulator.sensor_host import met, pairing
from varde_simulator.sensors import meaning as m
from varde_simulator.sensors import model, models
from varde_simulator.sensors import standard_services as s
from varde_simulator.sensors.models import by_specification, health_sensor


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


def test_health_sensor_notifies_who_asked_for_that_and_keeps_nothing_of_it(tmp_path):
    async def story(air):
        sensor, host = await met(air, health_sensor.health_sensor())
        sensor.take(m.Oxygen(96.5, 70))
        await host.session(sensor, s.HEALTH_SENSOR_SERVICE)
        host.confirms = False  # there is nothing to confirm
        await host.subscribe(health_sensor.LIVE_OBSERVATIONS, 1)
        assert await host.write(health_sensor.CONTROL_POINT, b"\x01") == 0
        await until(lambda: len(host.values) == 4)
        sensor.take(m.Temperature(37.2))
        await until(lambda: len(host.values) == 6)
        await asyncio.sleep(0.1)
        carried = [value for _, value in sensor.ledger.carried]
        assert carried == [value for _, value in host.values]
        await host.leave(sensor)
        assert sensor.ledger.held == []

    played(tmp_path, story)


@pytest.mark.parametrize("stays", [True, False])
def test_heart_rate_strap_asks_for_a_slow_connection(tmp_path, stays):
    async def story(air):
        sensor, host = await met(air, by_specification.heart_rate_strap())
        sensor.take(live=[(8.0, m.HeartRate(72))], duration_s=20)
        await host.session(sensor, s.HEART_RATE_SERVICE)
        await host.subscribe(s.HEART_RATE_MEASUREMENT, 1)
        assert host.connection.parameters.connection_interval == 30
        if stays:
            await until(lambda: host.values)
            terms = host.connection.parameters
            assert (terms.connection_interval, terms.supervision_timeout) == (650, 4000)
        else:
            await host.leave(sensor)
            await asyncio.sleep(10)

    played(tmp_path, story)


@pytest.mark.parametrize("name", models.MODELS)
def test_every_model_can_be_built_and_advertised(tmp_path, name):
    async def story(air):
        sensor, host = await met(air, models.MODELS[name]())
        await host.scan()
        sensor.wake()
        await until(lambda: host.reports)
        assert sensor.model.driver in {"", *models.MODELS}

    played(tmp_path, story)


def test_the_example_in_the_documentation_is_a_sensor(tmp_path):
    text = (Path(__file__).parents[2] / "docs" / "sensors.md").read_text(encoding="utf-8")
    names = {**vars(model), "battery": s.battery}
    exec(text.split("```python\n")[2].split("```")[0], names)

    async def story(air):
        sensor, host = await met(air, names["ear_thermometer"](), passkey=None)
        sensor.take(m.Temperature(36.6))
        await host.meet(sensor)
        await host.discover_service(s.THERMOMETER_SERVICE)
        assert await host.subscribe(s.TEMPERATURE_MEASUREMENT, 2) == 0x105

    played(tmp_path, story)
