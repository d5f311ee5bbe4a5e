"""The collector's records per second and core, beside the bare rate of its signature check.

All of the same records (readings as hubs make them, 100 hubs), in two ways: requests as full as a
hub sends them, 200 a transaction, and requests of a single reading.

- bare: libsodium by PyNaCl on prepared inputs, nothing else. The bound for all others, as there
  is no batch verification of Ed25519 in Python's wheels.
- records into SQLite, into PostgreSQL: the collector's own work in one thread, from a request's
  bytes to committed rows, both with their disk synced (`collector_stages`); what the server of
  PostgreSQL takes beside it is counted from /proc and stands in rows of its own.
- rest: where the time goes that is not libsodium's check of a record.
- over HTTPS: real processes over TLS by their CPU time, and two of them on one PostgreSQL beside
  one (`collector_processes`); the memory that an idle connection keeps.

Rates are per second of CPU time, so that what else a machine does falls out as far as it can;
the bare check and the stages take turns, and the median of the rounds counts. The share of the
bare rate is given twice: records against records; and checks against checks, as a request is
signed, too. Writes build/bench/collector.json.
"""

from __future__ import annotations

import json
import pathlib
import sys
import tempfile
from asyncio.sslproto import SSLProtocol
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "protocols"), str(ROOT / "host"), str(ROOT / "benchmarks")]

import collector_load  # noqa: E402 - the path is set above
import collector_processes  # noqa: E402
import collector_stages as stages  # noqa: E402
import postgres_bench  # noqa: E402
from collector_load import Load  # noqa: E402
from collector_processes import Memory, Scaling  # noqa: E402
from collector_stages import POSTGRESQL, SQLITE, Seconds  # noqa: E402

from varde_host.collector import database, registry  # noqa: E402
from varde_host.site import certificates, creation, files  # noqa: E402
from varde_protocols.crypto import x25519  # noqa: E402

HUBS = 100
REQUESTS_A_HUB = 6
STAGED_REQUESTS = 200
HTTPS_REQUESTS = 200
SINGLE_REQUESTS_A_HUB = 10
PEER = "PyNaCl verify alone"
GOAL_RATE = 20_000
GOAL_SHARE = 0.9
NAMES = {SQLITE: "SQLite", POSTGRESQL: "PostgreSQL"}
RESULT = ROOT / "build" / "bench" / "collector.json"

Figures = dict[str, dict[str, Any]]


def figure(
    value: float | None,
    unit: str,
    goal: float | None = None,
    peer: float | None = None,
    peer_name: str | None = None,
) -> dict[str, Any]:
    """Return one row of the result."""
    return {"value": value, "unit": unit, "goal": goal, "peer": peer, "peer_name": peer_name}


def rate(seconds: float, bare_s: float, goal: int | None = None) -> dict[str, Any]:
    """Return records a second and core beside the bare check's."""
    return figure(round(1 / seconds), "records/s/core", goal, round(1 / bare_s), PEER)


def share(value: float, goal: float | None) -> dict[str, Any]:
    """Return a share of the bare check's rate."""
    return figure(round(value, 3), "ratio", goal, 1.0, PEER)


def microseconds(seconds: float) -> dict[str, Any]:
    """Return a part of what a record takes."""
    return figure(round(seconds * 1e6, 2), "us/record")


def staged(rounds: list[Seconds], checks: float, *, is_full: bool) -> Figures:
    """Return the figures of one thread; `checks` are the signatures checked per record."""
    spent = stages.medians(rounds)
    prefix = "" if is_full else "single readings "
    made: Figures = {}
    for kind in (each for each in (SQLITE, POSTGRESQL) if each in spent):
        name, whole_s = NAMES[kind], stages.whole(spent, kind)
        own = stages.share(rounds, kind)
        server_s = spent[f"{kind} server"]
        goals = (GOAL_RATE, GOAL_SHARE) if is_full else (None, None)
        made[f"{prefix}into {name}"] = rate(whole_s, spent["bare"], goals[0])
        made[f"{prefix}into {name}, share of the bare verify rate"] = share(own, goals[1])
        if is_full:
            counted = f"into {name}, the same, the request's signature counted"
            made[counted] = share(own * checks, GOAL_SHARE)
        if kind == POSTGRESQL:
            made[f"{prefix}into {name}, the server's own"] = microseconds(server_s)
            both = f"{prefix}into {name}, collector and server on one core"
            made[both] = rate(whole_s + server_s, spent["bare"])
    return made | rest(spent, prefix)


