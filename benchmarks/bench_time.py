"""How many readings get a UTC, and how sharp it is, over the nasty histories that hubs have.

A history is the life of one hub: boots, a crystal that runs wrong by up to the 100 ppm that the
receiver grants it, readings, hours with and without a network, time servers that lie. The hub's
own clock decides what becomes an anchor (`core/hub_clock.py`); records arrive when the hub had
a network. The true time of every reading must lie in the interval that the receiver gives it,
whether that is a UTC with its bound or only what order says; where it does not, this fails. So it
does where two readings are given in the wrong order.

Seeded, and no wall clock: the figures are exact and repeatable.
"""

from __future__ import annotations

import json
import math
import pathlib
import random
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "firmware"), str(ROOT / "protocols"), str(ROOT / "host")]

from varde_firmware.core import decider, hub_clock  # noqa: E402 - the path is set above
from varde_host.receiver import timeline  # noqa: E402
from varde_protocols import records  # noqa: E402

RESULT = ROOT / "build/bench/time.json"
SEED = 4
START_MS = 1_800_000_000_000
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
READINGS_A_DAY = 20
ROUND_TRIP_MS = (15, 600)  # of a time server's answer, or the collector's

# With one honest anchor within the six hours the bound is what the way to the server took, 2.2 s
# of drift, and 2 ms; a bound worse than that where the network is good would be a mistake.
GOOD_WIDTH_S = 5.0


class Reading(NamedTuple):
    boot: int
    uptime_ms: int
    true_ms: int


class Network(NamedTuple):
    """What a hub that is online reaches, and how far the time server is wrong."""

    lie_ms: int = 0
    has_collector: bool = True


ONLINE = Network()
OFFLINE = None


