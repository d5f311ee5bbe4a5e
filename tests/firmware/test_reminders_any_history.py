"""Whatever happens in a home over the nights when the clocks change: no reminder is due twice on a
date, and every one that was shown has exactly one end."""

from __future__ import annotations

import datetime as dt
import zoneinfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from golden import formats
from varde_firmware.core import local_time, reminders

OSLO = zoneinfo.ZoneInfo("Europe/Oslo")
MINUTE_MS = 60_000
NIGHTS = [
    dt.datetime(2026, 3, 28, 12, tzinfo=dt.UTC),
    dt.datetime(2026, 10, 24, 12, tzinfo=dt.UTC),
]
ROWS = formats.reminders([0, 1, 2])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("minutes"), st.integers(1, 180)),
        st.just(("press",)),
        st.tuples(st.just("measure"), st.integers(1, 3)),
        st.just(("cut",)),
        st.tuples(st.just("dark"), st.integers(1, 300)),  # without power
        st.just(("report",)),
    ),
    max_size=30,
)


def wall(utc_ms: int) -> int:
    minute, _, day = local_time.at(utc_ms, [60, 1])
    return day * local_time.DAY_MINUTES + minute


class Home:
    """A hub with its flash, minute by minute."""

    def __init__(self, rows: list[list[int]], quiet: list[int] | None, start: dt.datetime) -> None:
        self.rows, self.quiet = rows, quiet
        self.utc_ms = self.latest_ms = int(start.timestamp()) * 1000  # latest: by the wall
        self.flash = b""
        self.told = [0, 0, 0]
        self.shown_minutes = 0
        self.start()

    def start(self) -> None:
        self.now_ms = 0
        self.core = reminders.Reminders(self.rows, self.quiet, self.flash)
        self.look()

    def look(self) -> None:
        self.core.look(wall(self.utc_ms), self.now_ms)
        self.latest_ms = max(self.latest_ms, self.utc_ms, key=wall)
        if self.core.is_changed:
            self.core.is_changed = False
            self.flash = self.core.kept()
        if self.core.sounds(self.now_ms) and self.quiet is not None:
            assert not local_time.is_in(self.quiet, wall(self.utc_ms) % 1440)

    def minute(self) -> None:
        self.utc_ms += MINUTE_MS
        self.now_ms += MINUTE_MS
        self.look()

    def do(self, step: tuple) -> None:
        word, *more = step
        if word == "minutes":
            for _ in range(more[0]):
                self.minute()
        elif word == "press":
            self.core.press()
        elif word == "measure":
            self.core.measured(more[0], self.now_ms)
        elif word == "report":
            counts = list(self.core.counts)
            self.core.told(counts)
            self.told = [a + b for a, b in zip(self.told, counts, strict=True)]
        else:
            self.utc_ms += MINUTE_MS * (more[0] if more else 0)
            self.start()
            return
        self.look()

    def sums(self) -> list[int]:
        return [a + b for a, b in zip(self.told, self.core.counts, strict=True)]

    @property
    def shown(self) -> int:
        return int.from_bytes(self.core.kept()[6:8], "little").bit_count()


def dates(rows: list[list[int]], first_ms: int, last_ms: int) -> int:
    """Count the times that the rows name, after the first moment and until the last."""
    first, last = (
        dt.datetime.fromtimestamp(ms / 1000, OSLO).replace(tzinfo=None, fold=0)
        for ms in (first_ms, last_ms)
    )
    found = 0
    for days in range((last.date() - first.date()).days + 1):
        date = first.date() + dt.timedelta(days=days)
        for at, weekdays, _ in rows:
            moment = dt.datetime.combine(date, dt.time(at // 60, at % 60))
            found += first < moment <= last and weekdays >> date.weekday() & 1
    return found


@given(ROWS, st.none() | formats.HOURS, st.sampled_from(NIGHTS), STEPS)
def test_each_has_one_end(
    rows: list[list[int]], quiet: list[int] | None, start: dt.datetime, steps: list[tuple]
):
    home = Home(rows, quiet, start)
    began_ms = home.utc_ms - MINUTE_MS
    has_measured = False
    for step in steps:
        has_measured = has_measured or step[0] == "measure"
        before = home.sums()
        home.do(step)
        due, silenced, missed = home.sums()
        assert all(now >= then for now, then in zip(home.sums(), before, strict=True))
        assert silenced + missed + home.shown <= due  # the rest was measured
        assert has_measured or silenced + missed + home.shown == due
        assert due <= dates(rows, began_ms, home.latest_ms)


@settings(max_examples=25)  # two days, minute by minute
@given(ROWS, st.sampled_from(NIGHTS), st.lists(st.integers(0, 2880), max_size=6))
@example([[120, 127, 0], [150, 127, 0], [180, 127, 0]], NIGHTS[0], [])
@example([[120, 127, 0], [150, 127, 0], [180, 127, 0]], NIGHTS[1], [])
def test_with_power_each_comes_due_once_on_each_of_its_dates(
    rows: list[list[int]], start: dt.datetime, cuts: list[int]
):
    home = Home(rows, None, start)
    minutes = 2880
    for minute in range(minutes):
        home.minute()
        if minute in cuts:
            home.do(("cut",))
    wanted = dates(rows, home.utc_ms - minutes * MINUTE_MS, home.utc_ms)
    assert home.core.counts == [wanted, 0, wanted - home.shown]
