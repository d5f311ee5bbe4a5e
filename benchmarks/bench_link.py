"""What a hub's link costs: bytes on air, and how a backlog of 30 days drains. Whole hubs, played.

Bytes on air. A hub on WiFi, one on 4G, and one on WiFi with 4G in reserve: one spot reading after
quiet hours (with the cuff's battery level, which the hub reads beside it), and one idle day with
a heartbeat an hour and its reports. *Payload* is what the simulator's wires count: TLS's bytes,
without headers. Of it *handshakes* are what TLS says before the request, at every connection
anew: sessions are not resumed, and no tickets for it are sent. *With headers* adds an
estimate: 40 bytes for each packet of TCP over IPv4 (`tls_meter` says how many), look-ups of the
name and the time server's packets. What PPP puts around each packet between chip and modem is
not on air, and a row of its own.

Drain. A hub starts with 30 days of readings in its journal, 20 a day, or as many of 2000 a day as
the journal of 2 MiB holds; then its internet comes back. Time is virtual: what the hub computes
takes as long as it takes on this machine, what it waits for as long as for a real one; the line is
as fast as the machine on WiFi, and 10 kB/s on 4G. Meanwhile somebody takes blood pressures. All
three hubs come back at once, each when its turn is (slots of half an hour, `core/uplink.py`).
Writes build/bench/link.json.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import pathlib
import sqlite3
import sys
import tempfile
from datetime import UTC, datetime
from typing import Any, NamedTuple

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / name) for name in ("protocols", "firmware", "simulator", "benchmarks")]

from hub_home import BOTH, MODEM, WIFI, Home  # noqa: E402 - the path is set above
from outage_journal import DAYS, Outage  # noqa: E402
from tls_meter import HEADER_BYTES, PPP_BYTES, SYN_OPTION_BYTES  # noqa: E402

from varde_protocols import records, trust  # noqa: E402
from varde_simulator import clock, interpreter  # noqa: E402
from varde_simulator.host_programs import COLLECTOR_NAME, NTP_NAME  # noqa: E402
from varde_simulator.stage import Stage  # noqa: E402

START = datetime(2026, 3, 2, 5, 30, tzinfo=UTC)
HEARTBEAT_MIN = 60
SETTLE_S = 3 * 3600
QUIET_S = 1800  # from one heartbeat's middle to before the next
MOST_READING_S = 900
AFTER_READING_S = 60
DAY_S = 86_400
OUTAGE_S = 300
MOST_DRAIN_S = 6 * 3600
SPOT_EVERY_RECORDS = 3000  # of the backlog; the cuff's clock counts seconds
SPOT_EVERY_S = 10
UDP_HEADER_BYTES = 28
SNTP_BYTES = 48
DNS_QUESTION_BYTES = 18  # beside the name, of a question for one address (RFC 1035)
DNS_ANSWER_BYTES = 16
RESULT = ROOT / "build" / "bench" / "link.json"

Figures = dict[str, dict[str, Any]]


def figure(value: float | None, unit: str) -> dict[str, Any]:
    """Return one row of the result."""
    rounded = None if value is None else round(value, 2)
    return {"value": rounded, "unit": unit, "goal": None, "peer": None, "peer_name": None}


# --- bytes on air --------------------------------------------------------------------------------


class Air(NamedTuple):
    """What has gone over one of a hub's wires so far."""

    connections: int
    payload: int
    answers: int  # of the time server

    @staticmethod
    def of(home: Home, link: str) -> Air:
        """Look now, while no connection is open."""
        wire = dict(zip((WIFI, MODEM), home.board.links.wires, strict=False))[link]
        counted = wire.traffic.up_bytes + wire.traffic.down_bytes
        return Air(len(home.meters[link].connections), counted, wire.sntp.answers)


def look_up_bytes(name: str) -> int:
    """Return what a question for a name and its answer take, with headers."""
    question = UDP_HEADER_BYTES + DNS_QUESTION_BYTES + len(name)
    return 2 * question + DNS_ANSWER_BYTES


