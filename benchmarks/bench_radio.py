"""What radio and hub carry together: sessions beside plain Bumble, two hundred hubs at once, how
soon a first value is there, what a stream costs, what the hub's Bluetooth part holds of the heap.

Sessions a second of CPU, each side in a process of its own, in turns, because the machine is not
ours alone; the best of each counts. The rest: live_hubs.py, radio_session.py, radio_heap_on_vm.py.
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
RESULT = ROOT / "build/bench/radio.json"
VM = ROOT / ".cache/micropython/micropython"
ROUNDS = 3
SESSIONS_GOAL = 650
HUBS = 200
LIVE_TIMEOUT_S = 900


def figure(
    value: float, unit: str, goal: float | None = None, peer: float | None = None, name: str = ""
) -> dict[str, Any]:
    return {
        "value": value, "unit": unit, "goal": goal, "peer": peer, "peer_name": name or None,
    }  # fmt: skip


def output_of(*command: str, timeout_s: float = 300) -> str:
    environment = {**os.environ, "VARDE_BUMBLE_LOG": ""}
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, check=True, capture_output=True, text=True,
        timeout=timeout_s, env=environment,
    )  # fmt: skip
    return done.stdout


def sessions() -> dict[str, Any]:
    plain, ours = [], []
    for _ in range(ROUNDS):
        plain.append(float(output_of("benchmarks/bumble_sessions.py")))
        found = re.search(r"sessions: (\d+)", output_of("tests/simulator/air_density.py"))
        assert found
        ours.append(float(found[1]))
    name = "Bumble as shipped, a link a pair"
    return {"sensor sessions": figure(max(ours), "/s/core", SESSIONS_GOAL, max(plain), name)}


def live() -> dict[str, Any]:
    row = json.loads(output_of("benchmarks/live_hubs.py", str(HUBS), timeout_s=LIVE_TIMEOUT_S))
    assert row["lost"] == 0, row
    pace = row["virtual_s"] / row["real_s"]
    return {
        f"{row['hubs']} hubs with three sensors each": figure(round(pace, 2), "x real time", 1),
        "of it CPU": figure(round(row["cpu_s"] / row["virtual_s"], 3), "cores at real time", 2),
        "readings delivered meanwhile": figure(row["delivered"], ""),
    }


def one_hub() -> dict[str, Any]:
    said = json.loads(output_of("benchmarks/radio_session.py"))
    figures = {}
    for model, (to_connect_ms, to_value_ms) in said["first values"].items():
        figures[f"{model}: advertisement to connection"] = figure(to_connect_ms, "simulated ms")
        figures[f"{model}: connection to first value"] = figure(to_value_ms, "simulated ms")
    sent, kept, used_s = said["stream"]
    assert sent == kept, said
    figures["notifications, radio to journal"] = figure(round(kept / used_s), "/s/core")
    return figures


def heap() -> dict[str, Any]:
    interpreter = json.loads((VM.parent / "interpreter.json").read_text())
    arch = "x64" if interpreter.get("word_bits") == 64 else "x86"
    path = f"{ROOT}/build/firmware/{arch}/a:{ROOT}/simulator/micropython:.frozen"
    done = subprocess.run(
        [str(VM), "-X", "heapsize=512k", "benchmarks/radio_heap_on_vm.py"], cwd=ROOT, check=True,
        capture_output=True, text=True, env={**os.environ, "MICROPYPATH": path},
    )  # fmt: skip
    modules, tables, three = map(int, done.stdout.split())
    return {
        "heap of the Bluetooth part: modules": figure(modules, "B"),
        "its tables": figure(tables, "B"),
        "three sessions that receive": figure(three, "B"),
        "all of it at its most": figure(modules + tables + three, "B"),
    }


def main() -> int:
    figures = {**sessions(), **heap(), **one_hub(), **live()}
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps({"subject": "radio", "figures": figures}, indent=1) + "\n")
    for name, row in figures.items():
        print(f"bench_radio: {name}: {row['value']} {row['unit']}, goal {row['goal']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
