"""What cannot be read in the journal is told by an event, each place once."""

import sys
import unittest

_HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
sys.path.append(_HERE + "/../firmware")

# the crypto first: compiling it deep inside other imports needs more C stack than the VM has
from varde_protocols.crypto import ed25519, x25519  # noqa: E402, F401, I001

from nor_flash import SECTOR_BYTES, NorFlash  # noqa: E402 - the path is set above

from varde_firmware.core import journal, recorder  # noqa: E402
from varde_firmware.shell import damage, keeper  # noqa: E402
from varde_protocols import cose, records  # noqa: E402

DAMAGED = records.EVENT_JOURNAL_DAMAGED
TORN = records.EVENT_TORN_WRITE


class Signer:
    def sign(self, message):
        return bytes(64)


class Exclusive:
    def run(self, function, *args):
        return function(*args)


class Store:
    """NVS in memory; `written` counts."""

    def __init__(self):
        self.told = 0
        self.written = 0

    def damage_told(self):
        return self.told

    def set_damage_told(self, count):
        self.told = count
        self.written += 1


class Hub:
    """Starts again and again on one flash."""

    def __init__(self, sectors=6):
        self.flash = NorFlash(sectors)
        self.store = Store()
        self.boot = 0

    def start(self):
        """Do what a start does; return the events it journaled of damage: (code, detail)."""
        self.boot += 1
        self.journal = journal.Journal(self.flash)
        report = self.journal.mount()
        made = recorder.Recorder(self.journal, Signer(), bytes(8), self.boot)
        before = self.journal.next_seq
        made.start(1, 1, report.torn, report.unsettled_seq)
        damage.tell_found(made, self.store, report, 2)
        self.keeper = keeper.Keeper(Exclusive(), made)
        return self.events(before)

    def events(self, first_seq=0):
        found = []
        for seq, data in self.journal.batch(1 << 20, 1000):
            record = records.decode(cose.Sign1.parse(data).unverified_payload)
            if seq >= first_seq and record.code in (DAMAGED, TORN):
                found.append((record.code, record.detail))
        return found

    def fill(self, count):
        """So many more records."""
        for _ in range(count):
            self.keeper.event(3, records.EVENT_BOOT, 9)

    def flip_in(self, record):
        """Turn a bit of the record-th of the first sector, some 95 bytes each."""
        self.flash.flip(20 + record * 95 + 50, 2)

    def cut_an_append(self):
        """A torn write at the end of what stands."""
        at = bytes(self.flash.memory).rstrip(b"\xff")
        self.flash.program(len(at), b"\x00" * 30)


