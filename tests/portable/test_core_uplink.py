"""The uplink: when the hub exchanges, when it waits, and for what it does not."""

import unittest

from varde_firmware.core import backoff, decider, uplink

WIFI = 0
OTHER = 1
HEARTBEAT_MS = 900_000


def new_uplink(seed=3):
    delays = backoff.Backoff(
        uplink.BACKOFF_FIRST_MS, uplink.BACKOFF_MOST_MS, backoff.Jitter(seed)
    )
    return uplink.Uplink(900, delays)


class Uplink(unittest.TestCase):
    def linked(self):
        core = new_uplink()
        core.handle(uplink.LinkUp(WIFI), 1_000)
        return core

    def idle(self):
        core = self.linked()
        core.handle(decider.Expired(), 1_000)
        done = core.handle(uplink.Acknowledged(3, 0, 600), 2_000)
        self.assertEqual(done, [uplink.HangUp()])
        return core

    def fail(self, core, times, now_ms=1_000):
        """So many tries come to nothing; return when the last one did."""
        for _ in range(times):
            now_ms = max(now_ms, core.deadline_ms)
            core.handle(decider.Expired(), now_ms)
            core.handle(uplink.Failed(), now_ms)
        return now_ms

    def cut_off(self):
        core = self.linked()
        return core, self.fail(core, uplink.QUICK_TRIES + 1)


class Exchanging(Uplink):
    def test_a_new_link_is_used_at_once(self):
        core = self.linked()
        self.assertTrue(core.is_due(1_000))
        self.assertEqual(core.handle(decider.Expired(), 1_000), [uplink.Exchange(True)])

    def test_the_heartbeat_is_what_the_collector_says_within_limits(self):
        self.assertEqual(self.idle().deadline_ms, 602_000)
        for asked_s, given_s in ((0, 60), (604_800, 86_400)):
            core = self.linked()
            core.handle(decider.Expired(), 1_000)
            core.handle(uplink.Acknowledged(0, 0, asked_s), 2_000)
            self.assertEqual(core.deadline_ms, 2_000 + given_s * 1_000)

    def test_records_go_soon_and_together(self):
        core = self.idle()
        core.handle(uplink.Pending(1, False), 10_000)
        core.handle(uplink.Pending(2, True), 12_000)
        self.assertEqual(core.deadline_ms, 13_000)

    def test_nothing_pending_does_not_hasten_the_heartbeat(self):
        core = self.idle()
        core.handle(uplink.Pending(0, False), 10_000)
        self.assertEqual(core.deadline_ms, 602_000)

    def test_a_backlog_drains_over_one_connection_with_pauses(self):
        core = self.linked()
        core.handle(decider.Expired(), 1_000)
        self.assertEqual(core.handle(uplink.Acknowledged(30, 5, 900), 2_000), [])
        core.handle(uplink.Pending(6, True), 2_100)
        self.assertEqual(core.deadline_ms, 2_000 + uplink.PAUSE_MS)
        self.assertEqual(core.handle(decider.Expired(), 2_500), [uplink.Exchange(False)])
        self.assertEqual(core.handle(uplink.Acknowledged(5, 0, 900), 3_000), [uplink.HangUp()])

    def test_an_answer_that_releases_nothing_is_a_failure(self):
        core = self.linked()
        core.handle(decider.Expired(), 1_000)
        self.assertEqual(core.handle(uplink.Acknowledged(0, 5, 900), 2_000), [uplink.HangUp()])
        self.assertEqual(core.state, uplink.RESTING)

    def test_a_link_that_goes_takes_the_connection_with_it(self):
        core = self.idle()
        self.assertEqual(core.handle(uplink.LinkDown(), 3_000), [uplink.HangUp()])
        self.assertIsNone(core.deadline_ms)


