"""Run MicroPython's own Bluetooth tests on the simulator's radio: `make conformance`.

The tests are those of MicroPython's source package, run by its own `run-multitests.py` on two
hub VMs that share one air in real time. One world serves all runs: what one test leaves behind the
next one meets. A test that fails prints what it printed and what it should have.

    conformance.py --runs 20 --busy 2     the last two with every core busy
    conformance.py --only l2cap           those whose name holds `l2cap`
    conformance.py --suite D --library L  another suite for that runner, L on the VMs' path
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

import micropython_source
import private_apt
import setup_interpreter

ROOT = pathlib.Path(__file__).resolve().parents[1]
REPORT = ROOT / "build" / "conformance.json"
VARDE_VM = ROOT / "simulator" / "varde-vm"
HUBS = 2
# The runner itself gives up 10 s after the last sign of life of either hub.
TEST_TIMEOUT_S = 180
START_TIMEOUT_S = 20
PASS, FAIL, SKIP = "pass", "fail", "skip"

# Ends with us, also when we are killed.
SPIN = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: sum(range(100_000))"

# What a stand-in for a radio cannot be asked, and why.
NOT_RUN = {
    "stress_deepsleep_reconnect": "puts a board to sleep and resumes it over its serial prompt"
}

Results = dict[str, list[dict[str, object]]]


class WorldError(Exception):
    """The world did not start, or ended, or complained."""


@contextlib.contextmanager
def world(folder: pathlib.Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """An open world at `folder`/air. Its complaints are an error at the end."""
    log = folder / "world.log"
    command = [sys.executable, "-m", "varde_simulator.open_world", str(folder / "air"), *options]
    with log.open("wb") as complaints, subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdin is not None
            if process.stdout.readline() != b"open\n":
                raise WorldError(f"the world did not start: {log.read_text()}")
            yield process
            process.stdin.close()
            process.wait(START_TIMEOUT_S)
        finally:
            process.kill()
    if log.read_text():
        raise WorldError(f"the world complained:\n{log.read_text()}")


def write_hubs(folder: pathlib.Path, library: pathlib.Path | None) -> list[pathlib.Path]:
    """A program for each hub. The runner overwrites MICROPYPATH, so each sets its own."""
    programs = []
    for number in range(HUBS):
        program = folder / f"hub{number}"
        program.write_text(
            "#!/bin/sh\n"
            f"MICROPYPATH={f'{library}:.frozen' if library else ''} VARDE_BLE_L2CAP=1 "
            f"VARDE_AIR={folder}/air VARDE_NODE={program.name} exec {VARDE_VM} \"$@\"\n"
        )
        program.chmod(0o755)
        programs.append(program)
    return programs


@contextlib.contextmanager
def busy_cores(wanted: bool) -> Iterator[list[subprocess.Popen[bytes]]]:
    """A spinning process for every core."""
    count = (os.cpu_count() or 1) if wanted else 0
    spin = [sys.executable, "-c", SPIN]
    spinners = [subprocess.Popen(spin) for _ in range(count)]
    try:
        yield spinners
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()


def run_test(
    runner: pathlib.Path, test: pathlib.Path, hubs: list[pathlib.Path]
) -> dict[str, object]:
    """`outcome`, `seconds`, `metrics`, and for a failure what the runner `said`."""
    instances = [word for hub in hubs for word in ("-i", f"exec:{hub}")]
    command = [sys.executable, runner.name, *instances, str(test)]
    start_s = time.monotonic()
    try:
        done = subprocess.run(
            command, cwd=runner.parent, check=False, timeout=TEST_TIMEOUT_S,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        )
        said = done.stdout
    except subprocess.TimeoutExpired as late:
        said = f"no end after {TEST_TIMEOUT_S} s\n{(late.stdout or b'').decode(errors='replace')}"
    seconds = round(time.monotonic() - start_s, 2)
    outcome = outcome_of(said, test)
    result: dict[str, object] = {"outcome": outcome, "seconds": seconds}
    metrics = re.findall(rf"^{re.escape(str(test))}: (?!pass|skip|FAIL)(.*)$", said, re.MULTILINE)
    if metrics:
        result["metrics"] = metrics
    if outcome == FAIL:
        result["said"] = said
    return result


def outcome_of(said: str, test: pathlib.Path) -> str:
    """What the runner says of its one test; anything unclear is a failure."""
    found = re.search(rf"^{re.escape(str(test))} on \S*: (pass|skip|FAIL)$", said, re.MULTILINE)
    return found[1].lower() if found else FAIL


def run_all(
    runner: pathlib.Path, tests: list[pathlib.Path], folder: pathlib.Path,
    arguments: argparse.Namespace,
) -> tuple[Results, list[int]]:
    """Results by test, one a run; and the world's memory in KiB after each run."""
    results: Results = collections.defaultdict(list)
    memory_kib: list[int] = []
    hubs = write_hubs(folder, arguments.library)
    options = ["--intervals"] if arguments.intervals else []
    with world(folder, *options) as process:
        for number in range(arguments.runs):
            is_busy = number >= arguments.runs - arguments.busy
            with busy_cores(is_busy):
                outcomes = collections.Counter(
                    _run_and_tell(results, runner, test, hubs) for test in tests
                )
            memory_kib.append(resident_kib(process.pid))
            print(f"run {number + 1} of {arguments.runs}{' (busy)' if is_busy else ''}: "
                  + ", ".join(f"{count} {name}" for name, count in outcomes.items()), flush=True)
            if process.poll() is not None:
                raise WorldError(f"the world ended: {(folder / 'world.log').read_text()}")
    return results, memory_kib


