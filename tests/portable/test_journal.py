"""The journal on a NOR flash in memory: what it keeps, releases, reclaims and refuses."""

import sys
import unittest

_HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
sys.path.append(_HERE + "/../firmware")

from nor_flash import SECTOR_BYTES, TORN, NorFlash, PowerCut  # noqa: E402 - the path is set above

from varde_firmware.core import journal_sector  # noqa: E402
from varde_firmware.core.journal import Journal, JournalFull, MountReport  # noqa: E402

ALL = [(0, 1 << 40)]


def mounted(flash):
    journal = Journal(flash)
    journal.mount()
    return journal


def record(seq, size=150):
    return bytes([(seq * 7 + n) & 0xFF for n in range(size)])


def fill(journal, count, size=150):
    """Append `count` records; return their numbers."""
    seqs = []
    for _ in range(count):
        seqs.append(journal.next_seq)
        journal.append(journal.next_seq, record(journal.next_seq, size))
    return seqs


def fill_up(journal, urgent=False):
    """Append until nothing fits; return how many that were."""
    first = journal.next_seq
    try:
        while True:
            journal.append(journal.next_seq, record(journal.next_seq), urgent)
    except JournalFull:
        return journal.next_seq - first


def offered(journal):
    return [seq for seq, _ in journal.batch(1 << 24, 1 << 24)]


class Keeping(unittest.TestCase):
    def test_a_new_journal_is_empty(self):
        flash = NorFlash(4)
        journal = Journal(flash)
        self.assertEqual(journal.mount(), MountReport(0, 0, 0, 0, None))
        self.assertEqual(journal.next_seq, 1)
        self.assertEqual(journal.oldest_pending(), None)
        self.assertEqual(journal.batch(1000, 10), [])
        self.assertEqual((journal.pending_count, journal.pending_bytes), (0, 0))
        self.assertFalse(journal.is_full)
        self.assertEqual(flash.operations, 0)

    def test_records_are_offered_oldest_first_and_unaltered(self):
        journal = mounted(NorFlash(6))
        seqs = fill(journal, 60)
        self.assertEqual(journal.batch(1 << 20, 100), [(seq, record(seq)) for seq in seqs])
        self.assertEqual(journal.pending_count, 60)
        self.assertEqual(journal.pending_bytes, 60 * 150)
        self.assertEqual(journal.oldest_pending(), 1)

    def test_records_survive_a_reboot(self):
        flash = NorFlash(6)
        fill(mounted(flash), 60)
        journal = Journal(flash)
        self.assertEqual(journal.mount(), MountReport(0, 3, 60, 0, None))
        self.assertEqual(offered(journal), list(range(1, 61)))
        self.assertEqual(journal.next_seq, 61)

    def test_an_append_is_one_program_call(self):
        flash = NorFlash(4)
        journal = mounted(flash)
        fill(journal, 1)
        before = flash.programs, flash.programmed_bytes
        fill(journal, 1)
        self.assertEqual(flash.programs - before[0], 1)
        self.assertEqual(flash.programmed_bytes - before[1], 150 + journal_sector.FRAME_BYTES)

    def test_batches_keep_both_limits(self):
        journal = mounted(NorFlash(4))
        fill(journal, 20)
        self.assertEqual(len(journal.batch(449, 100)), 2)
        self.assertEqual(len(journal.batch(450, 100)), 3)
        self.assertEqual(len(journal.batch(5000, 4)), 4)
        self.assertEqual(len(journal.batch(1, 100)), 1)  # else a large record would wait for ever

    def test_the_largest_and_the_smallest_record(self):
        journal = mounted(NorFlash(4))
        journal.append(1, record(1, 1024))
        journal.append(2, b"x")
        self.assertEqual(journal.batch(1 << 20, 9), [(1, record(1, 1024)), (2, b"x")])

    def test_numbers_may_leave_gaps(self):
        flash = NorFlash(6)
        journal = mounted(flash)
        for seq in (5, 6, 60, 200, 1 << 31):
            journal.append(seq, record(seq))
        self.assertEqual(offered(mounted(flash)), [5, 6, 60, 200, 1 << 31])
        self.assertEqual(mounted(flash).next_seq, (1 << 31) + 1)

    def test_a_number_is_spent_though_the_heap_ends_behind_the_write(self):
        flash = NorFlash(6)
        journal = mounted(flash)
        fill(journal, 3)
        read_into = flash.read_into

        def fail(offset, buffer):
            raise MemoryError

        flash.read_into = fail
        with self.assertRaises(MemoryError):
            fill(journal, 1)
        flash.read_into = read_into
        fill(journal, 2)
        for one in (journal, mounted(flash)):
            seqs = offered(one)
            self.assertEqual(len(seqs), len(set(seqs)))
        self.assertEqual(offered(journal), [1, 2, 3, 5, 6])

    def test_refuses_used_numbers_and_wrong_lengths(self):
        journal = mounted(NorFlash(4))
        fill(journal, 2)
        for seq, data in ((2, b"x"), (0, b"x"), (3, b""), (3, bytes(1025)), (1 << 32, b"x")):
            with self.assertRaises(ValueError):
                journal.append(seq, data)
        self.assertEqual(offered(journal), [1, 2])

    def test_refuses_a_flash_that_is_too_small(self):
        with self.assertRaises(ValueError):
            Journal(NorFlash(3))

    def test_takes_a_bytearray_and_a_memoryview(self):
        journal = mounted(NorFlash(4))
        journal.append(1, bytearray(b"abc"))
        journal.append(2, memoryview(b"defg")[1:])
        self.assertEqual(journal.batch(100, 9), [(1, b"abc"), (2, b"efg")])


