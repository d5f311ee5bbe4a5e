"""A sensor session: the way that works, and every way out of it, by the driver of a cuff."""

# ruff: noqa: RUF005  (a star in a tuple is a syntax error on MicroPython)

import unittest

import hub_modules  # noqa: F401  isort: skip
from varde_firmware.core import decider, drivers, sensor_session, steps
from varde_firmware.core import sensor_words as words
from varde_protocols import hub_config, records

CUFF, SPOT, INTERIM = 0x1810, 0x2A35, 0x2A36
INDICATE, NOTIFY = 0x20, 0x10
ADDRESS = bytes(7)
CLOSING, CLOSED = sensor_session.CLOSING, sensor_session.CLOSED
REFUSED = words.Tell(records.EVENT_SENSOR_REFUSED)


def facts_of(service=CUFF, characteristics=(SPOT, INTERIM), bond=0, passkey=None):
    """Of a sensor that is known to have neither battery nor clock."""
    sensor = hub_config.Sensor(
        1, ADDRESS, None, service, list(characteristics), "", bond, passkey, None, b""
    )
    facts = steps.Facts(sensor)
    facts.lacks = {0x180F, 0x1805}
    return facts


def session_of(facts):
    return sensor_session.SensorSession(facts, drivers.begin(facts))


def cuff():
    return session_of(facts_of())


def drive(session, *events):
    """Hand the events in at 0, 1, 2 ... ms; the actions of the last."""
    actions = []
    for now_ms, event in enumerate(events):
        actions = session.handle(event, now_ms)
    return actions


FOUND = (
    words.Begin(),
    words.Connected(),
    words.ServiceFound(10, 20),
    words.StageDone(0),
    words.CharacteristicFound(13, 12, INDICATE, SPOT),
    words.CharacteristicFound(20, 15, NOTIFY, INTERIM),
    words.StageDone(0),
)
SWITCHES = (
    words.DescriptorFound(13, 0x2902),
    words.StageDone(0),
    words.DescriptorFound(16, 0x2902),
    words.StageDone(0),
)
SUBSCRIBED = (words.StageDone(0), words.StageDone(0))


