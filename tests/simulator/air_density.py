"""How many sensor sessions a second one core carries: `python tests/simulator/air_density.py`.

A session is measure, advertise, connect, discover, subscribe, one confirmed indication, hang up;
both ends are in this process. CPU time, so other processes do not count. The stations stand before
the clock starts, out of the garbage collector's sight: otherwise the figure says how many of its
full rounds happened to fall into it.
"""

import asyncio
import gc
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "simulator")]

from simulator.air_central import Central, in_virtual_time, until  # noqa: E402
from varde_simulator.air.link import Air  # noqa: E402
from varde_simulator.sensors import models  # noqa: E402
from varde_simulator.sensors.virtual_sensor import VirtualSensor  # noqa: E402

PAIRS = 200


async def session(sensor: VirtualSensor, central: Central) -> None:
    sensor.measure([(models.BLOOD_PRESSURE_MEASUREMENT, bytes(7))])
    await central.connect(sensor.station.address)
    await until(lambda: central.connection is not None)
    await central.discover()
    await central.subscribe(models.BLOOD_PRESSURE_MEASUREMENT, 2)
    await until(lambda: sensor.ledger.confirmed)
    await central.station.disconnect(central.connection.handle)
    await until(lambda: not sensor.is_connected and central.connection is None)


async def measure(air: Air) -> None:
    start_s = time.process_time()
    pairs = []
    for n in range(PAIRS):
        pair = VirtualSensor(air, models.cuff(), f"sensor{n}"), Central(air, f"central{n}")
        await pair[0].start()
        await pair[1].station.start()
        pairs.append(pair)
    created_s = time.process_time()
    gc.collect()
    gc.freeze()
    begun_s = time.process_time()
    await asyncio.gather(*[session(*pair) for pair in pairs])
    done_s = time.process_time()
    print(f"stations: {(created_s - start_s) / PAIRS / 2 * 1000:.2f} ms each")
    print(f"sessions: {PAIRS / (done_s - begun_s):.0f} /s/core")


if __name__ == "__main__":
    in_virtual_time(Path(tempfile.mkdtemp()), measure)