class Releasing(unittest.TestCase):
    def test_acknowledged_records_are_not_offered_again(self):
        journal = mounted(NorFlash(6))
        fill(journal, 60)
        self.assertEqual(journal.acknowledge([(3, 10), (12, 12)]), 9)
        left = [1, 2, 11]
        left.extend(range(13, 61))
        self.assertEqual(offered(journal), left)
        self.assertEqual(journal.pending_bytes, 150 * len(left))
        journal.acknowledge([(1, 1)])
        self.assertEqual(journal.oldest_pending(), 2)

    def test_odd_ranges_do_no_harm(self):
        journal = mounted(NorFlash(6))
        fill(journal, 40)
        self.assertEqual(journal.acknowledge([]), 0)
        self.assertEqual(journal.acknowledge([(9, 3), (-5, 0), (500, 1 << 70)]), 0)
        self.assertEqual(journal.acknowledge([[2, 4], [3, 5], [2, 4]]), 4)
        self.assertEqual(journal.acknowledge([(2, 5)]), 0)
        self.assertEqual(journal.pending_count, 36)

    def test_whole_sectors_stay_released_after_a_reboot(self):
        flash = NorFlash(6)
        journal = mounted(flash)
        fill(journal, 60)
        journal.acknowledge([(1, 30)])
        again = offered(mounted(flash))
        self.assertTrue(25 < again[0] <= 30)  # the sector that was released in part, as a whole
        self.assertEqual(again[-1], 60)

    def test_numbers_go_on_when_everything_was_released_and_reclaimed(self):
        flash = NorFlash(4)
        journal = mounted(flash)
        for n in range(40):
            fill(journal, 7)
            journal.acknowledge(ALL)
            if n % 5 == 4:
                journal = mounted(flash)
                journal.acknowledge(ALL)
            self.assertEqual(journal.next_seq, 7 * (n + 1) + 1)
        self.assertTrue(max(flash.erases) - min(flash.erases) <= 1)

    def test_the_head_takes_records_after_all_of_it_was_released(self):
        flash = NorFlash(4)
        journal = mounted(flash)
        fill(journal, 5)
        journal.acknowledge(ALL)
        fill(journal, 2)
        self.assertEqual(offered(mounted(flash))[-2:], [6, 7])
        self.assertEqual(sum(flash.erases), 1)

    def test_the_head_is_not_erased_even_when_nothing_else_is_free(self):
        flash = NorFlash(5)
        journal = mounted(flash)
        fill_up(journal, urgent=True)
        next_seq = journal.next_seq
        journal.acknowledge([(next_seq - 26, next_seq)])
        erased = sum(flash.erases)
        with self.assertRaises(JournalFull):
            journal.append(next_seq, record(1), True)
        self.assertEqual(sum(flash.erases), erased)
        self.assertEqual(mounted(flash).next_seq, next_seq)

    def test_a_record_nobody_acknowledges_does_not_stop_the_ring(self):
        flash = NorFlash(5)
        journal = mounted(flash)
        fill(journal, 1)
        for _ in range(20):
            seqs = fill(journal, 20)
            journal.acknowledge([(seqs[0], seqs[-1])])
        self.assertEqual(offered(journal), [1])
        self.assertEqual(mounted(flash).batch(9999, 1), [(1, record(1))])
        order = offered(mounted(flash))
        self.assertEqual(order, sorted(order))


