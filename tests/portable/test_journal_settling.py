"""Whether the sender of the newest record knows that it is kept: the mark behind the record."""

import sys
import unittest

_HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
sys.path.append(_HERE + "/../firmware")

from nor_flash import SECTOR_BYTES, NorFlash, PowerCut  # noqa: E402 - the path is set above

from varde_firmware.core import journal_sector  # noqa: E402
from varde_firmware.core.journal import Journal, MountReport  # noqa: E402


def mounted(flash):
    journal = Journal(flash)
    journal.mount()
    return journal


def record(seq):
    return bytes([(seq * 7 + n) & 0xFF for n in range(150)])


def fill(journal, count):
    for _ in range(count):
        journal.append(journal.next_seq, record(journal.next_seq))


def offered(journal):
    return [seq for seq, _ in journal.batch(1 << 24, 1 << 24)]


class Settling(unittest.TestCase):
    def setUp(self):
        self.flash = NorFlash(5)
        self.journal = mounted(self.flash)
        fill(self.journal, 2)

    def unsettled(self):
        return Journal(self.flash).mount().unsettled_seq

    def keep(self):
        """Append a reading; its sensor does not know yet."""
        seq = self.journal.next_seq
        self.journal.append(seq, record(seq), settled=False)
        return seq

    def test_only_what_a_sensor_waits_for_is_unsettled(self):
        self.assertEqual(self.unsettled(), None)
        self.assertEqual(self.keep(), self.unsettled())

    def test_a_settled_record_is_marked_with_one_byte(self):
        seq = self.keep()
        before = self.flash.programs, self.flash.programmed_bytes
        self.journal.settle(seq)
        self.assertEqual(self.unsettled(), None)
        self.assertEqual(self.flash.programs - before[0], 1)
        self.assertEqual(self.flash.programmed_bytes - before[1], journal_sector.SETTLED_BYTES)
        self.assertEqual(offered(mounted(self.flash)), [1, 2, 3])

    def test_only_the_newest_record_is_marked(self):
        first = self.keep()
        second = self.keep()
        operations = self.flash.operations
        self.journal.settle(first)
        self.journal.settle(second + 1)
        self.assertEqual(self.flash.operations, operations)
        self.assertEqual(self.unsettled(), second)
        self.journal.settle(second)
        self.journal.settle(second)
        self.assertEqual(self.flash.operations, operations + 1)

    def test_whatever_stands_behind_it_settles_it(self):
        self.keep()
        fill(self.journal, 1)
        self.assertEqual(self.unsettled(), None)

    def test_a_torn_record_behind_it_does_not(self):
        seq = self.keep()
        self.flash.cut(0, "part", 3)
        with self.assertRaises(PowerCut):
            fill(self.journal, 1)
        self.flash.restore()
        self.assertEqual(Journal(self.flash).mount(), MountReport(1, 1, 3, 0, seq))

    def test_it_is_known_although_a_newer_sector_was_opened(self):
        session = record(1)
        self.journal.set_session(1, session)
        fill(self.journal, 22)
        seq = self.keep()
        self.flash.cut(4, "nothing")  # erase, header, mark, session copy; and now the record
        with self.assertRaises(PowerCut):
            fill(self.journal, 1)
        self.flash.restore()
        self.assertEqual(self.unsettled(), seq)
        fill(mounted(self.flash), 1)
        self.assertEqual(self.unsettled(), None)

    def test_half_of_its_bits_make_a_mark(self):
        seq = self.keep()
        at = len(bytes(self.flash.memory).rstrip(b"\xff"))
        for mark, expected in ((0x0F, None), (0x1F, seq), (0x80, None), (0xFE, seq)):
            self.flash.memory[at] = mark
            self.assertEqual(self.unsettled(), expected)

    def test_a_cut_while_it_is_marked(self):
        for torn, expected in (("nothing", [3]), ("part", [3, None]), ("all", [None])):
            for cut_seed in range(1, 9):
                self.setUp()
                seq = self.keep()
                self.flash.cut(0, torn, cut_seed)
                with self.assertRaises(PowerCut):
                    self.journal.settle(seq)
                self.flash.restore()
                self.assertTrue(self.unsettled() in expected)
                self.assertEqual(offered(mounted(self.flash)), [1, 2, 3])

    def test_nothing_is_said_of_a_record_that_died_with_its_sector(self):
        fill(self.journal, 22)
        self.keep()
        fill(self.journal, 3)
        self.flash.memory[SECTOR_BYTES : 2 * SECTOR_BYTES] = bytes(SECTOR_BYTES)
        self.assertEqual(self.unsettled(), None)


if __name__ == "__main__":
    unittest.main()