class Life:
    """One hub and the world around it. `now_ms` is the true time; `line` what a receiver got."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # the life's only source of chance
        self.now_ms = START_MS
        self.line = timeline.Timeline()
        self.readings: list[Reading] = []
        self._boot = 0
        self._kept: list[tuple[int, int, hub_clock.WriteAnchor | None]] = []  # not delivered yet
        self.boot(0)

    def boot(self, off_ms: int, ppm: int | None = None) -> None:
        """Cut the power for `off_ms`, then start with a crystal that is `ppm` slow."""
        self.now_ms += off_ms
        self._boot += 1
        self._began_ms = self.now_ms
        most: int = timeline.DRIFT_PPM
        self._ppm = self.chance.randint(-most, most) if ppm is None else ppm
        self._clock = hub_clock.HubClock()

    def run(self, for_ms: int, network: Network | None) -> None:
        """Live on for so long; readings come by chance, and each makes an exchange if it can."""
        end_ms = self.now_ms + for_ms
        while True:
            self.now_ms += round(self.chance.expovariate(READINGS_A_DAY / DAY_MS)) + 1
            if self.now_ms >= end_ms:
                self.now_ms = end_ms
                break
            uptime_ms = self._uptime_ms()
            self.readings.append(Reading(self._boot, uptime_ms, self.now_ms))
            self._kept.append((self._boot, uptime_ms, None))
            self._use(network)
        self._use(network)  # the heartbeat

    def _uptime_ms(self) -> int:
        """Uptime of which `ppm` millionths too few have been counted."""
        true_ms = self.now_ms - self._began_ms
        return true_ms * 1_000_000 // (1_000_000 + self._ppm)

    def _use(self, network: Network | None) -> None:
        if network is None:
            return
        deadline_ms = self._clock.deadline_ms
        if deadline_ms is not None and self._uptime_ms() >= deadline_ms:
            self._clock.handle(decider.Expired(), self._uptime_ms())
            self._measure(records.SOURCE_SNTP, network.lie_ms)
        if network.has_collector:
            self._measure(records.SOURCE_EXCHANGE, 0)
            self._deliver()

    def _measure(self, source: int, lie_ms: int) -> None:
        """Ask and be answered. At what moment of the way the answer was made is not known."""
        way_ms = self.chance.randint(*ROUND_TRIP_MS)
        answered_ms = self.now_ms + self.chance.randint(0, way_ms) + lie_ms
        self.now_ms += way_ms
        half_ms = (way_ms + 1) // 2
        uptime_ms = self._uptime_ms()
        measured = hub_clock.Measured(source, uptime_ms, answered_ms + half_ms, half_ms + 1)
        for action in self._clock.handle(measured, uptime_ms):
            if isinstance(action, hub_clock.WriteAnchor):
                self._kept.append((self._boot, uptime_ms, action))

    def _deliver(self) -> None:
        for boot, uptime_ms, said in self._kept:
            if said is None:
                self.line.saw(boot, uptime_ms, self.now_ms)
                continue
            is_signed = said.source == records.SOURCE_EXCHANGE
            anchor = timeline.Anchor(uptime_ms, said.utc_ms, said.uncertainty_ms, is_signed)
            self.line.anchor(boot, anchor, self.now_ms)
        self._kept.clear()


# --- the histories ---


def good_network(life: Life) -> None:
    """Two weeks without any trouble: what the others are to be compared with."""
    life.run(14 * DAY_MS, ONLINE)


def no_network_at_start(life: Life) -> None:
    """Set up in a house whose network comes three days later."""
    life.run(3 * DAY_MS, OFFLINE)
    life.run(4 * DAY_MS, ONLINE)


def power_cuts(life: Life) -> None:
    """Thirty cuts; the network is there two times in three."""
    for _ in range(30):
        network = ONLINE if life.chance.random() < 2 / 3 else OFFLINE
        life.run(life.chance.randint(1, 24) * HOUR_MS, network)
        life.boot(life.chance.randint(1, 480) * MINUTE_MS)
    life.run(HOUR_MS, ONLINE)


def step_ahead(life: Life) -> None:
    """The time server goes a day ahead in the middle of a boot; the collector says otherwise."""
    _stepped(life, DAY_MS)


def step_back(life: Life) -> None:
    """The same, a day back."""
    _stepped(life, -DAY_MS)


def _stepped(life: Life, lie_ms: int) -> None:
    life.run(3 * DAY_MS, ONLINE)
    life.run(3 * DAY_MS, Network(lie_ms))
    life.run(3 * DAY_MS, ONLINE)


def unsigned_step_ahead(life: Life) -> None:
    """A day ahead while no collector is reached, then a cut: nobody can say which was right."""
    _stepped_alone(life, DAY_MS)


def unsigned_step_back(life: Life) -> None:
    """The same, a day back."""
    _stepped_alone(life, -DAY_MS)


def _stepped_alone(life: Life, lie_ms: int) -> None:
    life.run(3 * DAY_MS, ONLINE._replace(has_collector=False))
    life.run(3 * DAY_MS, Network(lie_ms, has_collector=False))
    life.boot(2 * DAY_MS)
    life.run(DAY_MS, ONLINE)


def hours_drift(life: Life) -> None:
    """A crystal at its limit and one anchor in 417 days: an hour wrong in the end."""
    life.boot(0, timeline.DRIFT_PPM)
    life.run(6 * HOUR_MS, ONLINE)
    life.run(417 * DAY_MS, OFFLINE)
    life.boot(0)
    life.run(6 * HOUR_MS, ONLINE)


def lying_sntp(life: Life) -> None:
    """A time server that lies by up to a month either way, another lie each hour and a half."""
    for _ in range(100):
        lie_ms = life.chance.choice([-1, 1]) * life.chance.randint(HOUR_MS, 30 * DAY_MS)
        life.run(90 * MINUTE_MS, Network(lie_ms))
        if life.chance.random() < 1 / 10:
            life.boot(life.chance.randint(1, 60) * MINUTE_MS)


def weeks_without_anchor(life: Life) -> None:
    """Six weeks offline, a cut, three weeks more in a boot that never knew the time."""
    life.run(DAY_MS, ONLINE)
    life.run(42 * DAY_MS, OFFLINE)
    life.boot(2 * HOUR_MS)
    life.run(21 * DAY_MS, OFFLINE)
    life.boot(HOUR_MS)
    life.run(DAY_MS, ONLINE)


def short_boots(life: Life) -> None:
    """A loose plug: four hundred boots of minutes, one in ten long enough for the network."""
    for _ in range(400):
        network = ONLINE if life.chance.random() < 1 / 10 else OFFLINE
        life.run(life.chance.randint(2, 60) * MINUTE_MS, network)
        life.boot(life.chance.randint(1, 30) * MINUTE_MS)
    life.run(HOUR_MS, ONLINE)


def never_a_time(life: Life) -> None:
    """Nine days in three boots offline before the first network: no time is the answer."""
    for _ in range(3):
        life.run(3 * DAY_MS, OFFLINE)
        life.boot(HOUR_MS)
    life.run(HOUR_MS, ONLINE)


def possible_lie(life: Life) -> None:
    """A boot whose only word is a server's that lies back by an hour: nothing contradicts it."""
    _lied_to(life, -HOUR_MS)


def impossible_lie(life: Life) -> None:
    """The same by a month: before the end of the boot before, as the collector signed it."""
    _lied_to(life, -30 * DAY_MS)


def impossible_lie_ahead(life: Life) -> None:
    """Four days ahead, delivered a week later: after the beginning of the boot that followed."""
    life.run(DAY_MS, ONLINE)
    life.boot(2 * HOUR_MS)
    life.run(DAY_MS, Network(4 * DAY_MS, has_collector=False))
    life.boot(2 * HOUR_MS)
    life.run(7 * DAY_MS, ONLINE._replace(has_collector=False))
    life.run(DAY_MS, ONLINE)


def _lied_to(life: Life, lie_ms: int) -> None:
    life.run(DAY_MS, ONLINE)
    life.boot(2 * HOUR_MS)
    life.run(DAY_MS, Network(lie_ms, has_collector=False))
    life.boot(2 * HOUR_MS)
    life.run(DAY_MS, ONLINE)


