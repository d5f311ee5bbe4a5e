"""A hub that begins anew begins with an empty journal, whenever the power is cut; else never."""

import sys
import unittest

_HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
sys.path.append(_HERE + "/../firmware")

# the crypto first: compiling it deep inside other imports needs more C stack than the VM has
from varde_protocols.crypto import ed25519, x25519  # noqa: E402, F401, I001

from nor_flash import TORN, NorFlash, PowerCut  # noqa: E402 - the path is set above

from varde_firmware.core.journal import Journal  # noqa: E402
from varde_firmware.shell import identity  # noqa: E402

SECTORS = 6


class Store:
    """NVS in memory; storing the seed is one more operation at which the power may go."""

    def __init__(self, flash):
        self.flash = flash
        self.stored = None
        self.boots = 0
        self.blank_at_seed = None

    def seed(self):
        return self.stored

    def set_seed(self, seed):
        if self.flash.cut_at is not None and self.flash.operations >= self.flash.cut_at:
            raise PowerCut
        self.blank_at_seed = is_blank(self.flash)
        self.stored = seed

    def count_boot(self):
        self.boots += 1
        return self.boots


def is_blank(flash):
    return all(byte == 0xFF for byte in flash.memory)


def full_of_another():
    """Five sectors of another identity's records, one of them acknowledged; one still blank."""
    flash = NorFlash(SECTORS)
    journal = Journal(flash)
    journal.mount()
    for _ in range(5 * 20):
        journal.append(journal.next_seq, bytes(190), urgent=True)
    journal.acknowledge([(1, 30)])
    return flash


def load(store):
    return identity.load(store, bytes, store.flash)


class NewIdentities(unittest.TestCase):
    def test_a_new_identity_begins_with_an_empty_journal(self):
        flash = full_of_another()
        erases = list(flash.erases)
        store = Store(flash)
        load(store)
        self.assertTrue(store.blank_at_seed)
        self.assertEqual(flash.erases, [n + 1 for n in erases[:5]] + erases[5:])
        journal = Journal(flash)
        report = journal.mount()
        self.assertEqual((report.records, report.damaged, report.torn), (0, 0, 0))
        self.assertEqual(journal.next_seq, 1)

    def test_a_cut_at_any_operation_does_it_again(self):
        cuts = 0
        for torn in TORN:
            for at in range(SECTORS):  # five erases, and the seed
                flash = full_of_another()
                store = Store(flash)
                flash.cut(at, torn, at + 1)
                with self.assertRaises(PowerCut):
                    load(store)
                self.assertEqual(store.stored, None)
                cuts += 1
                flash.restore()
                load(store)
                self.assertTrue(store.blank_at_seed)
        self.assertEqual(cuts, 18)

    def test_with_a_seed_nothing_is_ever_erased(self):
        flash = full_of_another()
        store = Store(flash)
        store.stored = bytes(32)
        before = bytes(flash.memory)
        load(store)
        self.assertEqual(bytes(flash.memory), before)
        self.assertEqual(store.boots, 1)

    def test_a_blank_flash_is_not_worn(self):
        store = Store(NorFlash(SECTORS))
        load(store)
        self.assertEqual(store.flash.operations, 0)

    def test_one_byte_at_a_sectors_end_is_not_blank(self):
        flash = NorFlash(SECTORS)
        flash.memory[2 * 4096 - 1] = 0xFE
        load(Store(flash))
        self.assertEqual(flash.erases, [0, 1, 0, 0, 0, 0])

    def test_a_sector_that_cannot_be_erased_stops_no_hub(self):
        class Worn(NorFlash):
            def erase(self, sector):
                if sector == 1:
                    raise OSError(5)
                NorFlash.erase(self, sector)

        flash = Worn(SECTORS)
        flash.memory[: 3 * 4096] = bytes(3 * 4096)
        store = Store(flash)
        load(store)
        self.assertEqual(store.stored, bytes(32))
        self.assertEqual(flash.erases, [1, 0, 1, 0, 0, 0])


if __name__ == "__main__":
    unittest.main()
