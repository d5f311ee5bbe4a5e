"""The proof that a rollout stops where it must: whole hubs through a good release and a bad one.

Every hub is the real firmware on its interpreter in a home of its own; collector, blobs and `varde
fleet` are the real programs (tests/stories/fleet_campaign.py). In the good rollout some hubs lose
power in the middle of their update, some have a slow line, some are not reached at all; the bad
release does not start on some boards, none of which are in the first rings. Exits with 1 unless
the first goes through, the second stops in the ring that it must, every hub is well afterwards, no
reading is lost, and the fleet view never says anything but what stands in the hubs' flash.

    fleet_campaign.py                                  100 hubs
    fleet_campaign.py --hubs 12 --json build/fleet.json
"""

from __future__ import annotations

import argparse
import importlib
import json
import pathlib
import signal
import sys
import tempfile
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [
    str(ROOT / name) for name in ("tests", "simulator", "firmware", "host", "protocols")
]
LEAST_FOR_ALL_RINGS = 60  # fewer hubs have four rings, and nobody who is silent


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hubs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=pathlib.Path, help="write the report there")
    return parser.parse_args()


def planned(given: argparse.Namespace) -> Any:
    campaign = importlib.import_module("stories.fleet_campaign")
    if given.hubs < LEAST_FOR_ALL_RINGS:
        return campaign.small(given.hubs, given.seed)
    return campaign.Plan(given.hubs, given.seed)


def show(report: dict[str, Any]) -> None:
    for name, count in report["sum"].items():
        print(f"{count:>12}  {name}")
    for rollout in report["rollouts"]:
        told = ", ".join(f"{count} {state}" for state, count in sorted(rollout["counts"].items()))
        print(f"{rollout['name']}: {rollout['state']}, reached {rollout['reached']}: {told}")
        for lie in rollout["lies"][:10]:
            print(f"  lie: {lie}")
    for note in report["notes"]:
        print(f"note: {note}")


def main() -> int:
    given = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no process is left over
    campaign = importlib.import_module("stories.fleet_campaign")
    with tempfile.TemporaryDirectory(prefix="varde-") as folder:
        report = campaign.Campaign(planned(given), pathlib.Path(folder) / "stage").run()
    show(report)
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 0 if report["sum"]["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
