"""Hub VMs against virtual sensors over the air: whole sessions and what cuts them short."""

import asyncio

import pytest

from simulator.air_place import Place, in_place
from varde_simulator.sensors import models

READINGS = [(models.BLOOD_PRESSURE_MEASUREMENT, bytes([0, n, 0, 80, 0, 90, 0])) for n in range(30)]

RECEIVE = """
ble.active(True)
conn = connect("Varde Cuff")
table = characteristics(conn)
value, end = table[UUID(0x2A35)]
say("subscribed", subscribe(conn, value, 2))
for n in range(COUNT):
    args = wait(19)
    say("value", args[2].hex())
say(ble.gap_disconnect(conn))
wait(8)
ble.active(False)
"""


def confirmed(sensor):
    return [(r.characteristic, r.value) for r in sensor.ledger.confirmed]


def test_three_indications_arrive_in_order_and_are_confirmed():
    async def story(place: Place) -> None:
        sensor = await place.sensor(models.cuff())
        sensor.measure(READINGS[:3])
        hub = await place.hub("COUNT = 3\n" + RECEIVE)
        lines = await hub.finish()
        assert lines == ["subscribed 0"] + [f"value {v.hex()}" for _, v in READINGS[:3]] + ["True"]
        assert confirmed(sensor) == READINGS[:3]
        assert all(r.sent == 1 for r in sensor.ledger.readings)

    in_place(story)


def test_a_burst_of_thirty_stored_readings_loses_none():
    async def story(place: Place) -> None:
        sensor = await place.sensor(models.cuff())
        sensor.measure(READINGS)
        hub = await place.hub("COUNT = 30\n" + RECEIVE)
        lines = await hub.finish()
        assert lines[1:31] == [f"value {v.hex()}" for _, v in READINGS]
        assert confirmed(sensor) == READINGS

    in_place(story)


def test_killed_inside_the_handler_the_sensor_still_holds_the_reading():
    script = """
def slow(number, args):
    if number == 19:
        say("in handler")
        while True:
            pass
    events.append((number, copied(args)))
ble.irq(slow)
ble.active(True)
conn = connect("Varde Cuff")
value, end = characteristics(conn)[UUID(0x2A35)]
subscribe(conn, value, 2)
wait(99, 60000)
"""

    async def story(place: Place) -> None:
        sensor = await place.sensor(models.cuff())
        sensor.measure(READINGS[:2])
        hub = await place.hub(script)
        await hub.until("in handler")
        await hub.kill()
        await place.settle(lambda: not sensor.is_connected, "the sensor noticed")
        assert sensor.ledger.confirmed == []
        assert sensor.ledger.readings[0].sent == 1
        again = await place.hub("COUNT = 2\n" + RECEIVE)
        await again.finish()
        assert confirmed(sensor) == READINGS[:2]
        assert [r.sent for r in sensor.ledger.readings] == [2, 1]

    in_place(story)


def test_confirmation_waits_for_the_handler_to_return():
    script = """
def slow(number, args):
    if number == 19:
        say("in handler")
        sys.stdin.readline()
        say("leaving")
    events.append((number, copied(args)))
ble.irq(slow)
ble.active(True)
conn = connect("Varde Cuff")
value, end = characteristics(conn)[UUID(0x2A35)]
subscribe(conn, value, 2)
wait(19)
say("done")
"""

    async def story(place: Place) -> None:
        sensor = await place.sensor(models.cuff())
        sensor.measure(READINGS[:1])
        hub = await place.hub(script)
        await hub.until("in handler")
        await asyncio.sleep(0.1)  # fifty connection events: time enough for a hasty confirmation
        assert sensor.ledger.confirmed == []
        hub.process.stdin.write(b"\n")
        await hub.until("leaving")
        await place.settle(lambda: bool(sensor.ledger.confirmed), "confirmed")

    in_place(story)


HANG_UP = """
ble.active(True)
conn = connect("Varde Cuff")
say("connected")
if STAGE != "connected":
    ble.gattc_discover_services(conn)
    if STAGE == "discovering":
        say("discovering")
        status = wait(10)[1]
        say("status", status in (0, 7))
    else:
        wait(10)
        value, end = characteristics(conn)[UUID(0x2A35)]
        subscribe(conn, value, 2)
        say("subscribed")
        if STAGE == "receiving":
            wait(19)
            say("receiving")
conn2, kind, address = wait(8)
say("gone", conn2 == conn)
try:
    ble.gattc_read(conn, 3)
except OSError as error:
    import errno
    say(error.errno == errno.ENOTCONN)
say(ble.gap_disconnect(conn))
"""