def on_air(home: Home, link: str, before: Air, what: str) -> Figures:
    """Return the figures of what went over that wire since."""
    now = Air.of(home, link)
    between = home.meters[link].connections[before.connections :]
    packets = sum(each.packets() for each in between)
    asked = now.answers - before.answers
    payload = now.payload - before.payload
    headers = packets * HEADER_BYTES + 2 * len(between) * SYN_OPTION_BYTES
    headers += len(between) * look_up_bytes(COLLECTOR_NAME)
    headers += asked * (2 * (UDP_HEADER_BYTES + SNTP_BYTES) + look_up_bytes(NTP_NAME))
    handshakes, tickets = zip(*[each.handshake() for each in between], strict=True)
    name = f"{home.ways}: {what}"
    if home.ways == BOTH:
        name += f", over {link}"
    made = {
        f"{name}, connections": figure(len(between), ""),
        f"{name}, payload": figure(payload, "B"),
        f"{name}, of it TLS handshakes": figure(sum(handshakes), "B"),
        f"{name}, of it session tickets, unused": figure(sum(tickets), "B"),
        f"{name}, with headers (estimate)": figure(payload + headers, "B"),
    }
    if link == MODEM:
        made[f"{name}, PPP on the wire to the modem"] = figure(packets * PPP_BYTES, "B")
    return made


async def of_a_home(home: Home) -> Figures:
    """Play two days: settle, one reading, one idle day."""
    await home.begin()
    await asyncio.sleep(SETTLE_S + QUIET_S)
    made: Figures = {}
    links = [WIFI, MODEM] if home.ways == BOTH else [home.ways]
    if home.ways != BOTH:
        before = Air.of(home, links[0])
        home.measure()
        meter = home.meters[links[0]]
        await home.until(lambda: len(meter.connections) > before.connections, MOST_READING_S)
        await asyncio.sleep(AFTER_READING_S)
        made |= on_air(home, links[0], before, "a spot reading")
        await asyncio.sleep(HEARTBEAT_MIN * 60)  # the next heartbeat counts from the reading
    starts = {link: Air.of(home, link) for link in links}
    await asyncio.sleep(DAY_S)
    for link, before in starts.items():
        made |= on_air(home, link, before, "an idle day")
    await home.end()
    return made


async def bytes_on_air(stage: Stage) -> Figures:
    """Play all three homes at once."""
    homes = [Home(stage, f"air-{number}", ways) for number, ways in enumerate((WIFI, MODEM, BOTH))]
    stage.enrol_together_s = 2.0
    found = await asyncio.gather(*[of_a_home(home) for home in homes])
    return {name: row for each in found for name, row in each.items()}


# --- drain ---------------------------------------------------------------------------------------


class Stored:
    """What the collector has of one hub."""

    def __init__(self, stage: Stage, hub_hex: str) -> None:
        self._path = stage.host.database
        self._log = stage.host.log
        self._hub_hex = hub_hex

    def _ask(self, what: str, more: str = "") -> list[tuple[int, ...]]:
        query = (
            f"SELECT {what} FROM records JOIN hubs ON records.hub = hubs.number "
            f"WHERE hubs.hub_id = ? {more}"
        )
        with contextlib.closing(sqlite3.connect(self._path)) as connection:
            return connection.execute(query, (bytes.fromhex(self._hub_hex),)).fetchall()

    def count(self, below_seq: int) -> int:
        """Return how many records with smaller numbers are there."""
        return self._ask("count(*)", f"AND seq < {below_seq}")[0][0]

    def received_ms(self, below_seq: int) -> tuple[int, int]:
        """Return when the first and the last of them came."""
        first, last = self._ask("min(received_ms), max(received_ms)", f"AND seq < {below_seq}")[0]
        return first, last

    def fresh_readings(self, from_seq: int) -> list[tuple[int, ...]]:
        """Return (uptime_ms, received_ms) of the readings with these numbers."""
        more = f"AND seq >= {from_seq} AND kind = {records.READING}"
        return self._ask("uptime_ms, received_ms", more)

    def exchanges(self) -> int:
        """Return how many requests with records have been answered."""
        rows = [json.loads(line) for line in self._log.read_text().splitlines() if line]
        return sum(row.get("hub") == self._hub_hex and row.get("records", 0) > 1 for row in rows)


