"""A journal that nobody fetches: streams go, what a person measured stays, gap records say so."""

import sys
import unittest

_HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
sys.path.append(_HERE + "/../firmware")

# the crypto first: compiling it deep inside other imports needs more C stack than the VM has
from varde_protocols.crypto import ed25519, x25519  # noqa: E402

FIRST = ed25519, x25519  # used, so that the build leaves their import where it is

from nor_flash import TORN, NorFlash, PowerCut  # noqa: E402 - the path is set above

from varde_firmware.core import journal_moving, overflow, recorder  # noqa: E402
from varde_firmware.core.journal import Journal, JournalFull  # noqa: E402
from varde_protocols import assigned, cose, records  # noqa: E402

STREAM = 0x2A5F
SPOT = 0x2A35
HUB = bytes(8)


class Signer:
    def sign(self, message):
        return bytes(64)


class Hub:
    """A journal with a recorder; the readings' contents are not sealed but as long."""

    def __init__(self, flash, boot=1):
        self.flash = flash
        self.journal = Journal(flash)
        self.journal.mount()
        self.recorder = recorder.Recorder(self.journal, Signer(), HUB, boot)
        self.boot = boot

    def begin(self):
        """What a start journals."""
        seq = self.journal.next_seq
        try:
            self.recorder.event(1, records.EVENT_BOOT, 1)
            seq = self.journal.next_seq
            session = records.Session(seq, self.boot, 1, bytes(32), bytes(8))
            data = cose.sign1(Signer(), HUB, session.payload())
            self.journal.append(seq, data, True)
            self.journal.set_session(seq, data)
        except JournalFull:
            pass

    def reading(self, characteristic=STREAM, slot=1, size=60):
        seq = self.journal.next_seq
        made = records.Reading(seq, self.boot, seq, slot, characteristic, 2, bytes(size), b"")
        self.journal.append(seq, cose.sign1(Signer(), HUB, made.payload()))
        return seq

    def fill(self, characteristic=STREAM, slot=1, size=60):
        found = []
        try:
            while True:
                found.append(self.reading(characteristic, slot, size))
        except JournalFull:
            return found

    def make_room(self):
        is_freed = None
        while is_freed is None:
            is_freed = overflow.make_room(self.recorder, 7)
        return is_freed

    def offered(self):
        found = {}
        for seq, data in self.journal.batch(1 << 24, 1 << 24):
            assert seq not in found, "twice"
            found[seq] = records.decode(cose.Sign1.parse(data).unverified_payload)
        return found

    def of(self, kind):
        rows = self.offered()
        return [rows[seq] for seq in sorted(rows) if isinstance(rows[seq], kind)]

    def named(self):
        """The numbers that pending gap records name."""
        found = set()
        for gap in self.of(records.Gap):
            for first, last in gap.ranges:
                found.update(range(first, last + 1))
        return found


def stream_on(hub, count, every=0):
    """So many samples, room being made when there is none; a spot reading now and then."""
    spots = []
    for n in range(count):
        while hub.journal.free_bytes < 1024 and hub.make_room():
            pass
        hub.reading()
        if every and n % every == 0:
            spots.append(hub.reading(SPOT, 2))
    return spots


