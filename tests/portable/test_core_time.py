"""SNTP answers that hold and that do not; what the hub's clock makes of measurements."""

import struct
import unittest

from varde_firmware.core import decider, hub_clock, sntp

NONCE = bytes(range(8))
EPOCH_S = 2_208_988_800
NOW_S = 1_767_600_000  # 2026-01-05T08:00:00Z


def answer(first=0x24, stratum=2, delay=0x0100, dispersion=0x0080, originate=NONCE,
           seconds=NOW_S + EPOCH_S, away=0):  # fmt: skip
    """A server's packet: received at `seconds`, sent `away` 1/65536 s later."""
    received = struct.pack(">II", seconds & 0xFFFFFFFF, 0)
    sent = struct.pack(">II", seconds & 0xFFFFFFFF, away << 16)
    head = bytes([first, stratum, 6, 0xEC]) + struct.pack(">II", delay, dispersion) + bytes(4)
    return head + bytes(8) + originate + received + sent


class Sntp(unittest.TestCase):
    def code(self, raw, round_trip_ms=20):
        try:
            sntp.read_answer(raw, NONCE, round_trip_ms)
        except sntp.SntpError as error:
            return error.code
        return None

    def test_the_question_is_a_client_packet_with_the_nonce(self):
        packet = sntp.question(NONCE)
        self.assertEqual((len(packet), packet[0], packet[40:]), (48, 0x23, NONCE))

    def test_utc_is_half_a_round_trip_after_the_server_sent(self):
        # delay 0x100 and dispersion 0x80 of 65536ths: 4 ms and 2 ms, rounded up
        got = sntp.read_answer(answer(), NONCE, 20)
        self.assertEqual(got.utc_ms, NOW_S * 1000 + 10)
        self.assertEqual(got.uncertainty_ms, 10 + 2 + 2 + 1)

    def test_the_time_at_the_server_does_not_count(self):
        got = sntp.read_answer(answer(away=656), NONCE, 30)  # 10 ms
        self.assertEqual(got.utc_ms, NOW_S * 1000 + 10 + 10)

    def test_seconds_count_on_after_2036(self):
        later_s = EPOCH_S + 2_100_000_000
        got = sntp.read_answer(answer(seconds=later_s), NONCE, 0)
        self.assertEqual(got.utc_ms, 2_100_000_000_000)

    def test_a_longer_packet_is_read_as_well(self):
        self.assertIsNone(self.code(answer() + bytes(20)))

    def test_what_is_no_answer(self):
        self.assertEqual(self.code(answer()[:47]), "sntp-short")
        self.assertEqual(self.code(answer(first=0x23)), "sntp-mode")
        self.assertEqual(self.code(answer(originate=bytes(8))), "sntp-originate")
        self.assertEqual(self.code(answer(stratum=0)), "sntp-kiss-of-death")
        self.assertEqual(self.code(answer(stratum=16)), "sntp-unsynchronised")
        self.assertEqual(self.code(answer(first=0xE4)), "sntp-unsynchronised")
        self.assertEqual(self.code(answer(dispersion=0x20000)), "sntp-distance")
        self.assertEqual(self.code(answer(away=6_560), round_trip_ms=20), "sntp-order")


T0 = NOW_S * 1000
DAY_MS = 86_400_000


def measured(uptime_ms, utc_ms, uncertainty_ms=20, source=1):
    return hub_clock.Measured(source, uptime_ms, utc_ms, uncertainty_ms)


