"""A sensor with a bond: both sides may start, and either may have lost its key."""



import unittest

import hub_modules  # noqa: F401  isort: skip
from test_core_sensor_session import (
    CLOSED,
    CUFF,
    FOUND,
    REFUSED,
    SPOT,
    SWITCHES,
    cuff,
    drive,
    facts_of,
    session_of,
)

from varde_firmware.core import decider, procedures, steps
from varde_firmware.core import sensor_words as words
from varde_protocols import records


class Security(unittest.TestCase):
    """The driver of a cuff, whose config wants a bond."""

    def found(self, **facts):
        facts = facts_of(characteristics=(SPOT,), bond=facts.pop("bond", 1), **facts)
        session = session_of(facts)
        return facts, session, drive(session, *FOUND)

    def test_is_encrypted_after_it_listens_and_before_it_subscribes(self):
        _, session, actions = self.found()
        place = (12, CUFF, SPOT)
        self.assertEqual(
            actions, [words.KeepHandles([place]), words.Listen(*place), words.Pair()]
        )
        self.assertEqual(
            session.handle(words.Secured(1, 0, 1), 99),
            [words.Tell(records.EVENT_PAIRED), words.DiscoverDescriptors(12, 13)],
        )

    def test_with_a_bond_it_is_not_told_again(self):
        facts, session, _ = self.found()
        facts.has_bond = True
        self.assertEqual(
            session.handle(words.Secured(1, 0, 1), 99), [words.DiscoverDescriptors(12, 13)]
        )

    def test_the_sensor_may_ask_first(self):
        facts = facts_of(characteristics=(SPOT,), bond=1)
        session = session_of(facts)
        drive(session, words.Begin(), words.Connected(), words.Secured(1, 0, 1))
        for event in FOUND[2:-1]:
            session.handle(event, 20)
        actions = session.handle(FOUND[-1], 20)
        self.assertEqual(actions[-1], words.DiscoverDescriptors(12, 13))

    def test_pairing_has_its_own_time(self):
        _, session, _ = self.found()
        self.assertEqual(session.deadline_ms, 6 + 30_000)
        session.handle(words.Secured(1, 0, 1), 25_000)
        self.assertEqual(session.state, steps.FINDING_SWITCH)
        self.assertEqual(session.deadline_ms, 25_000 + steps.STAGE_MS)

    def test_pairing_that_fails_is_told(self):
        for event in (words.Secured(0, 0, 0), decider.Expired(), words.Disconnected()):
            _, session, _ = self.found()
            actions = session.handle(event, 31_000)
            self.assertEqual(actions[0], words.Tell(records.EVENT_PAIRING_FAILED))
            if session.state != CLOSED:
                actions = session.handle(words.Disconnected(), 31_050)
            self.assertEqual(actions[-1].outcome, words.PAIRING_FAILED)

    def test_a_lost_bond_is_set_aside_and_told(self):
        facts, session, _ = self.found()
        facts.has_bond = True
        self.assertEqual(
            session.handle(words.Secured(0, 0, 0), 99),
            [words.SetBondAside(), words.Tell(records.EVENT_BOND_LOST), words.Disconnect()],
        )
        self.assertEqual(
            session.handle(words.Disconnected(), 150)[-1].outcome, words.BOND_LOST
        )

    def test_the_next_session_pairs_anew_and_a_new_bond_stands(self):
        facts, session, _ = self.found()
        facts.is_bond_aside = True
        actions = session.handle(words.Secured(1, 0, 1), 99)
        self.assertEqual(actions[0], words.Tell(records.EVENT_PAIRED))
        self.assertFalse(facts.is_bond_aside)

    def test_if_that_fails_the_old_key_is_tried_again(self):
        facts, session, _ = self.found()
        facts.is_bond_aside = True
        actions = session.handle(words.Secured(0, 0, 0), 99)
        self.assertIn(words.RestoreBond(), actions)
        self.assertFalse(facts.is_bond_aside)

    def test_going_away_once_is_a_bad_link_thrice_an_answer(self):
        facts = facts_of(characteristics=(SPOT,), bond=1)
        outcomes = []
        for _ in range(3):
            facts.has_bond = True
            session = session_of(facts)
            drive(session, *FOUND)
            outcomes.append(session.handle(words.Disconnected(), 99)[-1].outcome)
        self.assertEqual(outcomes, ["lost", "lost", "bond-lost"])

    def test_the_passkey_is_in_the_config(self):
        _, session, _ = self.found(bond=2, passkey=4711)
        self.assertEqual(
            session.handle(words.PasskeyAsked(2, 0), 50), [words.GivePasskey(2, 4711)]
        )
        self.assertEqual(session.handle(words.Secured(1, 1, 1), 60)[0].code, records.EVENT_PAIRED)

    def test_nobody_is_here_to_read_or_to_compare(self):
        for passkey, action in ((None, 2), (4711, 4)):
            _, session, _ = self.found(bond=2, passkey=passkey)
            actions = session.handle(words.PasskeyAsked(action, 123456), 50)
            self.assertEqual(actions[0], words.Tell(records.EVENT_PAIRING_FAILED))
            self.assertEqual(actions[-1], words.Disconnect())

    def test_less_than_the_config_wants_is_none(self):
        _, session, _ = self.found(bond=2, passkey=4711)
        actions = session.handle(words.Secured(1, 0, 1), 60)
        self.assertEqual(actions[-1], words.Disconnect())

    def test_a_refused_write_is_repeated_when_encrypted(self):
        facts = facts_of(characteristics=(SPOT,), bond=1)
        for status in (0x105, 0x10F):
            facts.begin()
            session = session_of(facts)
            drive(session, *FOUND)
            session.handle(words.Secured(1, 0, 1), 20)
            for event in SWITCHES[:2]:
                session.handle(event, 21)
            facts.is_encrypted = False  # the sensor has gone back on it
            self.assertEqual(session.handle(words.StageDone(status), 22), [words.Pair()])
            self.assertEqual(
                session.handle(words.Secured(1, 0, 1), 23),
                [words.WriteHandle(13, b"\x02\x00", True)],
            )

    def test_a_refused_read_is_repeated_when_encrypted(self):
        for status in (words.NOT_AUTHENTICATED, words.NOT_ENCRYPTED):
            facts = facts_of(bond=1)
            row = procedures.read(facts, 9)
            self.assertEqual(next(row), steps.Read(9))
            self.assertEqual(row.send((status, b"")), steps.Encrypt())
            facts.is_encrypted = True
            self.assertEqual(row.send(None), steps.Read(9))
            with self.assertRaises(StopIteration):
                row.send((0, b"value"))

    def test_without_a_bond_in_the_config_nobody_pairs(self):
        session = cuff()
        actions = drive(session, *(FOUND + SWITCHES + (words.StageDone(0x105),)))
        self.assertEqual(actions, [REFUSED, words.Disconnect()])


if __name__ == "__main__":
    unittest.main()
