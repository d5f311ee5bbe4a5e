"""A simulated week for the scanner: thousands of sessions, and nobody goes unheard."""

from __future__ import annotations

import pytest

from firmware.air_week import AirWeek
from varde_firmware.core import scanner

HOUSE = ["burst"] * 3 + ["keeper"] * 3 + ["stream"]
CROWD = ["burst"] * 4 + ["keeper"] * 10 + ["stream"] * 4 + ["stuck"] * 2 + ["storm"] * 2 + ["deaf"]
# A restart takes a second or two; a scan whose end is overdue is noticed after 610 s.
LONGEST_DEAF_MS = scanner.SCAN_MS + scanner.SCAN_GRACE_MS + 60_000


def of_kind(week: AirWeek, *kinds: str) -> list[tuple[int, int]]:
    return [(s.delivered, s.measured) for s in week.sensors if s.kind in kinds]


@pytest.mark.parametrize("seed", range(3))
def test_in_a_house_every_burst_of_five_seconds_is_caught(seed: int) -> None:
    week = AirWeek(HOUSE, seed)
    week.run()
    measured = sum(count for _, count in of_kind(week, "burst", "keeper"))
    delivered = sum(count for count, _ in of_kind(week, "burst", "keeper"))
    assert measured > 200
    assert measured - delivered <= 1  # two sensors at once, and the second was gone
    assert week.restarts == 0


@pytest.mark.parametrize("seed", range(2))
def test_in_a_crowd_nobody_starves(seed: int) -> None:
    week = AirWeek(CROWD, seed)
    week.run()
    assert sum(sensor.sessions for sensor in week.sensors) > 5_000
    assert week.most_open == scanner.MAX_SESSIONS
    for delivered, measured in of_kind(week, "keeper", "stream"):
        assert delivered == measured
    bursts = of_kind(week, "burst")
    caught = sum(delivered for delivered, _ in bursts) / sum(count for _, count in bursts)
    # Somebody who dawdles at connecting stops the scan for ten of each seventy seconds.
    assert caught > 0.75, bursts
    for sensor in week.sensors:
        if sensor.kind in ("storm", "deaf"):
            assert sensor.sessions < 7 * 24 * 65  # about one a minute


@pytest.mark.parametrize("seed", range(2))
def test_a_radio_that_fails_ten_times_a_day_is_never_deaf_for_long(seed: int) -> None:
    week = AirWeek(HOUSE, seed, faults=10)
    week.run()
    assert week.restarts >= 60
    assert week.deaf_ms <= LONGEST_DEAF_MS
    for delivered, measured in of_kind(week, "keeper"):
        assert delivered == measured
    assert week.scanner.state in (scanner.SCANNING, scanner.SETTING_UP)
