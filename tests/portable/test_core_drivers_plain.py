"""Drivers by specification: the order of their steps, and what comes of a session."""

# ruff: noqa: RUF005  (a star in a list is a syntax error on MicroPython)

import unittest

import hub_modules  # noqa: F401  isort: skip
import sensor_script as play

from varde_firmware.core import sensor_words as words
from varde_firmware.core import steps
from varde_protocols import records

INDICATE, NOTIFY, READ, WRITE = play.INDICATE, play.NOTIFY, play.READ, play.WRITE
BATTERY = (0x180F, [(0x2A19, READ | NOTIFY)])


def cuff(*more):
    return play.Sensor([(0x1810, [(0x2A35, INDICATE), (0x2A36, NOTIFY)])] + list(more))


class InOrder(unittest.TestCase):
    def test_listens_to_all_before_it_switches_one_on(self):
        facts = play.facts_of(play.config(0x1810, [0x2A35, 0x2A36]))
        session = play.Play(cuff(), facts).start()
        kinds = [type(a) for a in session.actions]
        self.assertTrue(kinds.index(words.Listen) < kinds.index(words.WriteHandle))
        self.assertEqual(
            session.sensor.written,
            [(("cccd", 0x2A35), b"\x02\x00"), (("cccd", 0x2A36), b"\x01\x00")],
        )
        self.assertEqual(len(session.of(words.Ready)), 1)
        self.assertEqual(session.of(words.ExchangeMtu), [])

    def test_hangs_up_a_quiet_second_after_the_last_value_and_has_proof(self):
        facts = play.facts_of(play.config(0x181D, [0x2A9D]))
        session = play.Play(play.Sensor([(0x181D, [(0x2A9D, INDICATE)])]), facts).start()
        session.value()
        session.value()
        self.assertEqual(session.session.deadline_ms - session.now_ms, 1_000)
        session.wait()
        self.assertEqual(session.finish, words.Finish("done", 2, True))
        self.assertEqual(session.sensor.read, [("cccd", 0x2A9D)])
        self.assertTrue(session.session.sureness.is_proven)


class EarlyValues(unittest.TestCase):
    def test_a_bonded_sensor_is_listened_to_where_it_was_before_it_is_looked_at(self):
        """It may ask for encryption by itself, and send at once."""
        facts = play.facts_of(play.config(0x1810, [0x2A35], bond=1))
        facts.handles = [(3, 0x1810, 0x2A35)]
        session = play.Play(cuff(), facts).start()
        kinds = [type(a) for a in session.actions]
        self.assertTrue(kinds.index(words.Listen) < kinds.index(words.DiscoverService))
        self.assertEqual(session.listened, {3: 0x2A35})

    def test_a_characteristic_outside_its_service_is_none_of_it(self):
        step = steps.FindCharacteristics(10, 20)
        for handle in (9, 21):
            stray = words.CharacteristicFound(30, handle, INDICATE, 0x2A35)
            self.assertEqual(step.found([], stray), [])
        for handle in (10, 20):
            own = words.CharacteristicFound(20, handle, INDICATE, 0x2A35)
            self.assertEqual(step.found([], own), [own])


class UnknownService(unittest.TestCase):
    def test_is_one_that_the_sensor_does_not_have(self):
        for number in (0x10001, 0x1FFFF):
            facts = play.facts_of(play.config(number, [0x2A35]))
            session = play.Play(cuff(), facts).start()
            self.assertEqual(session.finish.outcome, "no-service")
            self.assertEqual(session.told(), [records.EVENT_SENSOR_REFUSED])


class Hasty(play.Sensor):
    """Goes away during the `at`-th request; the stack ends that first, then the connection."""

    at = 0

    def answer(self, action):
        events = super().answer(action)
        done = (words.StageDone, words.ReadDone)
        self.at -= bool(events and type(events[-1]) in done)
        if self.at != 0 or not events:
            return events
        last = words.ReadDone(7, b"") if type(events[-1]) is words.ReadDone else words.StageDone(7)
        return [last, words.Disconnected()]


class BrokenLink(unittest.TestCase):
    def test_is_no_finding_and_no_refusal(self):
        """Nothing is told; what it did not come to is looked for the next time."""
        clock = (0x1805, [(0x2A2B, READ | WRITE)])
        for at in range(1, 13):
            sensor = Hasty([(0x1810, [(0x2A35, INDICATE)]), clock, BATTERY])
            sensor.values[0x2A2B] = bytes((0xD0, 7, 1, 1, 0, 0, 0, 0, 0, 0))
            sensor.at = at
            facts = play.facts_of(play.config(0x1810, [0x2A35]))
            session = play.Play(sensor, facts).start()
            while session.session.state != "closed":
                session.value()
                session.wait()
            wanted = "lost" if at < 12 else "done"
            told = [] if at <= 8 else [records.EVENT_CLOCK_REFUSED]  # it shows 2000 all along
            self.assertEqual((session.finish.outcome, session.told()), (wanted, told), at)
            self.assertEqual(facts.lacks, set())


