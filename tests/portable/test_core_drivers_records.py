"""Stored records on request: all that is new, durable before anything is deleted."""

# ruff: noqa: RUF005  (a star in a list is a syntax error on MicroPython)

import unittest

import hub_modules  # noqa: F401  isort: skip
import sensor_script as play

from varde_firmware.core import sensor_session, steps
from varde_firmware.core import sensor_words as words
from varde_firmware.core.drivers import glucose_meter

INDICATE, NOTIFY, READ, WRITE = play.INDICATE, play.NOTIFY, play.READ, play.WRITE
ALL = b"\x01\x01"
SUCCESS, NO_RECORDS = 1, 6


class Meter(play.Sensor):
    """A glucose meter with `stored` records, numbered from 1; a store of any other kind alike."""

    def __init__(self, stored, service=0x1808, number=0x2A18):
        super().__init__([(service, [(number, NOTIFY), (0x2A52, WRITE | INDICATE)])])
        self.stored = stored
        self.requests = []
        self.values_sent = 0
        self.most = 0  # values on one request
        self.lost = 0
        self.is_silent = False
        self.knows_ranges = False
        self.sent_last = None
        self.on_write[0x2A52] = self.request

    def request(self, data):
        self.requests.append(data)
        answer = words.Control
        point = self.handle(0x2A52)
        if self.is_silent:
            return []
        if data == b"\x04\x01":
            return [answer(point, bytes((5, 0, len(self.stored) & 0xFF, len(self.stored) >> 8)))]
        if data[0] == 2:
            self.stored = []
            return [answer(point, b"\x06\x00\x02\x01")]
        if data[1] >= 4 and not self.knows_ranges:
            return [answer(point, b"\x06\x00\x01\x04")]
        first = data[3] | data[4] << 8 if data[1] in (3, 4) else 0
        last = data[5] | data[6] << 8 if data[1] == 4 else 0xFFFF
        sent = [number for number in self.stored if first <= number <= last]
        if data[1] in (5, 6):
            sent = self.stored[:1] if data[1] == 5 else self.stored[-1:]
        self.most = max(self.most, len(sent))
        self.sent_last = sent[-1] if sent else self.sent_last
        events = []
        for _ in sent:
            self.values_sent += 1
            events.append(words.ValueKept(self.values_sent))
        result = SUCCESS if sent else NO_RECORDS
        return events + [answer(point, bytes((6, 0, 1, result)))]

    def _Flush(self, _action):
        newest = self.sent_last if self.values_sent else None
        value = b"" if newest is None else bytes((0, newest & 0xFF, newest >> 8))
        return [words.Flushed(self.lost, value)]


def meter_facts():
    facts = play.facts_of(play.config(0x1808, [0x2A18]))
    facts.lacks = {0x1805, 0x180F}
    return facts


def session_with(meter, facts):
    meter.values_sent = 0
    meter.requests = []
    return play.Play(meter, facts).start()