def rest(spent: Seconds, prefix: str) -> Figures:
    """Return where the time goes that is not the check of a record."""
    made = {
        f"{prefix}rest: the request and its signature": microseconds(spent["request"]),
        f"{prefix}rest: cutting and reading": microseconds(spent["cut"]),
        f"{prefix}rest: judging": microseconds(spent["unchecked"]),
    }
    for kind in (each for each in NAMES if each in spent):
        made[f"{prefix}rest: {NAMES[kind]}, our side"] = microseconds(spent[kind])
    return made


def scaled(found: Scaling) -> Figures:
    """Return what a second collector brings, by wall clock and by CPU."""
    one, two = found.rate(found.one), found.rate(found.two)
    client = max(each.client_s / each.wall_s for each in found.one + found.two)
    busy = min(each.collectors_s / each.wall_s for each in found.one)
    bound = "what two cores allow, client and server on them"
    return {
        "HTTPS into PostgreSQL, 1 collector on 1 core": figure(round(one), "records/s"),
        "HTTPS into PostgreSQL, 2 collectors on 2 cores": figure(round(two), "records/s"),
        "2 collectors for 1, by wall clock": figure(
            round(two / one, 2), "times", None, round(found.possible(), 2), bound
        ),
        "2 collectors for 1, records by collectors' CPU": figure(
            round(2 * found.cost(found.one) / found.cost(found.two), 2), "times", None, 2.0,
            "no loss",
        ),
        "load client, most of a core that it took": figure(round(client, 2), "cores"),
        # below this the machine was not quiet, and the wall clock says nothing
        "1 collector, least of its core that it got": figure(round(busy, 2), "cores", 0.9),
    }  # fmt: skip


def remembered(found: Memory) -> Figures:
    """Return what a connection keeps."""
    each = None
    if found.connections > collector_processes.IDLE_CONNECTIONS // 2:
        each = round((found.with_bytes - found.before_bytes) / found.connections)
    name = f"memory of an idle TLS connection, {found.connections} of them"
    return {
        name: figure(each, "B", None, SSLProtocol.max_size, "asyncio's buffer, of these"),
        "memory of a collector without them": figure(found.before_bytes, "B"),
    }


def enrolled(address: str | pathlib.Path, load: Load) -> database.Database:
    """Open a database that knows the load's hubs."""
    opened = database.open_database(address)
    with opened.writing() as connection:
        for public in load.publics:
            registry.enrol(connection, public, 0)
    return opened


def measure(site: files.Site, server: postgres_bench.Postgres | None) -> Figures:
    """Make all the figures; those of PostgreSQL only if there is one."""
    receiver = x25519.public_key(site.receiver_private())
    load = collector_load.make(receiver, HUBS, REQUESTS_A_HUB)
    single = collector_load.make(receiver, HUBS, SINGLE_REQUESTS_A_HUB, 1)
    places = {SQLITE: stages.sqlite_place(enrolled(site.database, load))}
    if server is not None:
        opened = enrolled(server.url, load)
        places[POSTGRESQL] = stages.Place(
            opened, server.cpu, lambda: server.execute("CHECKPOINT")
        )
    made: Figures = {}
    for part, is_full in ((load.part(0, STAGED_REQUESTS), True), (single, False)):
        rounds = stages.measure(part, places)
        made |= staged(rounds, part.checks / part.records, is_full=is_full)
    bare_s = stages.medians(rounds)["bare"]
    in_file = places[SQLITE].opened
    over = collector_processes.into_a_file(site, load.part(0, HTTPS_REQUESTS), in_file)
    made["over HTTPS into SQLite, kept connections"] = rate(over["kept"], bare_s)
    made["over HTTPS into SQLite, a new connection each"] = rate(over["new"], bare_s)
    if server is not None:
        found = collector_processes.on_one_server(site, load, places[POSTGRESQL].opened, server)
        made |= scaled(found) if found else {}
    made |= remembered(collector_processes.of_connections(site, single))
    for place in places.values():
        place.opened.close()
    return made


def main() -> None:
    (ROOT / "build").mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=ROOT / "build", prefix="bench-collector-") as folder,
        postgres_bench.running() as server,
    ):
        if server is None:
            print("bench_collector: no PostgreSQL here (apt-get install postgresql): left out")
        validity = certificates.Validity()
        directory = pathlib.Path(folder) / "site"
        made = measure(creation.create(directory, "bench", ["localhost"], validity), server)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps({"subject": "collector", "figures": made}, indent=2) + "\n")
    for name, row in made.items():
        print(f"bench_collector: {name}: {row['value']} {row['unit']}")


if __name__ == "__main__":
    main()
