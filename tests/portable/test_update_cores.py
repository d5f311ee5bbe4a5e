"""What an update does next, whether it may, and what of it is held: by table and at random."""

import unittest

import hub_modules  # noqa: F401  (bottom up: the stack is small)

from varde_firmware.core import backoff, block_map, update_plan, update_record, update_rules
from varde_firmware.core.update_plan import FAILED, HINDERED, REFUSED, Stop
from varde_protocols import update_words as words

STATES = (update_plan.TRUST, update_plan.ASSIGNMENT, update_plan.RELEASE, update_plan.BLOCKS,
          update_plan.INSTALL, update_plan.TRIAL, update_plan.RESTART)  # fmt: skip
SLOT_SECTORS = 0x270000 // 4096  # of the table that the bench flashes
FREE = (False, 0, None, 0)  # not measuring, nothing pending, no battery, window open


def plan(state=update_plan.TRUST, tries=0):
    return update_plan.UpdatePlan(state, tries)


class Maps(unittest.TestCase):
    def test_any_order_of_blocks(self):
        random = backoff.Jitter(7)
        for count in (1, 7, 8, 9, 64, 418, 1024):
            found = block_map.BlockMap(count)
            model = set()
            for _ in range(min(3 * count, 600)):
                index = random.below(count)
                found.note(index)
                model.add(index)
                self.assertEqual(found.held, len(model))
            self.assertEqual([i for i in range(count) if found.has(i)], sorted(model))

    def test_nothing_lies_on_anything_else(self):
        """Image, its list, the bundle's list and the bundle, each as large as may be."""
        for sectors in (SLOT_SECTORS, 1 << 10, 2048):
            bundle = block_map.places(True, 64, sectors)
            most = max(n for n in (1, 256, 500, 551, 900, 951, 960, 1024, 1975)
                       if block_map.places(False, n, sectors))  # fmt: skip
            image = block_map.places(False, most, sectors)
            list_sectors = (most * 32 + 4095) // 4096
            used = [(0, most), (image[1], image[1] + list_sectors), (bundle[1], bundle[1] + 1),
                    (bundle[0], bundle[0] + 64)]  # fmt: skip
            for before, after in zip(used, used[1:]):
                self.assertTrue(before[1] <= after[0], used)
            self.assertEqual(used[-1][1], sectors)

    def test_what_does_not_fit(self):
        self.assertEqual(block_map.places(True, 65, SLOT_SECTORS), None)
        self.assertEqual(block_map.places(False, 1025, 4096), None)
        self.assertEqual(block_map.places(False, SLOT_SECTORS - 72, SLOT_SECTORS), None)
        self.assertTrue(block_map.places(False, SLOT_SECTORS - 73, SLOT_SECTORS))


class Plans(unittest.TestCase):
    def test_a_whole_update(self):
        it = plan()
        way = [it.state]
        for came in (False, True, True, True, True, True):
            it.handle(came, 5)
            way.append(it.state)
        self.assertEqual(way, ["trust", "assignment", "release", "blocks", "install", "trial", ""])
        self.assertEqual((it.deadline_ms, it.reason, it.is_refused), (None, 0, False))

    def test_a_new_trust_is_a_restart(self):
        it = plan()
        it.handle(True, 5)
        self.assertEqual(it.state, update_plan.RESTART)

    def test_a_config_alone_is_tried_at_once(self):
        it = plan(update_plan.RELEASE)
        it.handle(False, 5)
        self.assertEqual(it.state, update_plan.TRIAL)

    def test_an_illegal_move_changes_nothing(self):
        for state in STATES + (update_plan.OVER,):  # noqa: RUF005  (MicroPython)
            for came in (True, False):
                if (state, came) in update_plan.MOVES:
                    continue
                it = plan(state, 3)
                with self.assertRaises(KeyError):
                    it.handle(came, 5)
                self.assertEqual((it.state, it.tries, it.deadline_ms), (state, 3, None))

    def test_every_step_ends_in_a_finite_way(self):
        for state in STATES:
            it = plan(state)
            for _ in range(8):
                if it.state:
                    it.handle((it.state, True) in update_plan.MOVES, 0)
            self.assertEqual(it.state, update_plan.OVER)

    def test_any_step_may_be_stopped_for_any_reason(self):
        for state in STATES:
            for kind in (HINDERED, FAILED, REFUSED):
                it = plan(state, 1)
                it.handle(Stop(words.LOW_BATTERY, kind, 77), 1000)
                self.assertEqual((it.state, it.reason), (update_plan.OVER, words.LOW_BATTERY))
                self.assertEqual(it.is_refused, kind == REFUSED)
                wait_ms = {HINDERED: 77, FAILED: 240_000}.get(kind)
                self.assertEqual(it.deadline_ms, wait_ms and 1000 + wait_ms)
                self.assertEqual(it.tries, 2 if kind == FAILED else 1)

    def test_a_source_that_never_answers_is_given_up_after_a_day(self):
        now_ms = tries = sittings = 0
        while True:
            it = plan(update_plan.BLOCKS, tries)
            it.handle(Stop(words.UNREACHABLE, FAILED), now_ms)
            sittings += 1
            tries = it.tries
            if it.is_refused:
                break
            self.assertTrue(120_000 <= it.deadline_ms - now_ms <= 3_600_000)
            now_ms = it.deadline_ms
        self.assertEqual(sittings, update_rules.MOST_TRIES)
        self.assertTrue(12 * 3_600_000 < now_ms < 24 * 3_600_000)

    def test_what_only_hinders_is_waited_for_without_end(self):
        for _ in range(100):
            it = plan(update_plan.BLOCKS, 5)
            it.handle(Stop(words.READINGS_FIRST, HINDERED, 5000), 0)
            self.assertEqual((it.tries, it.is_refused, it.deadline_ms), (5, False, 5000))

    def test_a_block_more_makes_failures_begin_anew(self):
        it = plan(update_plan.BLOCKS, 23)
        it.progressed()
        it.handle(Stop(words.UNREACHABLE, FAILED), 0)
        self.assertEqual((it.tries, it.is_refused), (1, False))


