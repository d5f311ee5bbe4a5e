"""What 100,000 hubs would ask of PostgreSQL and of collectors, from a hundredth of them.

A real PostgreSQL (fsync on) gets a fortnight of 1,000 hubs through the collector's own statements
(`scale_database`), and then are measured:

- sizes: bytes a record takes in the table, in its index, and in a file of SQLite;
- log: bytes of write-ahead log a record, with a checkpoint every 5 and every 30 minutes of the
  simulated time, with and without compression;
- the server's processor time a record, into one table and into one that is parted by hub;
- backup and restore, with their proof;
- a whole exchange as a collector sees it: a new TLS connection, two records, the answer.

`scale_outlook` multiplies it out. Writes build/bench/collector-scale.json: `figures` as every
benchmark, and `fleets`. `--quick` takes a tenth of the hubs.
"""

from __future__ import annotations

import json
import pathlib
import statistics
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "protocols"), str(ROOT / "host")]

import collector_load  # noqa: E402
import collector_processes  # noqa: E402
import collector_stages  # noqa: E402
import postgres_server  # type: ignore[import-not-found]  # noqa: E402
import scale_database  # noqa: E402
import scale_outlook  # noqa: E402

from varde_host.collector import database, registry  # noqa: E402
from varde_host.database import on_postgresql  # noqa: E402
from varde_host.site import certificates, creation  # noqa: E402
from varde_protocols.crypto import x25519  # noqa: E402

RESULT = ROOT / "build" / "bench" / "collector-scale.json"
LOAD_HUBS = 100
ROUNDS = 3
FILL_TIMEOUT = "300s"  # many hours of arrivals in one transaction


def exchanges(server: postgres_server.PostgresServer, folder: pathlib.Path) -> dict[str, float]:
    """Return seconds of a collector's processor time an exchange of two records, and a record of
    a full one, each on a new connection."""
    site = creation.create(folder / "site", "bench", ["localhost"], certificates.Validity())
    public = x25519.public_key(site.receiver_private())
    loads = {
        "exchange": collector_load.make(public, LOAD_HUBS, 8, 2),
        "full": collector_load.make(public, LOAD_HUBS, 2),
    }
    opened = database.open_database(server.create())
    with opened.writing() as connection:
        for key in loads["full"].publics:
            registry.enrol(connection, key, 0)
    process = collector_processes.Process(site, str(opened.address))
    found = {}
    try:
        for name, load in loads.items():
            spent = []
            for _ in range(ROUNDS + 1):
                client = collector_processes.on_new_connections
                spent.append(collector_processes.run([process], load, client).collectors_s)
                collector_stages.clear(opened, load.records)
            took_s = statistics.median(spent[1:])  # the first one warms up
            found[name] = took_s / len(load.bodies)
            found[f"{name} a record"] = took_s / load.records
    finally:
        process.stop()
        opened.close()
    return found


def figure(value: float, unit: str) -> dict[str, object]:
    return {
        "value": float(f"{value:.4g}"), "unit": unit, "goal": None, "peer": None,
        "peer_name": None,
    }  # fmt: skip


def figures(seen: dict[str, float]) -> dict[str, dict[str, object]]:
    units = {
        "table": "bytes/record", "index": "bytes/record", "sqlite": "bytes/record",
        "file": "bytes/record", "log 5": "bytes/record", "log 30": "bytes/record",
        "log 5 lz4": "bytes/record", "log 30 lz4": "bytes/record",
        "log 5, many": "bytes/record", "log 30 lz4, many": "bytes/record",
    }  # fmt: skip
    made = {name: figure(seen[name], unit) for name, unit in units.items()}
    for name in ("cpu", "parted cpu", "cpu alone"):
        made[name] = figure(seen[name] * 1e6, "us/record")
    for name in ("backup", "restore"):
        made[name] = figure(1 / seen[name], "records/s/core")
    made["exchange of two records"] = figure(seen["exchange"] * 1e3, "ms of a core")
    made["record of a full exchange"] = figure(seen["full a record"] * 1e6, "us of a core")
    made["mean record"] = figure(scale_database.mean_record_bytes(), "bytes")
    return made


def measure(folder: pathlib.Path) -> dict[str, float]:
    with postgres_server.PostgresServer(is_durable=True) as server:
        server.execute("ALTER SYSTEM SET max_wal_size = '4GB'")
        server.execute("SELECT pg_reload_conf()")
        seen, opened = scale_database.measure(server)
        seen |= scale_database.copies(opened, folder)
        opened.close()
        return seen | exchanges(server, folder)


def show(title: str, values: dict[str, str]) -> None:
    print(f"\n{title}")
    for name, value in values.items():
        print(f"  {name}: {value}")


def main() -> int:
    if postgres_server.programs() is None:
        print("no PostgreSQL here: apt-get install postgresql")
        return 0
    on_postgresql.WRITE_TIMEOUT = FILL_TIMEOUT
    (ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "build", prefix="bench-scale-") as name:
        seen = measure(pathlib.Path(name))
    fleets = {fleet.name: fleet.outlook(seen) for fleet in scale_outlook.FLEETS}
    made = figures(seen)
    result = {
        "subject": "collector-scale", "hubs": scale_database.HUBS, "records": seen["records"],
        "reading_bytes": scale_database.READING_BYTES,
        "report_bytes": scale_database.REPORT_BYTES,
        "figures": made, "prices": scale_outlook.PRICES, "fleets": fleets,
    }  # fmt: skip
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(f"{scale_database.HUBS} hubs, {seen['records']:.0f} records")
    show("measured", {key: f"{each['value']:,} {each['unit']}" for key, each in made.items()})
    for title, outlook in fleets.items():
        show(title, {key: f"{value:,.4g}" for key, value in outlook.items()})
    return 0


if __name__ == "__main__":
    sys.exit(main())
