"""A host in Python that treats virtual sensors as a good driver would, or as it is told to."""

import asyncio
import struct

from simulator.air_central import Central, until
from varde_protocols import assigned
from varde_simulator.air import att_client
from varde_simulator.air.security import PairingRules
from varde_simulator.sensors.virtual_sensor import VirtualSensor

MTU = 23


class Host(Central):
    """`changes`: every end of a pairing or encryption; `passkey`: what its person would type."""

    def __init__(self, air, name="host", passkey=None):
        super().__init__(air, name)
        self.changes = []
        io = 3 if passkey is None else 2
        self.station.pairing = PairingRules(mitm=passkey is not None, io=io, passkey=passkey)
        self.station.on_secured = lambda _connection, change: self.changes.append(change)

    async def meet(self, sensor: VirtualSensor) -> None:
        """Connected, nothing discovered."""
        await self.connect(sensor.station.address)
        await until(lambda: self.connection is not None)

    async def session(self, sensor: VirtualSensor, *services: int) -> None:
        """Connected, encrypted if the sensor can, and these services discovered."""
        await self.meet(sensor)
        if sensor.model.security is not None:
            await self.secure()
        for service in services:
            await self.discover_service(service)

    async def secure(self) -> object:
        """Encrypts, by pairing if there is no key; how that ended."""
        count = len(self.changes)
        self.station.pair(self.connection.handle)
        await until(lambda: len(self.changes) > count)
        await asyncio.sleep(0.05)
        return self.changes[-1]

    async def discover_service(self, number: int) -> bool:
        """Only this one; False if it is not there."""
        ranges = []
        uuid = assigned.raw(number)
        await self.run(att_client.discover_services(uuid, lambda *found: ranges.append(found)))
        for start, end, _ in ranges:
            await self.run(att_client.discover_characteristics(start, end, None, self._found))
        return bool(ranges)

    def _found(self, _end, value_handle, _properties, uuid):
        self.handles[assigned.number(uuid)] = value_handle

    async def write(self, characteristic: int, value: bytes) -> int:
        """The status of a write with response."""
        return await self.run(att_client.write(self.handles[characteristic], value, MTU))

    async def read_status(self, characteristic: int) -> int:
        procedure = att_client.read(self.handles[characteristic], lambda _value: None)
        return await self.run(procedure)

    async def leave(self, sensor: VirtualSensor) -> None:
        await self.station.disconnect(self.connection.handle)
        await until(lambda: not sensor.is_connected and self.connection is None)

    def of(self, characteristic: int) -> list[bytes]:
        """What came from this characteristic."""
        return [value for uuid, value in self.values if uuid == characteristic]

    async def asks(self, characteristic: int, request: bytes, answers: int = 1) -> list[bytes]:
        """Writes to a control point and waits for its answers."""
        before = len(self.of(characteristic))
        status = await self.write(characteristic, request)
        if status:
            return [struct.pack("<H", status)]
        await until(lambda: len(self.of(characteristic)) >= before + answers)
        return self.of(characteristic)[before:]


async def met(air, model, passkey=None, seed=0):
    """A started sensor and a started host."""
    sensor, host = VirtualSensor(air, model, "sensor", seed=seed), Host(air, passkey=passkey)
    await sensor.start()
    await host.station.start()
    return sensor, host


async def pairing(sensor, host):
    """The button is held, the host pairs and leaves."""
    sensor.hold_button()
    await asyncio.sleep(0.1)
    await host.meet(sensor)
    change = await host.secure()
    await host.leave(sensor)
    return change
