"""The proof that no power cut bricks an update: walks through every flash operation of one.

Whole hubs (the firmware on its interpreter, TLS, the collector's process, a source of blobs) get a
config, an application, an interpreter by air, and the power goes at every flash operation of each
(tests/stories/update_walks.py). Exits with 1 unless every hub runs the old or the new, whole, no
reading is lost, and no more than a block a cut went over the air twice.

    update_campaign.py                               every operation, the tears in turn
    update_campaign.py --step 40 --seed 3            every 40th, from the third on
    update_campaign.py --only config --tears 3       each operation with each tear
    update_campaign.py --json build/update-cuts.json
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import importlib
import json
import multiprocessing
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[1]
FOLDERS = [str(ROOT / name) for name in ("tests", "simulator", "firmware", "host", "protocols")]
HOMES = 12  # of a stage
# Flash operations from the moment of publication to the last of the trial, and some more.
CONFIG_OPERATIONS, INTERPRETER_OPERATIONS = 34, 110
# From a power-on to the end of the trial.
APPLICATION_OPERATIONS = 2_700
APPLICATION_STEP = 60  # so many homes share them, each with so many operations between its cuts
STARTED_S = time.monotonic()
AIR_CUTS, AIR_WITHIN = 200, {"application": 24, "interpreter": 16}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=("config", "application", "interpreter", "air"))
    parser.add_argument("--step", type=int, default=1, help="of the operations, every so many")
    parser.add_argument("--tears", type=int, default=1, help="of each operation, one to three")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", type=pathlib.Path, help="write the counts and rows there")
    return parser.parse_args()


def planned(given: argparse.Namespace) -> list[Any]:
    """All walks."""
    walks = importlib.import_module("stories.update_walks")
    found = []
    for kind, most in (("config", CONFIG_OPERATIONS), ("interpreter", INTERPRETER_OPERATIONS)):
        for at in range(1 + (given.seed - 1) % given.step, most + 1, given.step):
            for tear in range(given.tears):
                fraction = walks.TEARS[(at + tear) % 3]
                found.append(walks.single(kind, at, fraction, f"{kind}-{at}-{tear}"))
    found += [
        walks.stepping("application", first, APPLICATION_STEP, APPLICATION_OPERATIONS,
                       f"application-{first}-{tear}", tear)
        for first in range(given.seed, given.seed + APPLICATION_STEP, given.step)
        for tear in range(given.tears)
    ]  # fmt: skip
    for kind, within in AIR_WITHIN.items():
        found.append(walks.drawn(kind, AIR_CUTS, within, given.seed, f"air-{kind}"))
    if given.only:
        found = [walk for walk in found if walk.name.startswith(given.only)]
    return sorted(found, key=lambda walk: -len(walk.cuts))


def played(walks: list[Any], folder: str, seed: int) -> list[Any]:
    """A stage's walks, in a process of its own."""
    sys.path[:0] = [name for name in FOLDERS if name not in sys.path]
    module = importlib.import_module("stories.update_walks")
    try:
        rows: list[Any] = module.play_walks(pathlib.Path(folder), walks, seed)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return rows


def play(walks: list[Any], given: argparse.Namespace, folder: pathlib.Path) -> list[Any]:
    """All of them, on as many stages as there are workers."""
    count = -(-len(walks) // HOMES)
    batches = [walks[place::count] for place in range(count)]
    rows: list[Any] = []
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(given.workers, mp_context=context) as pool:
        works = [
            pool.submit(played, batch, str(folder / f"stage-{place}"), given.seed)
            for place, batch in enumerate(batches)
        ]
        for done in concurrent.futures.as_completed(works):
            rows += done.result()
            write(rows, len(walks), given)  # somebody may stop it
            cuts = sum(row.cuts for row in rows)
            print(f"{len(rows)} of {len(walks)} walks, {cuts} cuts", file=sys.stderr)
    return rows


def write(rows: list[Any], planned_count: int, given: argparse.Namespace) -> dict[str, Any]:
    """The report of what there is by now."""
    walks = importlib.import_module("stories.update_walks")
    report = {
        "seed": given.seed, "step": given.step, "tears": given.tears,
        "planned": planned_count, "played": len(rows),
        "passed": len(rows) == planned_count and all(row.is_good for row in rows)
        and all(row.bytes_over <= 4096 * row.cuts for row in rows),
        "seconds": round(time.monotonic() - STARTED_S),
        "sum": walks.add_up(rows),
        "rows": [dataclasses.asdict(row) for row in rows],
    }  # fmt: skip
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        part = given.json.with_name(given.json.name + ".part")
        part.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        os.replace(part, given.json)
    return report


def main() -> int:
    given = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no process is left over
    sys.path[:0] = FOLDERS
    walks = planned(given)
    with tempfile.TemporaryDirectory(prefix="varde-") as folder:
        rows = play(walks, given, pathlib.Path(folder))
    report = write(rows, len(walks), given)
    print(json.dumps(report["sum"], indent=1))
    for row in rows:
        if not row.is_good:
            print("not good:", row)
    return 0 if report["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
