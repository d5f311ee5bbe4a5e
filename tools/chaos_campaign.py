"""The proof of exactly once on the whole way: hubs in a storm, and what then stands stored.

The firmware's own journal, recorder and exchange (power cut at any flash operation) deliver over
TLS through a relay that loses, repeats, delays and reorders, to real collector processes that are
killed, on a PostgreSQL that is killed (tests/chaos/). In the end all heals, and every record that
any hub ever made durable is looked for in the database. Exits with 1 unless each is there once
and as it was.

    chaos_campaign.py                                        50 hubs, 100,000 records
    chaos_campaign.py --hubs 5 --records 2000 --seconds 5    some seconds
    chaos_campaign.py --sqlite --json build/chaos.json       one collector, on a file

The seed decides who suffers what; the operating system decides when, so that no two runs are
the same.
"""

from __future__ import annotations

import argparse
import importlib
import pathlib
import signal
import sys
import tempfile
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / name) for name in ("tests", "firmware", "host", "protocols")]
MOST_PROBLEMS_SHOWN = 20
COUNTS = (
    "offered", "durable", "delivered", "lost", "waiting", "twice", "altered", "unknown",
    "quarantined", "problems", "cuts", "boots", "links_lost", "no_room",
)  # fmt: skip


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hubs", type=int, default=50)
    parser.add_argument("--records", type=int, default=100_000, help="of all hubs together")
    parser.add_argument("--seconds", type=float, default=240, help="for the measuring")
    parser.add_argument("--collectors", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sqlite", action="store_true", help="a file, and one collector")
    parser.add_argument("--json", type=pathlib.Path, help="write the report there")
    return parser.parse_args()


def show(report: dict[str, Any]) -> None:
    total = report["sum"]
    for name in COUNTS:
        print(f"{total[name]:>9,}  {name}")
    for name in ("faults", "disasters", "exchanges", "statuses"):
        told = ", ".join(f"{what} {count:,}" for what, count in sorted(total[name].items()))
        print(f"{name}: {told}")
    for problem in report["problems"][:MOST_PROBLEMS_SHOWN]:
        print(f"problem: {problem}")
    database = "SQLite" if report["plan"]["is_sqlite"] else "PostgreSQL"
    print(f"{'clean' if total['passed'] else 'NOT CLEAN'}, {database}, {total['seconds']} s")


def main() -> int:
    given = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no process is left over
    campaign = importlib.import_module("chaos.campaign")
    is_sqlite = given.sqlite or not campaign.has_postgresql()
    plan = campaign.Plan(
        given.hubs, given.records, given.seed, given.seconds, given.collectors, is_sqlite
    )
    with tempfile.TemporaryDirectory(prefix="varde-chaos-") as folder:
        report = campaign.Campaign(plan, pathlib.Path(folder)).run()
    show(report)
    if given.json:
        campaign.write(report, given.json)
    return 0 if report["sum"]["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