HISTORIES: tuple[Callable[[Life], None], ...] = (
    good_network, no_network_at_start, power_cuts, step_ahead, step_back, unsigned_step_ahead,
    unsigned_step_back, hours_drift, lying_sntp, weeks_without_anchor, short_boots, never_a_time,
    impossible_lie, impossible_lie_ahead,
)  # fmt: skip
# SNTP is not authenticated: a boot's only word is believed if nothing that is known excludes it,
# and the truth is elsewhere. This is counted, not promised; no other history may date wrongly.
UNTOLD: tuple[Callable[[Life], None], ...] = (possible_lie,)
LIVES = 5  # of each history, with other readings, crystals and cuts


# --- what a receiver makes of them ---


class Outcome(NamedTuple):
    """Of all lives of one history. Widths in ms, of the whole interval."""

    readings: int
    utc_widths_ms: list[int]
    order_widths_ms: list[int]  # without UTC, but with both ends
    wrong: int  # readings whose true time is not in the interval
    inverted: int  # readings whose interval lies wholly before that of an earlier one


def outcome(history: Callable[[Life], None], lives: int = LIVES) -> Outcome:
    readings = wrong = inverted = 0
    utc_widths_ms: list[int] = []
    order_widths_ms: list[int] = []
    for number in range(lives):
        life = Life(SEED * 1000 + number)
        history(life)
        latest_first_ms = -math.inf
        for reading in life.readings:
            readings += 1
            first_ms, last_ms, has_utc = interval(life.line.when(reading.boot, reading.uptime_ms))
            wrong += not first_ms <= reading.true_ms <= last_ms
            inverted += last_ms < latest_first_ms
            latest_first_ms = max(latest_first_ms, first_ms)
            if has_utc:
                utc_widths_ms.append(int(last_ms - first_ms))
            elif first_ms > -math.inf:
                order_widths_ms.append(int(last_ms - first_ms))
    return Outcome(readings, sorted(utc_widths_ms), sorted(order_widths_ms), wrong, inverted)


def interval(when: timeline.Instant) -> tuple[float, float, bool]:
    if when.utc_ms is not None and when.uncertainty_ms is not None:
        return when.utc_ms - when.uncertainty_ms, when.utc_ms + when.uncertainty_ms, True
    first_ms = -math.inf if when.not_before_ms is None else when.not_before_ms
    assert when.not_after_ms is not None, "what has arrived was not after its arrival"
    return first_ms, when.not_after_ms, False


def rank(widths_ms: Sequence[int], share: float) -> float:
    """The width in seconds that this share of the sorted widths does not exceed."""
    return widths_ms[math.ceil(share * len(widths_ms)) - 1] / 1000


def figure(value: float, unit: str, goal: float | None = None) -> dict[str, Any]:
    return {
        "value": round(value, 4),
        "unit": unit,
        "goal": goal,
        "peer": None,
        "peer_name": None,
    }


def title(history: Callable[[Life], None]) -> str:
    return history.__name__.replace("_", " ")


def figures_of(history: Callable[[Life], None], found: Outcome) -> dict[str, Any]:
    name = title(history)
    figures = {f"{name}, with UTC": figure(len(found.utc_widths_ms) / found.readings, "share")}
    ranks = (("median", 0.5), ("p95", 0.95), ("max", 1.0))
    for kind, widths_ms in (("UTC", found.utc_widths_ms), ("order", found.order_widths_ms)):
        for word, share in ranks if widths_ms else ():
            is_bounded = history is good_network and share == 1
            goal = GOOD_WIDTH_S if is_bounded else None
            figures[f"{name}, width by {kind}, {word}"] = figure(rank(widths_ms, share), "s", goal)
    return figures


def main() -> int:
    figures: dict[str, Any] = {}
    readings = dated = wrong = inverted = 0
    for history in HISTORIES:
        found = outcome(history)
        figures |= figures_of(history, found)
        readings += found.readings
        dated += len(found.utc_widths_ms)
        wrong += found.wrong
        inverted += found.inverted
        if found.wrong:
            print(f"bench_time: {history.__name__}: {found.wrong} of {found.readings} are wrong")
    figures["all, readings"] = figure(readings, "readings")
    figures["all, with UTC"] = figure(dated / readings, "share")
    figures["all, true time outside its interval"] = figure(wrong, "readings", 0)
    for history in UNTOLD:
        found = outcome(history)
        inverted += found.inverted
        name = f"{title(history)}, true time outside its interval"
        figures[name] = figure(found.wrong / found.readings, "share")
    figures["all, in the wrong order"] = figure(inverted, "readings", 0)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps({"subject": "time", "figures": figures}, indent=1) + "\n")
    missed = [
        name for name, row in figures.items()
        if row["goal"] is not None and row["value"] > row["goal"]
    ]  # fmt: skip
    for name in missed:
        print(f"bench_time: {name} is {figures[name]['value']}, goal {figures[name]['goal']}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
