"""What the virtual radio carries: sensor sessions, and MicroPython's own performance tests.

Sessions are counted in CPU time, beside plain Bumble's in the same minute (`bumble_sessions.py`).
The tests run on two hub VMs on one air in real time, where data travels 2 ms (the air's default):
these are figures of the stand-in, not of a radio. Medians over the runs.
"""

from __future__ import annotations

import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULT = ROOT / "build/bench/bluetooth.json"
RUNS = 5
PAIRS = 200  # of `tests/simulator/air_density.py`
SESSIONS_GOAL = 650  # docs/radio.md; twice what plain Bumble has on few pairs

# Test, its line (the metrics of a run in order), what of it, the figure's name and unit.
FIGURES = (
    ("perf_gatt_char_write", 0, r"([\d.]+) ms/write", "write without response", "ms"),
    ("perf_gatt_char_write", 1, r"([\d.]+) ms/write", "write with response", "ms"),
    ("perf_gatt_char_write", 1, r"([\d.]+) bytes/sec", "written with response", "B/s"),
    ("perf_gatt_notify", 0, r" in ([\d.]+) ms", "50 notifications, each answered by one", "ms"),
    ("perf_l2cap", 0, r"([\d.]+) B/s", "L2CAP channel", "B/s"),
)


def run_tests() -> dict[str, Any]:
    """`tests` of the conformance report."""
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.json"
        command = [
            sys.executable, str(ROOT / "tools/conformance.py"), "--only", "perf_",
            "--runs", str(RUNS), "--report", str(report),
        ]  # fmt: skip
        subprocess.run(command, cwd=ROOT, check=True)
        tests: dict[str, Any] = json.loads(report.read_text())["tests"]
        return tests


def figures(tests: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for test, line, pattern, name, unit in FIGURES:
        values = []
        for run in tests[test]["runs"]:
            value = re.search(pattern, run["metrics"][line])
            assert value, run["metrics"]
            values.append(float(value[1]))
        found[name] = {
            "value": statistics.median(values), "unit": unit,
            "goal": None, "peer": None, "peer_name": None,
        }  # fmt: skip
    return found


def sessions(script: str, *arguments: str) -> float:
    """Sessions a second of one core; the best of a few, as others use the machine."""
    best = 0.0
    for _ in range(RUNS):
        command = [sys.executable, str(ROOT / script), *arguments]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        found = re.search(r"sessions: ([\d.]+)", done.stdout)
        assert found, done.stdout
        best = max(best, float(found[1]))
    return best


def density() -> dict[str, Any]:
    return {
        f"sensor sessions, {PAIRS} pairs": {
            "value": sessions("tests/simulator/air_density.py"), "unit": "/s/core",
            "goal": SESSIONS_GOAL, "peer_name": "plain Bumble",
            "peer": sessions("benchmarks/bumble_sessions.py", str(PAIRS)),
        }
    }  # fmt: skip


def main() -> None:
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    measured = {**density(), **figures(run_tests())}
    report = {"subject": "bluetooth", "runs": RUNS, "figures": measured}
    RESULT.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
