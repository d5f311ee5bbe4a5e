"""Pairing of hub VMs, with sensors in Python and with each other, by `bluetooth.BLE`."""

import ast

from simulator.air_place import Place, in_place
from simulator.security_stations import Peripheral
from varde_simulator.air.bonds import SECRET_BYTES
from varde_simulator.air.security import PairingRules

# A program that keeps secrets, and waits for events without losing others.
SECURE = """
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