class Reporting(Uplink):
    def reports(self, core, heartbeat_s, exchanges):
        """So many exchanges at the heartbeat; return when a report was due."""
        found = []
        for _ in range(exchanges):
            now_ms = core.deadline_ms
            (action,) = core.handle(decider.Expired(), now_ms)
            if action.is_report_due:
                found.append(now_ms)
            core.handle(uplink.Acknowledged(1, 0, heartbeat_s), now_ms)
        return found

    def test_a_report_goes_first_and_then_once_an_hour(self):
        hour_ms = uplink.REPORT_EVERY_MS
        self.assertEqual(self.reports(self.linked(), 900, 9),
                         [1_000, 1_000 + hour_ms, 1_000 + 2 * hour_ms])  # fmt: skip

    def test_a_heartbeat_longer_than_an_hour_brings_a_report_each_time(self):
        self.assertEqual(len(self.reports(self.linked(), 7_200, 5)), 5)

    def test_a_reading_between_heartbeats_brings_none(self):
        core = self.linked()
        self.reports(core, 7_200, 1)
        core.handle(uplink.Pending(1, True), 4_000_000)
        self.assertEqual(core.handle(decider.Expired(), 4_003_000), [uplink.Exchange(False)])

    def test_another_way_is_reported_at_once_and_the_same_again_is_not(self):
        core = self.linked()
        self.reports(core, 900, 1)
        for way, is_due in ((WIFI, False), (uplink.MODEM_WAY, True), (uplink.MODEM_WAY, False)):
            core.handle(uplink.LinkDown(), 5_000)
            core.handle(uplink.LinkUp(way), 6_000)
            self.assertEqual(core.handle(decider.Expired(), 6_000), [uplink.Exchange(is_due)])
            core.handle(uplink.Acknowledged(1, 0, 900), 6_000)

    def test_ways_that_change_in_an_outage_bring_no_more_reports(self):
        core = self.linked()
        self.assertEqual(core.handle(decider.Expired(), 1_000), [uplink.Exchange(True)])
        for way in (uplink.MODEM_WAY, WIFI) * 9:
            core.handle(uplink.Failed(), 2_000)
            core.handle(uplink.LinkDown(), 3_000)
            core.handle(uplink.LinkUp(way), 4_000)
            self.assertEqual(core.handle(decider.Expired(), 4_000), [uplink.Exchange(False)])

    def test_one_that_cannot_be_delivered_is_not_written_again_for_a_day(self):
        core = self.linked()
        written = []
        now_ms = 0
        while now_ms < 2 * uplink.REPORT_AGAIN_MS - uplink.SPREAD_MS:
            now_ms = max(now_ms, core.deadline_ms)
            (action,) = core.handle(decider.Expired(), now_ms)
            if action.is_report_due:
                written.append(now_ms)
            core.handle(uplink.Failed(), now_ms)
        self.assertEqual(len(written), 2)


class Outages(Uplink):
    def test_a_link_that_comes_for_minutes_each_hour_is_not_there_in_vain_for_ever(self):
        for seed in range(1, 41):
            core = new_uplink(seed)
            hours = 0
            while True:
                now_ms = (hours + 1) * 3_600_000
                core.handle(uplink.LinkUp(WIFI), now_ms)
                if core.deadline_ms < now_ms + 600_000:
                    break
                core.handle(uplink.LinkDown(), now_ms + 600_000)
                hours += 1
                self.assertTrue(hours < 36, seed)

    def test_some_quick_tries_and_then_a_slot(self):
        core = self.linked()
        now_ms, waits = 1_000, []
        for _ in range(uplink.QUICK_TRIES):
            core.handle(decider.Expired(), now_ms)
            core.handle(uplink.Failed(), now_ms)
            waits.append(core.deadline_ms - now_ms)
            now_ms = core.deadline_ms
        self.assertTrue(1_000 <= waits[0] <= 2_000)
        self.assertTrue(16_000 <= waits[-1] <= 32_000)
        core.handle(decider.Expired(), now_ms)
        core.handle(uplink.Failed(), now_ms)
        self.assertTrue(core.deadline_ms - 1_000 < uplink.SPREAD_MS)
        slot_ms = core.deadline_ms
        self.fail(core, 1)
        self.assertEqual(core.deadline_ms, slot_ms + uplink.SPREAD_MS)

    def test_events_wait_for_the_slot_and_what_was_just_measured_does_not(self):
        core, now_ms = self.cut_off()
        slot_ms = core.deadline_ms
        self.assertTrue(slot_ms > now_ms + 2 * uplink.MEASURED_AGAIN_MS)  # with this seed
        core.handle(uplink.Pending(9, False), now_ms)
        self.assertEqual(core.deadline_ms, slot_ms)
        core.handle(uplink.Pending(9, True), now_ms)
        self.assertEqual(core.deadline_ms, now_ms + uplink.BATCH_MS)
        now_ms = self.fail(core, 1)
        self.assertEqual(core.deadline_ms, slot_ms)
        core.handle(uplink.Pending(10, True), now_ms)
        self.assertEqual(core.deadline_ms, now_ms + uplink.MEASURED_AGAIN_MS)

    def test_what_was_measured_while_a_try_was_under_way_is_tried_again(self):
        core, now_ms = self.cut_off()
        core.handle(uplink.Pending(1, True), now_ms)
        now_ms = core.deadline_ms
        core.handle(decider.Expired(), now_ms)
        core.handle(uplink.Failed(), now_ms)
        core.handle(uplink.Pending(2, True), now_ms)  # told when the try is over
        self.assertEqual(core.deadline_ms, now_ms + uplink.MEASURED_AGAIN_MS)

    def test_a_short_loss_of_the_link_keeps_the_rest(self):
        core = self.linked()
        now_ms = self.fail(core, 3)
        until_ms = core.deadline_ms
        core.handle(uplink.LinkDown(), now_ms)
        core.handle(uplink.LinkUp(WIFI), now_ms + 1_000)
        self.assertEqual(core.deadline_ms, until_ms)

    def test_a_link_that_was_away_for_long_waits_for_a_slot(self):
        core = self.idle()
        core.handle(uplink.LinkDown(), 100_000)
        core.handle(uplink.LinkUp(WIFI), 100_000 + uplink.AWAY_MS)
        slot_ms = core.deadline_ms
        self.assertTrue(uplink.BATCH_MS < slot_ms - 160_000 < uplink.SPREAD_MS)
        core.handle(uplink.Pending(1, True), 170_000)
        self.assertEqual(core.deadline_ms, 170_000 + uplink.BATCH_MS)

    def test_slots_keep_their_beat_while_the_link_comes_and_goes(self):
        core = self.idle()
        core.handle(uplink.LinkDown(), 100_000)
        core.handle(uplink.LinkUp(WIFI), 200_000)
        slot_ms = core.deadline_ms
        core.handle(uplink.LinkDown(), slot_ms - 1 - uplink.AWAY_MS)
        core.handle(uplink.LinkUp(WIFI), slot_ms - 1)
        self.assertEqual(core.deadline_ms, slot_ms)
        core.handle(uplink.LinkDown(), slot_ms - 1)
        back_ms = slot_ms + uplink.AWAY_MS
        core.handle(uplink.LinkUp(WIFI), back_ms)  # it was missed, and is drawn anew
        self.assertTrue(back_ms <= core.deadline_ms < back_ms + uplink.SPREAD_MS)

    def test_a_boot_whose_link_comes_late_waits_and_one_whose_link_was_there_does_not(self):
        core = new_uplink()
        core.handle(uplink.LinkUp(WIFI), uplink.AWAY_MS - 1)
        self.assertTrue(core.is_due(uplink.AWAY_MS - 1))
        core = new_uplink()
        core.handle(uplink.LinkUp(WIFI), uplink.AWAY_MS)
        self.assertFalse(core.is_due(uplink.AWAY_MS + 10_000))

    def test_another_network_is_tried_at_once_and_each_once_in_a_slot(self):
        core = self.linked()
        now_ms = self.fail(core, 4)
        for way, is_tried in ((OTHER, True), (WIFI, False), (OTHER, False)):
            core.handle(uplink.LinkDown(), now_ms)
            core.handle(uplink.LinkUp(way), now_ms + 20_000)
            self.assertEqual(core.is_due(now_ms + 20_000), is_tried)
            if is_tried:
                now_ms = self.fail(core, uplink.QUICK_TRIES + 1, now_ms)

    def test_4g_and_wifi_after_it_are_tried_at_once(self):
        core, now_ms = self.cut_off()
        for way in (uplink.MODEM_WAY, WIFI, uplink.MODEM_WAY):
            core.handle(uplink.LinkDown(), now_ms)
            now_ms += 300_000
            core.handle(uplink.LinkUp(way), now_ms)
            self.assertTrue(core.is_due(now_ms))
            now_ms = self.fail(core, 2, now_ms)


