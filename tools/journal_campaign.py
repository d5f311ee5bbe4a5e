"""The proof of the journal by exhaustion, on simulated flash: what was tried, and what broke.

Lives of a journal are cut at every operation and torn in every shape, cut again while they
recover, lived on sectors that go bad, and every bit of a journal is turned over
(tests/firmware/journal_*.py). Exits with 1 when a promise was broken: a record lost, altered,
offered twice, or a number given twice.

    journal_campaign.py                     every operation by class; samples of the rest
    journal_campaign.py --full              all bytes, all second cuts, all bits
    journal_campaign.py --only "double cuts" --json build/journal-campaign.json
"""

from __future__ import annotations

import argparse
import collections
import importlib
import json
import multiprocessing
import os
import pathlib
import random
import sys
import time
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / name) for name in ("tests", "firmware", "protocols")]
MOST_VIOLATIONS_SHOWN = 20
PROGRESS_S = 5
KINDS = ("lost", "twice", "altered", "other")

Result = tuple[str, "collections.Counter[str]", str, str]


def do(task: Any) -> Result:
    """(campaign, counts, kind and text of a violation or empty), in a process of its own."""
    try:
        return task.campaign, task.work(*task.arguments), "", ""
    except AssertionError as error:
        kind = getattr(error, "kind", "other")
        return task.campaign, collections.Counter(), kind, str(error)
    except Exception as error:  # noqa: BLE001  (whatever the journal raises is a finding)
        where = f"{task.work.__name__}{task.arguments}"
        return task.campaign, collections.Counter(), "other", f"{error!r} in {where}"


def run(tasks: list[Any], jobs: int) -> dict[str, Any]:
    """Do the tasks; return the report."""
    counts: dict[str, collections.Counter[str]]
    counts = {task.campaign: collections.Counter() for task in tasks}
    violations: list[dict[str, str]] = []
    started = said = time.monotonic()
    with multiprocessing.Pool(jobs) as pool:
        results = pool.imap_unordered(do, tasks, chunksize=8)
        for done, (campaign, counted, kind, text) in enumerate(results, 1):
            counts[campaign] += counted
            if kind:
                violations.append({"campaign": campaign, "kind": kind, "text": text})
            if time.monotonic() - said > PROGRESS_S:
                said = time.monotonic()
                broken = f"{len(violations)} violations"
                print(f"  {done} of {len(tasks)} tasks, {broken}", file=sys.stderr)
    kinds = collections.Counter(row["kind"] for row in violations)
    return {
        "campaigns": {name: dict(sorted(counted.items())) for name, counted in counts.items()},
        "violations": {kind: kinds[kind] for kind in KINDS},
        "what": violations,
        "seconds": round(time.monotonic() - started, 1),
    }


def show(report: dict[str, Any]) -> None:
    for name, counted in report["campaigns"].items():
        print(name)
        for what, count in counted.items():
            print(f"  {count:>13,}  {what}")
    print("violations")
    for kind, count in report["violations"].items():
        print(f"  {count:>13,}  {kind}")
    for row in report["what"][:MOST_VIOLATIONS_SHOWN]:
        print(f"{row['campaign']}: {row['text']}")
    print(f"{report['seconds']} s")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="all of it, for an hour or so")
    parser.add_argument("--only", help="the campaigns whose name holds this")
    parser.add_argument("--thin", type=int, default=1, help="one task in so many")
    parser.add_argument("--json", type=pathlib.Path, help="write the report there")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    campaigns = importlib.import_module("firmware.journal_campaigns")
    tasks = campaigns.full() if arguments.full else campaigns.quick()
    tasks = [task for task in tasks if not arguments.only or arguments.only in task.campaign]
    random.Random(1).shuffle(tasks)  # so that progress is even
    report = run(tasks[:: arguments.thin], arguments.jobs)
    show(report)
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")
    return 1 if report["what"] else 0


if __name__ == "__main__":
    sys.exit(main())
