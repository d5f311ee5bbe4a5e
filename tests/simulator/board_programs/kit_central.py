"""A board that finds `kit_peripheral.py`, uses all it has, and meets it again with its bond."""

import asyncio
import sys

import async_ble as air
import bluetooth

SERVICE = bluetooth.UUID("6a5b0001-4c1d-4f8a-9d0e-0c9a5a1f2b3c")


async def find():
    """Address of who names the service in its scan response."""
    async with air.Scan(10_000) as scan:
        async for address, advert, rssi, data in scan:
            if advert == 4 and bytes(SERVICE) in data:
                assert rssi < 0
                return address
    raise OSError("nobody there")


async def attempt(work):
    """What it gives, or the status it was refused with."""
    try:
        return await work
    except air.GattError as error:
        return error.args[0]


async def meet():
    connection = await air.connect(*await find())
    print("mtu", await connection.exchange_mtu())
    ble = air.ble
    ((start, end, uuid),) = await connection.discover(ble.gattc_discover_services, SERVICE)
    assert uuid == SERVICE
    found = await connection.discover(ble.gattc_discover_characteristics, start, end)
    table = {uuid: (value, end) for end, value, _properties, uuid in found}
    state, command, report, secret = (table[bluetooth.UUID(0xA001 + n)] for n in range(4))
    descriptors = await connection.discover(ble.gattc_discover_descriptors, *report)
    ((cccd, _),) = [d for d in descriptors if d[1] == bluetooth.UUID(0x2902)]
    print("state", await attempt(connection.read(state[0])), await connection.read(state[0]))
    await connection.write(cccd, b"\x02\x00")
    for n in range(5):
        await connection.write(command[0], b"%d" % n)
    values = sorted((await connection.value(), await connection.value()))
    print("values", [(data, is_indication) for _, data, is_indication in values])
    if connection.security is None:
        print("secret", await attempt(connection.read(secret[0])))
        await connection.pair()
    print("secret", await connection.read(secret[0]), connection.security)
    await connection.disconnect()


async def main():
    for _ in range(2):
        air.load_secrets(sys.argv[1])
        air.ble.active(True)
        await meet()
        air.ble.active(False)
        print("secrets kept", air.saves > 0)
        await asyncio.sleep_ms(200)


asyncio.run(main())
