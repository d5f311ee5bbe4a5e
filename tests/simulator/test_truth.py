"""The sum: every way in which a delivery can differ from what the sensors sent has its count."""

import pytest

from varde_protocols import cose, records
from varde_protocols.crypto import ed25519
from varde_simulator import flash_image, journal_watch, scenario_file, truth
from varde_simulator.play import Outcome
from varde_simulator.sensors.ledger import Ledger, Notification

SCALE = b"\x00\x11\x22\x33\x44\x55\x66"
WEIGHT = 0x2A9D
VALUE = bytes.fromhex("00b036")
HUB = b"\x01" * 8
SLOT = 2
T0_MS = 1_772_000_000_000


class Sensor:
    """As much of a sensor as the sum looks at."""

    def __init__(self, count=1, confirmed=True, address=SCALE):
        self.address = address
        self.ledger = Ledger()
        for number in range(count):
            reading = self.ledger.add(WEIGHT, VALUE, number * 60_000_000)
            if confirmed:
                reading.sent_us = [reading.measured_us + 1_900_000]
                reading.confirmed_us = reading.measured_us + 2_000_000


def row(seq, value=VALUE, utc_ms=T0_MS + 2_000, signature="verified", uncertainty_ms=100):
    return {
        "hub": HUB.hex(), "seq": seq, "address": "public/11:22:33:44:55:66",
        "slot": SLOT, "characteristic": "2A9D", "hex": value.hex(), "utc_ms": utc_ms,
        "uncertainty_ms": uncertainty_ms, "signature": signature,
    }  # fmt: skip


def repeat(seq, of, value=VALUE):
    return {**row(seq, value), "repeats": of}


def second(seq, **changes):
    """The row of the second reading, a minute after the first."""
    return {**row(seq, utc_ms=T0_MS + 62_000), **changes}


def add_up(sensors, rows, journaled=(), repeats=(), standing=None):
    """All that is journaled still stands there unless said otherwise."""
    keys = {(HUB, seq): (SLOT, WEIGHT) for seq in journaled}
    still = keys if standing is None else {key: keys[key] for key in keys if key[1] in standing}
    seen = journal_watch.Journaled(keys, still)
    return truth.add_up(dict(enumerate(sensors, SLOT)), rows, seen, T0_MS, repeats)


def outcome(added, undated_allowed=False):
    return Outcome(added, 1.0, 0, 1, 0, 0, 9, (), undated_allowed)


def test_all_is_well():
    added = add_up([Sensor(2)], [row(1), row(2, utc_ms=T0_MS + 62_000)], [1, 2])
    assert added == truth.Sum(2, 2, 2, 0, 0, 0, 0, 0)
    assert added.passed


def test_the_same_value_measured_twice_is_no_duplicate_but_seen_thrice_is():
    added = add_up([Sensor(2)], [row(1), second(2), row(3)], [1, 2, 3])
    assert (added.duplicates, added.lost) == (1, 0)
    assert not added.passed


def test_lost_is_what_nobody_has_any_more():
    added = add_up([Sensor(2)], [row(1)], [1])
    assert (added.lost, added.under_way) == (1, 0)
    assert not added.passed


def test_what_the_sensor_still_holds_is_under_way():
    added = add_up([Sensor(1, confirmed=False)], [])
    assert (added.lost, added.under_way) == (0, 1)
    assert not added.passed


def test_what_the_journal_still_holds_is_under_way():
    added = add_up([Sensor(2)], [row(1)], [1, 2])
    assert (added.lost, added.under_way, added.journaled) == (0, 1, 2)


@pytest.mark.parametrize("bytes_", [b"\x00\xb0\x37", b"\x00\xb0", b""])
def test_other_bytes_are_altered_and_the_right_ones_lost(bytes_):
    added = add_up([Sensor()], [row(1, bytes_)], [1])
    assert (added.altered, added.lost) == (1, 1)


def test_bytes_of_another_sensor_are_altered():
    added = add_up([Sensor(address=b"\x01" + SCALE[1:])], [row(1)], [1])
    assert (added.altered, added.lost) == (1, 1)


def test_a_row_that_does_not_verify_is_no_delivery():
    added = add_up([Sensor()], [row(1, signature="bad")], [1])
    assert (added.delivered, added.altered, added.lost) == (0, 1, 0)
    assert added.under_way == 1