class MakingRoom(unittest.TestCase):
    def setUp(self):
        self.hub = Hub(NorFlash(8))
        self.hub.begin()

    def test_spot_readings_stay_and_the_gap_names_exactly_what_went(self):
        spots = stream_on(self.hub, 500, 25)
        for hub in (self.hub, Hub(self.hub.flash)):
            offered = hub.offered()
            self.assertTrue(set(spots) <= set(offered))
            undelivered = set(range(1, hub.journal.next_seq)) - set(offered)
            self.assertEqual(hub.named() - set(offered), undelivered)
            self.assertTrue(1 in offered and 2 in offered)  # boot and session
        self.assertEqual(self.hub.of(records.Gap)[-1].sources, [[1, STREAM]])
        self.assertEqual(self.hub.of(records.Gap)[-1].reason, records.GAP_JOURNAL_FULL)

    def test_a_long_stream_costs_one_growing_range(self):
        stream_on(self.hub, 1000)
        gaps = self.hub.of(records.Gap)
        self.assertTrue(len(gaps) < 8)  # one in each sector; the last says what the others say
        self.assertEqual(len(gaps[-1].ranges), 1)
        self.assertTrue(gaps[-1].ranges[0][1] - gaps[-1].ranges[0][0] > 700)

    def test_nothing_else_is_ever_given_up(self):
        self.hub.recorder.anchor(1, 1_760_000_000_000, records.SOURCE_SNTP, 40)
        self.hub.recorder.clock(1, 3, 0x2A2B, bytes(10), records.CLOCK_READ)
        self.hub.journal.append(self.hub.journal.next_seq, b"signed by nobody" * 9)
        self.hub.fill(SPOT)
        before = self.hub.journal.batch(1 << 20, 1 << 20)
        self.assertFalse(self.hub.make_room())
        self.assertEqual(self.hub.journal.batch(1 << 20, 1 << 20), before)

    def test_what_is_kept_is_not_read_again_and_again(self):
        self.hub.fill(SPOT)
        self.assertFalse(self.hub.make_room())
        reads = self.hub.flash.reads
        self.assertFalse(self.hub.make_room())
        self.assertTrue(self.hub.flash.reads - reads <= 3)

    def test_a_sector_with_little_of_a_stream_stays(self):
        for n in range(60):
            self.hub.reading(STREAM if n % 8 == 0 else SPOT)
        self.assertFalse(self.hub.make_room())

    def test_one_call_reads_a_bounded_number_of_sectors(self):
        hub = Hub(NorFlash(20))
        hub.fill(SPOT)
        reads = hub.flash.read_bytes
        self.assertTrue(overflow.make_room(hub.recorder, 7) is None)
        self.assertTrue(hub.flash.read_bytes - reads <= overflow.MOST_SECTORS * 4200)

    def test_every_stream_is_named(self):
        for n in range(200):
            while self.hub.journal.free_bytes < 1024:
                self.assertTrue(self.hub.make_room())
            self.hub.reading((0x2A37, assigned.NONIN_CONTINUOUS, STREAM)[n % 3], n % 3)
        sources = [[0, 0x2A37], [1, assigned.NONIN_CONTINUOUS], [2, STREAM]]
        self.assertEqual(self.hub.of(records.Gap)[0].sources, sources)

    def test_with_many_holes_the_smallest_are_closed(self):
        hub = Hub(NorFlash(16))
        hub.begin()
        spots = stream_on(hub, 900, 10)
        gaps = hub.of(records.Gap)
        self.assertEqual(len(gaps[-1].ranges), records.MAX_GAP_RANGES)
        offered = hub.offered()
        self.assertTrue(set(spots) <= set(offered))
        undelivered = set(range(1, hub.journal.next_seq)) - set(offered)
        self.assertEqual(hub.named() - set(offered), undelivered)
        self.assertTrue(len(hub.named() & set(offered)) > 20)

    def test_gap_records_do_not_fill_it_however_often_it_reboots(self):
        spots = []
        hub = Hub(NorFlash(12))
        held = []
        for boot in range(2, 14):
            spots.extend(stream_on(hub, 120, 100))
            hub = Hub(hub.flash, boot)
            hub.begin()
            held.append(len(hub.of(records.Gap)))
        self.assertTrue(max(held) <= 10)  # one in each sector, whatever came before
        offered = set(hub.offered())
        self.assertTrue(set(spots) <= offered)
        self.assertEqual(hub.named() - offered, set(range(1, hub.journal.next_seq)) - offered)

    def test_an_exchange_under_way_names_what_was_given_up_meanwhile(self):
        stream_on(self.hub, 150, 10)
        sent = [seq for seq, _ in self.hub.journal.batch(8192, 240)]
        before = set(self.hub.offered())
        self.assertTrue(self.hub.make_room())
        self.hub.journal.acknowledge([[seq, seq] for seq in sent])
        gap = self.hub.recorder.gap_seq
        left = before - set(sent) - self.hub.named()
        left.add(gap)
        self.assertEqual(set(self.hub.offered()), left)

    def test_a_delivered_gap_record_is_not_taken_up(self):
        stream_on(self.hub, 200)
        self.hub.journal.acknowledge([[gap.seq, gap.seq] for gap in self.hub.of(records.Gap)])
        lost = set(range(1, self.hub.journal.next_seq)) - set(self.hub.offered())
        self.assertTrue(self.hub.make_room())
        self.assertFalse(self.hub.named() & lost)


