"""Private addresses: rotated by sensors and hubs, resolved by those who are bonded."""

import asyncio
import random

from bumble import hci

from simulator.air_central import in_virtual_time, until
from simulator.security_stations import ENCRYPTED, JUST_WORKS, Peripheral, SecureCentral, paired
from varde_simulator.air import privacy
from varde_simulator.air.security import PairingRules

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
