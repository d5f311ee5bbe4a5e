"""Private addresses: rotated by sensors and hubs, resolved by those who are bonded."""

import ast
import asyncio
import random

from bumble import hci

from simulator.air_central import in_virtual_time, until
from simulator.air_place import Place, in_place
from simulator.security_programs import NAMED, SECURE, SERVER, hub_lines
from simulator.security_stations import ENCRYPTED, JUST_WORKS, Peripheral, SecureCentral, paired
from varde_simulator.air import privacy
from varde_simulator.air.security import PairingRules
from varde_simulator.air.station import address_bytes

IRK = bytes.fromhex("ec0234a357c8ad05341010a60a397d9b")


def test_address_hash_is_the_specifications():
    # Core 5.4, Vol 3, Part H, appendix D.7: prand 0x708194 gives 0x0dfbaa.
    address = hci.Address(bytes.fromhex("7081940dfbaa")[::-1], hci.Address.RANDOM_DEVICE_ADDRESS)
    assert privacy.resolves(IRK[::-1], address)
    assert not privacy.resolves(bytes(16), address)


def test_kinds_of_random_addresses():
    chance = random.Random(1)
    for _ in range(50):
        made = privacy.resolvable_address(IRK, chance)
        assert made.is_resolvable
        assert privacy.resolves(IRK, made)
        assert privacy.static_address(chance).is_static
        other = privacy.unresolvable_address(chance)
        assert not other.is_resolvable
        assert not other.is_static


async def private(air, rules, name="peripheral"):
    peripheral = Peripheral(air, name, rules)
    peripheral.station.rotation_s = 900.0
    await peripheral.station.start()
    return peripheral


def shown(peripheral):
    return peripheral.station.controller.random_address


def test_rotating_peripheral_is_known_to_bonded_centrals_only(tmp_path):
    async def story(air):
        peripheral = await private(air, PairingRules())
        friend = SecureCentral(air, "friend", PairingRules())
        stranger = SecureCentral(air, "stranger", PairingRules())
        await friend.station.start()
        await stranger.station.start()
        await peripheral.advertise()
        first = shown(peripheral)
        assert first.is_resolvable
        await friend.connect(first)
        await until(lambda: friend.connection and peripheral.connection)
        assert friend.connection.peer_address == first
        await friend.discover()
        await paired(friend, peripheral)
        identity = peripheral.station.address
        assert friend.station.bonds.has(identity)
        assert friend.connection.peer_address == identity
        await friend.hang_up()

        await asyncio.sleep(901)
        assert shown(peripheral) != first
        assert first not in air._by_address
        await peripheral.advertise()
        heard = {}
        for central in (friend, stranger):
            heard[central] = set()
            central.station.on_report = lambda report, of=heard[central]: of.add(
                (int(report.address.address_type), bytes(report.address))
            )
            await central.scan()
        await asyncio.sleep(0.3)
        assert heard[friend] == {(hci.AddressType.RANDOM_IDENTITY, bytes(identity))}
        assert heard[stranger] == {(hci.AddressType.RANDOM_DEVICE, bytes(shown(peripheral)))}

        await friend.stop_scan()
        await friend.connect(hci.Address(bytes(identity), hci.AddressType.RANDOM_IDENTITY))
        await until(lambda: friend.connection and peripheral.connection)
        assert friend.connection.peer_address == identity
        friend.pair()
        await until(lambda: len(friend.changes) == len(peripheral.changes) == 2)
        assert friend.changes[1] == peripheral.changes[1] == JUST_WORKS
        assert await friend.status(ENCRYPTED) == 0

    in_virtual_time(tmp_path, story)


def test_rotation_while_connected_ends_nothing(tmp_path):
    async def story(air):
        peripheral = await private(air, PairingRules())
        central = SecureCentral(air, "friend", PairingRules())
        await central.station.start()
        await peripheral.advertise()
        await central.connect(shown(peripheral))
        await until(lambda: central.connection and peripheral.connection)
        await central.discover()
        await asyncio.sleep(3 * 901)
        await paired(central, peripheral)
        assert central.changes == peripheral.changes == [JUST_WORKS]
        assert await central.status(ENCRYPTED) == 0

    in_virtual_time(tmp_path, story)


