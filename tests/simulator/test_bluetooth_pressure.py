"""MicroPython's `bluetooth` in a hub VM under pressure: a flood of reports, a full heap."""

from simulator.air_place import Place, in_place
from varde_simulator.sensors import models


def test_scan_results_pile_up_bounded_and_nothing_else_is_dropped():
    # The stop's reply comes after all that the world has sent, and no event is handled between
    # `before` and its return (`_air`): however busy the machine, the whole pile has been read.
    script = """
import _air
ble.active(True)
ble.gap_scan(0, 30000, 30000, True)
say("scanning")
sys.stdin.readline()
before = len(events)  # what came before it stood still
_air.call("ble.scan_stop")
dropped = _air.dropped_scan_results()
start = time.ticks_ms()
while not (events and events[-1][0] == 6) and time.ticks_diff(time.ticks_ms(), start) < 60000:
    time.sleep_ms(1)
results = [e for e in events[before:] if e[0] == 5]
say(dropped > 0, 0 < len(results) <= 64, events[-1][0] == 6)
"""

    async def story(place: Place) -> None:
        for n in range(20):
            (await place.sensor(models.scale(), f"s{n}")).wake()
        hub = await place.hub(script)
        await hub.until("scanning")
        scanner = place.radios["hub"].scanner
        before = scanner.results
        await place.settle(lambda: scanner.results > before + 150, "heard")
        hub.process.stdin.write(b"\n")
        assert await hub.finish() == ["True True True"]

    in_place(story)


def test_reader_outlives_a_full_heap():
    script = """
import _air, gc
ble.active(True)
conn = connect("Varde Cuff")
value, end = characteristics(conn)[UUID(0x2A35)]
say("ready")
sys.stdin.readline()
hoard = []
try:
    size = 4096
    while size > 16:
        try:
            while True:
                hoard.append(bytearray(size))
        except MemoryError:
            size //= 2
except MemoryError:
    pass
ble_is_full = None
for _ in range(20000):
    pass
hoard = None
gc.collect()
subscribe(conn, value, 2)
say("value", wait(19)[2])
say(ble.active())
"""

    async def story(place: Place) -> None:
        sensor = await place.sensor(models.cuff())
        hub_ready = models.BLOOD_PRESSURE_MEASUREMENT
        sensor.measure([(hub_ready, b"kept")])
        hub = await place.hub(script)
        await hub.until("ready")
        hub.process.stdin.write(b"\n")
        assert await hub.finish() == ["value b'kept'", "True"]

    in_place(story)


def test_what_no_frame_carries_is_an_error_and_costs_nothing():
    script = """
import errno
ble.active(True)
((value,),) = ble.gatts_register_services(((UUID(0x180F), ((UUID(0x2A19), 0x02),)),))
for n in range(20):  # more than there are places for calls under way
    for attempt, kind in (
        (lambda: ble.gatts_write(value, bytes(5000)), OSError),
        (lambda: ble.gap_advertise(2.5), TypeError),
    ):
        try:
            attempt()
            say("taken")
        except kind as error:
            if kind is OSError and error.errno != errno.ENOMEM:
                say(error)
ble.gatts_set_buffer(value, 8000, True)
ble.gatts_write(value, b"still there")
say(ble.gatts_read(value))
"""

    async def story(place: Place) -> None:
        assert await (await place.hub(script)).finish() == ["b'still there'"]

    in_place(story)
