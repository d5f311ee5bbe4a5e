"""A call returns before its consequence is seen, even where the air takes no time at all."""

from simulator.air_place import Place, in_place
from varde_simulator.air.station import address_bytes
from varde_simulator.sensors import models

SCRIPT = """
import gc
seen = []
def watching(number, args):
    seen.append(number)
    handler(number, args)
ble.irq(watching)
ble.active(True)
ble.gap_connect(1, ADDRESS)
conn = wait(7)[0]
early = 0
for n in range(300):
    del seen[:]
    seen.append(ble.gattc_read(conn, 3))
    early += seen[0] is not None
    wait(16)
    if not n % 50:
        gc.collect()
say("reads", early)
del seen[:]
seen.append(ble.gap_disconnect(conn))
wait(8)
say(seen)
"""


def test_an_event_never_overtakes_the_return_of_its_call():
    async def story(place: Place) -> None:
        sensor = await place.sensor(models.cuff())
        address = address_bytes(sensor.station.address)
        hub = await place.hub(f"ADDRESS = {address!r}\n" + SCRIPT)
        sensor.wake()
        assert await hub.finish() == ["reads 0", "[True, 8]"]

    in_place(story, latency_us=0)
