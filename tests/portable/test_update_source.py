"""Sittings of an update whose source fails or whose power goes: what it costs, what is told."""

import unittest

import update_desk
from update_desk import BLOCK, FILES, Answer, Desk, Released

from varde_firmware.core import update_rules
from varde_protocols import records
from varde_protocols import update_words as words

SEVEN, EIGHT = Released(7), Released(8)
BLOCKS = 7  # of its bundle
HOUR_MS = 3_600_000


def refused(desk):
    return [row[1:] for row in desk.events if row[0] == records.EVENT_UPDATE_REFUSED]


class Sources(unittest.TestCase):
    def gives_up(self, fault, reason, most_requests):
        """Tries for a day, ever more rarely, then says so; nothing of it is taken."""
        desk = Desk()
        desk.publish(2, SEVEN)
        desk.fault = fault
        began_ms = desk.now
        found = desk.sit_out()
        self.assertEqual(set(found), {reason}, found)
        self.assertEqual(len(found), update_rules.MOST_TRIES)
        self.assertTrue(12 * HOUR_MS < desk.now - began_ms < 25 * HOUR_MS)
        self.assertEqual([row[1] for row in refused(desk)], [reason])
        self.assertTrue(desk.requests <= most_requests, desk.requests)
        self.assertEqual(desk.slot_b, {})

    def test_faults(self):
        def status(code):
            return lambda found, head: Answer(code, b"x") if head.startswith("GET") else None

        def whole(found, head):
            return Answer(200, found.body) if "Range" in head else None

        for fault in (status(404), status(500), status(302), status(206), whole):
            self.gives_up(fault, words.UNREACHABLE, 3 + 2 * update_rules.MOST_TRIES)

    def test_other_bytes(self):
        def turned(found, head):
            if "Range" not in head:
                return None
            return Answer(206, bytes((found.body[0] ^ 1,)) + found.body[1:], found.content_range)

        self.gives_up(turned, words.WRONG_HASH, 3 + 2 * update_rules.MOST_TRIES)

    def test_other_ranges(self):
        for said in (b"", b"bytes 0-1/2", b"bytes */28672"):

            def other(found, head, said=said):
                return Answer(206, found.body, said) if "Range" in head else None

            self.gives_up(other, words.WRONG_HASH, 3 + 2 * update_rules.MOST_TRIES)

    def test_nobody_is_there(self):
        def nobody(found, head):
            if head.startswith("GET"):
                raise OSError(110)

        def somebody_else(found, head):
            if head.startswith("GET"):
                raise update_desk.Refused("certificate")

        for fault in (nobody, somebody_else):
            self.gives_up(fault, words.UNREACHABLE, 3 + 2 * update_rules.MOST_TRIES)

    def test_a_document_that_the_collector_does_not_have(self):
        desk = Desk()
        desk.announced = 2
        self.assertEqual(set(desk.sit_out()), {words.UNREACHABLE})
        self.assertEqual(refused(desk), [(words.CONFIG, words.UNREACHABLE, 2)])

    def test_another_release_under_the_digest(self):
        desk = Desk()
        desk.publish(2, SEVEN)
        desk.blobs[SEVEN.digest.hex()] = EIGHT.blobs[EIGHT.digest.hex()]
        self.assertEqual(desk.sit(), words.WRONG_HASH)
        desk.blobs.update(SEVEN.blobs)
        desk.now = desk.update_from_ms
        self.assertEqual(desk.sit(), "reset")

    def test_a_source_that_heals_is_used_from_where_it_was(self):
        desk = Desk()
        desk.publish(2, SEVEN)
        bad_from = desk.requests + 4 + 3  # three blocks come
        desk.fault = lambda found, head: Answer(503) if desk.requests > bad_from else None
        self.assertEqual(desk.sit(), words.UNREACHABLE)
        self.assertEqual(desk.update_fact, [2, 7, words.WAITING, 15, 3, BLOCKS, 1])
        desk.fault = None
        desk.now = desk.update_from_ms
        asked = desk.requests
        self.assertEqual(desk.sit(), "reset")
        self.assertEqual(desk.requests - asked, BLOCKS - 3)


class Cuts(unittest.TestCase):
    def test_a_cut_in_any_answer_costs_that_answer(self):
        """Bytes on the air: the whole once, and what the cut threw away."""
        whole = Desk()
        whole.publish(2, SEVEN)
        whole.sit()
        for at in range(1, whole.requests + 1):
            desk = Desk()
            desk.publish(2, SEVEN)
            desk.cut_at = at
            self.assertEqual(desk.sit(), "cut")
            self.assertEqual(desk.sit(), "reset")
            self.assertEqual(desk.slot_b, dict(FILES))
            self.assertTrue(desk.down_bytes <= whole.down_bytes + BLOCK, at)

    def test_a_cut_in_every_answer(self):
        desk = Desk()
        desk.publish(2, SEVEN)
        cuts = 0
        while True:
            desk.cut_at = desk.requests + 3  # each start gets two answers
            came = desk.sit()
            if came == "reset":
                break
            cuts += 1
            self.assertTrue(cuts < 40)
        size = sum([len(data) for data in SEVEN.blobs.values()])
        self.assertTrue(desk.down_bytes <= size + (cuts + 2) * BLOCK, (desk.down_bytes, size))

    def test_flash_that_was_spoiled_is_fetched_again(self):
        desk = Desk()
        desk.publish(2, SEVEN)
        desk.cut_at = 4 + BLOCKS  # the last block
        desk.sit()
        spoiled = [sector for sector in desk.flash if desk.flash[sector][0] != 0xFF][-2]
        desk.flash[spoiled] = b"\x00" + desk.flash[spoiled][1:]
        self.assertEqual(desk.sit(), "reset")
        self.assertEqual(desk.slot_b, dict(FILES))

    def test_a_newer_assignment_takes_the_place_of_one_under_way(self):
        desk = Desk()
        desk.publish(2, SEVEN)
        desk.cut_at = 7
        desk.sit()
        desk.published = []
        desk.publish(3)  # and no release any more
        self.assertEqual(desk.sit(), "reset")
        record = desk.record
        self.assertEqual((record.parts, record.new_assignment, record.new_release), (1, 3, 0))

    def test_a_newer_assignment_of_the_same_release_keeps_its_blocks(self):
        desk = Desk()
        desk.publish(2, SEVEN)
        desk.cut_at = 4 + 5
        desk.sit()
        asked = desk.requests
        desk.published = []
        desk.publish(3, SEVEN)
        self.assertEqual(desk.sit(), "reset")
        self.assertEqual(desk.requests - asked, 2 + BLOCKS - 4)  # trust, assignment, blocks
        self.assertEqual(desk.record.new_assignment, 3)


if __name__ == "__main__":
    unittest.main()
