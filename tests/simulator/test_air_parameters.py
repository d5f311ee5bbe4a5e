"""Connection parameters: who sets them, who may ask, and what they change."""

import asyncio

import pytest

from simulator.air_central import Central, in_virtual_time, until
from simulator.air_place import Place, in_place
from varde_simulator.air import att_client
from varde_simulator.air.link import Air
from varde_simulator.air.parameter_requests import ACCEPTED, REJECTED
from varde_simulator.sensors import models
from varde_simulator.sensors.virtual_sensor import VirtualSensor

SLOW = (160, 160, 0, 600)  # 200 ms, 6 s: what a sensor asks for to spare its battery


async def connected(air):
    sensor, central = VirtualSensor(air, models.cuff(), "sensor"), Central(air)
    await sensor.start()
    await central.station.start()
    sensor.wake()
    await central.connect(sensor.station.address)
    await until(lambda: central.connection is not None and sensor.is_connected)
    return sensor, central


def peripheral_end(sensor):
    (connection,) = sensor.station.device.connections.values()
    return connection


async def ask(sensor, terms):
    sensor.station.parameter_requests.ask(peripheral_end(sensor).handle, *terms)
    await until(lambda: sensor.station.parameter_requests.last_answer is not None)
    await asyncio.sleep(0.1)
    return sensor.station.parameter_requests.last_answer


def terms_of(connection):
    p = connection.parameters
    return p.connection_interval, p.peripheral_latency, p.supervision_timeout


def test_a_peripheral_asks_and_both_ends_get_it(tmp_path):
    async def story(air):
        sensor, central = await connected(air)
        assert terms_of(central.connection) == terms_of(peripheral_end(sensor)) == (30, 0, 2560)
        assert await ask(sensor, SLOW) == ACCEPTED
        assert terms_of(central.connection) == terms_of(peripheral_end(sensor)) == (200, 0, 6000)

    in_virtual_time(tmp_path, story)


@pytest.mark.parametrize(
    "terms",
    [
        (5, 40, 0, 600),  # 6.25 ms: below the shortest interval
        (80, 40, 0, 600),  # from above to below
        (160, 160, 500, 600),  # latency
        (160, 160, 15, 600),  # 16 events of 200 ms twice: 6.4 s, longer than the 6 s
        (160, 160, 0, 3201),
    ],
)
def test_what_no_controller_takes_is_rejected(tmp_path, terms):
    async def story(air):
        sensor, central = await connected(air)
        assert await ask(sensor, terms) == REJECTED
        assert terms_of(central.connection) == (30, 0, 2560)

    in_virtual_time(tmp_path, story)


def test_a_central_may_refuse(tmp_path):
    async def story(air):
        sensor, central = await connected(air)
        central.station.parameter_requests.accepts = False
        assert await ask(sensor, SLOW) == REJECTED
        assert terms_of(peripheral_end(sensor)) == (30, 0, 2560)

    in_virtual_time(tmp_path, story)


def test_the_supervision_timeout_is_the_new_one(tmp_path):
    async def story(air):
        sensor, central = await connected(air)
        await ask(sensor, SLOW)
        loop = asyncio.get_running_loop()
        air.signal_dbm = lambda _a, _b: None
        air.range_changed()
        start_s = loop.time()
        await until(lambda: central.connection is None)
        assert 5.9 < loop.time() - start_s < 6.2

    in_virtual_time(tmp_path, story)


async def read_s(central):
    """How long a read takes, on average of four."""
    loop = asyncio.get_running_loop()
    start_s = loop.time()
    for _ in range(4):
        assert await central.run(att_client.read(3, lambda _value: None)) == 0
    return (loop.time() - start_s) / 4


def test_data_travels_at_the_events_of_the_interval(tmp_path):
    async def story(air):
        sensor, central = await connected(air)
        quick_s = await read_s(central)  # one event there, one back
        assert 0.055 < quick_s < 0.075
        sensor.station.parameter_requests.ask(peripheral_end(sensor).handle, 24, 24, 3, 600)
        await asyncio.sleep(0.4)
        assert terms_of(central.connection) == (30, 3, 6000)
        sleepy_s = await read_s(central)  # the sensor listens to every fourth event
        assert 0.11 < sleepy_s < 0.17

    in_virtual_time(tmp_path, story, follows_intervals=True)


def test_an_event_carries_as_much_as_fits_into_its_interval(tmp_path):
    async def story(air):
        sensor, central = await connected(air)
        values = 100
        for _ in range(values):
            pdu = bytes([att_client.HANDLE_VALUE_NOTIFICATION, 3, 0])
            sensor.station.send_att(peripheral_end(sensor).handle, pdu)
        start_s = asyncio.get_running_loop().time()
        await until(lambda: len(central.values) == values)
        events = (asyncio.get_running_loop().time() - start_s) / 0.030
        assert 8 <= events <= 11  # 12 exchanges of 2.5 ms fit between two events

    in_virtual_time(tmp_path, story, follows_intervals=True)


def test_the_default_is_the_fixed_delay():
    assert not Air().follows_intervals


def test_a_hub_hears_of_the_update_and_chose_the_first_interval():
    async def story(place: Place) -> None:
        sensor = await place.sensor(models.cuff())
        sensor.wake()
        hub = await place.hub("""
ble.active(True)
ble.gap_connect(*find("Varde Cuff"), 5000, 15_000, 15_000)
conn = wait(7)[0]
say("connected", conn)
say(wait(27) == (conn, 160, 0, 600, 0))
ble.gap_disconnect(conn)
wait(8)
""")
        await hub.until("connected")
        await place.settle(lambda: sensor.is_connected, "the sensor heard of it")
        assert terms_of(peripheral_end(sensor)) == (15, 0, 2560)
        sensor.station.parameter_requests.ask(peripheral_end(sensor).handle, *SLOW)
        assert await hub.finish() == ["True"]

    in_place(story)


def test_a_hub_as_peripheral_hears_what_its_central_sets():
    async def story(place: Place) -> None:
        hub = await place.hub("""
ble.active(True)
ble.gap_advertise(20_000, b"\\x02\\x01\\x06")
conn = wait(1)[0]
say("connected")
say(wait(27) == (conn, 160, 0, 600, 0))
""")
        await place.settle(lambda: "hub" in place.radios and place.radios["hub"].is_active(), "on")
        central = Central(place.air)
        await central.station.start()
        await central.connect(place.radios["hub"].station.address)
        await hub.until("connected")
        handle = central.connection.handle
        await central.station.device.update_connection_parameters(
            central.station.device.connections[handle], 200, 200, 0, 6000
        )
        assert await hub.finish() == ["True"]

    in_place(story)
