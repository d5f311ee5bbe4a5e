"""What the hub costs: heap of a whole scenario, bundle, instructions of a reading.

Heap needed: the smallest `-X heapsize` with which `home` plays without
a failed allocation, less what interpreter and stand-ins hold before the first line of ours (on the
chip there are none). So garbage and fragmentation count as well, unlike in `gc.mem_alloc()`.
Instructions are callgrind's, from two runs, so that start and loading cancel out.
"""

from __future__ import annotations

import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parent.parent
CALLGRIND = ROOT / ".cache/micropython/callgrind"
RESULT = ROOT / "build/bench/hub.json"
SCENARIO = "home"
STEP_KIB = 8
LEAST_KIB, MOST_KIB = 256, 512
HEAP_GOAL_BYTES = 262_144
BUNDLE_GOAL_BYTES = 200_000
FEWER, MORE = 20, 60
TIMEOUT_S = 240  # a hub that keeps running out of heap takes 100 s, on a machine that is busy more

# The heap's size is a constant of the simulator, because nobody else should play with it.
PLAY = """
import sys
from varde_simulator import board, cli, interpreter
interpreter.HEAP = sys.argv.pop(1) + "k"
started = board.VirtualBoard._on_started
def on_started(self, heap_bytes, *rest):
    print("at start", heap_bytes, file=sys.stderr)
    started(self, heap_bytes, *rest)
board.VirtualBoard._on_started = on_started
cli.main()
"""


def figure(value: float, unit: str, goal: float | None = None) -> dict[str, Any]:
    return {"value": value, "unit": unit, "goal": goal, "peer": None, "peer_name": None}


def play(kib: int, folder: pathlib.Path) -> tuple[bool, int]:
    """Whether the scenario passed without a failed allocation; bytes before our first line."""
    out = folder / str(kib)
    command = [sys.executable, "-c", PLAY, str(kib), "play", SCENARIO, "--out", str(out), "--json"]
    try:
        done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True,
                              timeout=TIMEOUT_S)  # fmt: skip
    except subprocess.TimeoutExpired:
        return False, 0
    said = "".join([path.read_text(errors="replace") for path in out.glob("hub-*.log")])
    at_start = [int(found) for found in re.findall(r"at start (\d+)", done.stderr)]
    return done.returncode == 0 and "MemoryError" not in said, max(at_start, default=0)


def heap() -> dict[str, Any]:
    """Search from both sides at once, as there are two cores."""
    low, high, at_start = LEAST_KIB, MOST_KIB, 0  # low fails, high plays
    with (
        tempfile.TemporaryDirectory() as name,
        concurrent.futures.ThreadPoolExecutor(2) as pool,
    ):
        folder = pathlib.Path(name)
        # Probably near the goal: look there first.
        near_kib = (HEAP_GOAL_BYTES >> 10) + 48
        tries = [near_kib - 16, near_kib]
        while high - low > STEP_KIB:
            outcomes = pool.map(lambda kib: play(kib, folder), tries)
            for kib, (plays, held) in zip(tries, outcomes, strict=True):
                at_start = max(at_start, held)
                if plays:
                    high = min(high, kib)
                else:
                    low = max(low, kib)
            third = max(STEP_KIB, (high - low) // 3 // STEP_KIB * STEP_KIB)
            tries = sorted({low + third, min(low + 2 * third, high)} - {low, high})
    return {
        "heap size with which `home` plays": figure(high << 10, "B"),
        "of it stand-ins and interpreter": figure(at_start, "B"),
        "heap needed by the application": figure((high << 10) - at_start, "B", HEAP_GOAL_BYTES),
    }


def bundle() -> dict[str, Any]:
    figures = {}
    for sizes in sorted((ROOT / "build/firmware").glob("*/sizes.json")):
        report = json.loads(sizes.read_text())
        figures[f"application bundle, {report['arch']}"] = figure(
            report["bytes"], "B", BUNDLE_GOAL_BYTES
        )
    return figures


def instructions(count: int) -> int:
    interpreter = json.loads((ROOT / ".cache/micropython/interpreter.json").read_text())
    arch = "x64" if interpreter.get("word_bits") == 64 else "x86"
    folders = [f"build/firmware/{arch}/a", "tests/firmware", "simulator/micropython"]
    path = ":".join([*(f"{ROOT}/{folder}" for folder in folders), ".frozen"])
    command = [str(CALLGRIND), "-X", "heapsize=512k", "benchmarks/hub_on_vm.py", str(count)]
    environment = {**os.environ, "CALLGRIND_OUT": "/dev/null", "MICROPYPATH": path}
    done = subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True, env=environment
    )
    counted = re.search(r"Collected : (\d+)", done.stderr)
    assert counted, done.stderr
    return int(counted[1])


def reading() -> dict[str, Any]:
    if not CALLGRIND.exists():
        print("bench_hub: no callgrind here, instructions are left out")
        return {}
    each = (instructions(MORE) - instructions(FEWER)) // (MORE - FEWER)
    return {"a reading, from notification to journaled": figure(each, "Ir")}


def main() -> int:
    figures = {**heap(), **bundle(), **reading()}
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps({"subject": "hub", "figures": figures}, indent=1) + "\n")
    for name, row in figures.items():
        print(f"bench_hub: {name}: {row['value']} {row['unit']}, goal {row['goal']}")
    missed = [name for name, row in figures.items() if row["goal"] and row["value"] > row["goal"]]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