class Damage(unittest.TestCase):
    def setUp(self):
        self.hub = Hub()
        self.assertEqual(self.hub.start(), [])
        self.hub.fill(60)

    def test_a_flipped_bit_is_told_once(self):
        self.hub.flip_in(3)
        self.assertEqual(self.hub.start(), [(DAMAGED, 1)])
        self.assertEqual(self.hub.start(), [])
        self.hub.flip_in(7)
        self.hub.flip_in(11)
        self.assertEqual(self.hub.start(), [(DAMAGED, 2)])
        self.assertEqual(self.hub.start(), [])
        self.assertEqual(self.hub.store.written, 2)

    def test_a_dead_sector_is_told_once(self):
        self.hub.flash.memory[:SECTOR_BYTES] = bytes(SECTOR_BYTES)
        self.assertEqual(self.hub.start(), [(DAMAGED, 1)])
        self.assertEqual(self.hub.start(), [])

    def test_a_torn_write_is_told_as_such_and_not_as_damage_later(self):
        self.hub.cut_an_append()
        self.assertEqual(self.hub.start(), [(TORN, 1)])
        self.assertEqual(self.hub.start(), [])
        self.hub.flip_in(3)
        self.hub.cut_an_append()
        self.assertEqual(self.hub.start(), [(TORN, 1), (DAMAGED, 1)])
        self.assertEqual(self.hub.start(), [])

    def test_what_was_reclaimed_is_forgotten(self):
        self.hub.flip_in(3)
        self.hub.flip_in(7)
        self.assertEqual(self.hub.start(), [(DAMAGED, 2)])
        self.hub.journal.acknowledge([(0, 1 << 30)])
        self.assertEqual(self.hub.start(), [])
        self.assertEqual(self.hub.store.told, 0)
        self.hub.flash.flip(SECTOR_BYTES + 100, 1)  # in the head
        self.assertEqual(self.hub.start(), [(DAMAGED, 1)])

    def test_a_full_journal_tells_it_when_there_is_room(self):
        hub = Hub(4)
        hub.start()
        hub.fill(200)
        hub.flip_in(3)
        self.assertEqual(hub.start(), [])
        self.assertEqual(hub.store.told, 0)
        self.assertEqual(hub.start(), [])
        second = hub.flash.memory.find(b"VJ", SECTOR_BYTES)
        self.assertEqual(second, SECTOR_BYTES)
        hub.journal.acknowledge([(50, 1 << 30)])
        self.assertEqual(hub.start(), [(DAMAGED, 1)])
        self.assertEqual(hub.start(), [])

    def test_a_cut_between_event_and_count_tells_it_twice_and_not_never(self):
        self.hub.flip_in(3)
        works = self.hub.store.set_damage_told

        def cut(count):
            raise OSError("the power is gone")

        self.hub.store.set_damage_told = cut
        self.assertRaises(OSError, self.hub.start)
        self.hub.store.set_damage_told = works
        self.assertEqual(self.hub.start(), [(DAMAGED, 1)])
        self.assertEqual(self.hub.start(), [])


class Vanished(unittest.TestCase):
    def setUp(self):
        self.hub = Hub()
        self.hub.start()
        self.hub.fill(60)

    def test_records_that_vanish_while_running_are_told_once(self):
        hub = self.hub
        woken = []
        hub.keeper.on_record = lambda: woken.append(1)
        hub.keeper.tell_vanished(5, hub.store)
        self.assertEqual((hub.events(), woken), ([], []))
        hub.flip_in(3)
        self.assertEqual(hub.events(), [])  # offering finds out
        hub.keeper.tell_vanished(5, hub.store)
        hub.keeper.tell_vanished(6, hub.store)
        self.assertEqual((hub.events(), woken), ([(DAMAGED, 1)], [1]))
        self.assertEqual(hub.start(), [])
        self.assertEqual(hub.store.told, 1)

    def test_a_sector_that_dies_while_running_is_told_with_its_records(self):
        hub = self.hub
        hub.flash.memory[:SECTOR_BYTES] = bytes(SECTOR_BYTES)
        hub.events()
        gone = hub.journal.vanished
        self.assertTrue(gone > 20)
        hub.keeper.tell_vanished(5, hub.store)
        self.assertEqual(hub.events(), [(DAMAGED, gone)])
        self.assertEqual(hub.start(), [])

    def test_without_room_it_is_told_later(self):
        hub = Hub(4)
        hub.start()
        hub.fill(200)
        hub.flip_in(3)
        hub.events()
        hub.keeper.tell_vanished(5, hub.store)
        self.assertEqual((hub.events(), hub.journal.vanished, hub.store.told), ([], 1, 0))
        hub.journal.acknowledge([(50, 1 << 30)])
        hub.keeper.tell_vanished(6, hub.store)
        self.assertEqual((hub.events(), hub.journal.vanished), ([(DAMAGED, 1)], 0))

    def test_the_module_does_not_stay(self):
        self.hub.flip_in(3)
        self.hub.events()
        self.hub.keeper.tell_vanished(5, self.hub.store)
        self.assertFalse("varde_firmware.shell.damage" in sys.modules)


if __name__ == "__main__":
    unittest.main()
