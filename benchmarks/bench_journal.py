"""What a durable record costs: bytes programmed, erases, instructions; and what a mount costs.

The peers are littlefs in the same interpreter, on a device that counts alike: one file kept open,
each record appended and flushed; and small files of 6 records, flushed too, removed when they were
delivered. The counts are exact and repeatable; so are instructions (Ir).
"""

from __future__ import annotations

import json
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent import futures
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
SEGMENTS = "littlefs, files of 6 records"

MOUNTED_SECTORS = (64, 128, 256, 512)
SHORT_RECORD_BYTES = 60  # no signed one is so short: 60 a sector, twice as many and more
# A header from every sector, everything from each with a backlog, the newest record's once more.
MAX_READS_A_SECTOR = 2.05
# Cost grows with the sectors and not faster; a collection of garbage more or less is in between.
MAX_GROWTH = 1.15

TAIL_RECORDS = 600  # 25 sectors: p99 is one that opens a sector
FLASH_CYCLES = 100_000  # erases that NOR flash is specified for
READINGS_A_DAY = (20, 2_000)
OTHER_RECORDS_A_DAY = 10  # four anchors, and a boot's session and events
DAYS_A_YEAR = 365.25


def run(*arguments: object) -> Any:
    """The JSON that the work on the VM prints."""
    command = [str(VM), "-X", f"heapsize={HEAP}", WORK, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def counting(heap: str, arguments: Sequence[object], out: str, options: str) -> str:
    """Run under callgrind; return what it says at the end."""
    command = [str(CALLGRIND), "-X", f"heapsize={heap}", WORK, *map(str, arguments)]
    environment = {**os.environ, "CALLGRIND_OUT": out, "CALLGRIND_OPTS": options}
    done = subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True, env=environment
    )
    return done.stderr


def instructions(heap: str, *arguments: object) -> int:
    """Ir of the whole run."""
    counted = re.search(r"Collected : (\d+)", counting(heap, arguments, "/dev/null", ""))
    assert counted
    return int(counted[1])


def instructions_each(work: str, fewer: int, more: int) -> float:
    """Ir for one more record, from two runs: start and compilation cancel out."""
    counts = [instructions(SMALL_HEAP, work, SMALL_SECTORS, n) for n in (fewer, more)]
    return (counts[1] - counts[0]) / (more - fewer)


