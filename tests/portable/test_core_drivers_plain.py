"""Drivers by specification: the order of their steps, and what comes of a session."""

# ruff: noqa: RUF005  (a star in a list is a syntax error on MicroPython)

import unittest

import hub_modules  # noqa: F401  isort: skip
import sensor_script as play

from varde_firmware.core import sensor_words as words

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


if __name__ == "__main__":
    unittest.main()