class StraightWay(unittest.TestCase):
    def test_asks_only_for_the_configured_service(self):
        session = cuff()
        self.assertEqual(session.handle(words.Begin(), 0), [words.Connect(10_000)])
        self.assertEqual(session.handle(words.Connected(), 5), [words.DiscoverService(CUFF)])
        session.handle(words.ServiceFound(10, 20), 6)
        session.handle(words.ServiceFound(30, 40), 6)
        self.assertEqual(
            session.handle(words.StageDone(0), 7), [words.DiscoverCharacteristics(10, 20)]
        )

    def test_an_unknown_service_is_asked_for_a_larger_mtu_first(self):
        session = session_of(facts_of(0x18FF, [0x2AFF]))
        self.assertEqual(drive(session, words.Begin(), words.Connected()), [words.ExchangeMtu()])
        self.assertEqual(session.handle(words.MtuSet(), 9), [words.DiscoverService(0x18FF)])

    def test_silence_to_the_mtu_exchange_is_a_no(self):
        session = session_of(facts_of(0x181B, [0x2A9C]))
        drive(session, words.Begin(), words.Connected())
        self.assertTrue(session.is_due(2_001))
        self.assertEqual(session.handle(decider.Expired(), 2_001), [words.DiscoverService(0x181B)])

    def test_listens_to_all_before_it_switches_one_on(self):
        session = cuff()
        self.assertEqual(
            drive(session, *FOUND),
            [
                words.Listen(12, CUFF, SPOT),
                words.Listen(15, CUFF, INTERIM),
                words.DiscoverDescriptors(12, 13),
            ],
        )
        for event in SWITCHES[:-1]:
            session.handle(event, 10)
        self.assertEqual(
            session.handle(SWITCHES[-1], 19), [words.WriteHandle(13, b"\x02\x00", True)]
        )
        self.assertEqual(
            session.handle(words.StageDone(0), 20), [words.WriteHandle(16, b"\x01\x00", True)]
        )
        self.assertEqual(session.handle(words.StageDone(0), 21), [words.Ready()])

    def test_a_characteristic_with_both_properties_is_indicated(self):
        session = session_of(facts_of(0x1822, [0x2A5E]))
        actions = drive(
            session,
            words.Begin(),
            words.Connected(),
            words.ServiceFound(1, 9),
            words.StageDone(0),
            words.CharacteristicFound(9, 3, INDICATE | NOTIFY, 0x2A5E),
            words.StageDone(0),
            words.DescriptorFound(4, 0x2902),
            words.StageDone(0),
        )
        self.assertEqual(actions[-1], words.WriteHandle(4, b"\x02\x00", True))

    def test_hangs_up_a_quiet_second_after_the_last_value(self):
        session = session_of(facts_of(0x181D, [0x2A9D]))
        drive(
            session,
            words.Begin(),
            words.Connected(),
            words.ServiceFound(1, 9),
            words.StageDone(0),
            words.CharacteristicFound(9, 3, INDICATE, 0x2A9D),
            words.StageDone(0),
            words.DescriptorFound(4, 0x2902),
            words.StageDone(0),
            words.StageDone(0),
        )
        session.handle(words.ValueKept(1), 1_000)
        session.handle(words.ValueKept(2), 1_500)
        self.assertEqual(session.deadline_ms, 2_500)
        self.assertEqual(session.handle(decider.Expired(), 2_500), [words.ReadHandle(4)])
        self.assertEqual(
            session.handle(words.ReadDone(0, b"\x02\x00"), 2_550), [words.Disconnect()]
        )
        self.assertEqual(
            session.handle(words.Disconnected(), 2_600), [words.Finish("done", 2, True)]
        )

    def test_waits_longer_where_values_come_about_once_a_second(self):
        session = cuff()
        drive(session, *(FOUND + SWITCHES + SUBSCRIBED))
        session.handle(words.ValueKept(1), 1_000)
        self.assertEqual(session.deadline_ms, 6_000)

    def test_a_value_before_the_last_switch_counts(self):
        session = cuff()
        drive(session, *(FOUND + SWITCHES + (words.StageDone(0), words.ValueKept(3))))
        session.handle(words.StageDone(0), 100)
        self.assertEqual(
            session.handle(words.Disconnected(), 101), [words.Finish("done", 3, True)]
        )


