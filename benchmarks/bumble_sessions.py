"""Sensor sessions between two devices of Bumble as it is shipped: the peer of bench_radio.

A session: advertise, connect, discover the service and its characteristics, subscribe, one
confirmed indication, disconnect. Real time, many pairs at once on a link each (one link for all
costs more, see Bumble's LocalLink); CPU seconds of this process count. Prints sessions a second
of CPU. Imports nothing of the simulator, which would speed Bumble up.
"""

import asyncio
import sys
import time

from bumble.controller import Controller
from bumble.core import UUID
from bumble.device import Device, Peer
from bumble.gatt import Characteristic, Service
from bumble.hci import Address
from bumble.host import Host
from bumble.link import LocalLink

PAIRS = 100
SERVICE, VALUE = UUID.from_16_bits(0x1810), UUID.from_16_bits(0x2A35)


def device(name: str, number: int, link: LocalLink) -> Device:
    controller = Controller(name, link=link)
    address = Address(f"{'F0' if name == 'hub' else 'E0'}:00:00:00:{number >> 8:02X}:"
                      f"{number & 255:02X}", Address.RANDOM_DEVICE_ADDRESS)  # fmt: skip
    return Device(name, address=address, host=Host(controller, controller))


async def pair(number: int) -> tuple[Device, Device, Characteristic]:
    link = LocalLink()
    hub, sensor = device("hub", number, link), device("sensor", number, link)
    value = Characteristic(VALUE, Characteristic.Properties.INDICATE, 0, bytes(7))
    sensor.add_service(Service(SERVICE, [value]))
    await hub.power_on()
    await sensor.power_on()
    return hub, sensor, value


async def session(hub: Device, sensor: Device, value: Characteristic) -> None:
    await sensor.start_advertising()
    connection = await hub.connect(sensor.random_address)
    peer = Peer(connection)
    (found,) = await peer.discover_service(SERVICE)
    (characteristic,) = await found.discover_characteristics()
    got = asyncio.get_running_loop().create_future()
    await characteristic.subscribe(got.set_result, prefer_notify=False)
    await sensor.indicate_subscribers(value)
    await got
    await connection.disconnect()


async def main(pairs: int) -> None:
    made = [await pair(n) for n in range(pairs)]
    began_s = time.process_time()
    await asyncio.gather(*[session(*each) for each in made])
    print(f"{pairs / (time.process_time() - began_s):.1f}")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS))