def instructions_of_each(work: str, records: int) -> list[int]:
    """Ir of every record, from the dumps that callgrind makes whenever the clock is read.

    The clock is read before and after each record, so every second dump is a record's.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "dump"
        options = "--dump-before=clock_gettime"
        counting(SMALL_HEAP, (f"tail-{work}", SMALL_SECTORS, records), str(out), options)
        assert not out.with_name(f"dump.{2 * records + 1}").exists(), "somebody read the clock too"
        dumps = [
            out.with_name(f"dump.{number}").read_text() for number in range(2, 2 * records + 1, 2)
        ]
    totals = [re.search(r"^totals: (\d+)", dump, re.MULTILINE) for dump in dumps]
    return [int(total[1]) for total in totals if total]


def p99(values: Sequence[int]) -> int:
    return sorted(values)[math.ceil(0.99 * len(values)) - 1]


def figure(
    value: float,
    unit: str,
    goal: float | None = None,
    peer: float | None = None,
    peer_name: str = PEER,
) -> dict[str, Any]:
    return {
        "value": round(value, 4),
        "unit": unit,
        "goal": goal,
        "peer": None if peer is None else round(peer, 4),
        "peer_name": None if peer is None else peer_name,
    }


def beside_both(name: str, unit: str, values: Sequence[float], goal: float | None = None) -> Any:
    """Two rows of one figure: ours, littlefs, and ours again, small files."""
    ours, littlefs, segments = values
    return {
        name: figure(ours, unit, goal, littlefs),
        f"{name} (small files)": figure(ours, unit, goal, segments, SEGMENTS),
    }


def wear() -> dict[str, Any]:
    runs = [
        run("journal", SECTORS, STEADY_RECORDS),
        run("littlefs", SECTORS, PEER_RECORDS),
        run("segments", SECTORS, PEER_RECORDS),
    ]

    def each(name: str, by: float = 1) -> list[float]:
        return [run_[name] / run_["records"] / by for run_ in runs]

    figures = {
        **beside_both(
            "programmed bytes per appended byte", "B/B", each("programmed_bytes", RECORD_BYTES),
            1.10,
        ),
        **beside_both("erases per 150-byte record", "erases", each("erases"), 0.045),
        **beside_both("program calls per record", "calls", each("programs")),
        **beside_both("append, delivery and reclaim, wall", "us/record", each("us")),
    }  # fmt: skip
    for readings in READINGS_A_DAY:
        lives = [life_years(erases, readings) for erases in each("erases")]
        figures |= beside_both(f"life at {readings} readings a day", "years", lives)
    name = f"RAM held by a journal of {SECTORS} sectors"
    return {**figures, **beside_both(name, "B", [run_["ram_bytes"] for run_ in runs])}


def life_years(erases_per_record: float, readings_a_day: int) -> float:
    """Years until every sector has had its cycles; that littlefs wears evenly is granted to it."""
    erases_a_day = erases_per_record * (readings_a_day + OTHER_RECORDS_A_DAY)
    return SECTORS * FLASH_CYCLES / erases_a_day / DAYS_A_YEAR


def tails() -> dict[str, Any]:
    """What one record in a hundred exceeds, on the flash and in instructions."""
    works = ("journal", "littlefs", "segments")
    each = [run(f"tail-{work}", SMALL_SECTORS, TAIL_RECORDS)["each"] for work in works]
    figures: dict[str, Any] = {}
    for at, (name, unit) in enumerate(
        (("erases", "erases"), ("program calls", "calls"), ("read calls", "calls"),
         ("bytes programmed", "B"))
    ):  # fmt: skip
        worst = [p99([record[at] for record in records]) for records in each]
        figures |= beside_both(f"append, p99, {name}", unit, worst)
    if CALLGRIND.exists():
        spent = [instructions_of_each(work, TAIL_RECORDS) for work in works]
        figures |= beside_both("append, p99", "Ir", [p99(one) for one in spent])
        figures |= beside_both("append, most", "Ir", [max(one) for one in spent])
    return figures


def mounts() -> dict[str, Any]:
    """What a mount reads and computes: by the sectors, and hardly by the records in them."""
    figures = {}
    spent: dict[tuple[str, int], float] = {}
    for sectors in MOUNTED_SECTORS:
        for kind, pending, record_bytes in (
            ("empty", 0, RECORD_BYTES),
            ("full", sectors - 1, RECORD_BYTES),
            ("full of short records", sectors - 1, SHORT_RECORD_BYTES),
        ):
            if kind == "full of short records" and sectors != SECTORS:
                continue
            took = run("mount", sectors, pending, record_bytes, 1)
            name = f"mount, {sectors} sectors, {kind}"
            reads = took["reads"] / sectors
            figures[f"{name}, flash reads"] = figure(reads, "reads/sector", MAX_READS_A_SECTOR)
            figures[f"{name}, flash read"] = figure(took["read_bytes"], "B")
            if CALLGRIND.exists():
                spent[kind, sectors] = mount_instructions(sectors, pending, record_bytes)
                figures[name] = figure(spent[kind, sectors] / sectors, "Ir/sector")
    for kind in ("empty", "full") if spent else ():
        least, most = MOUNTED_SECTORS[0], MOUNTED_SECTORS[-1]
        growth = spent[kind, most] / most / (spent[kind, least] / least)
        name = f"mount, {kind}, cost of a sector, {most} to {least} sectors"
        figures[name] = figure(growth, "times", MAX_GROWTH)
    return figures


def mount_instructions(sectors: int, pending: int, record_bytes: int) -> int:
    """Ir of one mount, from a run with one and a run with two, at the same time."""

    def of_run(times: int) -> int:
        return instructions(HEAP, "mount", sectors, pending, record_bytes, times)

    with futures.ThreadPoolExecutor() as pool:
        once, twice = pool.map(of_run, (1, 2))
    return twice - once


def counted() -> dict[str, Any]:
    """What callgrind says; nothing where it is not set up."""
    if not CALLGRIND.exists():
        print("bench_journal: no callgrind here, instructions are left out")
        return {}
    littlefs = instructions_each("littlefs", 300, 600)
    segments = instructions_each("segments", 300, 600)
    appended = instructions_each("append", 400, 1200)
    delivered = instructions_each("journal", 400, 1200)
    return {
        **beside_both("append", "Ir/record", (appended, littlefs, segments)),
        **beside_both(
            "append, delivery and reclaim", "Ir/record", (delivered, littlefs, segments)
        ),
    }


def main() -> int:
    figures = {**wear(), **counted(), **tails(), **mounts()}
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps({"subject": "journal", "figures": figures}, indent=1) + "\n")
    missed = [name for name, row in figures.items() if row["goal"] and row["value"] > row["goal"]]
    for name in missed:
        print(f"bench_journal: {name} is {figures[name]['value']}, goal {figures[name]['goal']}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
