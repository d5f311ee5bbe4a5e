"""The keys of bonds: found as the stack asks for them, refused when there is no room."""

import unittest

from varde_firmware.core import bonds
from varde_firmware.shell import bond_keeper
from varde_protocols import hub_config

OURS, SENSORS, IDENTITY = bonds.OURS, bonds.SENSORS, 10
ADDRESS = bytes.fromhex("c00102030405")  # most significant first, as adverts give it
KEY = b"\x01" + bytes(reversed(ADDRESS))  # as the stack gives it
OTHER = b"\x00" + bytes(reversed(ADDRESS))


class Exclusive:
    """Alone anyway."""

    def run(self, function, *args):
        return function(*args)

    run_in_handler = run


class Store:
    """NVS; `fails` as often as asked, `steps` counts what was written."""

    def __init__(self, blobs=None):
        self.blobs = dict(blobs or {})
        self.fails = 0
        self.history = [dict(self.blobs)]

    def load(self, place, buffer):
        blob = self.blobs.get(place, b"")
        buffer[: len(blob)] = blob
        return len(blob)

    def _write(self):
        if self.fails:
            self.fails -= 1
            raise OSError(-0x1105)

    def save(self, place, blob):
        self._write()
        self.blobs[place] = blob
        self.history.append(dict(self.blobs))

    def erase(self, place):
        self._write()
        self.blobs.pop(place, None)
        self.history.append(dict(self.blobs))


def keeper_on(store):
    keeper = bond_keeper.BondKeeper(Exclusive(), store)
    keeper.load()
    return keeper


class LookUp(unittest.TestCase):
    def setUp(self):
        self.bonds = bonds.Bonds()
        self.bonds.put(3, SENSORS, KEY, b"theirs")
        self.bonds.put(1, OURS, KEY, b"ours")
        self.bonds.put(7, SENSORS, OTHER, b"others")

    def test_by_key(self):
        self.assertEqual(self.bonds.get(SENSORS, 0, KEY), b"theirs")
        self.assertEqual(self.bonds.get(SENSORS, 0, memoryview(OTHER)), b"others")
        self.assertEqual(self.bonds.get(OURS, 0, KEY), b"ours")
        self.assertIsNone(self.bonds.get(OURS, 0, OTHER))

    def test_by_index(self):
        found = [self.bonds.get(SENSORS, i, None) for i in range(3)]
        self.assertEqual(found, [b"theirs", b"others", None])

    def test_by_the_address_of_an_advertisement(self):
        self.assertTrue(self.bonds.holds(1, ADDRESS))
        self.assertTrue(self.bonds.holds(3, memoryview(ADDRESS)))  # resolved
        self.bonds.drop(3)
        self.assertFalse(self.bonds.holds(1, ADDRESS))
        self.assertTrue(self.bonds.holds(0, ADDRESS))
        self.assertFalse(self.bonds.holds(0, bytes(6)))

    def test_the_sensors_half_is_the_bond(self):
        self.assertEqual(self.bonds.places_of(1, ADDRESS), [3, 1])
        self.assertEqual(self.bonds.halves(), [])
        self.bonds.drop(3)
        self.assertEqual(self.bonds.halves(), [1])

    def test_blobs(self):
        blob = bonds.encode(SENSORS, KEY, b"theirs")
        self.assertEqual(bonds.decode(blob), (SENSORS, KEY, b"theirs"))
        for end in range(2 + len(KEY)):
            self.assertIsNone(bonds.decode(blob[:end]))
        self.assertIsNone(bonds.decode(b"\x00\x00"))