class Clock(unittest.TestCase):
    def known(self, uncertainty_ms=20):
        core = hub_clock.HubClock()
        core.handle(measured(1_000, T0, uncertainty_ms), 1_000)
        return core

    def kinds(self, core, event, now_ms):
        return [type(action) for action in core.handle(event, now_ms)]

    def test_it_wants_to_know_from_the_start_and_does_not_insist(self):
        core = hub_clock.HubClock()
        self.assertTrue(core.is_due(0))
        self.assertEqual(core.handle(decider.Expired(), 0), [hub_clock.Measure()])
        self.assertEqual(core.deadline_ms, hub_clock.ASK_AGAIN_MS)
        self.assertIsNone(core.utc_ms(5))

    def test_the_first_measurement_is_an_anchor_and_sets_the_chip(self):
        core = hub_clock.HubClock()
        actions = core.handle(measured(1_000, T0), 1_500)
        self.assertEqual(
            actions, [hub_clock.WriteAnchor(1, 1_000, T0, 20), hub_clock.SetRtc(T0 + 500)]
        )
        self.assertEqual(core.utc_ms(3_000), T0 + 2_000)

    def test_a_time_before_there_were_hubs_is_not_taken(self):
        core = hub_clock.HubClock()
        self.assertEqual(core.handle(measured(1_000, 946_684_800_000), 1_000), [])
        self.assertEqual(core.state, hub_clock.UNKNOWN)
        self.assertEqual(self.known().handle(measured(2_000, 0), 2_000), [])

    def test_agreement_is_no_news(self):
        self.assertEqual(self.known().handle(measured(61_000, T0 + 60_100), 61_000), [])

    def test_every_six_hours_there_is_an_anchor(self):
        core = self.known()
        later_ms = 1_000 + hub_clock.ANCHOR_EVERY_MS
        self.assertTrue(core.is_due(later_ms))
        kinds = self.kinds(core, measured(later_ms, T0 + hub_clock.ANCHOR_EVERY_MS), later_ms)
        self.assertEqual(kinds, [hub_clock.WriteAnchor, hub_clock.SetRtc])

    def test_a_step_is_an_event_and_an_anchor(self):
        core = self.known()
        actions = core.handle(measured(61_000, T0 + 60_000 - 7_400, source=2), 61_000)
        self.assertEqual(actions[0], hub_clock.WriteStep(7))
        self.assertEqual(type(actions[1]), hub_clock.WriteAnchor)

    def test_who_contradicts_himself_is_heard_once_an_hour(self):
        core = self.known()
        self.assertEqual(core.handle(measured(61_000, T0 + 99_000), 61_000), [])
        later_ms = 1_000 + hub_clock.STEP_AGAIN_MS
        off = measured(later_ms, T0 + hub_clock.STEP_AGAIN_MS + 39_000)
        self.assertEqual(core.handle(off, later_ms)[0], hub_clock.WriteStep(39))

    def test_a_time_that_the_chip_cannot_keep_is_not_taken(self):
        for late_ms in (hub_clock.LATEST_UTC_MS + 1, 1 << 52):
            core = hub_clock.HubClock()
            self.assertEqual(core.handle(measured(1_000, late_ms), 1_000), [])
            self.assertEqual(self.known().handle(measured(1_000, late_ms, source=2), 1_000), [])

    def test_doubt_sets_the_chip_again_and_asks_soon_but_not_at_once(self):
        core = self.known()
        core.handle(decider.Expired(), 2_000)
        actions = core.handle(hub_clock.Doubted(), 3_000)
        self.assertEqual(actions, [hub_clock.SetRtc(T0 + 2_000)])
        self.assertEqual(core.deadline_ms, 2_000 + hub_clock.ASK_AGAIN_MS)
        # a liar's successor may contradict the liar
        actions = core.handle(measured(19_000, T0 + 90_000), 19_000)
        self.assertEqual(type(actions[0]), hub_clock.WriteStep)

    def test_doubt_changes_nothing_where_nothing_is_known(self):
        core = hub_clock.HubClock()
        self.assertEqual(core.handle(hub_clock.Doubted(), 5), [])

    def test_an_anchor_that_found_no_room_is_made_again(self):
        core = self.known()
        self.assertEqual(core.handle(hub_clock.AnchorLost(), 1_000), [])
        actions = core.handle(measured(2_000, T0 + 1_000), 2_000)
        self.assertEqual(type(actions[0]), hub_clock.WriteAnchor)

    def test_doubt_is_no_step(self):
        # 7.4 s off, but the measurement may be 6 s wrong and two are free
        event = measured(61_000, T0 + 60_000 - 7_400, uncertainty_ms=6_000)
        self.assertEqual(self.known().handle(event, 61_000), [])

    def test_a_crystal_may_drift(self):
        # five hours: 200 ppm are 3.6 s
        later_ms = 18_001_000
        self.assertEqual(
            self.known().handle(measured(later_ms, T0 + 18_000_000 + 5_000), later_ms), []
        )

    def test_a_far_better_measurement_is_an_anchor(self):
        core = self.known(uncertainty_ms=5_000)
        kinds = self.kinds(core, measured(61_000, T0 + 61_000, 30), 61_000)
        self.assertEqual(kinds, [hub_clock.WriteAnchor, hub_clock.SetRtc])
        self.assertEqual(core.handle(measured(62_000, T0 + 62_000, 2), 62_000), [])

    def test_the_collectors_first_word_in_a_boot_is_put_on_record(self):
        """It agrees and knows less; but it is signed, and the receiver may need it."""
        core = self.known()
        event = measured(61_000, T0 + 60_400, 500, source=2)
        self.assertEqual(
            core.handle(event, 61_500), [hub_clock.WriteAnchor(2, 61_000, T0 + 60_400, 500)]
        )
        # what is known stays as good as it was, and is asked for as often
        self.assertEqual(core.utc_ms(61_000), T0 + 60_000)
        self.assertEqual(core.deadline_ms, 1_000 + hub_clock.ANCHOR_EVERY_MS)
        self.assertEqual(core.handle(measured(62_000, T0 + 61_400, 500, source=2), 62_000), [])

    def test_where_the_collector_was_first_its_word_is_not_repeated(self):
        core = hub_clock.HubClock()
        core.handle(measured(1_000, T0, 500, source=2), 1_000)
        self.assertEqual(core.handle(measured(2_000, T0 + 1_000, 500, source=2), 2_000), [])

    def test_a_signed_anchor_that_found_no_room_is_made_again(self):
        core = self.known()
        core.handle(measured(2_000, T0 + 1_000, 500, source=2), 2_000)
        core.handle(hub_clock.AnchorLost(), 2_000)
        self.assertEqual(
            self.kinds(core, measured(3_000, T0 + 2_000), 3_000),
            [hub_clock.WriteAnchor, hub_clock.SetRtc],
        )
        again = measured(4_000, T0 + 3_000, 500, source=2)
        self.assertEqual(core.handle(again, 4_000), [hub_clock.WriteAnchor(*again._items())])

    def test_a_day_either_way_and_the_same_day_back(self):
        """A server that steps, and the collector that says otherwise: each is on record."""
        for off_ms in (DAY_MS, -DAY_MS):
            core = self.known()
            core.handle(measured(2_000, T0 + 1_000, 500, source=2), 2_000)
            later_ms = 1_000 + hub_clock.ANCHOR_EVERY_MS
            true_ms = T0 + hub_clock.ANCHOR_EVERY_MS
            actions = core.handle(measured(later_ms, true_ms + off_ms), later_ms)
            self.assertEqual(actions, [
                hub_clock.WriteStep(86_400),
                hub_clock.WriteAnchor(1, later_ms, true_ms + off_ms, 20),
                hub_clock.SetRtc(true_ms + off_ms),
            ])  # fmt: skip
            self.assertEqual(core.utc_ms(later_ms + 1), true_ms + off_ms + 1)
            # at once, whatever the server said a moment ago
            actions = core.handle(measured(later_ms + 50, true_ms + 50, 400, source=2), later_ms)
            self.assertEqual(actions, [
                hub_clock.WriteStep(86_400),
                hub_clock.WriteAnchor(2, later_ms + 50, true_ms + 50, 400),
                hub_clock.SetRtc(true_ms),
            ])  # fmt: skip
            self.assertEqual(core.utc_ms(later_ms + 50), true_ms + 50)

    def test_a_day_back_does_not_move_the_uptime_by_which_it_asks(self):
        for off_ms in (DAY_MS, -DAY_MS):
            core = self.known()
            core.handle(measured(61_000, T0 + 60_000 + off_ms, source=2), 61_000)
            self.assertEqual(core.deadline_ms, 61_000 + hub_clock.ANCHOR_EVERY_MS)
            self.assertFalse(core.is_due(60_999 + hub_clock.ANCHOR_EVERY_MS))

    def test_anchors_are_made_far_beyond_the_wrap_of_the_ticks(self):
        """Uptimes are whole numbers; 30 bits of ticks are unwrapped before they come here."""
        core = self.known()
        for days in range(1, 400):
            now_ms = 1_000 + days * DAY_MS
            self.assertTrue(core.is_due(now_ms))
            kinds = self.kinds(core, measured(now_ms, T0 + days * DAY_MS), now_ms)
            self.assertEqual(kinds, [hub_clock.WriteAnchor, hub_clock.SetRtc])
            self.assertEqual(core.utc_ms(now_ms), T0 + days * DAY_MS)


if __name__ == "__main__":
    unittest.main()