def test_a_wrong_time_is_untimely_and_no_time_is_not():
    assert add_up([Sensor()], [row(1, utc_ms=T0_MS + 60_000)], [1]).untimely == 1
    assert add_up([Sensor()], [row(1, utc_ms=T0_MS + 60_000, uncertainty_ms=60_000)], [1]).passed
    assert add_up([Sensor()], [row(1, utc_ms=None, uncertainty_ms=None)], [1]).untimely == 0


def test_what_the_sensors_memory_overwrote_was_never_to_be_had():
    sensor = Sensor(2)
    sensor.ledger.readings[0].confirmed_us = None
    sensor.ledger.readings[0].overwritten = True
    sensor.ledger.readings[0].sent_us = []
    added = add_up([sensor], [row(2, utc_ms=T0_MS + 62_000)], [2])
    assert (added.measured, added.not_offered) == (1, 1)
    assert added.passed


def test_what_was_overwritten_after_it_had_been_sent_may_arrive():
    sensor = Sensor(2)
    sensor.ledger.readings[0].confirmed_us = None
    sensor.ledger.readings[0].overwritten = True
    added = add_up([sensor], [row(1), second(2)], [1, 2])
    assert (added.measured, added.delivered, added.not_offered) == (2, 2, 0)
    assert added.passed


def test_live_values_that_nobody_had_subscribed_to_are_counted():
    sensor = Sensor()
    sensor.ledger.live_values_missed = 3
    added = add_up([sensor], [row(1)], [1])
    assert (added.measured, added.not_offered) == (1, 3)
    assert added.passed


def test_one_lost_and_an_equal_one_doubled_do_not_cancel_out():
    added = add_up([Sensor(2)], [row(1), row(2)], [1, 2])
    assert (added.measured, added.delivered) == (2, 2)
    assert (added.lost, added.duplicates, added.untimely) == (1, 1, 0)
    assert not added.passed


def test_equal_readings_are_told_apart_whatever_their_order_and_uncertainty():
    vague = second(1, utc_ms=T0_MS + 32_000, uncertainty_ms=60_000)  # may be either
    assert add_up([Sensor(2)], [vague, row(2)], [1, 2]).passed
    assert add_up([Sensor(2)], [row(1), vague], [1, 2]).passed
    assert add_up([Sensor(2)], [vague, second(2)], [1, 2]).passed


def test_a_reading_without_utc_stands_for_one_that_is_left():
    undated = row(1, utc_ms=None, uncertainty_ms=None)
    assert add_up([Sensor(2)], [undated, second(2)], [1, 2]).lost == 0
    added = add_up([Sensor(2)], [undated, row(2), second(3)], [1, 2, 3])
    assert (added.lost, added.duplicates) == (0, 1)


def test_a_reading_without_utc_fails_the_run_unless_the_scenario_allows_it():
    added = add_up([Sensor()], [row(1, utc_ms=None, uncertainty_ms=None)], [1])
    assert (added.undated, added.as_json()["undated"], added.lost) == (1, 1, 0)
    assert not outcome(added).passed
    assert outcome(added, undated_allowed=True).passed


def test_home_allows_no_reading_without_utc():
    assert not scenario_file.load(scenario_file.find("home")).undated_allowed


def test_the_right_bytes_in_the_wrong_slot_are_altered():
    added = add_up([Sensor()], [{**row(1), "slot": SLOT + 1}], [1])
    assert (added.altered, added.lost) == (1, 1)


def test_journaled_is_what_was_seen_in_flash_and_not_what_arrived():
    assert add_up([Sensor()], [row(1)], []).journaled == 0


def test_what_was_erased_from_flash_before_it_arrived_is_lost():
    added = add_up([Sensor(2)], [row(1)], [1, 2], standing=[1])
    assert (added.lost, added.under_way, added.journaled) == (1, 0, 2)


def test_a_record_of_another_slot_excuses_nothing():
    seen = journal_watch.Journaled(*[{(HUB, 1): (SLOT + 1, WEIGHT)}] * 2)
    assert truth.add_up({SLOT: Sensor()}, [], seen, T0_MS).lost == 1