FINDS = """
ble.config(bond=True)
ble.active(True)
ble.gap_scan(0, 30000, 30000, True)
while True:
    found = wait(5)
    if b"secure" in found[4]:
        break
ble.gap_scan(None)
say(found[0], found[1].hex())
ble.gap_connect(found[0], found[1])
conn, kind, address = wait(7)
say(kind, address.hex())
ble.gap_pair(conn)
say(*secured(conn))
ble.gap_disconnect(conn)
_, kind, address = wait(8)
say(kind, address.hex())
"""


def test_hub_sees_the_identity_of_a_bonded_sensor():
    async def story(place: Place) -> None:
        peripheral = Peripheral(place.air, "secure", PairingRules())
        peripheral.station.rotation_s = 900.0
        await peripheral.station.start()
        identity = address_bytes(peripheral.station.address).hex()
        await peripheral.advertise(NAMED)
        private = address_bytes(shown(peripheral)).hex()
        lines, secrets = await hub_lines(place, FINDS)
        # Its identity is told in the pairing: the end of this connection has it, not the start.
        assert lines == [f"1 {private}", f"1 {private}", "1 0 1 16", f"1 {identity}"]
        await peripheral.station.own_address.show_resolvable()
        assert address_bytes(shown(peripheral)).hex() != private
        await peripheral.advertise(NAMED)
        lines, _ = await hub_lines(place, FINDS, secrets)
        assert lines == [f"3 {identity}", f"1 {identity}", "1 0 1 16", f"1 {identity}"]

    in_place(story)


def test_address_modes_of_a_hub():
    script = """
ble.active(True)
public = ble.config("mac")
ble.config(addr_mode=1)
static = ble.config("mac")
say(public[0], static[0], static[1][0] >> 6, public[1] != static[1])
ble.config(addr_mode=3)
say(ble.config("mac")[0], ble.config("mac")[1][0] >> 6)
ble.config(addr_mode=2)
try:
    ble.config("mac")
except OSError as error:
    say(error.errno == errno.EINVAL)
ble.config(addr_mode=0)
say(ble.config("mac") == public)
try:
    ble.config(addr_mode=4)
except OSError as error:
    say(error.errno == errno.EINVAL)
"""

    async def story(place: Place) -> None:
        lines, _ = await hub_lines(place, script)
        assert lines == ["0 1 3 True", "1 0", "True", "True", "True"]

    in_place(story)


def test_hub_with_private_addresses_is_met_again_by_its_identity():
    server = """
ble.config(bond=True)
ble.active(True)
mac = ble.config("mac")
ble.config(addr_mode=2)
serve()
shout()
conn = wait(1)[0]
wait(2)
say(mac[0], mac[1].hex())
"""

    async def story(place: Place) -> None:
        secrets, kept = {}, {}
        for again in (False, True):
            text = SECURE + SERVER + f"secrets.update({kept!r})\n" + server
            serving = await place.hub(text + "print(secrets)\n", "server")
            lines, secrets = await hub_lines(place, FINDS, secrets)
            mac, kept_text = await serving.finish()
            kept = ast.literal_eval(kept_text)
            assert lines[2:] == ["1 0 1 16", mac]
            if again:
                assert lines[1] == mac
                assert lines[0] == "2" + mac[1:]  # a public identity
            else:
                assert lines[0] == lines[1]
                assert lines[0] != mac

    in_place(story)


def test_hub_connects_privately_to_peers_that_know_it():
    script = """
ble.config(bond=True)
ble.active(True)
ble.config(addr_mode=2)
conn = connect("secure")
ble.gap_pair(conn)
say(*secured(conn))
ble.gap_disconnect(conn)
wait(8)
"""

    async def story(place: Place) -> None:
        peripheral = Peripheral(place.air, "secure", PairingRules())
        await peripheral.station.start()
        peers = []
        greet = peripheral.station.on_connection

        def meets(connection: object) -> None:
            peers.append((connection.peer_resolvable_address, connection.peer_address))
            greet(connection)

        peripheral.station.on_connection = meets
        secrets = {}
        for _ in range(2):
            await peripheral.advertise(NAMED)
            lines, secrets = await hub_lines(place, script, secrets)
            assert lines == ["1 0 1 16"]
        assert peers[0][0] is None
        assert peers[1][0].is_resolvable
        assert peers[0][1] == peers[1][1]

    in_place(story)
