"""Stations with something to protect, for the tests of pairing."""

import asyncio

from bumble import core, gatt

from simulator.air_central import Central, until
from varde_simulator.air import att_client
from varde_simulator.air.controller import ADV_IND
from varde_simulator.air.security import SecurityChange
from varde_simulator.air.station import RANDOM_STATIC, Station, address_of

P = gatt.Characteristic.Permissions
OPEN, ENCRYPTED, AUTHENTICATED = 0xAA01, 0xAA02, 0xAA03
JUST_WORKS = SecurityChange(True, False, True, 16)
BY_PASSKEY = SecurityChange(True, True, True, 16)


class Peripheral:
    """A station with one open, one encrypted and one authenticated characteristic."""

    def __init__(self, air, name="peripheral", rules=None):
        self.station = Station(air, name, address_of(name, RANDOM_STATIC))
        self.station.pairing = rules
        self.station.on_connection = self._on_connection
        self.station.on_secured = lambda _connection, change: self.changes.append(change)
        self.changes = []
        self.connection = None
        read = P.READABLE | P.WRITEABLE
        needs = {
            OPEN: read,
            ENCRYPTED: read | P.READ_REQUIRES_ENCRYPTION | P.WRITE_REQUIRES_ENCRYPTION,
            AUTHENTICATED: read | P.READ_REQUIRES_AUTHENTICATION | P.WRITE_REQUIRES_AUTHENTICATION,
        }
        built = [
            gatt.Characteristic(
                core.UUID.from_16_bits(uuid),
                gatt.Characteristic.Properties.READ | gatt.Characteristic.Properties.WRITE,
                permissions,
                b"value",
            )
            for uuid, permissions in needs.items()
        ]
        server = self.station.device.gatt_server
        server.add_service(gatt.Service(core.UUID.from_16_bits(0xAA00), built))

    async def advertise(self, data=b"\x02\x01\x06"):
        await self.station.advertise(ADV_IND, 20_000, data, b"")

    def _on_connection(self, connection):
        self.connection = connection
        connection.once("disconnection", self._on_disconnection)

    def _on_disconnection(self, reason):
        self.connection = None
        self.ended = reason


class SecureCentral(Central):
    def __init__(self, air, name="central", rules=None):
        super().__init__(air, name)
        self.station.pairing = rules
        self.changes = []
        self.station.on_secured = lambda _connection, change: self.changes.append(change)

    def _on_disconnection(self, reason):
        self.ended = reason
        super()._on_disconnection(reason)

    def pair(self):
        self.station.pair(self.connection.handle)

    async def status(self, uuid):
        """Of a read."""
        return await self.run(att_client.read(self.handles[uuid], lambda _value: None))

    async def write_status(self, uuid):
        return await self.run(att_client.write(self.handles[uuid], b"new", 23))

    async def hang_up(self):
        await self.station.disconnect(self.connection.handle)
        await until(lambda: self.connection is None)


async def meet(air, central_rules, peripheral_rules, label=""):
    """A connected pair, discovered."""
    peripheral = Peripheral(air, "peripheral" + label, peripheral_rules)
    central = SecureCentral(air, "central" + label, central_rules)
    await peripheral.station.start()
    await central.station.start()
    await connect(central, peripheral)
    return central, peripheral


async def connect(central, peripheral):
    await peripheral.advertise()
    await central.connect(peripheral.station.address)
    await until(lambda: central.connection and peripheral.connection)
    await central.discover()


async def paired(central, peripheral):
    central.pair()
    await until(lambda: central.changes and peripheral.changes)
    await asyncio.sleep(0.1)


def malformed(chance):
    """PDUs a hostile peer may send: any code, any length, any contents; sometimes almost right."""
    code = chance.choice(range(0x10))
    if chance.random() < 0.1:
        return b""
    right = {
        1: 6,
        2: 6,
        3: 16,
        4: 16,
        5: 1,
        6: 16,
        7: 10,
        8: 16,
        9: 7,
        10: 16,
        11: 1,
        12: 64,
        13: 16,
    }
    length = right.get(code, 3) if chance.random() < 0.7 else chance.randrange(80)
    body = chance.randbytes(length)
    if code in (1, 2) and chance.random() < 0.7:
        body = bytes([chance.randrange(5), 0, chance.choice((1, 5, 9, 13)), 16, 3, 3])
    return bytes([code]) + body
