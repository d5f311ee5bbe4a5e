"""What the virtual radio carries, by MicroPython's own performance tests.

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


def main() -> None:
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    measured = figures(run_tests())
    report = {"subject": "bluetooth", "runs": RUNS, "figures": measured}
    RESULT.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
