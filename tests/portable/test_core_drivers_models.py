"""What each driver asks of its sensor, and in which order."""

# ruff: noqa: RUF005  (a star in a list is a syntax error on MicroPython)

import unittest

import hub_modules  # noqa: F401  isort: skip
import sensor_script as play

from varde_firmware.core import drivers, steps
from varde_firmware.core import sensor_words as words
from varde_protocols import assigned, records

INDICATE, NOTIFY, READ, WRITE = play.INDICATE, play.NOTIFY, play.READ, play.WRITE
BATTERY = (0x180F, [(0x2A19, READ | NOTIFY)])
CURRENT_TIME = (0x1805, [(0x2A2B, READ | WRITE | NOTIFY)])
RIGHT = b"\xeb\x07\x01\x0f\x0d\x00\x00"  # 13:00, as in Oslo when it is noon in UTC
WRONG = b"\xd0\x07\x01\x01\x00\x00\x00"


def first(session, kind):
    """Where in the row of actions the first of a kind stands."""
    return [type(action) for action in session.actions].index(kind)


class Registry(unittest.TestCase):
    def test_every_model_and_every_service_has_its_driver(self):
        for model in drivers.MODELS:
            sensor = play.config(0x1810, [0x2A35], model)
            self.assertEqual(drivers.name_of(sensor), model.replace("-", "_"))
            self.assertTrue(callable(drivers.load(sensor).procedure))
        for service in drivers.BY_SERVICE:
            driver = drivers.load(play.config(service, [0x2A35]))
            self.assertTrue(callable(driver.procedure))

    def test_what_is_unknown_keeps_to_the_specification(self):
        unknown = play.config(0x1810, [1], "of-tomorrow")
        self.assertEqual(drivers.name_of(unknown), "blood_pressure")
        self.assertEqual(drivers.name_of(play.config(0x18FF, [1])), "plain")

    def test_a_model_is_left_alone_as_long_as_it_advertises_on(self):
        self.assertEqual(drivers.hold_off_ms(play.config(0x181D, [1], "and-uc352")), 15_000)
        self.assertEqual(drivers.hold_off_ms(play.config(0x181D, [1])), 10_000)


class AndUa651(unittest.TestCase):
    def session(self, utc_ms=play.NOON_MS, **fields):
        services = [(0x1810, [(0x2A35, INDICATE), (0x2A08, READ | WRITE)]), BATTERY]
        sensor = play.Sensor(services + [(assigned.AND_SERVICE, [(assigned.AND_CONTROL, WRITE)])])
        sensor.needs_bond = True
        sensor.values[0x2A08] = fields.get("shows", RIGHT)

        def set_clock(data):
            sensor.values[0x2A08] = data

        sensor.on_write[0x2A08] = set_clock
        facts = play.facts_of(play.config(0x1810, [0x2A35], "and-ua651", bond=1), utc_ms)
        return play.Play(sensor, facts).start()

    def test_the_clock_is_written_first_on_every_connection_and_read_back(self):
        session = self.session()
        self.assertEqual(
            [name for name, _ in session.sensor.written], [0x2A08, ("cccd", 0x2A35)]
        )
        self.assertEqual(session.sensor.written[0][1][:6], RIGHT[:6])
        self.assertEqual(
            [(c.characteristic, c.occasion) for c in session.of(words.ClockRead)],
            [(0x2A08, records.CLOCK_BEFORE), (0x2A08, records.CLOCK_AFTER)],
        )
        self.assertEqual(session.told(), [records.EVENT_PAIRED])

    def test_only_the_needed_service_is_looked_up_and_nothing_read_after(self):
        session = self.session()
        session.value()
        session.wait_out()
        self.assertEqual(session.asked_services(), [0x1810])
        self.assertEqual(session.sensor.read, [0x2A08, 0x2A08])
        self.assertEqual(session.finish, words.Finish("done", 1, True))

    def test_a_hub_without_time_writes_what_it_read(self):
        session = self.session(utc_ms=None, shows=WRONG)
        self.assertEqual(session.sensor.written[0], (0x2A08, WRONG))
        self.assertEqual(session.of(words.ClockRead)[0].occasion, records.CLOCK_READ)

    def test_a_clock_never_set_is_set_to_utc(self):
        session = self.session(shows=WRONG)
        self.assertEqual(session.sensor.written[0][1][:5], b"\xeb\x07\x01\x0f\x0c")


