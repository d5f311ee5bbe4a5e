"""A thousand hubs' own deciders on one virtual time: when each comes back after an outage.

    python tests/firmware/herd.py [hubs]        a table for docs/firmware.md
"""

from __future__ import annotations

import heapq
import random
import sys
from collections.abc import Callable
from typing import NamedTuple

from varde_firmware.core import backoff, decider, link, uplink

HEARTBEAT_S = 900
MIN_MS = 60_000
# How long a try takes that comes to nothing: refused at once, or no answer at all.
REFUSED_MS = 100
SILENT_MS = uplink.PAUSE_MS + 15_000


class Region(NamedTuple):
    """When hubs have a network and when that leads to the collector, by their own number."""

    has_link: Callable[[int, int], bool]
    is_reached: Callable[[int, int], bool]
    fails_after_ms: int


class Hub:
    """One hub's uplink and link, and nothing else; `first_ms` is when it came back."""

    def __init__(self, number: int, seed: int, region: Region, over_ms: int) -> None:
        jitter = backoff.Jitter(random.Random(f"{seed} {number}").getrandbits(32))
        self.number = number
        self.region = region
        self.over_ms = over_ms
        self.uplink = uplink.Uplink(
            HEARTBEAT_S,
            backoff.Backoff(uplink.BACKOFF_FIRST_MS, uplink.BACKOFF_MOST_MS, jitter),
        )
        self.link = link.Link(
            1, backoff.Backoff(link.BACKOFF_FIRST_MS, link.BACKOFF_MOST_MS, jitter)
        )
        self.was_usable = False
        self.boot_ms = 0
        self.first_ms: int | None = None
        self.tries = 0

    def boot(self, now_ms: int) -> None:
        self.boot_ms = now_ms
        self._links(link.SwitchOn(), now_ms)

    def measured(self, now_ms: int) -> None:
        self._uplinks(uplink.Pending(1, True), now_ms)

    def step(self, now_ms: int) -> int:
        """Do what is due, as the tasks do it; return when to look again."""
        has_link = self.region.has_link(self.number, now_ms)
        if has_link and self.link.state == link.JOINING:
            self._links(link.Joined(), now_ms)
        elif not has_link and self.link.state in link.USABLE:
            self._links(link.Dropped(), now_ms)
        if self.link.is_due(now_ms - self.boot_ms):
            self._links(decider.Expired(), now_ms)
        self._look(now_ms)
        if self.uplink.is_due(now_ms - self.boot_ms):
            now_ms = self._exchange(now_ms)
        self._look(now_ms)
        due = [now_ms + (2_000 if self.link.state == link.JOINING else 20_000)]
        deadlines = [self.link.deadline_ms, self.uplink.deadline_ms]
        due += [max(now_ms + 1, at_ms + self.boot_ms) for at_ms in deadlines if at_ms is not None]
        return min(due)

    def _exchange(self, now_ms: int) -> int:
        self._uplinks(decider.Expired(), now_ms)
        if self.region.is_reached(self.number, now_ms):
            if now_ms >= self.over_ms and self.first_ms is None:
                self.first_ms = now_ms
            now_ms += 500
            self._uplinks(uplink.Acknowledged(1, 0, HEARTBEAT_S), now_ms)
            self._links(link.ExchangeAcknowledged(), now_ms)
        else:
            self.tries += 1
            now_ms += self.region.fails_after_ms
            self._links(link.ExchangeFailed(), now_ms)
            self._uplinks(uplink.Failed(), now_ms)
        return now_ms

    def _look(self, now_ms: int) -> None:
        is_usable = self.link.state in link.USABLE
        if is_usable != self.was_usable:
            self.was_usable = is_usable
            self._uplinks(uplink.LinkUp(0) if is_usable else uplink.LinkDown(), now_ms)

    def _links(self, event: decider.Value, now_ms: int) -> None:
        self.link.handle(event, now_ms - self.boot_ms)

    def _uplinks(self, event: decider.Value, now_ms: int) -> None:
        self.uplink.handle(event, now_ms - self.boot_ms)


