"""The hub's local time against the time zone database, for as long as a hub's clock may run."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde_firmware.core import local_time
from varde_protocols import hub_config

EPOCH = dt.date(1970, 1, 1)
FIRST = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
LAST = dt.datetime(2099, 12, 31, 23, 59, 59, tzinfo=dt.UTC)
ZONES = {"Europe/Oslo": 60, "Europe/Lisbon": 0, "Europe/Helsinki": 120, "Atlantic/Reykjavik": None}


def wall(moment: dt.datetime, zone: str) -> tuple[int, int, int]:
    shown = moment.astimezone(zoneinfo.ZoneInfo(zone))
    days = (shown.date() - EPOCH).days
    return shown.hour * 60 + shown.minute, shown.weekday(), days


def ours(moment: dt.datetime, zone: str) -> tuple[int, int, int]:
    ahead_min = ZONES[zone]
    rule = hub_config.RULE_NONE if ahead_min is None else hub_config.RULE_EU
    utc_ms = (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(milliseconds=1)
    return local_time.at(utc_ms, [ahead_min or 0, rule])


@given(
    st.datetimes(FIRST.replace(tzinfo=None), LAST.replace(tzinfo=None)), st.sampled_from([*ZONES])
)
def test_it_is_what_the_time_zone_database_says(moment: dt.datetime, zone: str):
    moment = moment.replace(tzinfo=dt.UTC)
    assert ours(moment, zone) == wall(moment, zone)


@pytest.mark.parametrize("year", range(2000, 2100))
def test_the_minutes_round_each_change_on_every_day(year: int):
    first = dt.datetime(year, 1, 1, tzinfo=dt.UTC)
    for day in range(366):
        for minute in (0, 59, 60, 61, 1380, 1439):
            moment = first + dt.timedelta(days=day, minutes=minute)
            if moment.year < 2100:
                assert ours(moment, "Europe/Oslo") == wall(moment, "Europe/Oslo")


@given(st.integers(0, 1439), st.integers(0, 1439), st.integers(0, 1439))
def test_hours_begin_and_end_and_wrap(start: int, end: int, minute: int):
    if start == end:
        return
    inside = {(start + step) % 1440 for step in range((end - start) % 1440)}
    assert local_time.is_in([start, end], minute) == (minute in inside)
