"""What a durable record costs: bytes programmed, erases, instructions; and what a mount costs.

The peer is littlefs in the same interpreter, on a device that counts alike: one file kept open,
each record appended and flushed. The counts are exact and repeatable; so are instructions (Ir).
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parent.parent
VM = ROOT / ".cache/micropython/micropython"
CALLGRIND = ROOT / ".cache/micropython/callgrind"
WORK = "benchmarks/journal_on_vm.py"
SECTORS = 512  # the 2 MiB partition of a board with 8 MB of flash
HEAP = "12m"  # the flash is memory here, and lies in the heap too
# Instructions are counted with a heap like the chip's, as the collector's work belongs to them:
# 512 KiB beside a flash of 256 KiB. More would hide it, and make each allocation search longer.
SMALL_SECTORS = 64
SMALL_HEAP = "768k"
RESULT = ROOT / "build/bench/journal.json"
RECORD_BYTES = 150
STEADY_RECORDS = 40_000  # three times round the 512 sectors
PEER_RECORDS = 4_000
PEER = "littlefs, append and flush"


def run(*arguments: object) -> Any:
    """The JSON that the work on the VM prints."""
    command = [str(VM), "-X", f"heapsize={HEAP}", WORK, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def instructions(heap: str, *arguments: object) -> int:
    """Ir of the whole run."""
    command = [str(CALLGRIND), "-X", f"heapsize={heap}", WORK, *map(str, arguments)]
    environment = {**os.environ, "CALLGRIND_OUT": "/dev/null"}
    done = subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True, env=environment
    )
    counted = re.search(r"Collected : (\d+)", done.stderr)
    assert counted, done.stderr
    return int(counted[1])


def instructions_each(work: str, fewer: int, more: int) -> float:
    """Ir for one more record, from two runs: start and compilation cancel out."""
    counts = [instructions(SMALL_HEAP, work, SMALL_SECTORS, n) for n in (fewer, more)]
    return (counts[1] - counts[0]) / (more - fewer)


def figure(
    value: float, unit: str, goal: float | None = None, peer: float | None = None
) -> dict[str, Any]:
    return {
        "value": round(value, 4),
        "unit": unit,
        "goal": goal,
        "peer": None if peer is None else round(peer, 4),
        "peer_name": None if peer is None else PEER,
    }


def wear() -> dict[str, Any]:
    ours, peer = run("journal", SECTORS, STEADY_RECORDS), run("littlefs", SECTORS, PEER_RECORDS)

    def each(run_: Any, name: str) -> float:
        return float(run_[name] / run_["records"])

    return {
        "programmed bytes per appended byte": figure(
            each(ours, "programmed_bytes") / RECORD_BYTES,
            "B/B",
            1.10,
            each(peer, "programmed_bytes") / RECORD_BYTES,
        ),
        "erases per 150-byte record": figure(
            each(ours, "erases"), "erases", 0.045, each(peer, "erases")
        ),
        "program calls per record": figure(
            each(ours, "programs"), "calls", None, each(peer, "programs")
        ),
        "append, delivery and reclaim, wall": figure(
            each(ours, "us"), "us/record", None, each(peer, "us")
        ),
        f"heap of a journal of {SECTORS} sectors": figure(ours["ram_bytes"], "B"),
    }


def mounts() -> dict[str, Any]:
    """Time against the number of sectors, and of sectors with a backlog."""
    figures = {}
    for sectors, pending, times in ((128, 1, 20), (512, 1, 10), (1024, 1, 5), (512, 511, 2)):
        took = run("mount", sectors, pending, times)
        name = f"mount, {sectors} sectors, {pending} pending, wall"
        figures[name] = figure(took["us"] / took["times"] / 1000, "ms")
    return figures


def counted() -> dict[str, Any]:
    """What callgrind says; nothing where it is not set up."""
    if not CALLGRIND.exists():
        print("bench_journal: no callgrind here, instructions are left out")
        return {}
    peer = instructions_each("littlefs", 300, 600)
    one_mount = instructions(HEAP, "mount", SECTORS, 1, 2)
    one_mount -= instructions(HEAP, "mount", SECTORS, 1, 1)
    return {
        "append": figure(instructions_each("append", 400, 1200), "Ir/record", None, peer),
        "append, delivery and reclaim": figure(
            instructions_each("journal", 400, 1200), "Ir/record", None, peer
        ),
        f"mount, {SECTORS} sectors, 1 pending": figure(one_mount, "Ir"),
    }


def main() -> int:
    figures = {**wear(), **counted(), **mounts()}
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps({"subject": "journal", "figures": figures}, indent=1) + "\n")
    missed = [name for name, row in figures.items() if row["goal"] and row["value"] > row["goal"]]
    for name in missed:
        print(f"bench_journal: {name} is {figures[name]['value']}, goal {figures[name]['goal']}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
