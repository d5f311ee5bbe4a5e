"""A backlog drains oldest first, and what is measured meanwhile is offered at once."""

import sys
import unittest

_HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
sys.path.append(_HERE + "/../firmware")

from nor_flash import NorFlash  # noqa: E402 - the path is set above

from varde_firmware.core import (  # noqa: E402
    backoff,
    drain,
    journal,
    journal_moving,
    journal_sector,
)

MAX_BYTES = 8192
MAX_RECORDS = 240
SPOT = 1


class Hub:
    """A journal, and what an exchange takes of it."""

    def __init__(self, sectors):
        self.journal = journal.Journal(NorFlash(sectors))
        self.journal.mount()
        self.fresh_seq = 0
        self.session_seq = 0
        self.requests = 0
        self.offered_at = {}  # number of the request that first offered a record, by its number
        self.written_at = {}  # how many requests had been made when it was written
        self.spots = []

    def write(self, len_bytes=173, kind=0):
        seq = self.journal.next_seq
        self.journal.append(seq, bytes([kind]) * len_bytes)
        self.written_at[seq] = self.requests
        if kind == SPOT:
            self.spots.append(seq)
        return seq

    def begin(self):
        self.session_seq = self.write(120)
        self.journal.set_session(self.session_seq, bytes(120))

    def request(self, without=(), max_records=MAX_RECORDS):
        batch = drain.Batch(self.journal, MAX_BYTES, max_records)
        batch.fill(self.session_seq, self.fresh_seq, without)
        self.requests += 1
        seqs = [seq for seq, _data in batch.rows]
        for seq in seqs:
            self.offered_at.setdefault(seq, self.requests)
        return batch, seqs

    def exchange(self):
        batch, seqs = self.request()
        self.fresh_seq = batch.fresh_seq
        for seq in seqs:
            self.journal.acknowledge([(seq, seq)])
        return batch, seqs


def long_backlog(records=600, sectors=36):
    hub = Hub(sectors)
    hub.begin()
    for _ in range(records):
        hub.write()
    return hub


class Draining(unittest.TestCase):
    def test_the_newest_and_their_session_go_first_and_then_the_oldest(self):
        hub = long_backlog()
        spot = hub.write(kind=SPOT)
        _batch, seqs = hub.exchange()
        self.assertEqual(seqs[0], hub.session_seq)
        _batch, again = hub.exchange()
        self.assertIn(spot, seqs + again)
        oldest = [seq for seq in again if seq < 100]
        self.assertEqual(oldest, list(range(oldest[0], oldest[0] + len(oldest))))
        self.assertTrue(len(oldest) >= 20)

    def test_the_session_goes_first_also_beside_moved_records(self):
        hub = Hub(16)
        while hub.journal.head_seq == 1 or not hub.journal.head_seq:
            hub.write()
        kept = (2, 3, 4)
        given_up = [seq for seq in range(1, hub.journal.head_seq) if seq not in kept]
        journal_moving.move_out(hub.journal, 0, given_up)
        # The second moved record's place in the head is the bit that this number would have there.
        second_place = journal_sector.MAX_RECORDS - 1
        first_seq = hub.journal._index.first_seq(1)
        while hub.journal.next_seq < first_seq + second_place:
            hub.write()
        hub.begin()
        self.assertEqual(hub.session_seq, first_seq + second_place)
        self.assertTrue(hub.journal._index.bits(1) >> second_place & 1)
        for _ in range(100):
            hub.write()
        _batch, seqs = hub.request()
        self.assertEqual(seqs[0], hub.session_seq)

    def test_a_spot_reading_waits_for_two_requests_at_most_whatever_the_backlog(self):
        chance = backoff.Jitter(11)
        hub = long_backlog()
        worst = 0
        while hub.journal.pending_count:
            batch, _seqs = hub.exchange()
            self.assertTrue(sum([len(data) for _seq, data in batch.rows]) <= MAX_BYTES)
            if hub.requests < 30:
                for _ in range(chance.below(12)):  # streams, as many as three sensors' in 4 s
                    hub.write()
                if not chance.below(2):
                    hub.write(kind=SPOT)
                for _ in range(chance.below(12)):
                    hub.write()
            self.assertTrue(hub.requests < 200)
        for seq in hub.spots:
            worst = max(worst, hub.offered_at[seq] - hub.written_at[seq])
        self.assertTrue(len(hub.spots) > 10)
        self.assertTrue(worst <= 2, worst)

    def test_nothing_is_left_or_offered_twice_in_one_request(self):
        hub = long_backlog(300, 24)
        everything = set(range(1, hub.journal.next_seq))
        seen = set()
        while hub.journal.pending_count:
            _batch, seqs = hub.exchange()
            self.assertEqual(len(seqs), len(set(seqs)))
            seen.update(seqs)
        self.assertTrue(everything - {0} <= seen | {0})

    def test_a_request_that_came_to_nothing_offers_the_same_again(self):
        hub = long_backlog()
        _batch, seqs = hub.request()
        _batch, again = hub.request()
        self.assertEqual(seqs, again)

    def test_what_is_set_aside_does_not_go_and_the_others_do(self):
        hub = long_backlog(200, 24)
        aside = [1, 2, 3, hub.journal.next_seq - 1]
        seen = set()
        for _ in range(40):
            batch, seqs = hub.request(aside)
            hub.fresh_seq = batch.fresh_seq
            seen.update(seqs)
            for seq in seqs:
                hub.journal.acknowledge([(seq, seq)])
        self.assertEqual(hub.journal.pending_count, len(aside))
        self.assertEqual([seq for seq in aside if seq in seen], [])

    def test_one_record_alone_where_no_more_is_taken(self):
        hub = long_backlog(100, 24)
        _batch, seqs = hub.request((), 1)
        self.assertEqual(len(seqs), 1)
        _batch, others = hub.request(seqs, 1)
        self.assertEqual(len(others), 1)
        self.assertNotEqual(seqs, others)

    def test_a_large_record_goes_alone_rather_than_never(self):
        hub = Hub(8)
        hub.begin()
        hub.exchange()
        seq = hub.write(1000)
        batch = drain.Batch(hub.journal, 500, MAX_RECORDS)
        batch.fill(hub.session_seq, 0, ())
        self.assertEqual([row[0] for row in batch.rows], [seq])


if __name__ == "__main__":
    unittest.main()
