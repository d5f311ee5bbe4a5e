"""How long the truth about a fleet takes, from the collector's database (`fleet.hub_truth`).

- once: as `varde fleet status` does, with nothing known before.
- again: as a table that is kept up does each time when nothing is new, and when every hub has
  just reported.
- a year: fewer hubs with a year of records each. What may grow with a hub's age is what it has
  told (events), and not what it has measured or how often it has reported.

A hub has 20 readings, 96 reports and 10 events a day, and 24 events of updates a year; readings
and old reports are bytes that nobody looks at. Times are processor time of one thread, SQLite and
all in it, with its file in memory as after the first look. Writes build/bench/fleet-truth.json.
"""

from __future__ import annotations

import hashlib
import json
import pathlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "protocols"), str(ROOT / "host"), str(ROOT / "benchmarks")]

from varde_host.collector import batch, commit, database, registry  # noqa: E402
from varde_host.fleet import hub_truth  # noqa: E402
from varde_protocols import cose, records, sealing, update_words  # noqa: E402
from varde_protocols.crypto import ed25519  # noqa: E402

READINGS, REPORTS, EVENTS = 20, 96, 10  # a day
UPDATE_EVENTS_A_YEAR = 24
READING_BYTES, REPORT_BYTES, EVENT_BYTES = 187, 302, 110
ROUNDS = 5
FLEETS = ((300, 30), (20, 365))  # hubs, days
GOAL_ONCE_S = 5.0  # what somebody at a terminal waits for a fleet of 300
GOAL_AGAIN_S = 0.2  # once a second beside other work
RESULT = ROOT / "build" / "bench" / "fleet-truth.json"

Figures = dict[str, dict[str, Any]]


class Hub(NamedTuple):
    """Who signs."""

    key: ed25519.SigningKey
    hub_id: bytes

    def sign(self, record: records.Event | records.Report) -> bytes:
        return cose.sign1(self.key, self.hub_id, record.payload())


def hub_of(number: int) -> Hub:
    key = ed25519.SigningKey(hashlib.sha256(b"hub %d" % number).digest())
    return Hub(key, sealing.key_id(key.public))


def report(seq: int) -> records.Report:
    facts = {
        records.FACT_APPLICATION: "0.7.0",
        records.FACT_CONFIG_NUMBER: 7,
        records.FACT_RELEASE: 7,
        records.FACT_BATTERY_MV: 3980,
        records.FACT_LINK: records.LINK_WIFI,
        records.FACT_UPDATE: [update_words.APPLICATION, 7, update_words.CONFIRMED, 0, 44, 44, 1],
    }
    return records.Report(seq, 1, seq, facts)


def event(seq: int) -> records.Event:
    detail = update_words.detail(update_words.APPLICATION, 0, seq)
    return records.Event(seq, 1, seq, records.EVENT_UPDATE_CONFIRMED, detail)


def history(number: int, hub: Hub, days: int) -> Iterator[batch.Row]:
    """Yield what is stored of a hub: real are the newest report and the events of updates."""
    updates = max(1, UPDATE_EVENTS_A_YEAR * days // 365)
    a_day = READINGS + REPORTS + EVENTS
    last = days * a_day
    every = max(1, days * EVENTS // updates)
    told = 0
    for seq in range(1, last + 1):
        place = seq % a_day
        kind, raw = records.REPORT, bytes(REPORT_BYTES)
        if place < READINGS:
            kind, raw = records.READING, bytes(READING_BYTES)
        elif place < READINGS + EVENTS:
            kind, raw, told = records.EVENT, bytes(EVENT_BYTES), told + 1
            raw = hub.sign(event(seq)) if told % every == 0 else raw
        if seq == last:
            kind, raw = records.REPORT, hub.sign(report(seq))
        yield number, seq, 1, kind, seq, seq, raw


def fill(opened: database.Database, hubs: list[Hub], days: int) -> int:
    """Store the fleet's records; return how many."""
    stored = 0
    with opened.writing() as connection:
        for hub in hubs:
            registry.enrol(connection, hub.key.public, 0)
    for number, hub in enumerate(hubs, 1):
        rows = list(history(number, hub, days))
        with opened.writing() as connection:
            commit.commit(connection, [batch.Batch(number, 0, rows, [], [])])
        stored += len(rows)
    return stored


def add(opened: database.Database, hubs: list[Hub], seq: int) -> None:
    """Let each hub report once more."""
    with opened.writing() as connection:
        batches = [
            batch.Batch(
                number, 0, [(number, seq, 1, records.REPORT, 0, 0, hub.sign(report(seq)))], [0], []
            )
            for number, hub in enumerate(hubs, 1)
        ]
        commit.commit(connection, batches)


def taken(work: Callable[[], object]) -> float:
    """Return the least processor time of some rounds, in seconds."""
    found = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


def figure(value: float, unit: str, goal: float | None = None) -> dict[str, Any]:
    return {"value": value, "unit": unit, "goal": goal, "peer": None, "peer_name": None}


def measure(folder: pathlib.Path, count: int, days: int) -> Figures:
    """Return the figures of a fleet of so many hubs for so many days."""
    opened = database.open_database(folder / f"{count}.sqlite")
    hubs = [hub_of(number) for number in range(count)]
    stored = fill(opened, hubs, days)
    once_s = taken(lambda: hub_truth.truths(opened))
    follower = hub_truth.Follower(opened)
    found = follower.read()
    assert all(each.release_number == 7 and each.events for each in found.values())
    still_s = taken(follower.read)
    newest = stored // count
    moved = []
    for _ in range(ROUNDS):
        newest += 1
        add(opened, hubs, newest)
        began = time.process_time()
        follower.read()
        moved.append(time.process_time() - began)
    opened.close()
    is_goal = count == FLEETS[0][0]
    name = f"{count} hubs of {days} days"
    return {
        f"{name}, records": figure(stored, "records"),
        f"{name}, once": figure(round(once_s, 3), "s", GOAL_ONCE_S if is_goal else None),
        f"{name}, once, a hub": figure(round(once_s / count * 1000, 2), "ms"),
        f"{name}, again, nothing new": figure(
            round(still_s, 4), "s", GOAL_AGAIN_S if is_goal else None
        ),
        f"{name}, again, all have reported": figure(round(min(moved), 3), "s"),
    }


def main() -> None:
    (ROOT / "build").mkdir(exist_ok=True)
    made: Figures = {}
    with tempfile.TemporaryDirectory(dir=ROOT / "build", prefix="bench-truth-") as folder:
        for count, days in FLEETS:
            made |= measure(pathlib.Path(folder), count, days)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps({"subject": "fleet-truth", "figures": made}, indent=2) + "\n")
    for name, row in made.items():
        print(f"bench_fleet_truth: {name}: {row['value']} {row['unit']}")


if __name__ == "__main__":
    main()
