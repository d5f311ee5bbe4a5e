"""Which link is to be up: failover, probes of WiFi, proofs of the reserve path."""

import unittest

from varde_firmware.core import decider, ladder
from varde_firmware.core import ladder_words as words
from varde_firmware.core.backoff import Jitter
from varde_protocols import records

HOUR_MS = 3_600_000
TO_4G = [words.UseWifi(False), words.UseModem(words.MODEM_CALL)]
OFF = words.UseModem(words.MODEM_OFF)


def new(has_wifi=True, seed=5):
    core = ladder.Ladder(has_wifi, Jitter(seed))
    core.handle(words.Begin(), 0)
    return core


def on_4g(now_ms=100_000):
    """A ladder whose WiFi is exhausted and whose modem carries."""
    core = new()
    core.handle(words.WifiExhausted(), now_ms - 50_000)
    core.handle(words.Acknowledged(), now_ms)
    return core


def proving(**facts):
    core = new()
    core.handle(words.Acknowledged(), 5_000)
    core.is_quiet = facts.get("is_quiet", True)
    now_ms = core.deadline_ms
    return core, now_ms, core.handle(decider.Expired(), now_ms)


class Failover(unittest.TestCase):
    def test_wifi_is_first_and_alone(self):
        core = ladder.Ladder(True, Jitter(5))
        self.assertEqual(core.handle(words.Begin(), 0), [words.UseWifi(True)])
        self.assertEqual(core.handle(words.Acknowledged(), 9), [])
        self.assertEqual(core.handle(words.ExchangeFailed(), 10), [])
        self.assertEqual(core.state, ladder.WIFI)

    def test_4g_is_dialled_when_wifi_is_exhausted_and_switched_to_when_it_carries(self):
        core = new()
        self.assertEqual(core.handle(words.WifiExhausted(), 50_000), TO_4G)
        switched = core.handle(words.Acknowledged(), 90_000)
        self.assertEqual(switched, [words.Switched(records.LINK_MODEM)])
        self.assertEqual(core.handle(words.Acknowledged(), 95_000), [])
        self.assertEqual(core.proven_ms, 95_000)

    def test_4g_stays_a_quarter_of_an_hour_and_only_an_exchange_ends_it(self):
        core = on_4g()
        self.assertTrue(core.deadline_ms - 100_000 >= 900_000)
        now_ms = core.deadline_ms
        hang_up = core.handle(decider.Expired(), now_ms)
        self.assertEqual(hang_up, [words.UseModem(words.MODEM_READY)])
        self.assertEqual(core.handle(words.ModemAsWished(), now_ms), [words.UseWifi(True)])
        self.assertEqual(core.handle(words.WifiExhausted(), now_ms + 30_000), TO_4G)
        core.handle(words.Acknowledged(), now_ms + 40_000)
        self.assertTrue(core.deadline_ms - now_ms >= 900_000)
        now_ms = core.deadline_ms
        core.handle(decider.Expired(), now_ms)
        core.handle(words.ModemAsWished(), now_ms)
        back = core.handle(words.Acknowledged(), now_ms + 4_000)
        self.assertEqual(back, [words.Switched(records.LINK_WIFI), OFF])
        self.assertEqual(core.state, ladder.WIFI)

    def test_probes_come_later_and_later(self):
        core, waits = on_4g(), []
        now_ms = 100_000
        for _ in range(9):
            waits.append(core.deadline_ms - now_ms)
            now_ms = core.deadline_ms
            core.handle(decider.Expired(), now_ms)
            core.handle(words.ModemAsWished(), now_ms)
            core.handle(words.WifiExhausted(), now_ms)
            core.handle(words.Acknowledged(), now_ms)
        self.assertTrue(waits[0] <= 30 * 60_000)
        self.assertTrue(2 * HOUR_MS <= waits[-1] <= 4 * HOUR_MS)

    def test_a_modem_that_will_not_hang_up_does_not_keep_wifi_out(self):
        core = on_4g()
        core.handle(decider.Expired(), core.deadline_ms)
        self.assertEqual(core.handle(decider.Expired(), core.deadline_ms), [words.UseWifi(True)])

    def test_4g_that_fails_gives_way_and_is_left_alone_for_a_while(self):
        core = new()
        core.handle(words.WifiExhausted(), 50_000)
        self.assertEqual(core.handle(words.ModemGaveUp(), 60_000), [OFF])
        self.assertEqual(core.handle(words.ModemAsWished(), 60_000), [words.UseWifi(True)])
        self.assertEqual(core.handle(words.WifiExhausted(), 80_000), [])
        self.assertEqual(core.handle(words.WifiExhausted(), 130_000), TO_4G)

    def test_calls_that_carry_nothing_are_redialled_once_and_then_told_of(self):
        core = new()
        core.handle(words.WifiExhausted(), 50_000)
        said = [core.handle(words.ExchangeFailed(), 60_000) for _ in range(4)]
        self.assertEqual(said, [[], [words.Redial()], [], [words.LedNowhere(), OFF]])

    def test_a_call_over_which_nothing_is_even_tried_has_an_end(self):
        core = new()
        core.handle(words.WifiExhausted(), 50_000)
        said = core.handle(decider.Expired(), core.deadline_ms)
        self.assertEqual(said, [words.LedNowhere(), OFF])

    def test_without_wifi_4g_rests_and_is_tried_again(self):
        core = ladder.Ladder(False, Jitter(5))
        self.assertEqual(core.handle(words.Begin(), 0), [words.UseModem(words.MODEM_CALL)])
        self.assertEqual(core.handle(words.ModemGaveUp(), 9_000), [OFF])
        self.assertEqual(core.state, ladder.RESTING)
        again = core.handle(decider.Expired(), core.deadline_ms)
        self.assertEqual(again, [words.UseModem(words.MODEM_CALL)])
        core.handle(words.Acknowledged(), 90_000)
        self.assertEqual(core.deadline_ms, None)  # there is nothing to probe
        self.assertEqual(core._switched(records.LINK_MODEM), [])