class WaysOut(unittest.TestCase):
    def outcome(self, *events):
        """The outcome after the events, and after the disconnection if one was asked for."""
        session = cuff()
        self.is_told = False
        actions = drive(session, *events)
        if actions and actions[-1] == words.Disconnect():
            self.is_told = REFUSED in actions
            actions = session.handle(words.Disconnected(), 50_000)
        self.assertEqual(session.state, CLOSED)
        return actions[-1].outcome

    def test_no_connection(self):
        self.assertEqual(self.outcome(words.Begin(), words.Disconnected()), "no-connection")

    def test_no_service(self):
        self.assertEqual(
            self.outcome(words.Begin(), words.Connected(), words.StageDone(0)), "no-service"
        )
        self.assertTrue(self.is_told)

    def test_no_characteristic(self):
        found = FOUND[:4] + (words.StageDone(0),)
        self.assertEqual(self.outcome(*found), "no-characteristic")
        self.assertTrue(self.is_told)

    def test_a_characteristic_that_cannot_send_is_none(self):
        readable = words.CharacteristicFound(20, 12, 0x02, SPOT)
        found = FOUND[:4] + (readable, words.StageDone(0))
        self.assertEqual(self.outcome(*found), "no-characteristic")

    def test_a_missing_optional_characteristic_is_no_fault(self):
        session = cuff()
        found = FOUND[:5] + (words.StageDone(0),)
        self.assertEqual(
            drive(session, *found),
            [words.Listen(12, CUFF, SPOT), words.DiscoverDescriptors(12, 13)],
        )

    def test_no_switch(self):
        user_description = words.DescriptorFound(13, 0x2901)
        self.assertEqual(
            self.outcome(*(FOUND + (user_description, words.StageDone(0)))), "no-cccd"
        )
        self.assertTrue(self.is_told)

    def test_a_switch_elsewhere_is_none_of_this_value(self):
        for handle in (1, 12, 14):
            stray = (words.DescriptorFound(handle, 0x2902), words.StageDone(0))
            self.assertEqual(self.outcome(*(FOUND + stray)), words.NO_SWITCH)

    def test_nothing_stands_behind_the_value(self):
        alone = words.CharacteristicFound(12, 12, INDICATE, SPOT)
        self.assertEqual(self.outcome(*FOUND[:4], alone, words.StageDone(0)), words.NO_SWITCH)

    def test_one_that_dawdles_at_every_stage(self):
        session = cuff()
        session.handle(words.Begin(), 0)
        session.handle(words.Connected(), 0)
        for now_ms, events in ((9_000, FOUND[2:4]), (18_000, FOUND[4:7])):
            for event in events:
                session.handle(event, now_ms)
        self.assertEqual(session.deadline_ms, sensor_session.SET_UP_MS)

    def test_refused(self):
        self.assertEqual(self.outcome(*(FOUND + SWITCHES + (words.StageDone(261),))), "refused")
        self.assertTrue(self.is_told)

    def test_nothing_came(self):
        silent = FOUND + SWITCHES + SUBSCRIBED + (decider.Expired(), words.ReadDone(0, b""))
        self.assertEqual(self.outcome(*silent), "no-values")
        self.assertFalse(self.is_told)
        self.assertEqual(
            self.outcome(*(FOUND + SWITCHES + SUBSCRIBED + (words.Disconnected(),))), "no-values"
        )

    def test_the_link_breaks_in_any_stage(self):
        events = FOUND + SWITCHES
        for count in range(2, len(events) + 1):
            self.assertEqual(self.outcome(*(events[:count] + (words.Disconnected(),))), "lost")

    def test_the_stack_ends_its_request_before_the_broken_link(self):
        """What was not found then is not missing, and nothing was refused."""
        events = FOUND + SWITCHES
        for count in range(2, len(events) + 1):
            broken = (words.StageDone(7), words.Disconnected())
            self.assertEqual(self.outcome(*(events[:count] + broken)), "lost")
            self.assertFalse(self.is_told)

    def test_a_request_that_the_stack_could_not_make_ends_the_session(self):
        session = cuff()
        drive(session, words.Begin(), words.Connected())
        session.handle(words.StageDone(6), 10)
        self.assertEqual(session.deadline_ms, 1_010)
        actions = session.handle(decider.Expired(), 1_010)
        self.assertEqual(actions, [words.Disconnect()])

    def test_every_stage_has_a_limit(self):
        events = FOUND + SWITCHES
        for count in range(2, len(events) + 1):
            self.assertEqual(self.outcome(*(events[:count] + (decider.Expired(),))), "timed-out")

    def test_no_room_in_any_stage(self):
        events = FOUND + SWITCHES + SUBSCRIBED
        for count in range(1, len(events) + 1):
            stopped = events[:count] + (words.Stop(words.STOPPED),)
            self.assertEqual(self.outcome(*stopped), "stopped")

    def test_a_radio_that_says_nothing_of_the_connection(self):
        session = cuff()
        drive(session, words.Begin())
        self.assertEqual(session.deadline_ms, 13_000)
        self.assertEqual(
            session.handle(decider.Expired(), 13_000),
            [words.CancelConnect(), words.Finish("radio-deaf", 0, False)],
        )

    def test_a_radio_that_says_nothing_of_the_disconnection(self):
        session = cuff()
        drive(session, words.Begin(), words.Connected(), words.StageDone(0))
        self.assertEqual(session.state, CLOSING)
        self.assertEqual(session.handle(decider.Expired(), 90_000)[-1].outcome, "radio-deaf")

    def test_late_results_after_hanging_up_change_nothing(self):
        session = cuff()
        drive(session, words.Begin(), words.Connected(), decider.Expired())
        for late in (words.ServiceFound(1, 2), words.StageDone(0), words.MtuSet(),
                     words.ReadDone(0, b""), words.Flushed(0, b""), words.Secured(1, 0, 0),
                     words.Control(3, b""), words.PasskeyAsked(2, 0)):  # fmt: skip
            self.assertEqual(session.handle(late, 20_000), [])
        self.assertEqual(session.state, CLOSING)

    def test_an_unknown_move_raises_and_changes_nothing(self):
        session = cuff()
        with self.assertRaises(decider.IllegalMoveError):
            session.handle(words.StageDone(0), 0)
        self.assertEqual((session.state, session.deadline_ms), (sensor_session.IDLE, None))


