"""The scanner: whom it connects to, whom it leaves alone, and that it never goes deaf."""

import unittest

from varde_firmware.core import backoff, decider, drivers, hold_offs, scanner
from varde_firmware.core import scanner_words as air
from varde_firmware.core import sensor_words as words
from varde_protocols import hub_config

SCAN = air.StartScan(scanner.SCAN_MS)


def scanning():
    core = scanner.Scanner(backoff.Backoff(1_000, 60_000, backoff.Jitter(7)))
    assert core.handle(air.SwitchOn(), 0) == [SCAN]
    return core


class Scanning(unittest.TestCase):
    def test_the_end_of_a_scan_begins_the_next(self):
        core = scanning()
        self.assertEqual(core.handle(air.ScanEnded(), 600_000), [SCAN])
        self.assertEqual(core.deadline_ms, 1_210_000)

    def test_a_sensor_is_set_up_alone_and_then_the_scan_goes_on(self):
        core = scanning()
        opened = [air.Mute(1), air.OpenSession(1)]
        self.assertEqual(core.handle(air.Sighted(1), 10), opened)
        self.assertEqual(core.handle(air.ScanEnded(), 11), [])
        self.assertEqual(core.handle(air.Sighted(2), 12), [])
        self.assertEqual(core.handle(air.SetUp(1), 13), [SCAN])
        self.assertEqual(core.handle(air.Sighted(1), 14), [])

    def test_a_failed_set_up_lets_the_scan_go_on(self):
        core = scanning()
        core.handle(air.Sighted(1), 10)
        self.assertEqual(core.handle(air.SessionEnded(1, words.LOST), 11), [SCAN])

    def test_the_end_of_another_session_does_not(self):
        core = scanning()
        core.handle(air.Sighted(1), 10)
        core.handle(air.SetUp(1), 11)
        core.handle(air.Sighted(2), 12)
        self.assertEqual(core.handle(air.SessionEnded(1, words.DONE), 13), [])
        self.assertEqual(core.state, scanner.SETTING_UP)

    def test_one_connection_stays_free(self):
        core = scanning()
        for index in range(scanner.MAX_SESSIONS):
            core.handle(air.Sighted(index), 10)
            core.handle(air.SetUp(index), 11)
        self.assertEqual(core.handle(air.Sighted(9), 12), [])
        self.assertEqual(core.state, scanner.SCANNING)

    def test_a_sensor_is_left_alone_after_its_session(self):
        core = scanning()
        core.handle(air.Sighted(1), 0)
        core.handle(air.SetUp(1), 1)
        core.handle(air.SessionEnded(1, words.DONE), 1_000)
        self.assertEqual(core.handle(air.Sighted(1), 2_000), [])
        self.assertEqual(core.deadline_ms, 1_000 + hold_offs.HOLD_OFF_DONE_MS)
        self.assertEqual(core.handle(decider.Expired(), 11_000), [air.Unmute(1)])
        self.assertTrue(core.handle(air.Sighted(1), 11_001))

    def test_one_that_is_never_caught_leaves_the_air_to_the_others(self):
        core = scanning()
        now_ms, waits = 0, []
        for _ in range(10):
            core.handle(air.Sighted(1), now_ms)
            core.handle(air.SessionEnded(1, words.NO_CONNECTION), now_ms)
            waits.append(core.deadline_ms - now_ms)
            now_ms = core.deadline_ms
            core.handle(decider.Expired(), now_ms)
        self.assertEqual(waits[:3], [500, 1_000, 2_000])
        self.assertEqual(waits[-1], hold_offs.HOLD_OFF_MOST_MS)
        core.handle(air.Sighted(1), now_ms)
        core.handle(air.SessionEnded(1, words.DONE), now_ms)
        core.handle(decider.Expired(), core.deadline_ms)
        core.handle(air.Sighted(1), now_ms)
        core.handle(air.SessionEnded(1, words.LOST), now_ms)
        self.assertEqual(core.deadline_ms - now_ms, hold_offs.HOLD_OFF_LOST_MS)

    def test_one_whose_button_may_be_held_is_tried_both_ways_within_a_minute(self):
        core = scanning()
        now_ms, tries = 0, []
        for outcome in [words.BOND_LOST, words.PAIRING_FAILED] * 5:
            core.handle(air.Sighted(1), now_ms)
            core.handle(air.SessionEnded(1, outcome), now_ms)
            tries.append(core.deadline_ms - now_ms)
            now_ms = core.deadline_ms
            core.handle(decider.Expired(), now_ms)
        self.assertEqual(tries[::2], [500] * 5)  # at once
        self.assertEqual(tries[1::2], [10_000, 20_000, 40_000, 40_000, 40_000])

    def test_how_long_after_a_good_session_is_a_matter_of_the_model(self):
        delays = backoff.Backoff(1_000, 60_000, backoff.Jitter(7))
        core = scanner.Scanner(delays, [10_000, 40_000])
        core.handle(air.SwitchOn(), 0)
        core.handle(air.Sighted(1), 0)
        core.handle(air.SessionEnded(1, words.DONE), 1_000)
        self.assertEqual(core.deadline_ms, 41_000)

    def test_a_cuff_of_a_and_d_advertises_on_for_a_quarter_of_a_minute(self):
        for model in ("and-ua651", "and-uc352"):
            cuff = hub_config.Sensor(1, bytes(7), None, 0x1810, [0x2A35], model, 1, None, None,
                                     b"")  # fmt: skip
            self.assertEqual(drivers.hold_off_ms(cuff), 15_000)

    def test_an_outcome_that_nobody_foresaw_has_one_too(self):
        core = scanning()
        core.handle(air.Sighted(1), 0)
        core.handle(air.SessionEnded(1, "something new"), 0)
        self.assertEqual(core.deadline_ms, hold_offs.HOLD_OFF_WRONG_MS)

    def test_every_outcome_has_a_hold_off(self):
        outcomes = [getattr(words, name) for name in dir(words) if name.isupper()]
        for outcome in outcomes:
            if isinstance(outcome, str):
                self.assertTrue(hold_offs.HOLD_OFF_MS[outcome] > 0)


