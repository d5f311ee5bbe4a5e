"""Sittings of an update, whole: what is fetched, what stops it, what a cut costs, what is told."""

import unittest

import site_documents as site
import update_desk
from update_desk import BLOCK, FILES, Desk, Released

from varde_firmware.core import update_record, update_rules
from varde_protocols import documents, records
from varde_protocols import update_words as words

SEVEN, EIGHT = Released(7), Released(8)
BLOCKS = 7  # of its bundle
HOUR_MS = 3_600_000
# 2026-03-02 00:00 UTC; 01:00 by the desk's wall clock.
MIDNIGHT_MS = 1_772_409_600_000


def refused(desk):
    return [row[1:] for row in desk.events if row[0] == records.EVENT_UPDATE_REFUSED]


class GoodUpdates(unittest.TestCase):
    def test_a_config(self):
        desk = Desk()
        desk.publish(2)
        self.assertEqual(desk.sit(), "reset")
        record = desk.record
        self.assertEqual((record.state, record.parts, record.new_assignment), (words.TRIAL, 1, 2))
        self.assertTrue(desk.documents["/assignment.trial"])
        self.assertEqual(desk.saved, [words.STAGED, words.TRIAL])

    def test_an_application(self):
        desk = Desk()
        desk.publish(2, SEVEN)
        self.assertEqual(desk.sit(), "reset")
        self.assertEqual(desk.slot_b, dict(FILES))
        self.assertEqual(desk.saved, [words.FETCHING] * 2 + [words.STAGED, words.TRIAL])
        record = desk.record
        self.assertEqual((record.parts, record.new_release, record.is_spare_whole), (3, 7, 0))
        # trust, assignment, release, its list, each block once
        self.assertEqual(desk.requests, 4 + BLOCKS)

    def test_interpreter_and_application(self):
        image = bytes(range(251)) * 100
        desk = Desk()
        desk.publish(2, Released(7, image=image))
        self.assertEqual(desk.sit(), "reset")
        self.assertEqual(desk.record.parts, 7)
        staged = b"".join([desk.flash[i] for i in range(7)])[: len(image)]
        self.assertEqual(staged, image)

    def test_an_interpreter_that_runs_is_not_fetched(self):
        desk = Desk()
        desk.image = bytes(range(251)) * 100
        desk.publish(2, Released(7, image=desk.image))
        self.assertEqual(desk.sit(), "reset")
        self.assertEqual((desk.record.parts, 0 in desk.flash), (3, False))

    def test_an_interpreter_alone_is_installed_whatever_runs(self):
        desk = Desk()
        desk.image = bytes(range(251)) * 100
        desk.publish(2, Released(7, files=(), image=desk.image))
        self.assertEqual(desk.sit(), "reset")
        self.assertEqual(desk.record.parts, 5)

    def test_the_release_in_force_is_not_fetched_again(self):
        desk = Desk()
        desk.save(desk.record.changed(release=7).encode())
        desk.publish(2, SEVEN)
        self.assertEqual(desk.sit(), "reset")
        self.assertEqual((desk.record.parts, desk.requests), (1, 2))

    def test_from_the_collector_itself(self):
        desk = Desk()
        desk.publish(2, SEVEN, source=None)
        self.assertEqual(desk.sit(), "reset")

    def test_trusts_are_followed_and_then_the_hub_restarts(self):
        desk = Desk()
        desk.published = [(documents.TRUST, n + 1, site.TRUSTS[n]) for n in (1, 2)]
        desk.publish(2, signers=("assignment-2",))
        desk.documents["/release.cbor"] = b"signed by who may not any more"
        self.assertEqual(desk.sit(), "reset")
        self.assertEqual(desk.documents, {"/trust.cbor": site.TRUSTS[2]})
        self.assertEqual(desk.saved, [])
        desk.runs(1, 3)
        self.assertEqual(desk.sit(), "reset")
        self.assertEqual(desk.record.state, words.TRIAL)

    def test_a_trust_put_in_place_before_something_came_between_is_a_restart(self):
        desk = Desk()
        desk.documents["/trust.cbor"] = site.TRUSTS[1]
        self.assertEqual((desk.sit(), desk.requests, desk.resets), ("reset", 0, 1))

    def test_whoever_answers_with_an_unknown_key_is_asked_for_a_trust_only(self):
        desk = Desk()
        desk.is_stranger = True
        desk.publish(2)
        self.assertEqual(desk.sit(), words.UNKNOWN_KEY)
        self.assertEqual((desk.requests, refused(desk)), (1, []))
        waits_min = []
        for _ in range(30):
            waits_min.append((desk.update_from_ms - desk.now) // 60_000)
            desk.now = desk.update_from_ms
            desk.sit()
        self.assertEqual((waits_min[:3], max(waits_min), refused(desk)), ([2, 4, 8], 60, []))
        desk.published.append((documents.TRUST, 2, site.TRUSTS[1]))
        self.assertEqual(desk.sit(), "reset")


class Refusals(unittest.TestCase):
    def holds(self, desk, what, reason, number):
        """Refused at once, told once, and not asked for again, also after a restart."""
        self.assertEqual(desk.sit(), reason)
        self.assertEqual(refused(desk), [(what, reason, number)])
        self.assertEqual(desk.update_fact[:4], [what, number, words.REFUSED, reason])
        self.assertEqual((desk.update_from_ms, "/assignment.trial" in desk.documents),
                         (None, False))  # fmt: skip
        self.assertTrue(desk.record.is_at_rest)
        asked = desk.requests
        self.assertEqual(desk.sit() or reason, reason)
        self.assertEqual((desk.requests, len(refused(desk))), (asked, 1))
        desk.publish(9)  # the next is taken
        self.assertEqual(desk.sit(), "reset")

    def test_assignments(self):
        good = site.signed(documents.ASSIGNMENT, site.changed(update_desk.GIVEN, number=2,
                           hub_id=None), "assignment-1")  # fmt: skip
        for fields, raw, reason in (
            ({"signers": ("stranger-1",)}, None, words.UNKNOWN_KEY),
            ({"signers": ("service-1",)}, None, words.UNKNOWN_KEY),
            ({"site_id": bytes(8)}, None, words.OTHER_SITE),
            ({"hub_id": bytes(8)}, None, words.OTHER_HUB),
            ({}, good[:-1] + bytes((good[-1] ^ 1,)), words.SIGNATURE),
            ({}, good[:-1], words.MALFORMED),
            ({}, b"no document", words.MALFORMED),
            ({}, site.TRUSTS[0], words.MALFORMED),
        ):
            desk = Desk()
            desk.publish(2, **fields)
            if raw is not None:
                desk.published = []
                desk.publish_raw(2, raw)
            self.holds(desk, words.CONFIG, reason, 2)
            desk.published = desk.published[-1:]

    def test_an_assignment_that_is_not_the_announced_one(self):
        desk = Desk()
        desk.runs(5, 1)
        desk.publish(4)
        data = desk.published.pop()[2]
        desk.publish_raw(6, data)
        self.assertEqual(desk.sit(), words.ROLLBACK)
        self.assertEqual(refused(desk), [(words.CONFIG, words.ROLLBACK, 6)])

    def test_trusts(self):
        for data, reason in (
            (site.TRUSTS[2], words.ROLLBACK),  # skips one; and not signed by ours
            (site.TRUSTS[0], words.ROLLBACK),
            (b"none", words.MALFORMED),
        ):
            desk = Desk()
            desk.published = [(documents.TRUST, 2, data)]
            desk.publish(2)
            found = desk.sit()
            self.assertTrue(found in (reason, words.UNKNOWN_KEY, words.SIGNATURE), found)
            self.assertEqual(desk.documents["/trust.cbor"], site.TRUSTS[0])
            self.assertEqual(len(refused(desk)), 1)

    def test_roots_that_tls_cannot_read(self):
        desk = Desk()
        desk.reads_roots = False
        desk.published = [(documents.TRUST, 2, site.TRUSTS[1])]
        desk.publish(2)
        self.assertEqual(desk.sit(), words.MALFORMED)
        self.assertEqual(desk.documents["/trust.cbor"], site.TRUSTS[0])

    def test_releases(self):
        for released, runs, floor, reason in (
            (Released(7, target="other"), 0, 0, words.WRONG_TARGET),
            (Released(7, min_from=3), 2, 0, words.WRONG_TARGET),
            (Released(7, signers=("release-1",)), 0, 0, words.SIGNATURE),
            (Released(7, signers=("release-1", "stranger-1")), 0, 0, words.SIGNATURE),
            (Released(7, signers=("stranger-1", "stranger-2")), 0, 0, words.UNKNOWN_KEY),
            (Released(7, signers=("assignment-1",)), 0, 0, words.UNKNOWN_KEY),
            (Released(7), 8, 0, words.ROLLBACK),
            (Released(7), 0, 8, words.FLOOR),
        ):
            desk = Desk()
            desk.save(desk.record.changed(release=runs, floor=floor).encode())
            desk.publish(2, released)
            self.holds(desk, words.APPLICATION, reason, 7)
            self.assertEqual((desk.slot_b, desk.flash), ({}, {}))

    def test_a_release_of_another_number_than_named(self):
        desk = Desk()
        desk.publish(2, SEVEN, release=[8, SEVEN.digest])
        self.holds(desk, words.APPLICATION, words.MALFORMED, 8)

    def test_no_room(self):
        desk = Desk(sectors=80)
        desk.publish(2, Released(7, files=(), image=bytes(8 * BLOCK)))
        self.holds(desk, words.APPLICATION, words.NO_ROOM, 7)

    def test_a_bundle_that_is_none(self):
        released = Released(7, files=[("../boot.mpy", b"x")])
        desk = Desk()
        desk.publish(2, released)
        self.holds(desk, words.APPLICATION, words.MALFORMED, 7)
        self.assertEqual(desk.slot_b, {})

    def test_what_came_back_from_its_trial(self):
        for reason, parts, hours, outcome in (
            (words.NO_EXCHANGE, 3, 0, None),
            (words.NO_EXCHANGE, 3, 2, "reset"),
            (words.NO_START, 3, 2, None),
            (words.NO_START, 7, 2, "reset"),
        ):
            desk = Desk()
            desk.publish(2, SEVEN)
            record = desk.record.changed(
                state=words.RETURNED, reason=reason, parts=parts, new_release=7,
                new_assignment=2, is_told=0,
            )  # fmt: skip
            desk.save(record.told().encode())
            desk.now = hours * HOUR_MS
            self.assertEqual(desk.sit(), outcome, (reason, parts, hours))
            if not hours:
                self.assertEqual(desk.update_from_ms, HOUR_MS)

    def test_a_release_that_came_back_is_refused_in_another_assignment_too(self):
        desk = Desk()
        record = desk.record.changed(state=words.RETURNED, reason=words.NO_START, parts=3,
                                     new_release=7, new_assignment=2, is_told=0)  # fmt: skip
        desk.save(record.told().encode())
        desk.publish(3, SEVEN)
        self.assertEqual(desk.sit(), words.NO_START)
        self.assertEqual(refused(desk), [(words.APPLICATION, words.NO_START, 7)])

    def test_nothing_is_done_while_a_trial_is_on_or_not_told(self):
        for changes in ({"state": words.TRIAL, "parts": 1}, {"is_told": 0}):
            desk = Desk()
            desk.save(desk.record.changed(**changes).encode())
            desk.publish(2)
            desk.sit()
            self.assertEqual((desk.requests, desk.update_from_ms), (0, desk.now + 60_000))


class Hindrances(unittest.TestCase):
    def stops(self, reason, wait_ms, change, heal, held=3):
        """Stops before the next block, and goes on from there when it is due."""
        desk = Desk()
        desk.publish(2, SEVEN, window=[60, 120])
        desk.utc = MIDNIGHT_MS  # 01:00 on the wall
        desk.before_answer = lambda count: count == 4 + held and change(desk)
        self.assertEqual(desk.sit(), reason)
        self.assertEqual(desk.update_fact, [2, 7, words.WAITING, reason, held, BLOCKS, 0])
        self.assertEqual(desk.update_from_ms - desk.now, wait_ms)
        self.assertEqual((desk.requests, refused(desk)), (4 + held, []))
        desk.before_answer = None
        asked = desk.requests
        self.assertEqual(desk.sit(), reason)  # still
        self.assertEqual(desk.requests, asked)
        heal(desk)
        self.assertEqual(desk.sit(), "reset")
        self.assertEqual(desk.requests - asked, BLOCKS - held)

    def test_a_reading_goes_before_the_next_block(self):
        def measured(desk):
            desk.pending = 2

        def delivered(desk):
            desk.pending = 0

        self.stops(words.READINGS_FIRST, update_rules.UNSENT_MS, measured, delivered)

    def test_a_measurement(self):
        def begins(desk):
            desk.is_measuring = True

        def ends(desk):
            desk.is_measuring = False

        self.stops(words.READINGS_FIRST, update_rules.MEASURING_MS, begins, ends)

    def test_the_window_closes(self):
        def closes(desk):
            desk.utc = MIDNIGHT_MS + HOUR_MS

        def opens(desk):
            desk.utc = MIDNIGHT_MS + 24 * HOUR_MS

        self.stops(words.OUTSIDE_WINDOW, 23 * HOUR_MS, closes, opens)

    def test_nobody_knows_the_time(self):
        def forgets(desk):
            desk.utc = None

        def knows(desk):
            desk.utc = MIDNIGHT_MS

        self.stops(words.OUTSIDE_WINDOW, HOUR_MS, forgets, knows)

    def test_the_budget_is_spent_over_the_modem(self):
        def spends(desk):
            desk.link, desk.is_thrifty = records.LINK_MODEM, True

        def next_month(desk):
            desk.is_thrifty = False

        self.stops(words.OVER_BUDGET, update_rules.OVER_BUDGET_MS, spends, next_month)

    def test_the_battery_is_looked_at_once_a_sitting(self):
        desk = Desk()
        desk.publish(2, SEVEN)
        desk.battery_mv = 3500
        self.assertEqual(desk.sit(), words.LOW_BATTERY)
        self.assertEqual((desk.requests, desk.update_from_ms - desk.now), (0, HOUR_MS // 2))
        desk.battery_mv = 3700
        self.assertEqual(desk.sit(), "reset")

    def test_the_allowance_over_the_modem(self):
        desk = Desk()
        desk.link = records.LINK_MODEM
        desk.publish(2, SEVEN, allowance_kib=16)
        self.assertEqual(desk.sit(), words.OVER_BUDGET)
        self.assertEqual(desk.update_fact[4], 3)
        self.assertEqual(desk.sit(), words.OVER_BUDGET)  # what is held counts
        self.assertEqual(desk.update_fact[4], 3)
        desk.link = records.LINK_WIFI
        self.assertEqual(desk.sit(), "reset")

    def test_the_link_goes(self):
        desk = Desk()
        desk.publish(2, SEVEN)

        def goes(count):
            desk.number = 2 if count >= 6 else 1

        desk.before_answer = goes
        desk.sit()
        self.assertEqual(desk.update_from_ms, desk.now)  # with the next exchange
        self.assertEqual(desk.update_fact[4], 2)
        desk.before_answer = None
        self.assertEqual(desk.sit(), "reset")

    def test_a_slow_source_does_not_keep_the_hub_from_its_heartbeat(self):
        desk = Desk()
        desk.publish(2, SEVEN)

        def slow(_count):
            desk.now += 70_000

        desk.before_answer = slow
        sittings = 0
        while desk.sit() != "reset":
            sittings += 1
            self.assertEqual(desk.update_from_ms, desk.now)
            self.assertTrue(sittings < 10)
        self.assertTrue(sittings >= 2)

    def test_an_idle_moment_is_waited_for_before_the_restart(self):
        desk = Desk()
        desk.publish(2)
        desk.before_answer = lambda count: count == 2 and setattr(desk, "is_measuring", True)
        self.assertEqual(desk.sit(), words.READINGS_FIRST)
        self.assertEqual(desk.resets, 0)
        desk.is_measuring = False
        self.assertEqual(desk.sit(), "reset")
        self.assertEqual(update_record.load(desk).state, words.TRIAL)


if __name__ == "__main__":
    unittest.main()
