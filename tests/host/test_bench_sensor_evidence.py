"""What a hub's signed records prove about its sensors, and what they do not."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.conftest import NOW_MS
from host.virtual_hub import VirtualHub
from varde_host import errors
from varde_host.bench.making import sensor_evidence
from varde_protocols import records


def current_time(utc_ms: int, off_s: int = 0) -> bytes:
    shown = dt.datetime.fromtimestamp(utc_ms / 1000 + off_s, dt.UTC)
    day, clock = shown.timetuple()[:3], (shown.hour, shown.minute, shown.second)
    return day[0].to_bytes(2, "little") + bytes((*day[1:], *clock, shown.isoweekday(), 0, 0))


class Told(VirtualHub):
    """A hub that knows the time from its start, and tells of slot 3."""

    def __init__(self, number: int = 1) -> None:
        super().__init__(number, b"\x09" + bytes(31))

    def begin(self, knows_time: bool = True) -> list[bytes]:
        session = self.start()
        return [session, self.anchor(NOW_MS)] if knows_time else [session]

    def clock(self, off_s: int, occasion: int, slot: int = 3, value: bytes | None = None) -> bytes:
        shown = current_time(NOW_MS, off_s) if value is None else value
        fields = (slot, 0x2A2B, shown, occasion)
        return self.sign(records.Clock(self.take_seq(), self.boot, self.uptime_ms, *fields))

    def report(self, facts: dict) -> bytes:
        return self.sign(records.Report(self.take_seq(), self.boot, self.uptime_ms, facts))


def gathered(hub: VirtualHub, raws: list[bytes]) -> dict:
    return sensor_evidence.gather(hub.hub_id, hub.public, raws, NOW_MS + 60_000)


def test_nothing_proves_nothing():
    hub = Told()
    assert gathered(hub, []) == {}
    assert gathered(hub, hub.begin()) == {}


def test_tries_are_counted_until_the_hub_says_paired():
    hub = Told()
    raws = [*hub.begin(), hub.event(3, code=records.EVENT_PAIRING_FAILED)]
    raws.append(hub.event(3, code=records.EVENT_PAIRING_FAILED))
    assert (gathered(hub, raws)[3].tries, gathered(hub, raws)[3].paired) == (2, None)
    raws.append(hub.event(3, code=records.EVENT_PAIRED))
    seen = gathered(hub, raws)[3]
    assert (seen.tries, seen.paired) == (3, hub.next_seq - 1)


@pytest.mark.parametrize("zone_s", [0, 3600, -12 * 3600, 14 * 3600, 19_800])
@pytest.mark.parametrize(("off_s", "is_right"), [(0, True), (55, True), (-55, True), (600, False)])
def test_a_clock_is_right_in_any_zone_and_only_if_it_was_read_back(zone_s, off_s, is_right):
    hub = Told()
    raws = [*hub.begin(), hub.clock(zone_s + off_s, records.CLOCK_AFTER)]
    clock = gathered(hub, raws)[3].clock
    assert abs(clock.off_s - off_s) <= 1
    assert clock.is_right == is_right


def test_what_a_clock_showed_before_it_was_set_is_no_proof():
    hub = Told()
    raws = [*hub.begin(), hub.clock(0, records.CLOCK_BEFORE)]
    assert gathered(hub, raws)[3].clock is None


@pytest.mark.parametrize("value", [bytes(10), b"\x01", bytes(32)])
def test_a_clock_without_a_date_is_not_right(value: bytes):
    hub = Told()
    clock = gathered(hub, [*hub.begin(), hub.clock(0, records.CLOCK_AFTER, value=value)])[3].clock
    assert (clock.off_s, clock.is_right) == (None, False)


def test_without_the_time_nobody_can_say_that_a_clock_is_right():
    hub = Told()
    raws = [*hub.begin(knows_time=False), hub.clock(0, records.CLOCK_AFTER)]
    assert gathered(hub, raws)[3].clock.is_right is False


def test_batteries_are_those_of_the_newest_report_and_of_known_slots():
    hub = Told()
    raws = [*hub.begin(), hub.reading(slot=3)]
    raws.append(hub.report({records.FACT_SENSORS: [[3, 5, 80, -60], [4, 5, 70, None]]}))
    raws.append(hub.report({records.FACT_SENSORS: [[3, 5, 79, -60]]}))
    seen = gathered(hub, raws)
    assert set(seen) == {3}
    assert (seen[3].battery_percent, seen[3].readings) == (79, 1)


@pytest.mark.parametrize("facts", [{41: 5}, {41: [[3]]}, {41: [[3, 1, 255]]}, {41: [["x", 1, 2]]}])
def test_a_report_of_another_shape_says_nothing_of_batteries(facts: dict):
    hub = Told()
    raws = [*hub.begin(), hub.event(3, code=records.EVENT_PAIRED), hub.report(facts)]
    assert gathered(hub, raws)[3].battery_percent is None


def test_a_record_of_another_hub_or_a_changed_one_is_refused():
    hub, other = Told(1), Told(2)
    forged = other.event(3, code=records.EVENT_PAIRED)
    good = hub.event(3, code=records.EVENT_PAIRED)
    bent = good[:-1] + bytes((good[-1] ^ 1,))
    for raw in (forged, bent):
        with pytest.raises(errors.InputRefused, match="record-unproven"):
            gathered(hub, [good, raw])
    with pytest.raises(errors.InputRefused, match="record-unproven"):
        sensor_evidence.gather(hub.hub_id, other.public, [good], NOW_MS)


@given(st.binary(max_size=120))
def test_any_bytes_for_a_record_are_refused(raw: bytes):
    hub = Told()
    with pytest.raises(errors.InputRefused, match="record-unproven"):
        gathered(hub, [raw])
