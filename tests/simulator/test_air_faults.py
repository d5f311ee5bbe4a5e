"""What goes wrong on demand: reasons, refusals, lost connects, interference, distance."""

import asyncio

import pytest
from bumble import hci

from simulator.air_central import Central, in_virtual_time, until
from simulator.air_place import Place, in_place
from varde_simulator.air import faults
from varde_simulator.air.faults import Faults
from varde_simulator.air.propagation import SENSITIVITY_DBM, Propagation
from varde_simulator.air.station import address_bytes
from varde_simulator.sensors import models
from varde_simulator.sensors.virtual_sensor import VirtualSensor

SCAN = hci.HCI_LE_Set_Scan_Enable_Command
ADVERTISE = hci.HCI_LE_Set_Advertising_Enable_Command
CONNECT = hci.HCI_LE_Create_Connection_Command


async def place(air):
    sensor, central = VirtualSensor(air, models.cuff(), "sensor"), Central(air)
    await sensor.start()
    await central.station.start()
    sensor.wake()
    return sensor, central


async def connect(sensor, central):
    await central.connect(sensor.station.address)
    await until(lambda: central.connection is not None and sensor.is_connected)


def reasons(station):
    """Filled with the reasons that the host of `station` hears from now on."""
    heard = []
    for connection in station.device.connections.values():
        connection.on("disconnection", heard.append)
    return heard


@pytest.mark.parametrize(
    ("reason", "peers"),
    [
        (faults.CONNECTION_TIMEOUT, faults.CONNECTION_TIMEOUT),
        (faults.REMOTE_USER_TERMINATED, faults.LOCAL_HOST_TERMINATED),
        (faults.LOCAL_HOST_TERMINATED, faults.REMOTE_USER_TERMINATED),
        (faults.FAILED_TO_BE_ESTABLISHED, faults.FAILED_TO_BE_ESTABLISHED),
        (faults.PIN_OR_KEY_MISSING, faults.LOCAL_HOST_TERMINATED),
        (faults.MIC_FAILURE, faults.MIC_FAILURE),
    ],
)
def test_both_hosts_hear_why_a_connection_ended(tmp_path, reason, peers):
    async def story(air):
        sensor, central = await place(air)
        await connect(sensor, central)
        heard, heard_by_peer = reasons(central.station), reasons(sensor.station)
        assert Faults(air).end(central.station, reason) == 1
        await until(lambda: central.connection is None and not sensor.is_connected)
        assert (heard, heard_by_peer) == ([reason], [peers])
        assert air.pdus_in_flight == 0
        await asyncio.sleep(10)  # no timer of the ended connection says it again
        assert (heard, heard_by_peer) == ([reason], [peers])

    in_virtual_time(tmp_path, story)


def test_a_connect_request_that_is_not_heard_is_a_connection_for_six_intervals(tmp_path):
    async def story(air):
        sensor, central = await place(air)
        Faults(air).miss_connects(1)
        await central.connect(sensor.station.address)
        await until(lambda: central.connection is not None)
        start_s = asyncio.get_running_loop().time()
        heard = reasons(central.station)
        central.station.send_att(central.connection.handle, b"\x0a\x03\x00")
        await until(lambda: central.connection is None)
        assert heard == [faults.FAILED_TO_BE_ESTABLISHED]
        assert 0.17 < asyncio.get_running_loop().time() - start_s < 0.2  # six of 30 ms
        assert not sensor.is_connected
        assert sensor.station.is_advertising
        assert air.pdus_in_flight == 0
        await connect(sensor, central)  # the next one is heard

    in_virtual_time(tmp_path, story)


def test_hanging_up_a_connection_that_never_was_is_harmless(tmp_path):
    async def story(air):
        sensor, central = await place(air)
        Faults(air).miss_connects(1)
        await central.connect(sensor.station.address)
        await until(lambda: central.connection is not None)
        await central.station.disconnect(central.connection.handle)
        await until(lambda: central.connection is None)
        await connect(sensor, central)

    in_virtual_time(tmp_path, story)


def test_a_jam_shorter_than_the_supervision_timeout_only_delays(tmp_path):
    async def story(air):
        sensor, central = await place(air)
        await connect(sensor, central)
        weather = Faults(air)
        start_s = asyncio.get_running_loop().time()
        weather.jam(1.0)
        weather.jam(0.5)  # inside the other
        await central.discover()
        assert 1.0 <= asyncio.get_running_loop().time() - start_s < 1.5
        weather.jam(4.0)
        heard = reasons(central.station)
        await until(lambda: central.connection is None)
        assert heard == [faults.CONNECTION_TIMEOUT]
        await asyncio.sleep(4)
        sensor.wake()
        await connect(sensor, central)

    in_virtual_time(tmp_path, story)