class Proofs(unittest.TestCase):
    def test_wifi_stays_until_the_modem_is_registered(self):
        core, now_ms, warm = proving()
        self.assertEqual(warm, [words.UseModem(words.MODEM_READY)])
        self.assertEqual(core.handle(words.ModemAsWished(), now_ms + 60_000), TO_4G)
        proved = core.handle(words.Acknowledged(), now_ms + 70_000)
        self.assertEqual(proved, [words.Proved(True), OFF])
        self.assertEqual(core.handle(words.ModemAsWished(), now_ms), [words.UseWifi(True)])
        self.assertTrue(20 * HOUR_MS < core.deadline_ms - now_ms < 27 * HOUR_MS)

    def test_a_proof_as_good_as_the_last_is_no_news(self):
        core, now_ms, _warm = proving()
        for news in ([words.Proved(True), OFF], [OFF]):
            core.handle(words.ModemAsWished(), now_ms)
            self.assertEqual(core.handle(words.Acknowledged(), now_ms), news)
            core.handle(words.ModemAsWished(), now_ms)
            core.handle(words.Acknowledged(), now_ms)
            now_ms = core.deadline_ms
            core.handle(decider.Expired(), now_ms)

    def test_a_connected_sensor_is_waited_for(self):
        core, now_ms, warm = proving(is_quiet=False)
        self.assertEqual((warm, core.state), ([], ladder.WIFI))
        core.is_quiet = True
        core.handle(decider.Expired(), core.deadline_ms)
        core.is_quiet = False
        self.assertEqual(core.handle(words.ModemAsWished(), now_ms), [])
        self.assertEqual(core.handle(decider.Expired(), core.deadline_ms), [])
        core.is_quiet = True
        self.assertEqual(core.handle(decider.Expired(), core.deadline_ms), TO_4G)

    def test_failures_are_told_each_time_and_repeated_later_and_later(self):
        core, now_ms, _warm = proving()
        waits = []
        for _ in range(6):
            said = core.handle(words.ModemGaveUp(), now_ms)
            self.assertEqual(said, [words.Proved(False), OFF])
            waits.append(core.deadline_ms - now_ms)
            now_ms = core.deadline_ms
            core.handle(decider.Expired(), now_ms)
        self.assertTrue(waits[0] <= 2 * HOUR_MS)
        self.assertTrue(waits[-1] >= 12 * HOUR_MS)

    def test_over_a_spent_budget_there_is_one_a_day(self):
        core, now_ms, _warm = proving()
        core.allows_more = False
        core.handle(words.ModemGaveUp(), now_ms)
        self.assertTrue(core.deadline_ms - now_ms >= 22 * HOUR_MS)

    def test_one_lost_exchange_is_not_the_paths_fault(self):
        core, now_ms, _warm = proving()
        core.handle(words.ModemAsWished(), now_ms)
        self.assertEqual(core.handle(words.ExchangeFailed(), now_ms), [])
        failed = core.handle(words.ExchangeFailed(), now_ms)
        self.assertEqual(failed, [words.Proved(False), OFF])

    def test_hubs_that_start_together_do_not_prove_together(self):
        firsts = [new(seed=seed).deadline_ms // (15 * 60_000) for seed in range(1, 400)]
        most = max([firsts.count(each) for each in firsts])
        self.assertTrue(most < 40, most)


class AnyOrder(unittest.TestCase):
    def test_never_two_links_and_never_asleep_for_good(self):
        events = (decider.Expired(), words.WifiExhausted(), words.ModemGaveUp(),
                  words.ModemAsWished(), words.Acknowledged(), words.ExchangeFailed())  # fmt: skip
        for seed in range(1, 60):
            dice = Jitter(seed)
            core, wifi, wish, now_ms = new(seed=seed), True, words.MODEM_OFF, 0
            for _ in range(300):
                now_ms += dice.below(HOUR_MS)
                core.is_quiet = bool(dice.below(3))
                for action in core.handle(events[dice.below(len(events))], now_ms):
                    if isinstance(action, words.UseWifi):
                        wifi = action.is_on
                    elif isinstance(action, words.UseModem):
                        wish = action.wish
                self.assertFalse(wifi and wish == words.MODEM_CALL)
                self.assertTrue(core.deadline_ms is not None)


if __name__ == "__main__":
    unittest.main()