class TurnedAway(Uplink):
    def sent_away(self, after_ms):
        core = self.idle()
        core.handle(uplink.Pending(1, True), 100_000)
        core.handle(decider.Expired(), 103_000)
        self.assertEqual(core.handle(uplink.TurnedAway(after_ms), 103_000), [uplink.HangUp()])
        return core

    def test_the_collectors_word_is_kept_within_bounds_and_spread(self):
        for asked_ms, least_ms in ((20_000, 20_000), (1, 200), (10**9, 3_600_000)):
            core = self.sent_away(asked_ms)
            self.assertTrue(least_ms <= core.deadline_ms - 103_000 < least_ms * 3 // 2)

    def test_nothing_cuts_it_short(self):
        core = self.sent_away(600_000)
        until_ms = core.deadline_ms
        core.handle(uplink.Pending(2, True), 104_000)
        self.assertEqual(core.deadline_ms, until_ms)
        core.handle(uplink.LinkDown(), 105_000)
        core.handle(uplink.LinkUp(uplink.MODEM_WAY), 106_000)
        self.assertEqual(core.deadline_ms, until_ms)

    def test_who_is_not_enrolled_asks_later_and_later_up_to_the_heartbeat(self):
        core = self.sent_away(0)
        waits = []
        at_ms = 103_000
        for _ in range(20):
            waits.append(core.deadline_ms - at_ms)
            at_ms = core.deadline_ms
            core.handle(decider.Expired(), at_ms)
            core.handle(uplink.TurnedAway(0), at_ms)
        self.assertEqual(waits[:4], [15_000, 30_000, 60_000, 120_000])
        self.assertEqual(waits[7:], [600_000] * 13)
        core.handle(decider.Expired(), core.deadline_ms)
        core.handle(uplink.Acknowledged(1, 0, 600), at_ms)
        core.handle(decider.Expired(), core.deadline_ms)
        core.handle(uplink.TurnedAway(0), at_ms)
        self.assertEqual(core.deadline_ms, at_ms + 15_000)

    def test_it_is_no_outage(self):
        core = self.sent_away(1_000)
        self.fail(core, 1, 110_000)
        self.assertTrue(core.deadline_ms <= 110_000 + uplink.BACKOFF_FIRST_MS)


if __name__ == "__main__":
    unittest.main()
