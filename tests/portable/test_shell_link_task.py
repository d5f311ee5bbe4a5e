"""The task of the links: what others see of them the moment one goes."""

import unittest

from varde_firmware.core import backoff, ladder, link, status
from varde_firmware.core import ladder_words as words
from varde_firmware.shell import failover, link_task, wifi_link
from varde_protocols import hub_config, records


class World:
    """Station, modem, clock, keeper, budget and light, all there is beside the links."""

    def __init__(self):
        self.now = 0
        self.is_in = True
        self.events = []
        self.facts_shown = status.Facts()
        self.call = 0
        self.wished = words.MODEM_OFF
        self.is_as_wished = False
        self.budget = self
        self.is_spent = False
        self.facts = self.facts_shown
        self.signal_dbm = self._wifi_dbm

    def now_ms(self):
        return self.now

    def join(self, _ssid, _password):
        pass

    def leave(self):
        pass

    def is_joined(self):
        return self.is_in

    def _wifi_dbm(self):
        return 0

    def event(self, _now_ms, code, detail=0):
        self.events.append((code, detail))

    event_once = event

    def wake(self):
        pass

    show = wake

    def wish(self, wish):
        self.wished = wish
        self.call = 0

    def take_gave_up(self):
        return False


class Meter:
    budget = World()

    def facts(self):
        return {}


class Modem(World):
    def __init__(self):
        super().__init__()
        self.signal_dbm = -77


class TwoLinks(unittest.TestCase):
    def setUp(self):
        world, self.modem = World(), Modem()
        self.world = world
        jitter = backoff.Jitter(3)
        decisions = link.Link(1, backoff.Backoff(2_000, 300_000, jitter))
        networks = [hub_config.Network("home", "password1")]
        wifi = wifi_link.WifiLink(networks, world, decisions, world, world)
        self.ladder = ladder.Ladder(True, jitter)
        reserve = failover.Failover(
            self.ladder, wifi, self.modem, world, Meter(), world.facts, world
        )
        self.links = link_task.LinkTask(wifi, Meter(), world, world, world, reserve)
        reserve.begin()
        wifi.look()
        self.links._count()
        self.number = self.links.number
        self.links.acknowledged(self.number)

    def warm(self):
        self.world.now = self.ladder.deadline_ms
        self.links._failover.look()
        self.assertEqual(self.modem.wished, words.MODEM_READY)

    def test_wifi_that_was_left_for_a_proof_carries_nothing_from_that_moment(self):
        self.warm()
        self.modem.is_as_wished = True
        self.modem.on_change()  # in the modem's task, while an exchange is under way
        self.assertEqual((self.ladder.state, self.links.number), (ladder.PROVING, 0))
        self.links.acknowledged(self.number)
        self.links.failed(self.number)
        self.assertEqual(self.ladder.state, ladder.PROVING)
        self.assertEqual(self.world.events, [])

    def test_a_call_is_another_link_and_what_it_carries_proves_it(self):
        self.warm()
        self.modem.is_as_wished = True
        self.modem.on_change()
        self.modem.call = 1
        self.modem.on_change()
        self.assertTrue(self.links.number > self.number)
        self.links.acknowledged(self.links.number)
        self.assertEqual(self.world.events, [(records.EVENT_RESERVE_PROOF, 1)])
        self.assertEqual((self.modem.wished, self.links.number), (words.MODEM_OFF, 0))
        self.assertFalse(self.world.facts.link_up)

    def test_the_modems_signal_is_not_told_for_wifis(self):
        self.assertEqual(self.links.facts()[records.FACT_LINK], records.LINK_WIFI)
        self.assertFalse(records.FACT_SIGNAL_DBM in self.links.facts())


class NoLink(unittest.TestCase):
    """A config for 4G alone, on a board that has no modem."""

    def test_a_hub_without_any_way_waits_for_the_bench_and_for_another_config(self):
        world = World()
        world.is_in = False
        decisions = link.Link(0, backoff.Backoff(2_000, 300_000, backoff.Jitter(3)))
        wifi = wifi_link.WifiLink([], world, decisions, world, world)
        wifi.switch(True)
        world.now = 3_600_000
        wifi.look()
        self.assertEqual((decisions.state, wifi.is_usable), (link.OFF, False))
        self.assertTrue(wifi.wait_ms(world.now) > 0)


if __name__ == "__main__":
    unittest.main()