@pytest.mark.parametrize("stage", ["connected", "discovering", "subscribed", "receiving"])
def test_the_sensor_hangs_up_at_every_stage(stage):
    script = f"STAGE = {stage!r}\n" + HANG_UP

    async def story(place: Place) -> None:
        sensor = await place.sensor(models.cuff())
        sensor.measure(READINGS[:5])
        hub = await place.hub(script)
        await hub.until(stage)
        sensor.hang_up()
        lines = await hub.finish()
        assert lines[-3:] == ["gone True", "True", "False"]
        held, sure = sensor.ledger.held, sensor.ledger.confirmed
        assert len(held) + len(sure) == 5

    in_place(story)


def test_connect_to_nobody_times_out():
    script = """
import errno
ble.active(True)
start = time.ticks_ms()
ble.gap_connect(0, b"\\x00\\x11\\x22\\x33\\x44\\x55", 300)
try:
    ble.gap_connect(0, b"\\x00\\x11\\x22\\x33\\x44\\x55", 300)
except OSError as error:
    say(error.errno == errno.EALREADY)
say(wait(8))
say(300 <= time.ticks_diff(time.ticks_ms(), start) < 900)
ble.gap_connect(0, b"\\x00\\x11\\x22\\x33\\x44\\x55", 60000)
ble.gap_connect(None)
say(wait(8)[0])
try:
    ble.gap_connect(None)
except OSError as error:
    say(error.errno == errno.EALREADY)
"""

    async def story(place: Place) -> None:
        hub = await place.hub(script)
        nobody = "(65535, 255, b'\\x00\\x00\\x00\\x00\\x00\\x00')"
        assert await hub.finish() == ["True", nobody, "True", "65535", "True"]

    in_place(story)


def test_of_two_hubs_one_gets_the_sensor():
    script = """
ble.active(True)
kind, address = find("Varde Cuff")
say("found")
sys.stdin.readline()
ble.gap_connect(kind, address, 1500)
number = None
while number not in (7, 8):
    while not events:
        time.sleep_ms(1)
    number, args = events.pop(0)
say("connected" if number == 7 else "refused")
if number == 7:
    sys.stdin.readline()
    ble.gap_disconnect(args[0])
    wait(8)
"""

    async def story(place: Place) -> None:
        sensor = await place.sensor(models.cuff())
        sensor.wake()
        hubs = [await place.hub(script, f"hub{n}") for n in range(2)]
        for hub in hubs:
            await hub.until("found")
        for hub in hubs:
            hub.process.stdin.write(b"\n")
        outcomes = sorted([await hub.line() for hub in hubs])
        assert outcomes == ["connected", "refused"]
        assert sensor.ledger.connections == 1
        for hub in hubs:
            hub.process.stdin.write(b"\n")
            await hub.finish()

    in_place(story)


def test_sensor_dies_and_the_hub_learns_by_the_supervision_timeout():
    script = """
ble.active(True)
conn = connect("Varde Cuff")
value, end = characteristics(conn)[UUID(0x2A35)]
say("ready")
start = time.ticks_ms()
wait(8)
say("gone", 1500 < time.ticks_diff(time.ticks_ms(), start) < 5000)
"""

    async def story(place: Place) -> None:
        sensor = await place.sensor(models.cuff())
        sensor.measure(READINGS[:1])
        hub = await place.hub(script)
        await hub.until("ready")
        sensor.battery_out()
        assert await hub.finish() == ["gone True"]

    in_place(story)


def test_world_gone_every_call_fails_and_nothing_hangs():
    script = """
ble.active(True)
conn = connect("Varde Cuff")
say("ready")
sys.stdin.readline()
import errno
for call in (lambda: ble.gattc_read(conn, 3), lambda: ble.gap_scan(0), lambda: ble.config("mac")):
    try:
        call()
        say("answered")
    except OSError as error:
        say(error.errno == errno.ENODEV)
say(ble.active())
"""

    async def story(place: Place) -> None:
        sensor = await place.sensor(models.cuff())
        sensor.wake()
        hub = await place.hub(script)
        await hub.until("ready")
        place.channels["hub"].close()
        hub.process.stdin.write(b"\n")
        assert await hub.finish() == ["True", "True", "True", "False"]

    in_place(story)


def test_world_dies_while_a_call_waits():
    script = """
import _air
ble.active(True)
say("ready")
sys.stdin.readline()
import errno
try:
    _air.call("never")
except OSError as error:
    say(error.errno == errno.ENODEV)
"""

    async def story(place: Place) -> None:
        hub = await place.hub(script)
        waits = []

        async def never() -> None:
            waits.append(True)
            await asyncio.get_running_loop().create_future()

        await hub.until("ready")
        place.channels["hub"].handle("never", never)
        hub.process.stdin.write(b"\n")
        await place.settle(lambda: bool(waits), "the call waits")
        place.channels["hub"].close()
        assert (await hub.finish())[-1] == "True"

    in_place(story)
