"""Records written again elsewhere: none is lost, none is doubled, whatever is cut."""

import sys
import unittest

_HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
sys.path.append(_HERE + "/../firmware")

from nor_flash import SECTOR_BYTES, TORN, NorFlash, PowerCut  # noqa: E402 - the path is set above

from varde_firmware.core import journal_moving, journal_sector  # noqa: E402
from varde_firmware.core.journal import MAKES_ROOM, Journal, JournalFull  # noqa: E402

SESSION = b"session" * 20
ALL = [(0, 1 << 40)]


def mounted(flash):
    journal = Journal(flash)
    journal.mount()
    return journal


def record(seq, size=150):
    return bytes([(seq * 7 + n) & 0xFF for n in range(size)])


def fill(journal, count, size=150):
    for _ in range(count):
        journal.append(journal.next_seq, record(journal.next_seq, size))


def offered(journal):
    return dict(journal.batch(1 << 24, 1 << 24))


def seqs(journal):
    return [seq for seq, _ in journal.batch(1 << 24, 1 << 24)]


def begun(sectors=8, records=60, session=True):
    """A session, then records over some sectors."""
    flash = NorFlash(sectors)
    journal = mounted(flash)
    if session:
        journal.append(1, SESSION, True)
        journal.set_session(1, SESSION)
    fill(journal, records)
    return flash, journal


def held(journal, sector):
    return [seq for seq, _, _ in journal._pending_frames(sector)]


def cut_short(flash, journal, sector, moved):
    """Move so many records out of the sector; the next one cannot be read."""
    read_into = flash.read_into
    left = [moved]

    def fail(offset, buffer):
        at = offset - sector * SECTOR_BYTES
        if journal_sector.HEADER_BYTES <= at < SECTOR_BYTES:
            left[0] -= 1
            if left[0] < 0:
                raise OSError("read")
        read_into(offset, buffer)

    flash.read_into = fail
    try:
        journal_moving.move_out(journal, sector, [])
    except OSError:
        left[0] = -1
    flash.read_into = read_into
    assert left[0] < 0


class Moving(unittest.TestCase):
    def setUp(self):
        self.flash, self.journal = begun()
        self.first = held(self.journal, 0)
        self.kept = self.first[::5]
        self.given_up = [seq for seq in self.first if seq not in self.kept]
        self.before = offered(self.journal)

    def move(self, journal=None):
        moved = journal_moving.move_out(journal or self.journal, 0, self.given_up)
        self.assertTrue(moved)

    def check(self, journal, gone=()):
        left = {seq: data for seq, data in self.before.items() if seq not in gone}
        self.assertEqual(offered(journal), left)
        self.assertEqual(len(seqs(journal)), len(left))
        self.assertEqual(journal.pending_count, len(left))
        self.assertEqual(journal.pending_bytes, sum([len(data) for data in left.values()]))
        self.assertEqual(journal.oldest_pending(), min(left))

    def test_what_is_kept_is_offered_with_its_number_and_the_rest_is_gone(self):
        next_seq = self.journal.next_seq
        self.move()
        self.assertEqual(self.journal.next_seq, next_seq)
        for journal in (self.journal, mounted(self.flash)):
            self.check(journal, self.given_up)
            self.assertEqual(journal.next_seq, next_seq)
            self.assertFalse(journal._index.is_pending(0))

    def test_moved_records_are_acknowledged_by_number_also_in_part(self):
        self.move()
        for journal in (mounted(self.flash), self.journal):
            self.assertEqual(journal.acknowledge([(self.kept[1], self.kept[1]), (2, 3)]), 1)
            gone = list(self.given_up)
            gone.append(self.kept[1])
            self.check(journal, gone)
            rest = seqs(journal)
            self.assertEqual(journal.acknowledge([(rest[0], rest[0]), (0, 1)]), 2)
            self.assertEqual(journal.oldest_pending(), min(seqs(journal)))
            self.assertEqual(journal.acknowledge(ALL), len(rest) - 2)
            self.assertEqual(journal.oldest_pending(), None)
            self.assertEqual(journal._index.moved_sectors, 0)

    def test_names_of_records_that_were_given_up_do_no_harm(self):
        self.move()
        self.assertEqual(self.journal.acknowledge([(seq, seq) for seq in self.given_up]), 0)
        self.check(self.journal, self.given_up)

    def test_moved_records_are_moved_again(self):
        self.move()
        fill(self.journal, 30)
        target = next(iter([n for n in range(8) if self.journal._index.has_moved(n)]))
        again = held(self.journal, target)
        given_up = [seq for seq in again if seq not in self.kept]
        self.before = offered(self.journal)
        self.assertTrue(journal_moving.move_out(self.journal, target, given_up))
        for journal in (self.journal, mounted(self.flash)):
            self.check(journal, given_up)
            self.assertFalse(journal._index.is_pending(target))
            self.assertTrue(set(self.kept) <= set(seqs(journal)))

    def test_a_cut_at_every_operation_neither_loses_nor_doubles(self):
        memory = bytes(self.flash.memory)
        fill(self.journal, 12)  # so that the move opens a sector
        self.before = offered(self.journal)
        memory = bytes(self.flash.memory)
        for torn in TORN:
            at = 0
            while self.cut_once(memory, torn, at):
                at += 1
            self.assertTrue(at > 8)

    def cut_once(self, memory, torn, at):
        self.flash.memory[:] = memory
        journal = mounted(self.flash)
        journal.set_session(1, SESSION)
        self.flash.cut(at, torn, at + 1)
        try:
            self.move(journal)
        except PowerCut:
            self.flash.restore()
            self.resume(memory, at)
            return True
        self.flash.restore()
        return False

    def resume(self, memory, at):
        """Nothing is missing; two sectors later nothing is doubled; then it is finished."""
        journal = mounted(self.flash)
        if journal._index.is_pending(0):
            for seq in self.given_up:
                self.assertTrue(seq in offered(journal))
            self.check(journal)
        else:
            self.check(journal, self.given_up)
        fill(journal, 45)
        journal = mounted(self.flash)
        news = seqs(journal)
        self.assertEqual(len(news), len(set(news)))
        self.assertTrue(set(self.kept) <= set(news))
        if journal._index.is_pending(0):
            self.assertTrue(journal_moving.is_moving(journal, 0) or at < 2)
            self.move(journal)
        rest = offered(mounted(self.flash))
        for seq in self.kept:
            self.assertEqual(rest[seq], self.before[seq])
        self.assertFalse(self.given_up[0] in rest)


    def test_two_moves_that_were_cut_short(self):
        """What arrived in the newer sector counts there, though that one is being moved, too."""
        self.move()
        fill(self.journal, 30)
        older = min([n for n in range(8) if self.journal._index.has_moved(n)])
        cut_short(self.flash, self.journal, older, 2)
        newer = self.journal._head
        fill(self.journal, 30)
        cut_short(self.flash, self.journal, newer, 0)
        self.before = offered(self.journal)
        self.assertTrue(set(self.kept) <= set(self.before))
        self.check(mounted(self.flash))


