"""Sensor sessions of plain Bumble, as it is shipped: the peer of our radio's.

The same session as `tests/simulator/air_density.py`: advertise, connect, discover, subscribe, one
confirmed indication, disconnect; all pairs on one `LocalLink`. Prints sessions a second of CPU
time. Takes the number of pairs. Imports nothing of the simulator, which would speed Bumble up.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any

from bumble import controller, core, device, gatt, hci, host, link

SERVICE = core.UUID.from_16_bits(0x1810)
MEASUREMENT = core.UUID.from_16_bits(0x2A35)
VALUE = bytes(7)
LIMIT_S = 120


def make_device(air: link.LocalLink, name: str, number: int) -> device.Device:
    """With a random address: plain Bumble carries no data between public ones."""
    address = hci.Address(f"F0:00:00:{len(name):02X}:{number >> 8:02X}:{number & 0xFF:02X}")
    chip: Any = controller.Controller(f"{name}{number}", link=air)
    return device.Device(name=name, address=address, host=host.Host(chip, chip))


class Pair:
    """A sensor and a central."""

    def __init__(self, air: link.LocalLink, number: int) -> None:
        self.sensor = make_device(air, "sensor", number)
        self.central = make_device(air, "central", number)
        self.value: Any = gatt.Characteristic(
            MEASUREMENT, gatt.Characteristic.Properties.INDICATE, gatt.Characteristic.READABLE
        )
        service = gatt.Service(SERVICE, [self.value])
        self.sensor.add_service(service)

    async def start(self) -> None:
        await self.sensor.power_on()
        await self.central.power_on()

    async def session(self) -> None:
        await self.sensor.start_advertising(advertising_interval_min=20)
        connection = await self.central.connect(self.sensor.random_address)
        peer = device.Peer(connection)
        await peer.discover_services()
        await peer.discover_characteristics()
        (found,) = peer.get_characteristics_by_uuid(MEASUREMENT)
        received = asyncio.Event()
        await peer.subscribe(found, lambda _value: received.set(), prefer_notify=False)
        await self.sensor.indicate_subscribers(self.value, VALUE)
        await received.wait()
        await connection.disconnect()


async def measure(count: int) -> float:
    air = link.LocalLink()
    pairs = [Pair(air, number) for number in range(count)]
    for pair in pairs:
        await pair.start()
    start_s = time.process_time()
    await asyncio.wait_for(asyncio.gather(*[pair.session() for pair in pairs]), LIMIT_S)
    return count / (time.process_time() - start_s)


if __name__ == "__main__":
    print(f"sessions: {asyncio.run(measure(int(sys.argv[1]))):.1f} /s/core")