def test_interference_delays_data_and_repeats_in_every_run(tmp_path):
    async def story(air, took_s):
        sensor, central = await place(air)
        await connect(sensor, central)
        Faults(air, seed=7).interfere(0.4)
        start_s = asyncio.get_running_loop().time()
        await central.discover()
        took_s.append(round(asyncio.get_running_loop().time() - start_s, 2))
        assert air.pdus_in_flight == 0

    took_s = []
    for _ in range(2):
        in_virtual_time(tmp_path, lambda air: story(air, took_s))
    assert took_s[0] == pytest.approx(took_s[1], abs=0.03)
    assert took_s[0] > 0.1  # without: 20 ms


def test_total_interference_is_a_supervision_timeout(tmp_path):
    async def story(air):
        sensor, central = await place(air)
        await connect(sensor, central)
        weather = Faults(air)
        weather.interfere(1.0)
        heard, heard_by_peer = reasons(central.station), reasons(sensor.station)
        start_s = asyncio.get_running_loop().time()
        central.station.send_att(central.connection.handle, b"\x0a\x03\x00")
        await until(lambda: central.connection is None and not sensor.is_connected)
        assert heard == heard_by_peer == [faults.CONNECTION_TIMEOUT]
        assert 2.5 < asyncio.get_running_loop().time() - start_s < 2.7
        assert air.pdus_in_flight == 0
        weather.interfere(0)
        sensor.wake()
        await connect(sensor, central)

    in_virtual_time(tmp_path, story)


def test_strength_falls_with_distance_until_nobody_hears(tmp_path):
    async def story(air):
        sensor, central = await place(air)
        home = Propagation(air, seed=1, fading_db=0)
        home.place(central.station, 0)
        strengths = []
        for distance_m in (1, 2, 8, home.range_m() - 0.1):
            home.place(sensor.station, distance_m)
            strengths.append(
                air.signal_dbm(sensor.station.controller, central.station.controller)
            )
        assert strengths == [-59, -67, -83, SENSITIVITY_DBM]
        await connect(sensor, central)
        home.place(sensor.station, home.range_m() + 0.1)
        heard = reasons(central.station)
        await until(lambda: central.connection is None)
        assert heard == [faults.CONNECTION_TIMEOUT]

    in_virtual_time(tmp_path, story)


def test_what_is_reported_fades_but_the_range_does_not(tmp_path):
    async def story(air):
        sensor, central = await place(air)
        home = Propagation(air, seed=1)
        home.place(central.station, 0)
        home.place(sensor.station, 5)
        await central.scan(active=False)
        await asyncio.sleep(3)
        strengths = [report[2] for report in central.reports]
        assert len(set(strengths)) > 5
        assert abs(sum(strengths) / len(strengths) + 78) < 2
        home.place(sensor.station, home.range_m() + 0.1)
        heard = len(central.reports)
        await asyncio.sleep(3)
        assert len(central.reports) == heard

    in_virtual_time(tmp_path, story)


def test_a_controller_that_refuses_is_an_oserror_and_the_next_try_works():
    script = """
ble.active(True)
say("on")
sys.stdin.readline()
address = bytes.fromhex(ADDRESS)
for call in (
    lambda: ble.gap_scan(100), lambda: ble.gap_advertise(20_000),
    lambda: ble.gap_connect(1, address), lambda: ble.gap_connect(1, address),
):
    for _ in range(2):
        try:
            call()
            say("done")
            break
        except OSError as error:
            say(-error.errno - 0x200)
    ble.gap_scan(None)
    ble.gap_advertise(None)
conn = wait(7)[0]
say("connected")
"""

    async def story(place: Place) -> None:
        sensor = await place.sensor(models.cuff())
        sensor.wake()
        address = address_bytes(sensor.station.address).hex()
        hub = await place.hub(f"ADDRESS = {address!r}\n" + script)
        await hub.until("on")
        station = place.radios["hub"].station
        weather = Faults(place.air)
        weather.refuse(station, SCAN, faults.COMMAND_DISALLOWED)
        weather.refuse(station, ADVERTISE, faults.MEMORY_CAPACITY_EXCEEDED)
        weather.refuse(station, CONNECT, faults.CONNECTION_LIMIT_EXCEEDED)
        weather.refuse(station, CONNECT, faults.COMMAND_DISALLOWED, times=2)
        weather.miss_connects(0)
        hub.process.stdin.write(b"\n")
        lines = await hub.finish()
        assert lines == ["12", "done", "7", "done", "9", "12", "12", "done", "connected"]

    in_place(story)
