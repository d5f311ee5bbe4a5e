"""What the receiver makes of stamps by a sensor's own clock, from signed records to JSON."""

from __future__ import annotations

import json

import pytest

from host.conftest import NOW_MS, Bench
from host.virtual_hub import OXIMETER, RECEIVER, VirtualHub
from varde_host import json_text
from varde_host.receiver import sensor_clock, source, timeline, wording
from varde_protocols import gatt, records
from varde_protocols.gatt import calendar

CUFF = 0x2A35
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
START_MS = NOW_MS - 10 * DAY_MS
OTHER = bytes.fromhex("00b1b2b3b4b5b6")


def shown(at_ms: int) -> str:
    stamp = calendar.stamp_of(at_ms // 1000)
    assert stamp is not None
    return stamp


class Cuff:
    """A hub since `START_MS`, and a cuff that is `ahead_ms` of UTC; both run true."""

    def __init__(self, hub: VirtualHub, ahead_ms: int = HOUR_MS, address: bytes = OXIMETER):
        self.hub, self.ahead_ms, self.address = hub, ahead_ms, address
        self.raws = [hub.start(), hub.anchor(START_MS, 40)]

    def look(self, at_ms: int, occasion: int = 0, ahead_ms: int | None = None) -> None:
        ahead_ms = self.ahead_ms if ahead_ms is None else ahead_ms
        value = gatt.encode(0x2A08, {"timestamp": shown(at_ms + ahead_ms)})
        self.look_raw(at_ms, value, occasion)

    def look_raw(self, at_ms: int, value: bytes, occasion: int = 0) -> None:
        hub = self.hub
        hub.uptime_ms = at_ms - START_MS + 10
        place = (hub.take_seq(), hub.boot, hub.uptime_ms)
        self.raws.append(hub.sign(records.Clock(*place, 1, 0x2A08, value, occasion)))

    def hand_over(self, stamped: str, at_ms: int, pulse: int = 60) -> None:
        self.hub.uptime_ms = at_ms - START_MS + 10
        fields = {"systolic": 120, "diastolic": 80, "map": 90, "unit": "mmHg"}
        fields |= {"timestamp": stamped, "pulse_rate": pulse}
        fields |= {"user_id": None, "measurement_status": None}
        self.raws.append(self.hub.reading(gatt.encode(CUFF, fields), CUFF, 1, self.address))

    def measured(self, at_ms: int, handed_ms: int) -> None:
        self.hand_over(shown(at_ms + self.ahead_ms), handed_ms)


def rows(bench: Bench, cuff: Cuff) -> list[dict]:
    bench.post(cuff.hub.body(cuff.raws))
    with bench.database.reading() as connection:
        found = list(source.rows(connection, RECEIVER, None))
    return json.loads(json_text.dumps([wording.as_json(row) for row in found]))


@pytest.fixture
def cuff(hub: VirtualHub) -> Cuff:
    return Cuff(hub)


NOON_MS = START_MS + DAY_MS // 2 + 7000  # not at a whole minute
EVENING_MS = START_MS + DAY_MS + 11_000


def test_a_stamp_between_two_looks_is_dated(bench: Bench, cuff: Cuff):
    cuff.look(START_MS + 3000)
    cuff.look(EVENING_MS)
    cuff.measured(NOON_MS, EVENING_MS + 3000)
    [row] = rows(bench, cuff)
    assert abs(row["sensor_utc_ms"] - NOON_MS) <= row["sensor_utc_uncertainty_ms"] < 40_000
    assert row["sensor_clock_step"] is None
    assert row["sensor_clock"]["shown"] == shown(EVENING_MS + HOUR_MS)


def test_stamps_before_and_after_the_clock_was_set(bench: Bench, hub: VirtualHub):
    cuff = Cuff(hub, -5 * HOUR_MS - 600_000)
    cuff.look(START_MS + 3000)
    cuff.look(EVENING_MS, records.CLOCK_BEFORE)
    cuff.look(EVENING_MS + 1000, records.CLOCK_AFTER, HOUR_MS)
    cuff.measured(NOON_MS, EVENING_MS + 2000)
    cuff.hand_over(shown(EVENING_MS + 2000 + HOUR_MS), EVENING_MS + 3000)
    stored, live = rows(bench, cuff)
    for row, true_ms, occasion in ((stored, NOON_MS, 1), (live, EVENING_MS + 2000, 2)):
        assert abs(row["sensor_utc_ms"] - true_ms) <= row["sensor_utc_uncertainty_ms"]
        assert row["sensor_clock"]["occasion"] == occasion


def test_without_a_look_there_is_no_claim(bench: Bench, cuff: Cuff):
    cuff.measured(NOON_MS, EVENING_MS)
    [row] = rows(bench, cuff)
    assert (row["sensor_utc_ms"], row["sensor_clock"]) == (None, None)


def test_in_the_first_session_there_is_the_look_and_no_claim(bench: Bench, cuff: Cuff):
    cuff.look(EVENING_MS)
    cuff.measured(NOON_MS, EVENING_MS + 1000)
    [row] = rows(bench, cuff)
    assert (row["sensor_utc_ms"], row["sensor_clock_step"]) == (None, None)
    assert row["sensor_clock"]["shown"] == shown(EVENING_MS + HOUR_MS)


def test_a_clock_that_was_moved_is_told(bench: Bench, cuff: Cuff):
    cuff.look(START_MS + 3000)
    cuff.look(EVENING_MS, ahead_ms=0)  # somebody set it back by an hour
    cuff.measured(NOON_MS, EVENING_MS + 1000)
    [row] = rows(bench, cuff)
    assert row["sensor_utc_ms"] is None
    assert abs(row["sensor_clock_step"] + 3600) <= 10


def test_after_a_new_battery_the_new_scale_holds(bench: Bench, cuff: Cuff):
    """A stamp of 2000 can only be by the clock that begins in 2000."""
    began_ms = START_MS + HOUR_MS
    behind_ms = 946_684_800_000 - began_ms
    cuff.look(START_MS + 3000)
    cuff.look(EVENING_MS, records.CLOCK_BEFORE, behind_ms)
    cuff.look(EVENING_MS + 1000, records.CLOCK_AFTER)
    cuff.hand_over(shown(NOON_MS + behind_ms), EVENING_MS + 3000)
    cuff.measured(began_ms - 7000, EVENING_MS + 4000)  # before: by the look that is past the step
    by_new, by_old = rows(bench, cuff)
    assert abs(by_new["sensor_utc_ms"] - NOON_MS) <= by_new["sensor_utc_uncertainty_ms"]
    assert by_old["sensor_utc_ms"] is None
    assert by_old["sensor_clock_step"] < -(10**8)


def test_what_was_sent_again_keeps_its_claim(bench: Bench, cuff: Cuff):
    for day in (0, 1, 2):
        cuff.look(START_MS + day * DAY_MS + 11_000)
        cuff.measured(NOON_MS - DAY_MS, START_MS + day * DAY_MS + 12_000)
        if day:
            cuff.measured(NOON_MS, START_MS + day * DAY_MS + 13_000)
    first, again, dated, third, dated_again = rows(bench, cuff)
    assert [row["sensor_utc_ms"] for row in (first, again, third)] == [None] * 3
    assert dated["sensor_utc_ms"] == dated_again["sensor_utc_ms"] is not None


def test_another_sensor_in_the_slot_begins_anew(bench: Bench, cuff: Cuff):
    cuff.look(START_MS + 3000)
    cuff.look(START_MS + DAY_MS // 4)
    cuff.measured(START_MS + DAY_MS // 8 + 1000, START_MS + DAY_MS // 4 + 1000)
    cuff.address = OTHER
    cuff.look(EVENING_MS)
    cuff.measured(NOON_MS, EVENING_MS + 1000)
    cuff.look(EVENING_MS + DAY_MS)
    cuff.measured(NOON_MS + DAY_MS, EVENING_MS + DAY_MS + 1000)
    of_first, of_second, later = rows(bench, cuff)
    assert of_first["sensor_utc_ms"] is not None
    assert of_second["sensor_utc_ms"] is None
    assert abs(later["sensor_utc_ms"] - NOON_MS - DAY_MS) <= later["sensor_utc_uncertainty_ms"]


@pytest.mark.parametrize("value", [b"x", bytes(7), bytes.fromhex("ea0702300c0000")])
def test_a_clock_without_a_date_dates_nothing(bench: Bench, cuff: Cuff, value: bytes):
    cuff.look_raw(START_MS + 3000, value)
    cuff.look_raw(EVENING_MS, value)
    cuff.measured(NOON_MS, EVENING_MS + 1000)
    [row] = rows(bench, cuff)
    assert row["sensor_utc_ms"] is None
    assert row["sensor_clock"]["shown"] is None


def test_a_hub_without_time_makes_no_claim(bench: Bench, cuff: Cuff):
    del cuff.raws[1]
    cuff.look(START_MS + 3000)
    cuff.look(EVENING_MS)
    cuff.measured(NOON_MS, EVENING_MS + 1000)
    [row] = rows(bench, cuff)
    assert (row["utc_ms"], row["sensor_utc_ms"]) == (None, None)


def test_three_years_of_looks_are_quick():
    sensor = sensor_clock.SensorClock(
        sensor_clock.Look(
            2 * day + 1, 1, day * DAY_MS, 0, shown(START_MS + day * DAY_MS),
            START_MS + day * DAY_MS, START_MS + day * DAY_MS + 100,
        )
        for day in range(1100)
    )  # fmt: skip
    for day in range(1, 1100):
        at_ms = day * DAY_MS
        stamped = shown(START_MS + at_ms - HOUR_MS)
        latest_ms = START_MS + at_ms + 1000
        claim = sensor.claim(stamped, 2 * day + 2, 1, at_ms + 1000, latest_ms)
        assert claim is not None
        assert claim.utc_ms is not None


def test_drift_is_by_either_clock_and_rounded_up():
    for elapsed_ms in (0, 1, -1, 5000, DAY_MS):
        drift_ms = sensor_clock.drift_ms(elapsed_ms)
        assert (abs(elapsed_ms) + drift_ms) * (10**6 - sensor_clock.DRIFT_PPM) >= (
            abs(elapsed_ms) * 10**6
        )


def test_a_look_needs_some_time():
    clock = records.Clock(1, 1, 0, 1, 0x2A08, bytes(7), 0)
    assert sensor_clock.look(clock, timeline.Instant(None, None, None, None)) is None
