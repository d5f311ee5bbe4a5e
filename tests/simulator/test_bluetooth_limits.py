"""The ESP32's limits, several connections at once, and who gets a sensor that two want."""

import asyncio

from simulator.air_central import Central, until
from simulator.air_place import Place, in_place
from varde_simulator.air.station import address_bytes
from varde_simulator.sensors import models

FIVE_SENSORS = """
import errno
ble.active(True)
def reach(n):
    ble.gap_connect(*ADDRESSES[n])
    return wait(7)[0]
connections = [reach(n) for n in range(4)]
say(len(set(connections)))
for conn in connections:  # all four at once
    ble.gattc_read(conn, 3)
names = {}
while len(names) < 4:
    conn, _, data = wait(15)
    names[conn] = bytes(data)
say([names[conn] for conn in connections])
for call in (lambda: ble.gap_connect(1, bytes(6)), lambda: ble.gap_advertise(20_000)):
    try:
        call()
        say("allowed")
    except OSError as error:
        say(error.errno == errno.ENOMEM)
ble.gap_advertise(20_000, b"\\x02\\x01\\x06", connectable=False)
say("beacon")
ble.gap_advertise(None)
ble.gap_disconnect(connections[1])
say(wait(8)[0] == connections[1])
connections[1] = reach(4)
say("fifth", len(set(connections)))
"""


def address_on_hub(sensor):
    address = sensor.station.address
    return int(address.address_type), address_bytes(address)


def test_four_connections_each_with_its_own_procedures_and_no_fifth():
    async def story(place: Place) -> None:
        sensors = [await place.sensor(models.cuff(), f"sensor{n}") for n in range(5)]
        addresses = [address_on_hub(sensor) for sensor in sensors]
        hub = await place.hub(f"ADDRESSES = {addresses!r}\n" + FIVE_SENSORS)
        for sensor in sensors:
            sensor.measure([(models.BLOOD_PRESSURE_MEASUREMENT, bytes(7))])
        lines = await hub.finish()
        names = repr([b"Varde Cuff"] * 4)
        assert lines == ["4", names, "True", "True", "beacon", "True", "fifth 4"]

    in_place(story)


def test_eight_services_and_no_ninth():
    script = """
ble.active(True)
service = lambda n: (UUID(0xA000 + n), ((UUID(0xB000 + n), bluetooth.FLAG_READ),))
say(len(ble.gatts_register_services([service(n) for n in range(8)])))
try:
    ble.gatts_register_services([service(n) for n in range(9)])
except OSError as error:
    say(error.errno == 7)  # E2BIG
"""

    async def story(place: Place) -> None:
        hub = await place.hub(script)
        assert await hub.finish() == ["8", "True"]

    in_place(story)


def test_a_sensor_has_one_central_and_the_other_gets_it_afterwards():
    script = """
ble.active(True)
ble.gap_connect(ADDRESS[0], ADDRESS[1], 10_000)
conn = wait(7)[0]
say("mine")
wait(8)
say("lost")
ble.gap_connect(ADDRESS[0], ADDRESS[1], 500)
say(wait(8)[:2])  # in use: it does not advertise
ble.gap_connect(ADDRESS[0], ADDRESS[1], 10_000)
wait(7)
say("mine again")
ble.active(False)
"""

    async def story(place: Place) -> None:
        sensor = await place.sensor(models.cuff())
        hub = await place.hub(f"ADDRESS = {address_on_hub(sensor)!r}\n" + script)
        sensor.wake()
        await hub.until("mine")
        rival = Central(place.air)
        await rival.station.start()
        await rival.connect(sensor.station.address)
        await asyncio.sleep(0.2)
        assert rival.connection is None
        sensor.hang_up()
        await hub.until("lost")
        sensor.measure([(models.BLOOD_PRESSURE_MEASUREMENT, bytes(7))])
        await until(lambda: rival.connection is not None)
        assert await hub.line() == "(65535, 255)"
        await rival.station.disconnect(rival.connection.handle)
        sensor.wake()
        assert await hub.finish() == ["mine again"]

    in_place(story)


def test_more_than_31_bytes_are_refused_as_by_nimble():
    script = """
def attempt(*args, **more):
    try:
        ble.gap_advertise(20_000, *args, **more)
        say("on")
    except OSError as error:
        say(error.errno)
ble.active(True)
attempt(bytes(31), resp_data=bytes(31))
attempt(bytes(32))
attempt(b"\\x02\\x01\\x06\\x04\\x09two", resp_data=bytes(32))
sys.stdin.readline()
attempt()
sys.stdin.readline()
"""

    async def story(place: Place) -> None:
        central = Central(place.air)
        await central.station.start()
        hub = await place.hub(script)
        assert [await hub.line() for _ in range(3)] == ["on", "-18", "-18"]
        await central.scan()
        await asyncio.sleep(0.1)
        assert central.reports == []  # off since it was refused
        hub.process.stdin.write(b"\n")
        assert await hub.line() == "on"
        await place.settle(lambda: len(central.reports) > 1, "advertises")
        # What was set before the refusal counts.
        assert {data for _, data, _ in central.reports} == {b"\x02\x01\x06\x04\x09two", bytes(31)}
        hub.process.stdin.write(b"\n")
        await hub.finish()

    in_place(story)