class Sureness(unittest.TestCase):
    """Whether the sensor got the confirmation of its last value."""

    def receiving(self):
        session = cuff()
        drive(session, *(FOUND + SWITCHES + SUBSCRIBED))
        session.handle(words.ValueKept(1), 1_000)
        return session

    def hung_up(self):
        """As drivers end that read nothing after the last value."""
        session = self.receiving()
        session.handle(words.Stop(words.STOPPED), 6_000)
        return session

    def is_sure(self, session, *events):
        for event, now_ms in events:
            actions = session.handle(event, now_ms)
        self.assertEqual(session.state, CLOSED)
        return actions[-1].is_sure

    def test_it_answers_at_once_when_we_hang_up(self):
        self.assertTrue(self.is_sure(self.hung_up(), (words.Disconnected(), 6_800)))

    def test_it_does_not_answer_when_we_hang_up(self):
        self.assertFalse(self.is_sure(self.hung_up(), (words.Disconnected(), 6_801)))
        self.assertFalse(self.is_sure(self.hung_up(), (decider.Expired(), 14_000)))

    def test_it_hangs_up(self):
        for now_ms in (1_001, 3_199, 3_801, 5_999):
            self.assertTrue(self.is_sure(self.receiving(), (words.Disconnected(), now_ms)))

    def test_the_link_breaks_with_the_last_value(self):
        for now_ms in (3_200, 3_560, 3_800):
            self.assertFalse(self.is_sure(self.receiving(), (words.Disconnected(), now_ms)))

    def test_it_sent_one_more_while_we_hung_up(self):
        events = ((words.ValueKept(2), 6_000), (words.Disconnected(), 6_001))
        self.assertFalse(self.is_sure(self.hung_up(), *events))

    def test_the_link_breaks_in_the_middle_of_a_write(self):
        session = cuff()
        drive(session, *(FOUND + SWITCHES))
        session.handle(words.ValueKept(1), 1_000)
        events = ((words.StageDone(7), 3_560), (words.Disconnected(), 3_560))
        self.assertFalse(self.is_sure(session, *events))

    def test_the_link_breaks_before_all_is_subscribed(self):
        session = cuff()
        drive(session, *(FOUND + SWITCHES + (words.ValueKept(1),)))
        self.assertFalse(self.is_sure(session, (words.Disconnected(), 3_000)))

    def test_an_answer_after_the_last_value_proves_it_whatever_comes_then(self):
        for status in (0, 0x10A):
            session = self.receiving()
            session.handle(decider.Expired(), 6_000)
            events = ((words.ReadDone(status, b""), 6_050), (decider.Expired(), 14_050))
            self.assertTrue(self.is_sure(session, *events))

    def test_an_error_of_the_stack_is_no_answer(self):
        session = self.receiving()
        session.handle(decider.Expired(), 2_000)
        events = ((words.ReadDone(7, b""), 3_560), (words.Disconnected(), 3_560))
        self.assertFalse(self.is_sure(session, *events))

    def test_a_value_after_the_question_is_not_proven_by_its_answer(self):
        session = self.receiving()
        session.handle(decider.Expired(), 6_000)
        session.handle(words.ValueKept(2), 6_010)
        events = ((words.ReadDone(0, b""), 6_020), (decider.Expired(), 14_050))
        self.assertFalse(self.is_sure(session, *events))


if __name__ == "__main__":
    unittest.main()
