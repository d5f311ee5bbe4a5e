"""Pairing of hub VMs, with sensors in Python and with each other, by `bluetooth.BLE`."""

import ast

import pytest

from simulator.air_place import Place, in_place
from simulator.security_stations import Peripheral
from varde_simulator.air.bonds import SECRET_BYTES
from varde_simulator.air.security import PairingRules

# A program that keeps secrets, and waits for events without losing others.
SECURE = """
import errno
secrets = {}
asked = []
def secure(number, args):
    if number == 29:
        kind, index, key = args
        asked.append((29, kind, index, key and bytes(key)))
        if key is not None:
            return secrets.get((kind, bytes(key)))
        found = [k for k in secrets if k[0] == kind]
        found.sort()
        return secrets[found[index]] if index < len(found) else None
    if number == 30:
        kind, key, value = args
        asked.append((30, kind, bytes(key), value and len(value)))
        if value is None:
            return secrets.pop((kind, bytes(key)), None) is not None
        secrets[kind, bytes(key)] = bytes(value)
        return True
    events.append((number, copied(args)))
ble.irq(secure)
def read(conn, handle):
    ble.gattc_read(conn, handle)
    return wait(16)[2]
def secured(conn):
    return wait(28)[1:]
def answer(conn, action, number):
    asked_conn, asked_action, shown = wait(31)
    say("asked", asked_conn == conn, asked_action, shown > 0)
    try:
        ble.gap_passkey(conn, action, number)
    except OSError as error:
        assert error.errno == errno.ENOENT  # the peer has given up meanwhile
"""
# A hub that serves: what wants nothing, encryption, authentication.
SERVER = """
def serve():
    ((open_, encrypted, authenticated),) = ble.gatts_register_services(
        ((UUID(0xAA00), (
            (UUID(0xAA01), 0x0A), (UUID(0xAA02), 0x120A | 0x200), (UUID(0xAA03), 0x240A | 0x400),
        )),)
    )
    return open_, encrypted, authenticated
def shout():
    ble.gap_advertise(20000, b"\\x02\\x01\\x06\\x07\\x09secure")
"""
NAMED = b"\x02\x01\x06\x07\x09secure"


async def sensor(place: Place, rules: PairingRules | None, name: str = "secure") -> Peripheral:
    peripheral = Peripheral(place.air, name, rules)
    await peripheral.station.start()
    await peripheral.advertise(NAMED)
    return peripheral


def test_hub_pairs_with_a_sensor_and_meets_it_again_after_a_restart():
    first = """
ble.config(bond=True)
ble.active(True)
conn = connect("secure")
table = characteristics(conn)
open_, encrypted = table[UUID(0xAA01)][0], table[UUID(0xAA02)][0]
say(read(conn, open_), read(conn, encrypted))
asked.clear()
ble.gap_pair(conn)
say(*secured(conn))
say(read(conn, encrypted))
say([a[:2] for a in asked], [a[3] for a in asked if a[0] == 30])
print("secrets", secrets)
ble.gap_disconnect(conn)
wait(8)
"""
    second = """
secrets.update(%r)
ble.config(bond=True)
ble.active(True)
say([a[:3] for a in asked])
asked.clear()
conn = connect("secure")
table = characteristics(conn)
say(read(conn, table[UUID(0xAA02)][0]))
ble.gap_pair(conn)
say(*secured(conn))
say(read(conn, table[UUID(0xAA02)][0]))
say([a[:3] for a in asked])
"""

    async def story(place: Place) -> None:
        peripheral = await sensor(place, PairingRules())
        lines = await (await place.hub(SECURE + first)).finish()
        assert lines[:3] == ["0 261", "1 0 1 16", "0"]
        assert lines[3] == f"[(29, 2), (30, 1), (30, 2)] {[SECRET_BYTES] * 2}"
        secrets = ast.literal_eval(lines[4].removeprefix("secrets "))
        assert sorted(kind for kind, _ in secrets) == [1, 2, 10]
        assert SECRET_BYTES <= 120  # a hub stores them one by one
        peripheral.station.pairing.accepts = lambda: False
        await peripheral.advertise(NAMED)
        lines = await (await place.hub(SECURE + second % (secrets,))).finish()
        assert lines[0] == "[(29, 10, 0), (29, 2, 0), (29, 2, 1)]"
        assert lines[1:4] == ["271", "1 0 1 16", "0"]
        assert lines[4] == "[(29, 2, 0)]"

    in_place(story)


CENTRAL = """
ble.config(bond=True, mitm=True, io=%d, le_secure=%s)
ble.active(True)
conn = connect("secure")
table = characteristics(conn)
ble.gap_pair(conn)
%s
say(*secured(conn))
say(read(conn, table[UUID(0xAA03)][0]))
ble.gap_disconnect(conn)
wait(8)
"""
PERIPHERAL = """
ble.config(bond=True, mitm=True, io=%d, le_secure=%s)
ble.active(True)
serve()
shout()
conn = wait(1)[0]
%s
say(*secured(conn))
wait(2)
"""
YES, NO = "1 1 1 16", "0 0 0 0"
REFUSED = 0x100 + 0x05


@pytest.mark.parametrize(
    ("central", "peripheral", "result"),
    [
        # io, then what is answered: (action, number)
        ((2, (2, 123456)), (0, (3, 123456)), YES),  # typed at the central
        ((0, (3, 0)), (2, (2, 0)), YES),  # typed at the peripheral
        ((2, (2, 42)), (0, (3, 43)), NO),
        ((4, (4, 1)), (4, (4, 1)), YES),  # the same number on both
        ((4, (4, 0)), (4, (4, 1)), NO),
        ((4, (4, 1)), (4, (4, 0)), NO),
        ((3, None), (0, None), "1 0 1 16"),  # nothing to type with: just works
    ],
)
@pytest.mark.parametrize("secure", [True, False])
def test_two_hubs_pair_by_passkey_and_by_comparison(central, peripheral, result, secure):
    if not secure and central[0] == peripheral[0] == 4:
        central, peripheral = (4, (3, 7)), (4, (2, 7))  # legacy compares nothing
        result = YES

    def script(text: str, side: tuple) -> str:
        io, given = side
        return text % (io, secure, f"answer(conn, {given[0]}, {given[1]})" if given else "")

    async def story(place: Place) -> None:
        server = await place.hub(SECURE + SERVER + script(PERIPHERAL, peripheral), "server")
        client = await place.hub(SECURE + script(CENTRAL, central), "client")
        lines = await client.finish()
        status = 0 if result == YES else REFUSED
        compares = bool(central[1]) and central[1][0] == 4
        question = [f"asked True {central[1][0]} {compares}"] if central[1] else []
        assert lines == [*question, result, str(status)]
        assert (await server.finish())[-1] == result

    in_place(story)
