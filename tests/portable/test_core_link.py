"""The link: when the hub joins a network, leaves it and rests; and how delays are spread."""

import unittest

from varde_firmware.core import backoff, decider, link
from varde_protocols import records


def new_link(networks=2):
    return link.Link(networks, backoff.Backoff(2_000, 300_000, backoff.Jitter(3)))


class Joining(unittest.TestCase):
    def test_an_address_is_not_yet_up(self):
        core = new_link()
        self.assertEqual(core.handle(link.SwitchOn(), 0), [link.Join(0)])
        core.handle(link.Joined(), 3_000)
        self.assertEqual(core.state, link.UNPROVEN)
        core.handle(link.ExchangeAcknowledged(), 4_000)
        self.assertEqual(core.state, link.UP)

    def test_the_next_network_is_tried_at_once_and_then_all_rest(self):
        core = new_link()
        core.handle(link.SwitchOn(), 0)
        failed = [link.Failed(0, link.UNKNOWN), link.Leave()]
        self.assertEqual(core.handle(decider.Expired(), 20_000), failed)
        self.assertEqual(core.deadline_ms, 20_000)
        self.assertEqual(core.handle(decider.Expired(), 20_000), [link.Join(1)])
        failed = [link.Failed(1, link.UNKNOWN), link.Leave(), link.Exhausted()]
        self.assertEqual(core.handle(decider.Expired(), 40_000), failed)
        self.assertTrue(core.deadline_ms > 40_500)
        self.assertEqual(core.handle(decider.Expired(), core.deadline_ms), [link.Join(0)])

    def test_a_network_that_drops_is_waited_for_first(self):
        core = new_link()
        core.handle(link.SwitchOn(), 0)
        core.handle(link.Joined(), 1)
        self.assertEqual(core.handle(link.Dropped(), 2), [link.Leave()])
        self.assertEqual(core.handle(decider.Expired(), core.deadline_ms), [link.Join(0)])

    def test_a_network_that_leads_nowhere_is_left(self):
        core = new_link()
        core.handle(link.SwitchOn(), 0)
        core.handle(link.Joined(), 1)
        for _ in range(link.LEAVE_AFTER_FAILURES - 1):
            self.assertEqual(core.handle(link.ExchangeFailed(), 2), [])
        failed = [link.Failed(0, records.WIFI_LEADS_NOWHERE), link.Leave()]
        self.assertEqual(core.handle(link.ExchangeFailed(), 3), failed)
        self.assertEqual(core.handle(decider.Expired(), core.deadline_ms), [link.Join(1)])

    def test_one_that_led_nowhere_is_left_sooner_until_something_is_acknowledged(self):
        core = new_link()
        core.handle(link.SwitchOn(), 0)
        self.assertEqual([self.failures_until_left(core) for _ in range(4)], [4, 4, 1, 1])
        core.handle(link.Joined(), 1)
        core.handle(link.ExchangeAcknowledged(), 2)
        self.assertEqual([self.failures_until_left(core) for _ in range(3)], [4, 4, 1])
        core.handle(link.SwitchOff(), 3)
        core.handle(link.SwitchOn(), 4)
        self.assertEqual(self.failures_until_left(core), 4)

    def test_the_only_network_of_a_hub_without_4g_is_given_its_time_again(self):
        core = new_link(1)
        core.handle(link.SwitchOn(), 0)
        self.assertEqual([self.failures_until_left(core) for _ in range(3)], [4, 4, 4])
        core.has_reserve = True
        self.assertEqual(self.failures_until_left(core), 1)

    def failures_until_left(self, core):
        # Over the network that lets us in next.
        core.handle(link.Joined(), 1)
        failures = 0
        while core.state != link.WAITING:
            core.handle(link.ExchangeFailed(), 2)
            failures += 1
        core.handle(decider.Expired(), core.deadline_ms)
        return failures

    def test_a_success_ends_the_counting(self):
        core = new_link()
        core.handle(link.SwitchOn(), 0)
        core.handle(link.Joined(), 1)
        for _ in range(20):
            core.handle(link.ExchangeFailed(), 2)
            core.handle(link.ExchangeAcknowledged(), 3)
        self.assertEqual(core.state, link.UP)

    def test_an_access_point_that_flaps_is_a_network_tried_in_vain(self):
        core = new_link(1)
        core.handle(link.SwitchOn(), 0)
        for _ in range(link.LEAVE_AFTER_FAILURES - 1):
            core.handle(link.Joined(), 1)
            self.assertEqual(core.handle(link.Dropped(), 2), [link.Leave()])
            core.handle(decider.Expired(), core.deadline_ms)
        core.handle(link.Joined(), 1)
        self.assertTrue(link.Exhausted() in core.handle(link.Dropped(), 2))

    def test_switched_off_it_leaves_and_begins_with_what_worked(self):
        core = new_link(2)
        core.handle(link.SwitchOn(), 0)
        core.handle(decider.Expired(), 20_000)
        core.handle(decider.Expired(), 20_000)
        core.handle(link.Joined(), 23_000)
        core.handle(link.ExchangeAcknowledged(), 24_000)
        self.assertEqual(core.handle(link.SwitchOff(), 25_000), [link.Leave()])
        self.assertEqual((core.state, core.deadline_ms), (link.OFF, None))
        self.assertEqual(core.handle(link.SwitchOn(), 26_000), [link.Join(1)])
        failed = core.handle(decider.Expired(), 46_000)
        self.assertFalse(link.Exhausted() in failed)  # the other has not been tried
        core.handle(decider.Expired(), core.deadline_ms)
        self.assertTrue(link.Exhausted() in core.handle(decider.Expired(), core.deadline_ms))

    def test_an_unknown_move_raises_and_changes_nothing(self):
        core = new_link()
        with self.assertRaises(decider.IllegalMoveError):
            core.handle(link.Joined(), 0)
        self.assertEqual(core.state, link.OFF)


class Spreading(unittest.TestCase):
    def test_delays_double_are_capped_and_spread_over_half(self):
        delays = backoff.Backoff(2_000, 900_000, backoff.Jitter(1))
        for i in range(30):
            step_ms = min(2_000 << min(i, 20), 900_000)
            self.assertTrue(step_ms // 2 <= delays.next_ms() <= step_ms)
        delays.reset()
        self.assertTrue(delays.next_ms() <= 2_000)

    def test_a_seed_repeats_and_another_differs(self):
        draws = [[backoff.Jitter(seed).below(1_000_000)] for seed in (5, 5, 6, 0)]
        self.assertEqual(draws[0], draws[1])
        self.assertNotEqual(draws[0], draws[2])


if __name__ == "__main__":
    unittest.main()