class Shy(unittest.TestCase):
    def test_what_it_flees_from_thrice_is_not_looked_at_again(self):
        clock = (0x1805, [(0x2A2B, READ | WRITE)])
        facts = play.facts_of(play.config(0x1810, [0x2A35]))
        outcomes = []
        for _ in range(8):
            sensor = Hasty([(0x1810, [(0x2A35, INDICATE)]), clock, BATTERY])
            sensor.at = 5  # the characteristics of whatever is looked at after the values
            session = play.Play(sensor, facts).start()
            if session.session.state != "closed":
                session.value()
                session.wait_out()
            outcomes.append(session.finish.outcome)
        self.assertEqual(outcomes, ["lost"] * 3 + ["lost"] + ["done"] * 4)
        self.assertEqual(facts.lacks, {0x1805, 0x180F})

    def test_a_session_that_came_to_its_values_ends_the_counting(self):
        clock = (0x1805, [(0x2A2B, READ | WRITE)])
        facts = play.facts_of(play.config(0x1810, [0x2A35]))
        for at in (5, 5, 99, 5, 5):
            sensor = Hasty([(0x1810, [(0x2A35, INDICATE)]), clock])
            sensor.values[0x2A2B] = bytes(10)
            sensor.at = at
            session = play.Play(sensor, facts).start()
            if session.session.state != "closed":
                session.value()
                session.wait_out()
        facts.begin()
        self.assertFalse(0x1805 in facts.lacks)


class Battery(unittest.TestCase):
    def session(self, facts, level=b"\x40"):
        sensor = cuff(BATTERY)
        sensor.values[0x2A19] = level
        session = play.Play(sensor, facts).start()
        session.value()
        session.wait_out()
        return session

    def test_is_looked_at_once_a_day_and_journaled_as_it_is(self):
        facts = play.facts_of(play.config(0x1810, [0x2A35]))
        session = self.session(facts)
        self.assertEqual(session.of(words.KeepRead), [words.KeepRead(0x180F, 0x2A19, b"\x40")])
        self.assertTrue(session.finish.is_sure)
        session = self.session(facts)
        self.assertEqual(session.of(words.KeepRead), [])
        self.assertEqual(session.asked_services(), [0x1810])
        facts.battery_ms -= 2 * 86_400_000
        self.assertEqual(len(self.session(facts).of(words.KeepRead)), 1)

    def test_is_looked_up_before_and_read_after_the_values(self):
        session = self.session(play.facts_of(play.config(0x1810, [0x2A35])))
        kinds = [type(action) for action in session.actions]
        ready = kinds.index(words.Ready)
        self.assertNotIn(words.DiscoverService, kinds[ready:])
        self.assertTrue(kinds.index(words.KeepRead) > ready)

    def test_one_that_refuses_is_no_fault(self):
        session = self.session(play.facts_of(play.config(0x1810, [0x2A35])), words.NOT_ENCRYPTED)
        self.assertEqual(session.of(words.KeepRead), [])
        self.assertEqual((session.finish.outcome, session.told()), ("done", []))


class Bursts(unittest.TestCase):
    def test_a_hundred_stored_readings_are_one_session(self):
        session = play.Play(cuff(), play.facts_of(play.config(0x1810, [0x2A35]))).start()
        for _ in range(100):
            session.now_ms += 900
            session.value()
        self.assertEqual(session.wait_out(), words.Finish("done", 100, True))

    def test_the_parts_of_a_long_measurement_are_awaited(self):
        sensor = play.Sensor([(0x181B, [(0x2A9C, INDICATE)])])
        session = play.Play(sensor, play.facts_of(play.config(0x181B, [0x2A9C]))).start()
        self.assertEqual(len(session.of(words.ExchangeMtu)), 1)
        session.value()
        session.now_ms += 500
        session.value()
        self.assertEqual(session.wait_out().values, 2)


class Bonded(unittest.TestCase):
    def scale(self):
        sensor = play.Sensor([(0x181D, [(0x2A9D, INDICATE)])])
        sensor.needs_bond = True
        return sensor, play.facts_of(play.config(0x181D, [0x2A9D], bond=1))

    def test_it_listens_before_it_is_encrypted(self):
        session = play.Play(*self.scale()).start()
        kinds = [type(action) for action in session.actions]
        self.assertTrue(kinds.index(words.Listen) < kinds.index(words.Pair))
        self.assertTrue(kinds.index(words.Pair) < kinds.index(words.WriteHandle))

    def test_a_lost_bond_is_told_then_made_anew(self):
        sensor, facts = self.scale()
        facts.has_bond = True
        sensor.on_encrypt = lambda: [words.Secured(0, 0, 0)]
        session = play.Play(sensor, facts).start()
        self.assertEqual(session.told(), [records.EVENT_BOND_LOST])
        self.assertEqual(len(session.of(words.SetBondAside)), 1)
        sensor.on_encrypt = lambda: [words.Secured(1, 0, 1)]
        session = play.Play(sensor, facts).start()
        self.assertEqual(session.told(), [records.EVENT_PAIRED])
        self.assertEqual(session.of(words.RestoreBond), [])
        self.assertEqual(session.session.state, "receiving")

    def test_while_nobody_holds_its_button_the_old_key_stays(self):
        sensor, facts = self.scale()
        sensor.on_encrypt = lambda: [words.Secured(0, 0, 0)]
        outcomes = []
        for _ in range(4):
            facts.has_bond = not facts.is_bond_aside  # as the shell says
            outcomes.append(play.Play(sensor, facts).start().finish.outcome)
        self.assertEqual(outcomes, ["bond-lost", "pairing-failed"] * 2)


if __name__ == "__main__":
    unittest.main()