class Glucose(unittest.TestCase):
    def test_both_switches_are_on_before_the_request(self):
        meter = Meter([1, 2, 3])
        session_with(meter, meter_facts())
        self.assertEqual(
            [name for name, _ in meter.written],
            [("cccd", 0x2A52), ("cccd", 0x2A18), 0x2A52, 0x2A52],
        )

    def test_the_first_time_all_is_asked_for_then_what_is_new(self):
        meter, facts = Meter([1, 2, 3]), meter_facts()
        session = session_with(meter, facts)
        self.assertEqual(meter.requests, [b"\x04\x01", ALL])
        self.assertEqual(session.finish.outcome, words.DONE)
        self.assertEqual(session.finish.values, 3)
        meter.stored = meter.stored + [4]
        session = session_with(meter, facts)
        self.assertEqual(meter.requests, [b"\x04\x01", b"\x01\x03\x01\x04\x00"])
        self.assertEqual(session.finish.values, 1)

    def test_no_records_is_a_normal_end(self):
        session = session_with(Meter([]), meter_facts())
        self.assertEqual(session.finish.outcome, words.NO_VALUES)
        self.assertEqual(session.told(), [])

    def test_numbers_that_begin_anew_are_all_asked_for(self):
        meter, facts = Meter([1, 2, 3]), meter_facts()
        session_with(meter, facts)
        meter.stored = [1]
        session_with(meter, facts)
        self.assertEqual(meter.requests, [b"\x04\x01", ALL])

    def test_what_could_not_be_kept_is_asked_for_again(self):
        meter, facts = Meter([1, 2, 3]), meter_facts()
        meter.lost = 1
        session_with(meter, facts)
        meter.lost = 0
        session_with(meter, facts)
        self.assertEqual(meter.requests, [b"\x04\x01", ALL])

    def test_what_the_meter_did_not_complete_is_asked_for_again(self):
        meter, facts = Meter([1, 2, 3]), meter_facts()
        whole = meter.on_write[0x2A52]

        def cut_short(data):
            events = whole(data)
            if data[0] == 1:
                events[-1] = words.Control(meter.handle(0x2A52), b"\x06\x00\x01\x08")
            return events

        meter.on_write[0x2A52] = cut_short
        session_with(meter, facts)
        meter.on_write[0x2A52] = whole
        session_with(meter, facts)
        self.assertEqual(meter.requests, [b"\x04\x01", ALL])

    def test_a_hundred_records_may_take_their_time(self):
        session = session_with(Meter(list(range(1, 101))), meter_facts())
        self.assertEqual(session.finish.values, 100)

    def test_five_hundred_come_in_portions_that_fit_the_ring(self):
        meter, facts = Meter(list(range(7, 507))), meter_facts()
        meter.knows_ranges = True
        session = session_with(meter, facts)
        self.assertTrue(meter.most <= glucose_meter.PORTION)
        self.assertEqual(session.finish.values, 500 + 2)  # and the first and the last to begin
        self.assertEqual((facts.last_number, facts.last_count), (506, 500))
        meter.stored.append(507)
        self.assertEqual(session_with(meter, facts).finish.values, 1)

    def test_portions_go_on_where_one_was_lost(self):
        meter, facts = Meter(list(range(7, 507))), meter_facts()
        meter.knows_ranges = True
        flush = meter._Flush
        flushes = []

        def lossy(action):
            flushes.append(1)
            meter.lost = int(len(flushes) == 5)  # of the first and last, and the third portion
            return flush(action)

        meter._Flush = lossy
        session_with(meter, facts)
        self.assertEqual(facts.last_number, 6 + 2 * glucose_meter.PORTION)
        session = session_with(meter, facts)
        self.assertEqual(session.finish.values, 500 - 2 * glucose_meter.PORTION + 1)
        self.assertEqual((facts.last_number, facts.last_count), (506, 500))

    def test_one_that_falls_silent_is_told_to_abort(self):
        meter = Meter([1, 2])
        meter.is_silent = True
        session = session_with(meter, meter_facts())
        session.wait_out()
        self.assertEqual(meter.requests, [b"\x04\x01", ALL, b"\x03\x00"])

    def test_nothing_is_ever_deleted(self):
        meter, facts = Meter([1, 2, 3]), meter_facts()
        for _ in range(3):
            session_with(meter, facts)
        self.assertEqual(meter.stored, [1, 2, 3])

    def test_values_keep_a_slow_transfer_going(self):
        meter = Meter([1])
        meter.on_write[0x2A52] = lambda data: []
        session = session_with(meter, meter_facts())
        self.assertEqual(session.session.state, steps.AWAITING_CONTROL)
        session.wait()  # it does not count
        for _ in range(5):
            session.now_ms += 9_000
            session.value()
            self.assertEqual(session.session.state, steps.AWAITING_CONTROL)
            self.assertEqual(session.session.deadline_ms - session.now_ms, 10_000)


class Chatter(unittest.TestCase):
    def test_of_thousands_of_characteristics_some_are_remembered(self):
        step = steps.FindCharacteristics(1, 0xFFFF)
        found = step.no_result()
        for handle in range(3, 6_000, 3):
            found = step.found(found, words.CharacteristicFound(0xFFFF, handle, WRITE, 0))
        self.assertEqual(found, [])  # whatever has no number is none that we ask for
        for handle in range(3, 6_000, 3):
            found = step.found(found, words.CharacteristicFound(0xFFFF, handle, WRITE, 0x2A35))
        self.assertEqual(len(found), steps.MOST_FOUND)


class Oximeter(unittest.TestCase):
    """Stored spot checks: this service has no filter, so what was transferred is deleted."""

    def session(self, meter, wanted=0x2A5E):
        facts = play.facts_of(play.config(0x1822, [wanted]))
        facts.lacks = {0x1805, 0x180F}
        return session_with(meter, facts)

    def test_is_deleted_when_all_of_it_is_durable(self):
        meter = Meter([1, 2, 3], 0x1822, 0x2A5E)
        session = self.session(meter)
        self.assertEqual(meter.requests, [ALL, b"\x02\x01"])
        kinds = [type(action) for action in session.actions]
        self.assertEqual(kinds.count(words.Flush), 1)
        self.assertEqual(meter.stored, [])

    def test_is_not_deleted_where_one_was_lost(self):
        meter = Meter([1, 2, 3], 0x1822, 0x2A5E)
        meter.lost = 1
        self.session(meter)
        self.assertEqual(meter.requests, [ALL])

    def test_is_left_alone_where_the_config_does_not_want_it(self):
        meter = Meter([1, 2, 3], 0x1822, 0x2A5F)
        self.session(meter, 0x2A5F)
        self.assertEqual(meter.requests, [])
        self.assertEqual(meter.stored, [1, 2, 3])

    def test_is_not_deleted_where_a_success_brought_nothing(self):
        meter = Meter([1, 2, 3], 0x1822, 0x2A5E)
        meter.request = lambda data: [words.Control(meter.handle(0x2A52), b"\x06\x00\x01\x01")]
        meter.on_write[0x2A52] = meter.request
        self.session(meter)
        self.assertEqual([name for name, _ in meter.written].count(0x2A52), 1)

    def test_is_not_deleted_where_the_answer_is_missing(self):
        meter = Meter([1, 2, 3], 0x1822, 0x2A5E)
        meter.is_silent = True
        session = self.session(meter)
        session.wait_out()
        self.assertEqual(meter.requests, [ALL, b"\x03\x00"])
        self.assertEqual(session.session.state, sensor_session.CLOSED)


if __name__ == "__main__":
    unittest.main()