async def drained(stage: Stage, name: str, ways: str, outage: Outage) -> Figures:
    """Play one hub's return from its outage."""
    home = Home(stage, name, ways, outage)
    await home.begin(is_online=False)
    await asyncio.sleep(OUTAGE_S)
    stored = Stored(stage, home.hub_id)
    home.set_online(is_online=True)
    waited_s = await home.until(lambda: stored.count(outage.next_seq) > 0, MOST_DRAIN_S, 0.25)
    levels = range(SPOT_EVERY_RECORDS // 10, outage.pending, SPOT_EVERY_RECORDS)
    for level in levels:
        await home.until(lambda: stored.count(outage.next_seq) >= level, MOST_DRAIN_S, 0.25)  # noqa: B023
        home.measure()
        await asyncio.sleep(SPOT_EVERY_S)
    await home.until(lambda: stored.count(outage.next_seq) == outage.pending, MOST_DRAIN_S, 0.25)
    # What was measured near the end may come after the backlog; a battery level comes with it.
    await home.until(lambda: len(stored.fresh_readings(outage.next_seq)) >= len(levels), 600)
    await home.end()
    return figures_of_drain(home, outage, stored, waited_s)


def figures_of_drain(
    home: Home, outage: Outage, stored: Stored, waited_s: float
) -> Figures:
    """Return what it came to."""
    first_ms, last_ms = stored.received_ms(outage.next_seq)
    took_s = (last_ms - first_ms) / 1000
    fresh = stored.fresh_readings(outage.next_seq)
    delays = sorted(received - home.booted_ms - uptime for uptime, received in fresh)
    is_short = any("MemoryError" in line for line in home.lines)
    requests = stored.exchanges()
    name = f"drain over {home.ways}, {outage.pending} records"
    return {
        f"{name}, until the first is stored": figure(waited_s, "s"),
        f"{name}, then until the last": figure(took_s, "s"),
        f"{name}, rate": figure(outage.pending / took_s, "records/s"),
        f"{name}, requests": figure(requests, ""),
        f"{name}, longest wait of {len(fresh)} new readings": figure(delays[-1] / 1000, "s"),
        f"{name}, out of memory with a heap of {interpreter.HEAP}": figure(int(is_short), "times"),
    }


async def drains(stage: Stage) -> Figures:
    """Play all outages at once."""
    believed = trust.unverified((await stage.hub_files([], "generic"))["trust.cbor"])
    plans = ((WIFI, 20), (WIFI, 2000), (MODEM, 2000))
    outages = [
        Outage(f"outage-{number}", believed.receiver_public, readings_a_day)
        for number, (_, readings_a_day) in enumerate(plans)
    ]
    found = await asyncio.gather(*[
        drained(stage, f"outage-{number}", ways, outage)
        for number, ((ways, _), outage) in enumerate(zip(plans, outages, strict=True))
    ])
    held = figure(outages[-1].readings / 2000, "days")
    made = {f"2000 readings a day that 2 MiB hold, of {DAYS} days": held}
    return made | {name: row for each in found for name, row in each.items()}


async def main(stage: Stage) -> Figures:
    async with stage:
        return {**await bytes_on_air(stage), **await drains(stage)}


if __name__ == "__main__":
    (ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "build", prefix="bench-link-") as folder:
        the_stage = Stage(pathlib.Path(folder) / "run", START, HEARTBEAT_MIN)
        all_figures = clock.run(the_stage.clock, main(the_stage))
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps({"subject": "link", "figures": all_figures}, indent=1) + "\n")
    for row_name, row in all_figures.items():
        print(f"bench_link: {row_name}: {row['value']} {row['unit']}")
