"""The proof that verification decides as it says: a warehouse of 200 sensors whose truth is known.

Virtual cuffs, scales, oximeters and thermometers with drawn errors, scatter, steps and drift are
verified by the shipped procedures against references that have errors of their own
(tests/stories/warehouse_*.py). Counted are right and wrong decisions against theory, forecasts
that held, sensors within tolerance as found under the advised intervals, and the loans that a
planted bad cuff leads to. Exits with 1 if anything lies where chance does not explain it.

    warehouse_campaign.py                          some minutes
    warehouse_campaign.py --small                  a few seconds
    warehouse_campaign.py --json build/warehouse.json --plot build/warehouse
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import pathlib
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / name) for name in ("tests", "host", "protocols")]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="as the tests play it")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=pathlib.Path, help="write the report there")
    parser.add_argument("--plot", type=pathlib.Path, help="draw it there, .pdf and .png")
    return parser.parse_args()


def main() -> int:
    given = arguments()
    campaign = importlib.import_module("stories.warehouse_campaign")
    size = campaign.SMALL if given.small else campaign.Size()
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="varde-") as folder:
        tempfile.tempdir = folder  # the bench's keys lie there, too, and go with it
        report = campaign.play(dataclasses.replace(size, seed=given.seed), pathlib.Path(folder))
    report["seconds"] = round(time.monotonic() - began_s, 1)
    for line in campaign.lines(report):
        print(line)
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    if given.plot and report["along_the_way"]:
        given.plot.parent.mkdir(parents=True, exist_ok=True)
        importlib.import_module("stories.warehouse_plot").draw(report["along_the_way"], given.plot)
    for failure in report["failures"]:
        print("not as it must be:", failure)
    return 1 if report["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