def returns(
    hubs: int, region: Region, over_ms: int, seed: int = 1, boots: bool = False
) -> list[Hub]:
    """Play until all have come back; `boots`: they are switched on when it is over."""
    luck = random.Random(seed)
    queue = []
    for number in range(hubs):
        hub = Hub(number, seed, region, over_ms)
        start_ms = over_ms + luck.randrange(2_000) if boots else luck.randrange(HEARTBEAT_S * 1000)
        hub.boot(start_ms)
        queue.append((start_ms, number, hub))
    heapq.heapify(queue)
    done = []
    while queue:
        now_ms, number, hub = heapq.heappop(queue)
        next_ms = hub.step(now_ms)
        if hub.first_ms is None:
            heapq.heappush(queue, (next_ms, number, hub))
        else:
            done.append(hub)
        assert now_ms < over_ms + 2 * uplink.SPREAD_MS, "somebody does not come back"
    return done


def most_in_a_minute(hubs: list[Hub], over_ms: int) -> float:
    """The share of all that came in the fullest minute after the outage."""
    counts: dict[int, int] = {}
    for hub in hubs:
        assert hub.first_ms is not None
        minute = (hub.first_ms - over_ms) // MIN_MS
        counts[minute] = counts.get(minute, 0) + 1
    return max(counts.values()) / len(hubs)


def collector_away(outage_min: int) -> tuple[Region, int]:
    """All have a network; nobody is behind it, from half an hour on."""
    from_ms = 30 * MIN_MS
    over_ms = from_ms + outage_min * MIN_MS
    return Region(
        lambda _number, _now_ms: True,
        lambda _number, now_ms: not from_ms <= now_ms < over_ms,
        REFUSED_MS,
    ), over_ms


def internet_away(outage_min: int) -> tuple[Region, int]:
    """As above, but nobody says so."""
    region, over_ms = collector_away(outage_min)
    return region._replace(fails_after_ms=SILENT_MS), over_ms


def networks_away(outage_min: int) -> tuple[Region, int]:
    """The access points themselves are off, and come back within a minute and a half."""
    from_ms = 30 * MIN_MS
    over_ms = from_ms + outage_min * MIN_MS

    def has_link(number: int, now_ms: int) -> bool:
        return not from_ms <= now_ms < over_ms + random.Random(number).randrange(90_000)

    return Region(has_link, lambda _number, _now_ms: True, REFUSED_MS), over_ms


def power_away(_outage_min: int) -> tuple[Region, int]:
    """Hubs and routers boot; a router takes one to three minutes, its line up to one more."""
    over_ms = MIN_MS

    def has_link(number: int, now_ms: int) -> bool:
        return now_ms >= over_ms + 60_000 + random.Random(number).randrange(120_000)

    def is_reached(number: int, now_ms: int) -> bool:
        return has_link(number, now_ms - random.Random(-number).randrange(60_000))

    return Region(has_link, is_reached, SILENT_MS), over_ms


def main() -> None:
    hubs = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    for name, outages in (("collector", (5, 20, 60, 360)), ("internet", (20, 60, 360)),
                          ("networks", (5, 20, 60, 360)), ("power", (60,))):  # fmt: skip
        for outage_min in outages:
            region, over_ms = globals()[f"{name}_away"](outage_min)
            came = returns(hubs, region, over_ms, boots=name == "power")
            last_min = max(hub.first_ms or 0 for hub in came) - over_ms
            print(f"{name:<10}{outage_min:>5} min: at most {most_in_a_minute(came, over_ms):.1%}"
                  f" in a minute, all after {last_min / MIN_MS:.0f} min,"
                  f" {sum(hub.tries for hub in came) / hubs:.0f} tries in vain each")  # fmt: skip


if __name__ == "__main__":
    main()