class Omron(unittest.TestCase):
    def session(self, shows=b"", utc_ms=play.NOON_MS, hurries=False):
        services = [(0x1810, [(0x2A35, INDICATE)]), CURRENT_TIME]
        sensor = play.Sensor(services)
        sensor.needs_bond = True
        sensor.values[0x2A2B] = shows + b"\x05\x00\x00"
        clock = sensor.handle(0x2A2B)

        def tell_time(_data):
            return [words.Control(clock, sensor.values[0x2A2B])]

        sensor.is_hasty = hurries

        def set_clock(data):
            sensor.values[0x2A2B] = data

        sensor.on_write[("cccd", 0x2A2B)] = tell_time
        sensor.on_write[0x2A2B] = set_clock
        facts = play.facts_of(play.config(0x1810, [0x2A35], "omron-evolv", bond=1), utc_ms)
        return play.Play(sensor, facts).start()

    def test_the_bond_comes_before_everything(self):
        session = self.session(RIGHT)
        self.assertTrue(first(session, words.Pair) < first(session, words.DiscoverService))

    def test_the_clock_is_set_as_the_answer_to_its_notification(self):
        session = self.session(WRONG)
        self.assertEqual(
            [name for name, _ in session.sensor.written],
            [("cccd", 0x2A2B), 0x2A2B, ("cccd", 0x2A35)],
        )
        self.assertEqual(len(session.sensor.written[1][1]), 10)
        self.assertEqual([c.occasion for c in session.of(words.ClockRead)], [1, 2])
        self.assertEqual(session.sensor.read.count(0x2A2B), 1)  # back, and not before

    def test_a_notification_that_overtakes_the_answer_is_not_lost(self):
        session = self.session(RIGHT, hurries=True)
        self.assertEqual([c.occasion for c in session.of(words.ClockRead)], [0])

    def test_a_clock_that_is_right_within_ten_minutes_is_left_alone(self):
        nearly = RIGHT[:5] + b"\x09\x00"
        for shows, utc_ms in ((RIGHT, play.NOON_MS), (nearly, play.NOON_MS), (WRONG, None)):
            session = self.session(shows, utc_ms)
            self.assertEqual(
                [name for name, _ in session.sensor.written], [("cccd", 0x2A2B), ("cccd", 0x2A35)]
            )
            self.assertEqual([c.occasion for c in session.of(words.ClockRead)], [0])

    def test_it_listens_before_it_is_encrypted_where_it_listened_last_time(self):
        session = self.session(RIGHT)
        session.value()
        session.wait_out()
        again = play.Play(session.sensor, session.facts).start()
        self.assertTrue(first(again, words.Listen) < first(again, words.Pair))
        self.assertEqual(len(again.of(words.Listen)), 1)

    def test_handles_that_have_moved_are_found_again(self):
        session = self.session(RIGHT)
        session.facts.handles = [(77, 0x1810, 0x2A35)]
        again = play.Play(session.sensor, session.facts).start()
        control = session.sensor.handle(0x2A2B)
        place = session.sensor.handle(0x2A35)
        self.assertEqual(len(again.of(words.Unlisten)), 1)
        self.assertEqual(again.listened, {place: 0x2A35, control: "control"})


class Beurer(unittest.TestCase):
    def test_the_cuff_gets_its_rest_before_it_is_subscribed_to(self):
        facts = play.facts_of(play.config(0x1810, [0x2A35], "beurer-bm"))
        session = play.Play(play.Sensor([(0x1810, [(0x2A35, INDICATE)])]), facts).start()
        self.assertEqual(session.session.state, steps.WAITING)
        self.assertEqual(session.session.deadline_ms - session.now_ms, 100)
        self.assertEqual(session.sensor.written, [])
        session.wait()
        self.assertEqual(session.sensor.written, [(("cccd", 0x2A35), b"\x02\x00")])

    def scale(self, result, user=(1, 1234)):
        services = [
            (0x181D, [(0x2A9D, INDICATE)]),
            (0x181B, [(0x2A9C, INDICATE)]),
            (0x181C, [(0x2A9F, WRITE | INDICATE)]),
        ]
        sensor = play.Sensor(services)
        point = sensor.handle(0x2A9F)
        sensor.on_write[0x2A9F] = lambda data: [words.Control(point, b"\x20\x02" + result)]
        config = play.config(0x181D, [0x2A9D, 0x2A9C], "beurer-bf", 1, None, list(user))
        return play.Play(sensor, play.facts_of(config)).start()

    def test_the_scale_gets_its_consent_when_all_is_subscribed(self):
        session = self.scale(b"\x01")
        self.assertEqual(
            session.sensor.written,
            [
                (("cccd", 0x2A9F), b"\x02\x00"),
                (("cccd", 0x2A9D), b"\x02\x00"),
                (("cccd", 0x2A9C), b"\x02\x00"),
                (0x2A9F, b"\x02\x01\xd2\x04"),
            ],
        )
        self.assertEqual(session.session.state, steps.RECEIVING)

    def test_a_consent_that_is_refused_is_told(self):
        session = self.scale(b"\x05")
        self.assertEqual(session.finish.outcome, words.REFUSED)
        self.assertIn(records.EVENT_SENSOR_REFUSED, session.told())