def test_the_watch_knows_what_stood_in_flash_and_what_still_stands(tmp_path, monkeypatch):
    key = ed25519.SigningKey(bytes(32))
    reading = records.Reading(7, 1, 1000, SLOT, WEIGHT, 1, b"sealed", b"")
    signed = cose.sign1(key, HUB, reading.payload())
    watch = journal_watch.JournalWatch(tmp_path / "hub.flash")
    watch.add_hub(HUB, key.public)

    def look(journal):
        monkeypatch.setattr(flash_image, "read", lambda *_: journal)
        return watch.look()

    blank = b"\xff" * 64
    place, boot = {(HUB, 7): (SLOT, WEIGHT)}, frozenset({(HUB, 1)})
    stands = journal_watch.Journaled(place, place, boot)
    assert look(blank + signed[:-1] + blank) == journal_watch.Journaled()  # torn
    assert look(blank + signed + blank) == stands
    assert look(blank + signed + blank) == stands
    assert look(blank) == journal_watch.Journaled(place, {}, boot)


def test_live_values_count_when_they_were_sent():
    sensor = Sensor(0)
    sensor.ledger.notifications.append(Notification(WEIGHT, VALUE, 2_000_000))
    assert add_up([sensor], [row(1)], [1]).passed
    assert add_up([sensor], []).lost == 1


def sent_twice():
    """The first time, nobody heard that it was kept."""
    sensor = Sensor()
    reading = sensor.ledger.readings[0]
    reading.sent_us = [2_000_000, 1_000_000_000]
    reading.confirmed_us = 1_000_000_000
    return sensor


def test_what_was_sent_twice_and_is_shown_once_is_right():
    added = add_up([sent_twice()], [row(1)], [1, 2], [repeat(2, of=1)])
    assert (added.delivered, added.repeats, added.mistaken, added.untimely) == (1, 1, 0, 0)
    assert added.passed


def test_two_measurements_that_are_shown_as_one_are_mistaken_and_lost():
    added = add_up([Sensor(2)], [row(1)], [1, 2], [repeat(2, of=1)])
    assert (added.mistaken, added.lost, added.under_way) == (1, 1, 0)
    assert not added.passed


def test_one_sending_more_excuses_one_repetition():
    repeats = [repeat(2, of=1), repeat(3, of=2)]
    assert add_up([sent_twice()], [row(1)], [1, 2, 3], repeats).mistaken == 1


@pytest.mark.parametrize("wrong", [repeat(2, of=7), repeat(2, of=1, value=b"\x00\xb0\x37")])
def test_a_repetition_of_nothing_or_of_other_bytes_is_mistaken(wrong):
    added = add_up([sent_twice()], [row(1)], [1, 2], [wrong])
    assert added.mistaken == 1
    assert not added.passed


def test_a_battery_that_the_hub_asked_is_no_measurement():
    level = {**row(3, b"\x57"), "characteristic": "2A19"}
    added = add_up([Sensor(2)], [row(1), second(2), level], [1, 2, 3])
    assert (added.asked, added.altered, added.delivered) == (1, 0, 2)
    assert added.passed


def test_what_a_breaking_link_may_have_eaten_may_be_there_or_not():
    sensor = Sensor(0)
    sensor.ledger.notifications = [Notification(WEIGHT, VALUE, 2_000_000, carried=False)]
    assert add_up([sensor], [], []).passed
    added = add_up([sensor], [row(1)], [1])
    assert (added.duplicates, added.altered, added.lost) == (0, 0, 0)


def test_what_was_confirmed_must_be_there_though_the_sensor_forgot_it_later():
    sensor = Sensor(1)
    sensor.ledger.readings[0].overwritten = True
    assert add_up([sensor], [], []).lost == 1


def test_a_value_cut_by_the_mtu_is_what_was_sent():
    sensor = Sensor(1)
    sensor.ledger.readings[0].cut_to = 2
    assert add_up([sensor], [row(1, VALUE[:2])], [1]).passed


def test_a_vendors_characteristic_goes_by_its_name():
    sensor = Sensor(0)
    sensor.ledger.notifications = [Notification(0x10041, VALUE, 2_000_000)]
    named = {**row(1), "characteristic": "jumper-stream"}
    assert add_up([sensor], [named], [1]).passed