class Cuts(unittest.TestCase):
    def test_a_cut_at_every_operation_of_making_room(self):
        """Whatever is not offered is named by a gap record that is."""
        flash = NorFlash(8)
        hub = Hub(flash)
        hub.begin()
        spots = stream_on(hub, 160, 4)
        memory = bytes(flash.memory)
        for torn in TORN:
            at = 0
            while self.is_cut(memory, torn, at, spots):
                at += 1
            self.assertTrue(at >= 6)

    def is_cut(self, memory, torn, at, spots):
        flash = NorFlash(8)
        flash.memory[:] = memory
        hub = Hub(flash, 2)
        flash.cut(at, torn, at + 1)
        try:
            self.assertTrue(hub.make_room())
            return False
        except PowerCut:
            flash.restore()
        for boot in (3, 4):
            hub = Hub(flash, boot)
            self.check(hub, spots)
            hub.begin()
            stream_on(hub, 40)
            self.check(hub, spots)
        return True

    def check(self, hub, spots):
        offered = set(hub.offered())
        self.assertTrue(set(spots) <= offered)
        numbers = set(range(1, hub.journal.next_seq))
        missing = numbers - offered - hub.named()
        self.assertTrue(len(missing) <= 8, missing)  # left out for a torn record

    def test_after_the_mark_it_goes_on_without_another_gap_record(self):
        hub = Hub(NorFlash(8))
        hub.begin()
        stream_on(hub, 160, 4)
        flash = hub.flash
        memory = bytes(flash.memory)
        resumed = at = 0
        while True:
            flash.memory[:] = memory
            hub = Hub(flash, 2)
            flash.cut(at, "all")
            try:
                hub.make_room()
                break
            except PowerCut:
                flash.restore()
            journal = Hub(flash, 3).journal
            pending = [n for n in range(8) if journal._index.is_pending(n)]
            is_moving = any(journal_moving.is_moving(journal, n) for n in pending)
            next_seq = journal.next_seq
            hub = Hub(flash, 4)
            self.assertTrue(hub.make_room())
            self.assertEqual(hub.journal.next_seq, next_seq if is_moving else next_seq + 1)
            resumed += is_moving
            at += 1
        self.assertTrue(resumed > 4)

    def test_reboots_again_and_again_in_the_middle(self):
        """Each start says so, and each is cut while it makes room; in the end there is room."""
        for most in (3, 4, 7):
            flash = NorFlash(16)
            hub = Hub(flash)
            hub.begin()
            spots = []
            try:
                while True:
                    for _ in range(3):
                        hub.reading()
                    spots.append(hub.reading(SPOT, 2))
            except JournalFull:
                pass
            for boot in range(2, 40):
                hub = Hub(flash, boot)
                hub.begin()
                flash.cut(most, TORN[boot % 3], boot)
                try:
                    while hub.make_room():
                        pass
                except PowerCut:
                    pass
                flash.restore()
            hub = Hub(flash, 99)
            self.assertTrue(set(spots) <= set(hub.offered()))
            while hub.make_room():
                pass
            self.assertTrue(hub.journal.free_bytes > 8192, most)
            self.assertTrue(set(spots) <= set(hub.offered()))


if __name__ == "__main__":
    unittest.main()