class Filling(unittest.TestCase):
    def test_full_is_said_before_anything_is_overwritten(self):
        flash = NorFlash(5)
        journal = mounted(flash)
        fill_up(journal)
        self.assertTrue(journal.is_full)
        self.assertTrue(journal.free_bytes < 150 + journal_sector.FRAME_BYTES)
        self.assertEqual(offered(mounted(flash)), list(range(1, journal.next_seq)))

    def test_urgent_records_have_a_reserve(self):
        for sectors, reserve in ((5, 1), (16, 2)):
            journal = mounted(NorFlash(sectors))
            self.assertEqual(journal.reserve_sectors, reserve)
            fill_up(journal)
            self.assertTrue(fill_up(journal, urgent=True) >= 25 * reserve)
            self.assertEqual(journal.pending_count, journal.next_seq - 1)

    def test_there_is_room_again_when_sectors_are_released(self):
        flash = NorFlash(5)
        journal = mounted(flash)
        fill_up(journal)
        journal.acknowledge([(1, 26)])
        self.assertFalse(journal.is_full)
        fill(journal, 20)

    def test_a_full_journal_mounts_full(self):
        flash = NorFlash(5)
        fill_up(mounted(flash))
        journal = mounted(flash)
        self.assertTrue(journal.is_full)
        with self.assertRaises(JournalFull):
            fill(journal, 2)

    def test_free_bytes_is_what_fits(self):
        journal = mounted(NorFlash(6))
        journal.append(1, record(1))
        journal.set_session(1, record(1))
        frame = 150 + journal_sector.FRAME_BYTES
        promised = journal.free_bytes // frame
        fill_up(journal)
        taken = journal.next_seq - 2
        self.assertTrue(promised - 4 <= taken <= promised)  # the ends of four sectors are waste


class SessionCopies(unittest.TestCase):
    def setUp(self):
        self.flash = NorFlash(8)
        journal = mounted(self.flash)
        fill(journal, 2)
        journal.append(3, b"session" * 20, True)
        journal.set_session(3, b"session" * 20)
        fill(journal, 80)
        self.journal = journal

    def test_copies_are_not_offered_beside_the_original(self):
        seqs = offered(self.journal)
        self.assertEqual(seqs, list(range(1, 84)))
        self.assertEqual(offered(mounted(self.flash)), seqs)

    def test_a_copy_is_offered_when_the_original_is_gone(self):
        self.flash.memory[:SECTOR_BYTES] = bytes(SECTOR_BYTES)
        journal = mounted(self.flash)
        batch = journal.batch(300, 9)
        self.assertEqual(batch[0], (3, b"session" * 20))
        self.assertEqual(journal.oldest_pending(), 3)
        self.assertEqual(journal.pending_bytes, 140 + 150 * (journal.pending_count - 1))
        journal.acknowledge([(3, 3)])
        self.assertTrue(journal.oldest_pending() > 3)

    def test_a_session_copy_too_long_for_a_frame_is_refused(self):
        with self.assertRaises(ValueError):
            self.journal.set_session(90, bytes(1021))


class Tearing(unittest.TestCase):
    def cut(self, flash, torn, seed=3):
        journal = mounted(flash)
        flash.cut(0, torn, seed)
        with self.assertRaises(PowerCut):
            fill(journal, 1)
        flash.restore()

    def test_a_torn_append_is_skipped_and_counted_once(self):
        for seed in range(1, 20):
            flash = NorFlash(4)
            fill(mounted(flash), 5)
            self.cut(flash, "part", seed)
            journal = Journal(flash)
            report = journal.mount()
            self.assertEqual((report.records, report.damaged), (5, 0))
            self.assertTrue(report.torn <= 1)  # 0 if the part that was written is none
            fill(journal, 3, 90)
            again = Journal(flash)
            self.assertEqual(again.mount().torn, 0)
            self.assertEqual(again.pending_count, 8)
            self.assertEqual(offered(again), offered(journal))

    def test_an_append_not_begun_or_done(self):
        for torn, expected in (("nothing", 5), ("all", 6)):
            flash = NorFlash(4)
            fill(mounted(flash), 5)
            self.cut(flash, torn)
            journal = Journal(flash)
            self.assertEqual(journal.mount(), MountReport(0, 1, expected, 0, None))

    def test_every_cut_of_a_sector_change(self):
        for torn in TORN:
            for at in range(12):
                flash = NorFlash(4)
                journal = mounted(flash)
                session = record(1)
                journal.append(1, session, True)
                journal.set_session(1, session)
                fill(journal, 20)
                flash.cut(at, torn, at + 1)
                held = 1
                with self.assertRaises(PowerCut):
                    while True:
                        held = journal.next_seq  # if the next append returns
                        fill(journal, 1)
                flash.restore()
                journal = mounted(flash)
                seqs = offered(journal)
                self.assertEqual(seqs[: held - 1], list(range(1, held)))
                self.assertTrue(journal.next_seq > max(seqs))
                fill(journal, 3)
                self.assertEqual(offered(mounted(flash)), offered(journal))


if __name__ == "__main__":
    unittest.main()
