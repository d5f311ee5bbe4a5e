"""Run every benchmark of this folder and print all figures as one table.

Each `bench_<subject>.py` is a program that writes build/bench/<subject>.json (docs/results.md).
`run.py SUBJECT ...` runs only those named; `run.py --table` only prints what is there.
"""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import time

from rich.console import Console
from rich.table import Table

HERE = pathlib.Path(__file__).resolve().parent
RESULTS = HERE.parent / "build" / "bench"


def run_one(script: pathlib.Path) -> bool:
    """Run a benchmark; its own output stays on the terminal. False if it failed."""
    print(f"bench: {script.stem} ...", flush=True)
    start_s = time.monotonic()
    done = subprocess.run([sys.executable, str(script)], check=False)
    outcome = "done" if done.returncode == 0 else f"FAILED with {done.returncode}"
    print(f"bench: {script.stem} {outcome} in {time.monotonic() - start_s:.0f} s", flush=True)
    return done.returncode == 0


def shown(value: object) -> str:
    if not isinstance(value, (int, float)):
        return "" if value is None else str(value)
    if value >= 100_000:
        return f"{value:,.0f}"
    return f"{value:,.4g}"


def print_table() -> None:
    table = Table(title="Benchmarks", title_justify="left")
    for column in ("subject", "figure"):
        table.add_column(column)
    for column in ("value", "unit", "goal", "peer", "peer / value"):
        table.add_column(column, justify="right")
    table.add_column("peer is")
    for path in sorted(RESULTS.glob("*.json")):
        result = json.loads(path.read_text())
        for name, figure in result["figures"].items():
            value, peer = figure["value"], figure.get("peer")
            ratio = f"{peer / value:.2f}" if peer and value else ""
            table.add_row(
                result["subject"], name, shown(value), figure["unit"], shown(figure.get("goal")),
                shown(peer), ratio, figure.get("peer_name") or "",
            )
        table.add_section()
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def main() -> int:
    names = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    scripts = sorted(HERE.glob("bench_*.py"))
    if names:
        scripts = [script for script in scripts if script.stem.removeprefix("bench_") in names]
    good = True
    if "--table" not in sys.argv:
        RESULTS.mkdir(parents=True, exist_ok=True)
        outcomes = [run_one(script) for script in scripts]  # all of them, also after a failure
        good = all(outcomes)
    print_table()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