class Places(unittest.TestCase):
    def test_own_numbers_stay_below_the_places(self):
        flash, journal = begun(8, 10, False)
        fill(journal, 60, 1)
        fill(journal, 50, 75)
        journal_moving.move_out(journal, 0, held(journal, 0)[40:])
        left = offered(journal)
        fill(journal, 60, 1)
        again = offered(mounted(flash))
        for seq in left:
            self.assertEqual(again[seq], left[seq])
        self.assertEqual(len(again), len(left) + 60)
        for sector in range(8):
            bits = journal._index.bits(sector)
            self.assertEqual(bin(bits).count("1"), len(held(journal, sector)))

    def test_a_place_is_taken_once_though_the_heap_ends_behind_the_write(self):
        flash, journal = begun(8, 40, False)
        kept = held(journal, 0)
        program = flash.program

        def fail(offset, data):
            program(offset, data)
            if len(data) > 16:
                raise MemoryError

        flash.program = fail
        with self.assertRaises(MemoryError):
            journal_moving.move_out(journal, 0, [])
        flash.program = program
        journal.acknowledge([(kept[0], kept[0])])
        self.assertTrue(journal_moving.move_out(journal, 0, []))
        again = mounted(flash)
        for seq in kept:
            self.assertTrue(seq in seqs(again))
            again.acknowledge([(seq, seq)])
            self.assertFalse(seq in seqs(again))
        self.assertEqual(len(seqs(again)), 40 - len(kept))

    def test_a_record_too_long_to_be_moved_keeps_its_sector(self):
        flash, journal = begun(8, 0)
        journal.append(2, record(2, 1020))
        fill(journal, 40)
        before = bytes(flash.memory)
        self.assertFalse(journal_moving.move_out(journal, 0, []))
        self.assertEqual(bytes(flash.memory), before)
        journal.acknowledge([(2, 2)])
        self.assertTrue(journal_moving.move_out(journal, 0, []))

    def test_the_longest_that_can_be(self):
        flash, journal = begun(8, 0)
        journal.append(2, record(2, 1019))
        fill(journal, 40)
        self.assertTrue(journal_moving.move_out(journal, 0, []))
        self.assertEqual(offered(mounted(flash))[2], record(2, 1019))

    def test_numbers_lost_behind_moved_records_are_not_given_again(self):
        flash, journal = begun(8, 40)
        fill(journal, 3)
        newest = journal.next_seq - 1
        at = journal._head * SECTOR_BYTES + journal._at - 20
        journal_moving.move_out(journal, 0, held(journal, 0)[2:])
        flash.flip(at, 3)
        again = mounted(flash)
        self.assertFalse(newest in seqs(again))
        self.assertTrue(again.next_seq > newest)

    def test_a_stray_bit_costs_the_moved_record_it_hits(self):
        flash, journal = begun(8, 40)
        journal_moving.move_out(journal, 0, held(journal, 0)[5:])
        head, end = journal._head, journal._at
        whole = offered(journal)
        for at in range(journal_sector.HEADER_BYTES, end, 7):
            flash.flip(head * SECTOR_BYTES + at, at % 8)
            again = mounted(flash)
            left = offered(again)
            self.assertTrue(len(left) >= len(whole) - 1)
            for seq in left:
                self.assertEqual(left[seq], whole[seq])
            self.assertTrue(again.next_seq >= journal.next_seq)
            flash.flip(head * SECTOR_BYTES + at, at % 8)