def _run_and_tell(
    results: Results, runner: pathlib.Path, test: pathlib.Path, hubs: list[pathlib.Path]
) -> str:
    result = run_test(runner, test, hubs)
    results[test.stem].append(result)
    if result["outcome"] == FAIL:
        print(f"FAILED: {test.stem}\n{result['said']}", flush=True)
    return str(result["outcome"])


def resident_kib(pid: int) -> int:
    status = pathlib.Path(f"/proc/{pid}/status")
    found = re.search(r"VmRSS:\s+(\d+)", status.read_text()) if status.exists() else None
    return int(found[1]) if found else 0


def summary(results: Results) -> dict[str, object]:
    """By test: how often it passed, failed, was skipped, and the median of its seconds."""
    tests: dict[str, object] = {}
    for name, runs in sorted(results.items()):
        counts = collections.Counter(str(run["outcome"]) for run in runs)
        seconds = [float(str(run["seconds"])) for run in runs]
        tests[name] = {
            **{outcome: counts[outcome] for outcome in (PASS, FAIL, SKIP)},
            "seconds": statistics.median(seconds),
            "runs": runs,
        }
    return tests


def wanted_tests(suite: pathlib.Path, only: list[str]) -> list[pathlib.Path]:
    """Absolute paths: the runner changes to the test's folder."""
    tests = [path for path in sorted(suite.resolve().glob("*.py")) if path.stem not in NOT_RUN]
    return [path for path in tests if not only or any(text in path.stem for text in only)]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="MicroPython's Bluetooth tests on our radio")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--busy", type=int, default=0, metavar="K", nargs="?", const=1 << 30,
                        help="the last K runs (without K: all) with every core busy")
    parser.add_argument("--only", nargs="+", default=[], metavar="TEXT")
    parser.add_argument("--suite", type=pathlib.Path, help="a folder of multitests")
    parser.add_argument("--library", type=pathlib.Path, help="a folder for the VMs' path")
    parser.add_argument("--intervals", action="store_true",
                        help="data travels at connection events, as on a radio")
    parser.add_argument("--report", type=pathlib.Path, default=REPORT)
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    try:
        source = micropython_source.fetch()
        tests = wanted_tests(arguments.suite or source / "tests/multi_bluetooth", arguments.only)
        with tempfile.TemporaryDirectory(prefix="varde-conformance-") as folder:
            results, memory_kib = run_all(
                source / "tests/run-multitests.py", tests, pathlib.Path(folder), arguments
            )
    except (setup_interpreter.SetupError, private_apt.AptError, WorldError) as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 1
    is_good = bool(tests) and all(
        run["outcome"] == PASS for runs in results.values() for run in runs
    )
    report = {
        "source": source.name.removeprefix("source-"), "runs": arguments.runs,
        "busy_runs": min(arguments.busy, arguments.runs), "cores": os.cpu_count(),
        "intervals": arguments.intervals,
        "all_passed": is_good, "not_run": {} if arguments.suite else NOT_RUN,
        "world_memory_kib": memory_kib, "tests": summary(results),
    }
    arguments.report.parent.mkdir(parents=True, exist_ok=True)
    arguments.report.write_text(json.dumps(report, indent=1) + "\n")
    passed = sum(all(run["outcome"] == PASS for run in runs) for runs in results.values())
    print(f"conformance: {passed} of {len(tests)} tests passed every one of {arguments.runs} "
          f"runs; {arguments.report}")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
