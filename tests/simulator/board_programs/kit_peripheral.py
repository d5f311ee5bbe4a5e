"""A board that is asked, written to, and tells: meets `kit_central.py` twice."""

import asyncio
import sys

import async_ble as air
import bluetooth

SERVICE = bluetooth.UUID("6a5b0001-4c1d-4f8a-9d0e-0c9a5a1f2b3c")
READ, WRITE, NOTIFY, INDICATE, READ_ENCRYPTED = 0x2, 0x8, 0x10, 0x20, 0x200
CAPTURE = 0x10000

state = air.Characteristic(bluetooth.UUID(0xA001), READ | NOTIFY, b"state")
command = air.Characteristic(bluetooth.UUID(0xA002), WRITE | CAPTURE)
report = air.Characteristic(bluetooth.UUID(0xA003), INDICATE)
secret = air.Characteristic(bluetooth.UUID(0xA004), READ | READ_ENCRYPTED, b"a secret")


async def serve():
    flags_and_name = b"\x02\x01\x06\x04\x09Kit"
    connection = await air.advertise(30_000, flags_and_name, b"\x11\x07" + bytes(SERVICE))
    print("connected")
    state.refuse = 0x80
    writes = []
    while len(writes) < 5:
        writes.append((await command.written())[1])
    print("written", writes)
    ble_handle = connection.handle
    air.ble.gatts_notify(ble_handle, state.handle, b"changed")
    print("indicated", await report.indicate(connection, b"r" * 40))
    await asyncio.wait_for_ms(connection.gone.wait(), 10000)
    print("security", connection.security)


async def main():
    air.ble.config(gap_name="Kit", bond=True, le_secure=True, io=3)
    for _ in range(2):
        air.load_secrets(sys.argv[1])
        air.ble.active(True)
        air.ble.config(mtu=128)
        air.register(SERVICE, (state, command, report, secret))
        await serve()
        air.ble.active(False)


asyncio.run(main())