class Oximeters(unittest.TestCase):
    def test_masimo_is_waited_for_as_long_as_a_finger_stays(self):
        facts = play.facts_of(play.config(0x1822, [0x2A5E], "masimo-mightysat"))
        session = play.Play(play.Sensor([(0x1822, [(0x2A5E, INDICATE)])]), facts).start()
        self.assertTrue(session.session.deadline_ms - session.now_ms >= 600_000)

    def test_nonin_has_two_services(self):
        own = (assigned.NONIN_SERVICE, [(assigned.NONIN_CONTINUOUS, NOTIFY)])
        sensor = play.Sensor([(0x1822, [(0x2A5E, INDICATE)]), own])
        wanted = [0x2A5E, assigned.NONIN_CONTINUOUS]
        facts = play.facts_of(play.config(0x1822, wanted, "nonin-3230", bond=1))
        session = play.Play(sensor, facts).start()
        self.assertEqual(sorted(session.listened.values()), sorted(wanted))
        self.assertEqual(
            [action.service for action in session.of(words.Listen)],
            [0x1822, assigned.NONIN_SERVICE],
        )

    def test_viatom_is_asked_once_a_minute_and_by_one_command_only(self):
        rows = [(assigned.VIATOM_NOTIFY, NOTIFY), (assigned.VIATOM_WRITE, WRITE)]
        sensor = play.Sensor([(assigned.VIATOM_SERVICE, rows)])
        config = play.config(assigned.VIATOM_SERVICE, [assigned.VIATOM_NOTIFY], "viatom-o2ring")
        session = play.Play(sensor, play.facts_of(config)).start()
        for _ in range(3):
            session.value()
            self.assertEqual(session.session.deadline_ms - session.now_ms, 60_000)
            session.wait()
        self.assertEqual(session.wait_out().outcome, words.DONE)
        asked = [data for name, data in sensor.written if name == assigned.VIATOM_WRITE]
        self.assertEqual(asked, [b"\xaa\x17\xe8\x00\x00\x00\x00\x1b"] * 4)

    def test_a_stream_is_sampled(self):
        for model, service, number, take_ms in (
            ("berrymed-bm1000", assigned.BERRYMED_SERVICE, assigned.BERRYMED_NOTIFY, 0),
            ("jumper-500f", assigned.JUMPER_SERVICE, assigned.JUMPER_NOTIFY, 1_200),
        ):
            sensor = play.Sensor([(service, [(number, NOTIFY)])])
            session = play.Play(sensor, play.facts_of(play.config(service, [number], model)))
            session.start()
            session.value()
            self.assertEqual(session.session.deadline_ms - session.now_ms, take_ms)
            session.wait()
            self.assertEqual(session.session.deadline_ms - session.now_ms, 5_000)
            session.wait()
            switched = [data for _, data in sensor.written]
            self.assertEqual(switched, [b"\x01\x00", b"\x00\x00", b"\x01\x00"])

    def test_nobody_connects_to_one_that_only_advertises(self):
        facts = play.facts_of(play.config(0x181D, [0x10001], "xiaomi-scale"))
        session = play.Play(play.Sensor([]), facts).start()
        self.assertEqual(session.finish.outcome, words.NO_VALUES)
        self.assertEqual(session.asked_services(), [])


class HealthSensor(unittest.TestCase):
    def test_it_is_told_to_start_when_all_is_subscribed(self):
        rows = [(0x2B8B, INDICATE), (0x2BF4, WRITE | INDICATE)]
        sensor = play.Sensor([(0x1840, rows), (0x183F, [(0x2BF2, READ)])])
        sensor.values[0x2BF2] = bytes(9)
        session = play.Play(sensor, play.facts_of(play.config(0x1840, [0x2B8B]))).start()
        self.assertEqual(first(session, words.ExchangeMtu), 1)
        self.assertEqual(sensor.written[-1], (0x2BF4, b"\x01"))
        self.assertEqual(session.of(words.ClockRead)[0].characteristic, 0x2BF2)
        self.assertEqual(session.session.state, steps.RECEIVING)


if __name__ == "__main__":
    unittest.main()