def crowded(now_ms=0):
    """All places taken by sensors 0, 1 and 2, set up a second apart."""
    core = scanning()
    for index in range(scanner.MAX_SESSIONS):
        core.handle(air.Sighted(index), now_ms + 1_000 * index)
        core.handle(air.SetUp(index), now_ms + 1_000 * index)
    return core


class Places(unittest.TestCase):
    def test_a_silent_session_gives_way_to_a_sensor_that_calls(self):
        core = crowded()
        core.handle(air.ValueCame(0), 4_000)
        core.handle(air.ValueCame(2), 6_000)
        self.assertEqual(core.handle(air.Sighted(9), 5_999), [])
        self.assertEqual(core.handle(air.Sighted(9), 6_000), [air.StopSession(1)])
        self.assertEqual(core.handle(air.Sighted(9), 6_100), [])  # it is on its way out
        core.handle(air.SessionEnded(1, words.STOPPED), 6_200)
        self.assertEqual(core.handle(air.Sighted(8), 6_300), [])  # the place is kept
        opened = [air.Mute(9), air.OpenSession(9)]
        self.assertEqual(core.handle(air.Sighted(9), 6_400), opened)

    def test_a_place_is_not_kept_for_one_that_has_gone(self):
        core = crowded()
        core.handle(air.Sighted(9), 10_000)
        core.handle(air.SessionEnded(0, words.STOPPED), 10_100)
        self.assertEqual(core.handle(air.Sighted(8), 15_099), [])
        self.assertTrue(core.handle(air.Sighted(8), 15_100))

    def test_one_that_sends_for_ever_gives_way_after_a_turn(self):
        core = crowded()
        for now_ms in range(3_000, 60_000, 1_000):
            for index in range(3):
                core.handle(air.ValueCame(index), now_ms)
            self.assertEqual(core.handle(air.Sighted(9), now_ms), [])
        for index in range(3):
            core.handle(air.ValueCame(index), 60_000)
        self.assertEqual(core.handle(air.Sighted(9), 60_000), [air.StopSession(0)])

    def test_many_that_send_for_ever_take_turns(self):
        core = scanning()
        turns = dict.fromkeys(range(6), 0)
        opened = []
        for now_ms in range(0, 3_600_000, 500):
            if core.is_due(now_ms):
                core.handle(decider.Expired(), now_ms)
            for index in opened:
                core.handle(air.ValueCame(index), now_ms)
            for index in turns:
                if index in opened:
                    continue
                for action in core.handle(air.Sighted(index), now_ms):
                    if isinstance(action, air.OpenSession):
                        turns[index] += 1
                        opened.append(index)
                        core.handle(air.SetUp(index), now_ms)
                    elif isinstance(action, air.StopSession):
                        opened.remove(action.index)
                        core.handle(air.SessionEnded(action.index, words.STOPPED), now_ms)
        self.assertTrue(min(turns.values()) >= max(turns.values()) // 2, turns)
        self.assertTrue(min(turns.values()) > 20, turns)


class NeverDeaf(unittest.TestCase):
    def test_a_scan_that_does_not_end_restarts_the_radio(self):
        core = scanning()
        self.assertFalse(core.is_due(609_999))
        self.assertEqual(core.handle(decider.Expired(), 610_000), [air.StopSessions()])
        restart_ms = core.deadline_ms
        self.assertTrue(610_000 < restart_ms <= 611_000)
        self.assertEqual(
            core.handle(decider.Expired(), restart_ms), [air.RestartRadio(), SCAN]
        )

    def test_who_was_left_alone_is_heard_again_though_the_restart_fails(self):
        core = scanning()
        core.handle(air.Sighted(1), 0)
        core.handle(air.SessionEnded(1, words.LOST), 0)
        core.handle(air.RadioFailed(), 1)
        actions = core.handle(decider.Expired(), 1_000)
        self.assertEqual(actions, [air.Unmute(1), air.RestartRadio(), SCAN])

    def test_a_deaf_session_restarts_the_radio(self):
        core = scanning()
        core.handle(air.Sighted(1), 0)
        core.handle(air.SessionEnded(1, words.RADIO_DEAF), 13_000)
        self.assertEqual(core.state, scanner.BROKEN)

    def test_sessions_that_end_while_it_is_broken_do_no_harm(self):
        core = scanning()
        core.handle(air.Sighted(1), 0)
        core.handle(air.RadioFailed(), 10)
        self.assertEqual(core.handle(air.SessionEnded(1, words.STOPPED), 20), [])
        self.assertEqual(core.handle(air.RadioFailed(), 30), [])
        self.assertEqual(core.state, scanner.BROKEN)

    def test_restarts_come_later_and_later_and_then_it_gives_up(self):
        core = scanning()
        now_ms, waits = 0, []
        for _ in range(scanner.MAX_RESTARTS):
            self.assertEqual(core.handle(air.RadioFailed(), now_ms), [air.StopSessions()])
            waits.append(core.deadline_ms - now_ms)
            now_ms = core.deadline_ms
            core.handle(decider.Expired(), now_ms)
        self.assertTrue(waits[-1] > 10 * waits[0])
        self.assertEqual(core.handle(air.RadioFailed(), now_ms)[-1], air.GiveUp())

    def test_a_sign_of_life_ends_the_counting(self):
        """The end of a scan is one, and a sensor that was set up."""
        for signs in ((air.ScanEnded(),), (air.Sighted(1), air.SetUp(1))):
            core = scanning()
            for _ in range(3 * scanner.MAX_RESTARTS):
                actions = core.handle(air.RadioFailed(), 0)
                self.assertEqual(actions, [air.StopSessions()])
                if signs[-1] == air.SetUp(1) and core._open:
                    core.handle(air.SessionEnded(1, words.STOPPED), -60_000)
                core.handle(decider.Expired(), core.deadline_ms)
                for sign in signs:
                    core.handle(sign, 0)


class Room(unittest.TestCase):
    def test_without_room_nobody_is_connected_to(self):
        core = scanning()
        stop = [air.StopScan(), air.StopSessions()]
        self.assertEqual(core.handle(air.RoomChanged(False), 10), stop)
        self.assertEqual(core.handle(air.ScanEnded(), 11), [])
        self.assertEqual(core.handle(air.Sighted(0), 12), [])
        self.assertEqual(core.handle(air.RoomChanged(True), 13), [SCAN])

    def test_room_that_ends_while_a_sensor_is_set_up(self):
        core = scanning()
        core.handle(air.Sighted(0), 5)
        self.assertEqual(core.handle(air.RoomChanged(False), 10), [air.StopSessions()])
        self.assertEqual(core.handle(air.SessionEnded(0, words.STOPPED), 11), [])
        self.assertEqual(core.state, scanner.FULL)

    def test_a_restart_without_room_does_not_scan(self):
        core = scanning()
        core.handle(air.RadioFailed(), 0)
        core.handle(air.RoomChanged(False), 1)
        actions = core.handle(decider.Expired(), core.deadline_ms)
        self.assertEqual(actions, [air.RestartRadio()])
        self.assertEqual(core.state, scanner.FULL)


if __name__ == "__main__":
    unittest.main()