class Rules(unittest.TestCase):
    def test_each_reason_alone_and_which_comes_first(self):
        for conditions, reason in (
            (FREE, words.NONE),
            ((True, 0, None, 0), words.READINGS_FIRST),
            ((False, 1, None, 0), words.READINGS_FIRST),
            ((False, 0, 3599, 0), words.LOW_BATTERY),
            ((False, 0, 3600, 0), words.NONE),
            ((False, 0, None, 30), words.OUTSIDE_WINDOW),
            ((False, 0, None, None), words.OUTSIDE_WINDOW),
            ((True, 1, 3000, 30), words.READINGS_FIRST),
            ((False, 0, 3000, 30), words.LOW_BATTERY),
        ):
            self.assertEqual(update_rules.why_not(*conditions), reason, conditions)

    def test_windows(self):
        for window, minute, until in (
            (None, None, 0), (None, 700, 0), ([60, 120], None, None), ([60, 120], 60, 0),
            ([60, 120], 119, 0), ([60, 120], 120, 1380), ([60, 120], 59, 1), ([60, 120], 0, 60),
            ([1320, 300], 1320, 0), ([1320, 300], 1439, 0), ([1320, 300], 0, 0),
            ([1320, 300], 299, 0), ([1320, 300], 300, 1020), ([1320, 300], 1319, 1),
        ):  # fmt: skip
            found = update_rules.minutes_until(window, minute)
            self.assertEqual(found, until, (window, minute))
            if until:
                opens = (minute + until) % 1440
                self.assertEqual(update_rules.minutes_until(window, opens), 0)
                self.assertTrue(update_rules.minutes_until(window, (opens - 1) % 1440))

    def test_the_modem(self):
        for bytes_there, is_spent, allowance_kib, is_good in (
            (4096, False, None, True),
            (4096, True, None, False),
            (4096, True, 100, False),
            (4096, False, 0, False),
            (4096, False, 4, False),  # with what lies around it a block is more than 4 KiB
            (4096, False, 5, True),
            (30 * 4096, False, 120, False),
            (30 * 4096, False, 143, True),
        ):
            found = update_rules.is_affordable(bytes_there, is_spent, allowance_kib)
            self.assertEqual(found, is_good, (bytes_there, is_spent, allowance_kib))

    def test_when_to_look_again(self):
        for reason, pending, until, wait_ms in (
            (words.READINGS_FIRST, 3, 0, 5_000), (words.READINGS_FIRST, 0, 0, 300_000),
            (words.LOW_BATTERY, 0, 0, 1_800_000), (words.OVER_BUDGET, 0, 0, 21_600_000),
            (words.OUTSIDE_WINDOW, 0, 7, 420_000), (words.OUTSIDE_WINDOW, 0, None, 3_600_000),
        ):  # fmt: skip
            found = update_rules.look_again_ms(reason, pending, until)
            self.assertEqual(found, wait_ms, reason)

    def test_backoff_doubles_up_to_an_hour(self):
        waits_min = [update_rules.backoff_ms(n) // 60_000 for n in range(1, 40)]
        self.assertEqual(waits_min[:6], [2, 4, 8, 16, 32, 60])
        self.assertEqual(set(waits_min[6:]), {60})

    def test_who_may_be_tried_a_second_time(self):
        nothing = update_record.Record(update_record.IDLE, 0, 0, 0, 1, *[0] * 14)
        both = update_record.CONFIG | update_record.APPLICATION
        for state, reason, parts, tries, is_over in (
            (words.CONFIRMED, 0, 1, 0, False),
            (words.RETURNED, words.NO_EXCHANGE, 1, 1, False),
            (words.RETURNED, words.NO_EXCHANGE, 1, 2, True),
            (words.RETURNED, words.NO_START, both, 1, True),
            (words.RETURNED, words.SELF_TEST, both, 1, True),
            (words.RETURNED, words.NO_START, both | update_record.INTERPRETER, 1, False),
            (words.RETURNED, words.NO_START, both | update_record.INTERPRETER, 2, True),
            (update_record.IDLE, 0, 0, 255, True),  # refused
            (words.CONFIRMED, 0, 1, 1, True),  # something else was confirmed since
        ):
            record = nothing.changed(state=state, reason=reason, parts=parts)
            found = update_rules.is_given_up(record, tries)
            self.assertEqual(found, is_over, (state, reason, parts, tries))


if __name__ == "__main__":
    unittest.main()
