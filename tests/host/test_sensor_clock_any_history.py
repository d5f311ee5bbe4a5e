"""Whatever happens to a sensor's clock: the interval holds the truth, or there is none."""

from __future__ import annotations

from dataclasses import dataclass, field

import hypothesis
from hypothesis import strategies as st

from varde_host.receiver import sensor_clock, timeline
from varde_protocols import gatt, records
from varde_protocols.gatt import calendar

T0 = 1_800_000_000_000
DAY_MS = 86_400_000
MILLION = 1_000_000
FACTORY_MS = 946_684_800_000  # 2000-01-01, where clocks begin with a new battery


@dataclass
class Life:
    """A sensor with its clock, a hub with its own, and what both did."""

    by_minute: bool
    now_ms: int = T0
    clock_ms: float = T0  # what the sensor's clock counts
    pace_ppm: int = 0
    boot: int = 1
    booted_ms: int = T0
    hub_ppm: int = 0
    seq: int = 0
    moved: bool = False  # since the last look
    store: list[tuple[str, int]] = field(default_factory=list)
    clocks: list[records.Clock] = field(default_factory=list)
    handed: list[tuple[str, int, int, int, int]] = field(default_factory=list)
    notes: list[tuple[int, int, int | None]] = field(default_factory=list)

    def wait(self, span_ms: int) -> None:
        self.now_ms += span_ms
        self.clock_ms += span_ms * (MILLION + self.pace_ppm) / MILLION

    def shown(self) -> str:
        seconds = int(self.clock_ms // 1000)
        stamp = calendar.stamp_of(seconds - seconds % 60 if self.by_minute else seconds)
        assert stamp is not None
        return stamp

    def measure(self) -> None:
        self.store.append((self.shown(), self.now_ms))

    def move(self, to_ms: float) -> None:
        if not self.moved:
            self.clock_ms, self.moved = to_ms, True

    def uptime_ms(self) -> int:
        elapsed_ms = self.now_ms - self.booted_ms
        return elapsed_ms + elapsed_ms * self.hub_ppm // MILLION

    def take_seq(self) -> int:
        self.seq += 1
        return self.seq

    def restart(self, hub_ppm: int) -> None:
        self.boot, self.booted_ms, self.hub_ppm = self.boot + 1, self.now_ms, hub_ppm

    def anchor(self, error_ms: int) -> None:
        self.notes.append((self.boot, self.uptime_ms(), self.now_ms + error_ms))

    def look(self, occasion: int, answer_ms: int) -> None:
        value = gatt.encode(0x2A08, {"timestamp": self.shown()})
        self.wait(answer_ms)
        place = (self.take_seq(), self.boot, self.uptime_ms())
        self.clocks.append(records.Clock(*place, 1, 0x2A08, value, occasion))
        self.notes.append((self.boot, self.uptime_ms(), None))
        self.moved = False

    def session(self, zone_ms: int | None, hands_over: bool, answer_ms: int) -> None:
        self.look(records.CLOCK_READ if zone_ms is None else records.CLOCK_BEFORE, answer_ms)
        if zone_ms is not None:
            self.clock_ms = (self.now_ms + zone_ms) // 1000 * 1000
            self.look(records.CLOCK_AFTER, answer_ms)
        self.wait(2000)
        self.measure()
        self.wait(3000)
        if hands_over or len(self.clocks) <= 2:
            for shown, true_ms in self.store:
                place = (self.take_seq(), self.boot, self.uptime_ms())
                self.handed.append((shown, true_ms, *place))
            self.notes.append((self.boot, self.uptime_ms(), None))
            self.store.clear()

    def claims(self) -> list[tuple[int, sensor_clock.Claim | None]]:
        line = timeline.Timeline()
        for boot, uptime_ms, utc_ms in self.notes:
            line.saw(boot, uptime_ms, self.now_ms)
            if utc_ms is not None:
                line.anchor(boot, timeline.Anchor(uptime_ms, utc_ms, 500), self.now_ms)
        looks = [
            sensor_clock.look(clock, line.when(clock.boot, clock.uptime_ms))
            for clock in self.clocks
        ]
        sensor = sensor_clock.SensorClock(one for one in looks if one is not None)
        found = []
        for shown, true_ms, seq, boot, uptime_ms in self.handed:
            when = line.when(boot, uptime_ms)
            latest_ms = when.not_after_ms
            if when.utc_ms is not None and when.uncertainty_ms is not None:
                latest_ms = when.utc_ms + when.uncertainty_ms
            assert latest_ms is not None
            found.append((true_ms, sensor.claim(shown, seq, boot, uptime_ms, latest_ms)))
        return found


HOUR_S = 3600
STEPS_S = st.sampled_from([-HOUR_S, HOUR_S, 30, -30, -DAY_MS // 1000]) | st.integers(-9000, 9000)


@st.composite
def lives(draw: st.DrawFn) -> Life:
    life = Life(draw(st.booleans()))
    life.clock_ms += draw(STEPS_S) * 1000
    spans = st.integers(0, 2 * DAY_MS) | st.sampled_from([1000, HOUR_S * 1000, 60 * DAY_MS])
    ppm = st.integers(-sensor_clock.DRIFT_PPM, sensor_clock.DRIFT_PPM)
    life.anchor(draw(st.integers(-500, 500)))
    for deed in draw(st.lists(st.sampled_from("mmmsssbpra"), min_size=4, max_size=24)):
        life.pace_ppm = draw(ppm)
        life.wait(draw(spans))
        if deed == "m":
            life.measure()
        elif deed == "s":
            zone_ms = draw(st.none() | st.sampled_from([0, HOUR_S * 1000, -HOUR_S * 500]))
            life.session(zone_ms, draw(st.booleans()), draw(st.integers(0, 10_000)))
        elif deed == "b":
            life.move(FACTORY_MS)
        elif deed == "p":
            life.move(life.clock_ms + draw(STEPS_S) * 1000)
        elif deed == "r":
            life.restart(draw(st.integers(-timeline.DRIFT_PPM, timeline.DRIFT_PPM)))
        else:
            life.anchor(draw(st.integers(-500, 500)))
    life.wait(1000)
    life.session(None, True, 0)
    return life


@hypothesis.given(lives())
@hypothesis.settings(max_examples=400)
def test_the_interval_holds_the_truth_or_there_is_none(life: Life):
    for true_ms, claim in life.claims():
        if claim is None or claim.utc_ms is None:
            hypothesis.event("no claim")
            continue
        hypothesis.event("claim")
        assert claim.uncertainty_ms is not None
        assert abs(claim.utc_ms - true_ms) <= claim.uncertainty_ms


def test_an_undisturbed_clock_is_always_dated_after_the_first_session():
    life = Life(False, pace_ppm=60)
    life.anchor(0)
    for day in range(30):
        life.wait(DAY_MS // 2)
        life.measure()
        life.wait(DAY_MS // 2)
        life.anchor(0)
        life.session(0 if day % 10 == 0 else None, True, 200)
    claims = life.claims()
    dated = [claim for _, claim in claims if claim and claim.utc_ms is not None]
    assert len(claims) == 60
    # Not the two of the first session, nor those stamped just after the clock was set back by a
    # minute, on days 10 and 20: so did it show before.
    assert len(dated) == 56
    assert max(claim.uncertainty_ms or 0 for claim in dated) < 60_000