class Keeping(unittest.TestCase):
    def test_what_was_set_is_there_after_a_start(self):
        store = Store()
        keeper = keeper_on(store)
        self.assertTrue(keeper.set(IDENTITY, memoryview(b"irk"), memoryview(bytes(16))))
        self.assertTrue(keeper.set(OURS, KEY, b"ours"))
        self.assertTrue(keeper.set(SENSORS, KEY, b"theirs"))
        again = keeper_on(store)
        self.assertEqual(again.get(IDENTITY, 0, b"irk"), bytes(16))
        self.assertEqual(again.get(SENSORS, 0, KEY), b"theirs")
        self.assertTrue(again.has(b"\x01" + ADDRESS))

    def test_a_new_pairing_takes_the_place_of_the_old(self):
        store = Store()
        keeper = keeper_on(store)
        for value in (b"old", b"new"):
            keeper.set(SENSORS, KEY, value)
        self.assertEqual(len(store.blobs), 1)
        self.assertEqual(keeper_on(store).get(SENSORS, 0, None), b"new")

    def test_removing(self):
        store = Store()
        keeper = keeper_on(store)
        keeper.set(SENSORS, KEY, b"theirs")
        self.assertTrue(keeper.set(SENSORS, KEY, None))
        self.assertFalse(keeper.set(SENSORS, KEY, None))
        self.assertEqual(store.blobs, {})

    def test_a_full_store_refuses_and_gives_nothing_away(self):
        store = Store()
        keeper = keeper_on(store)
        keeper.set(IDENTITY, b"irk", bytes(16))
        for number in range(24):
            key = bytes([1, number]) + bytes(5)
            self.assertTrue(keeper.set(OURS, key, b"ours"))
            self.assertTrue(keeper.set(SENSORS, key, b"theirs"))
            keeper.keep_handles(key, [(12, 0x1810, 0x2A35)])
        before = dict(store.blobs)
        self.assertFalse(keeper.set(SENSORS, KEY, b"one more"))
        self.assertEqual(store.blobs, before)
        keeper.forget(bytes([1]) + bytes(5) + b"\x00")
        self.assertTrue(keeper.set(SENSORS, KEY, b"one more"))

    def test_bonds_of_sensors_that_left_the_config_give_way_to_one_that_is_in_it(self):
        keys = [bytes([1, number]) + bytes(5) for number in range(40)]
        addresses = [key[:1] + bytes(reversed(key[1:])) for key in keys]
        configured = addresses[:3]
        configured.append(b"\x01" + ADDRESS)
        for prefix, gives_way in ((None, True), ("Cuff", False)):
            wanted = [
                hub_config.Sensor(slot, address, None, 0x1810, [0x2A35], "", 1, None, None, b"")
                for slot, address in enumerate(configured)
            ]
            if prefix:  # it may be any of them
                wanted.append(
                    hub_config.Sensor(9, None, prefix, 0x1810, [0x2A35], "", 1, None, None, b"")
                )
            keeper = bond_keeper.BondKeeper(Exclusive(), Store(), wanted)
            keeper.set(IDENTITY, b"irk", bytes(16))
            for key in keys[: bonds.MAX_ENTRIES // 2]:
                self.assertTrue(keeper.set(OURS, key, b"ours"))
                self.assertTrue(keeper.set(SENSORS, key, b"theirs"))
            self.assertEqual(keeper.set(SENSORS, KEY, b"theirs"), gives_way)
            for address in addresses[:3]:
                self.assertTrue(keeper.has(address))
            self.assertEqual(keeper.has(addresses[3]), not gives_way)
            self.assertEqual(keeper.get(IDENTITY, 0, b"irk"), bytes(16))

    def test_what_flash_does_not_take_is_not_there(self):
        store = Store()
        keeper = keeper_on(store)
        keeper.set(SENSORS, KEY, b"old")
        store.fails = 1
        self.assertFalse(keeper.set(SENSORS, KEY, b"new"))
        self.assertEqual(keeper.get(SENSORS, 0, KEY), b"old")
        store.fails = 1
        self.assertRaises(OSError, keeper.forget, b"\x01" + ADDRESS)
        self.assertTrue(keeper.has(b"\x01" + ADDRESS))

    def test_too_large_for_a_place_is_refused(self):
        keeper = keeper_on(Store())
        self.assertTrue(keeper.set(SENSORS, KEY, bytes(bonds.MAX_VALUE_BYTES)))
        self.assertFalse(keeper.set(SENSORS, OTHER, bytes(bonds.MAX_VALUE_BYTES + 1)))
        self.assertFalse(keeper.set(SENSORS, bytes(bonds.MAX_KEY_BYTES + 1), b"value"))

    def test_a_start_after_every_write_finds_a_whole_bond_or_none(self):
        store = Store()
        keeper = keeper_on(store)
        keeper.set(OURS, OTHER, b"another's")
        keeper.set(SENSORS, OTHER, b"another's")
        keeper.set(OURS, KEY, b"ours 1")
        keeper.set(SENSORS, KEY, b"theirs 1")
        keeper.set(OURS, KEY, b"ours 2")
        keeper.set(SENSORS, KEY, b"theirs 2")
        keeper.forget(b"\x01" + ADDRESS)
        seen = []
        for blobs in store.history:
            after = Store(blobs)
            again = keeper_on(after)
            has = again.has(b"\x01" + ADDRESS)
            self.assertEqual(has, again.get(SENSORS, 0, KEY) is not None)
            if not has:  # and nothing of it takes room for ever
                self.assertIsNone(again.get(OURS, 0, KEY))
                self.assertTrue(len(after.blobs) in (0, 2))
            seen.append(has)
        self.assertEqual(seen[-3:], [True, False, False])
        self.assertEqual(again.get(SENSORS, 0, OTHER), b"another's")


class Aside(unittest.TestCase):
    """A bond that the sensor has lost: not used, not forgotten, until there is another."""

    def setUp(self):
        self.store = Store()
        self.keeper = keeper_on(self.store)
        self.keeper.set(OURS, KEY, b"ours")
        self.keeper.set(SENSORS, KEY, b"theirs")
        self.address = KEY[:1] + bytes(reversed(KEY[1:]))

    def test_nobody_finds_it_until_it_is_restored(self):
        self.keeper.set_aside(self.address)
        self.assertFalse(self.keeper.has(self.address))
        self.assertEqual(self.keeper.get(SENSORS, 0, KEY), None)
        self.keeper.restore(self.address)
        self.assertTrue(self.keeper.has(self.address))
        self.assertEqual(self.keeper.get(OURS, 0, KEY), b"ours")

    def test_a_new_one_takes_its_place(self):
        blobs = len(self.store.blobs)
        self.keeper.set_aside(self.address)
        self.keeper.set(OURS, KEY, b"new")
        self.keeper.set(SENSORS, KEY, b"newer")
        self.assertEqual(self.keeper.get(SENSORS, 0, KEY), b"newer")
        self.assertEqual(len(self.store.blobs), blobs)

    def test_a_restart_tries_it_again(self):
        self.keeper.set_aside(self.address)
        self.assertTrue(keeper_on(self.store).has(self.address))

    def test_where_a_sensors_values_come_from_is_known_after_a_restart(self):
        handles = [(12, 0x1810, 0x2A35), (0xFFFF, 0x10010, 0x10011)]
        self.keeper.keep_handles(self.address, handles)
        again = keeper_on(self.store)
        self.assertEqual(again.handles(self.address), handles)
        self.assertEqual(again.handles(bytes(7)), [])
        self.assertTrue(again.has(self.address))


if __name__ == "__main__":
    unittest.main()