class Sessions(unittest.TestCase):
    def test_a_moved_session_is_offered_once(self):
        flash, journal = begun()
        journal_moving.move_out(journal, 0, held(journal, 0)[1:])
        again = mounted(flash)
        self.assertEqual(seqs(again).count(1), 1)
        self.assertEqual(offered(again)[1], SESSION)

    def test_a_pending_copy_outlives_its_sector(self):
        flash, journal = begun()
        flash.memory[:SECTOR_BYTES] = bytes(SECTOR_BYTES)  # the original is gone
        journal = mounted(flash)
        self.assertEqual(seqs(journal)[0], 1)
        sector = journal._index.oldest()
        journal_moving.move_out(journal, sector, held(journal, sector)[2:])
        for one in (journal, mounted(flash)):
            self.assertEqual(seqs(one).count(1), 1)
            self.assertEqual(offered(one)[1], SESSION)


class Reading(unittest.TestCase):
    """What a journal with moved records reads of its flash, and when it looks again."""

    def spread(self):
        """Three sectors of moved records, two of each older sector; what the first one holds."""
        flash, journal = begun(24, 200, False)
        for sector in range(3):
            journal_moving.move_out(journal, sector, held(journal, sector)[2:])
            fill(journal, 24)
        first = min([n for n in range(24) if journal._index.has_moved(n)])
        self.assertEqual(journal._index.moved_sectors, 3)
        return flash, journal, [seq for seq in held(journal, first) if seq < 100]

    def test_acknowledging_reads_no_further_than_what_is_named(self):
        flash, journal, moved = self.spread()
        reads = flash.reads
        self.assertEqual(journal.acknowledge([(seq, seq) for seq in moved]), len(moved))
        self.assertTrue(flash.reads - reads <= 2)

    def test_a_move_that_ends_early_leaves_the_lowest_number_right(self):
        flash, journal = begun(16, 120, False)
        journal_moving.move_out(journal, 1, held(journal, 1)[2:])
        moved = [seq for seq in seqs(journal) if not journal._index.holds(seq, 15)]
        self.assertEqual(journal.oldest_pending(), 1)
        journal.acknowledge([(seq, seq) for seq in moved])
        self.assertEqual(journal._index.moved_sectors, 0)
        journal.acknowledge([(1, 1)])
        cut_short(flash, journal, 0, 2)
        self.assertEqual(journal.oldest_pending(), min(seqs(journal)))


class BadSectors(unittest.TestCase):
    def test_a_sector_that_takes_no_mark_is_not_given_up(self):
        flash, journal = begun()
        before = seqs(journal)
        flash.dead_sectors = (0,)
        self.assertFalse(journal_moving.move_out(journal, 0, before[3:20]))
        self.assertEqual(seqs(journal), before)

    def test_a_head_that_dies_meanwhile_is_left(self):
        for dead in range(3, 6):
            flash, journal = begun(8, 80)
            keep = held(journal, 0)[:12]
            flash.dead_sectors = (journal._head, dead)
            self.assertTrue(journal_moving.move_out(journal, 0, held(journal, 0)[12:]))
            self.assertTrue(set(keep) <= set(seqs(journal)))
            self.assertTrue(set(keep) <= set(seqs(mounted(flash))))

    def test_sectors_that_are_stuck_are_passed_over(self):
        for byte in (0x00, 0xFF):
            for stuck in range(4, 8):
                flash, journal = begun(8, 90)
                keep = held(journal, 0)[:12]
                self.assertFalse(journal._index.is_pending(stuck))
                start = stuck * SECTOR_BYTES
                flash.memory[start : start + SECTOR_BYTES] = bytes([byte]) * SECTOR_BYTES
                flash.dead_sectors = (stuck,)
                fill(journal, 8)
                self.assertTrue(journal_moving.move_out(journal, 0, held(journal, 0)[12:]))
                for one in (journal, mounted(flash)):
                    self.assertTrue(set(keep) <= set(seqs(one)))
                    self.assertTrue(one.next_seq >= journal.next_seq)

    def test_without_room_nothing_is_lost(self):
        flash, journal = begun(5, 0)
        try:
            while True:
                journal.append(journal.next_seq, record(journal.next_seq), MAKES_ROOM)
        except JournalFull:
            pass
        before = offered(journal)
        with self.assertRaises(JournalFull):
            journal_moving.move_out(journal, journal._index.oldest(), [])
        self.assertEqual(offered(journal), before)
        self.assertEqual(offered(mounted(flash)), before)


if __name__ == "__main__":
    unittest.main()
