"""The inventory: changes a second, and how fast its log is verified beside what cannot be less.

A log of kits that go round and round is written to a file of SQLite, on the disk when each change
returns, then verified: read, chained, and the tables made again. Beside a change stands the bare
commit of a row of the same size by the same driver; beside the chain, SHA-256 alone over the same
bytes, and the encoding of them alone. Writes build/bench/inventory.json.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import pathlib
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable

import cbor2

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "host"), str(ROOT / "protocols")]

from varde_host.inventory import audit, door, evidence, kits, states, store, who  # noqa: E402

RESULT = ROOT / "build" / "bench" / "inventory.json"
ROUNDS = 60
MOVES = 8
REPEATS = 5
NOW_MS = 1_800_000_000_000
BY = who.Who(who.TECHNICIAN, "t17")
IT = who.Who(who.IT, "i1")
RECORD = "ab" * 32


def round_of(kit: str) -> list[tuple[str, evidence.Evidence, who.Who]]:
    """Moves from state to state that need nothing signed: what is measured is the log."""
    cleaning: evidence.Evidence = {"cleaning": {"product": "Oxivir", "batch": "L1"}}
    fault: evidence.Evidence = {"reason": {"text": f"a fault found in kit {kit}"}}
    once: list[tuple[str, evidence.Evidence, who.Who]] = [
        (states.CLEANED, cleaning, BY),
        (states.WIPED, {"wipe": {"record": RECORD}}, IT),
        (states.QUARANTINE, fault, IT),
    ]
    return [*once, *once, (states.CLEANED, cleaning, BY), (states.QUARANTINE, fault, IT)]


def fill(inventory: store.Inventory) -> float:
    """Write the log; return the changes a second."""
    draw = random.Random(6).randrange
    kit = inventory.write(lambda c: kits.create(c, draw, BY, NOW_MS, source="bench")).kit_id
    done, start_s = 0, time.perf_counter()
    for _ in range(ROUNDS):
        for state, proof, by in round_of(kit):
            with inventory.writing() as connection:
                kits.move(connection, kit, state, proof, by, NOW_MS)
            done += 1
    return done / (time.perf_counter() - start_s)


def bare_commits(folder: pathlib.Path, size_bytes: int) -> float:
    """Rows of that size, one a commit, as durable as ours; return how many a second."""
    with contextlib.closing(sqlite3.connect(folder / "bare", isolation_level=None)) as bare:
        bare.execute("PRAGMA journal_mode = WAL")
        bare.execute("PRAGMA synchronous = FULL")
        bare.execute("CREATE TABLE lines (number INTEGER PRIMARY KEY, detail TEXT)")
        start_s = time.perf_counter()
        for _ in range(ROUNDS * MOVES):
            bare.execute("INSERT INTO lines (detail) VALUES (?)", ("x" * size_bytes,))
        return ROUNDS * MOVES / (time.perf_counter() - start_s)


def best(work: Callable[[], object]) -> float:
    """Return the seconds of the quickest of some runs."""
    times = []
    for _ in range(REPEATS):
        start_s = time.perf_counter()
        work()
        times.append(time.perf_counter() - start_s)
    return min(times)


def encoded(lines: list[audit.Line]) -> list[bytes]:
    """What each line's hash is over."""
    previous, found = audit.START, []
    for line in lines:
        fields = [
            previous, line.number, line.at_ms, line.function, line.person, line.what,
            line.subject, line.detail,
        ]  # fmt: skip
        found.append(cbor2.dumps(fields))
        previous = line.hash
    return found


def measure(folder: pathlib.Path) -> dict[str, dict[str, object]]:
    inventory = store.open_inventory(folder / store.FILE)
    changes = fill(inventory)
    lines = inventory.read(lambda connection: list(audit.lines(connection)))
    spent = {
        "log verified": best(lambda: inventory.read(lambda c: audit.verify(audit.lines(c)))),
        "chain alone": best(lambda: audit.verify(lines)),
        "tables compared": best(
            lambda: inventory.read(
                lambda c: list(door.differences(c, door.replay(audit.details(lines))))
            )
        ),
    }
    inventory.close()
    inputs = encoded(lines)
    hashed = best(lambda: [hashlib.sha256(each).digest() for each in inputs])
    written = best(lambda: encoded(lines))
    count, size_bytes = len(lines), sum(map(len, inputs)) // len(lines)
    rate = {name: round(count / seconds) for name, seconds in spent.items()}
    bare = bare_commits(folder, size_bytes)
    return {
        "changes": figure(round(changes), "moves/s", round(bare), "bare commit of a row"),
        "log verified": figure(rate["log verified"], "lines/s", None, ""),
        "chain alone": figure(
            rate["chain alone"], "lines/s", round(count / hashed), "SHA-256 of the same bytes"
        ),
        "chain alone, encoding": figure(
            rate["chain alone"], "lines/s", round(count / written), "their CBOR encoding alone"
        ),
        "tables compared": figure(rate["tables compared"], "lines/s", None, ""),
        "line": figure(size_bytes, "bytes", None, ""),
    }


def figure(value: float, unit: str, peer: float | None, name: str) -> dict[str, object]:
    return {"value": value, "unit": unit, "goal": None, "peer": peer, "peer_name": name}


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(pathlib.Path(folder))
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps({"subject": "inventory", "figures": figures}, indent=1) + "\n")
    for name, row in figures.items():
        print(f"{name}: {row['value']} {row['unit']} ({row['peer_name']} {row['peer']})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
