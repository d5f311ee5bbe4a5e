"""The fleet's pages with 3,000 hubs: what they ask of the database, and how much they send.

- first: after the server began, with nothing known before.
- again: as any page does some seconds later; with nothing new, and when a minute's reports of a
  fleet that reports hourly (one in sixty) have come.
- pages: the answer to a browser that has not asked before; bytes as they are sent, time until the
  last of them, with the look at the fleet already there, as it is for all but one in some seconds.

Each hub has two days of records: 48 readings, 48 reports, 48 anchors, 10 events, and an
assignment. Readings are bytes that nothing here fetches. Writes
build/bench/fleet-view.json.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import pathlib
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "protocols"), str(ROOT / "host"), str(ROOT / "tests")]

from host import site_hands  # type: ignore[attr-defined]  # noqa: E402
from host.virtual_hub import VirtualHub  # type: ignore[import-not-found]  # noqa: E402
from pages.page_server import OpenGate, running  # type: ignore[import-not-found]  # noqa: E402
from varde_host import cli, fleet_page  # noqa: E402
from varde_host.access import tenants  # noqa: E402
from varde_host.collector import database, registry, schema  # noqa: E402
from varde_host.fleet import publishing  # noqa: E402
from varde_host.fleet_page import here  # noqa: E402
from varde_host.fleet_view import watching  # noqa: E402
from varde_host.inventory import who  # noqa: E402
from varde_protocols import records  # noqa: E402

HUBS, DAYS = 3000, 2
HOUR_MS = 3_600_000
NOW_MS = 1_800_000_000_000
READING = bytes(187)
GOAL_FIRST_S, GOAL_AGAIN_S, GOAL_QUERIES, GOAL_BYTES = 20.0, 0.5, 12, 100_000
RESULT = ROOT / "build" / "bench" / "fleet-view.json"

Figures = dict[str, dict[str, Any]]


def facts(seq: int) -> dict[int, Any]:
    """A report of a hub that is well."""
    return {
        records.FACT_APPLICATION: "1.8.0", records.FACT_CONFIG_NUMBER: 1,
        records.FACT_RELEASE: 7, records.FACT_PENDING: 0, records.FACT_BATTERY_MV: 4000,
        records.FACT_EXTERNAL_POWER: True, records.FACT_LINK: 1, records.FACT_MONTH: 202701,
        records.FACT_WIFI_BYTES: seq * 9_000, records.FACT_MODEM_BYTES: seq * 40,
        records.FACT_BONDS: [1], records.FACT_SENSORS: [[1, 60, 80, -50]],
        records.FACT_CLOCK: [2, 50, 1000], records.FACT_TRUST_EPOCH: 1,
    }  # fmt: skip


def history(number: int, hub: VirtualHub) -> Iterator[dict[str, Any]]:
    """Yield two days of a hub, hour by hour."""
    seq = 0
    for hour in range(DAYS * 24):
        at_ms = NOW_MS - (DAYS * 24 - hour) * HOUR_MS
        kinds = [records.EVENT, records.READING, records.ANCHOR, records.REPORT]
        for kind in kinds[1 if hour % 5 else 0 :]:
            seq += 1
            place = (seq, 1, hour * HOUR_MS)
            if kind == records.ANCHOR:
                raw = hub.sign(records.Anchor(*place, at_ms, 2, 50))
            elif kind == records.REPORT:
                raw = hub.sign(records.Report(*place, facts(seq)))
            elif kind == records.EVENT:
                raw = hub.sign(records.Event(*place, records.EVENT_LINK_SWITCHED, 1))
            else:
                raw = READING
            yield {
                "hub": number, "seq": seq, "boot": 1, "kind": kind, "uptime_ms": place[2],
                "received_ms": at_ms, "record": raw,
            }  # fmt: skip


def fill(opened: database.Database, site: Any, hubs: list[VirtualHub]) -> int:
    stored = 0
    with opened.writing() as connection:
        for hub in hubs:
            registry.enrol(connection, hub.public, NOW_MS - DAYS * 24 * HOUR_MS)
    for first in range(0, len(hubs), 100):
        with opened.writing() as connection:
            for number, hub in enumerate(hubs[first : first + 100], first + 1):
                rows = list(history(number, hub))
                connection.execute(sa.insert(schema.records), rows)
                stored += len(rows)
    signed = [site_hands.assigned(site, hub.hub_id, 1) for hub in hubs]
    publishing.publish_assignments(opened, site, signed, NOW_MS - HOUR_MS)
    return stored


def report_again(opened: database.Database, hubs: list[VirtualHub], seq: int) -> None:
    """Let one hub in sixty report."""
    with opened.writing() as connection:
        for number, hub in random.Random(seq).sample(list(enumerate(hubs, 1)), HUBS // 60):
            record = records.Report(seq, 1, 50 * HOUR_MS, facts(seq))
            row = {
                "hub": number, "seq": seq, "boot": 1, "kind": records.REPORT,
                "uptime_ms": record.uptime_ms, "received_ms": NOW_MS, "record": hub.sign(record),
            }  # fmt: skip
            connection.execute(sa.insert(schema.records).values(row))


@contextlib.contextmanager
def asked() -> Iterator[list[str]]:
    """Collect the statements that are sent to the database."""
    sent: list[str] = []

    def note(*arguments: Any) -> None:
        sent.append(arguments[2])

    sa.event.listen(sa.engine.Engine, "before_cursor_execute", note)
    yield sent
    sa.event.remove(sa.engine.Engine, "before_cursor_execute", note)


def figure(value: float, unit: str, goal: float | None = None) -> dict[str, Any]:
    return {"value": value, "unit": unit, "goal": goal, "peer": None, "peer_name": None}


def looks(opened: database.Database, site: Any, hubs: list[VirtualHub]) -> Figures:
    """Measure looks at the fleet."""
    watch = watching.Watch(site, opened, None)
    made: Figures = {}
    for name, goal_s in (
        ("first", GOAL_FIRST_S),
        ("again", GOAL_AGAIN_S),
        ("a minute later", None),
    ):
        if name == "a minute later":
            report_again(opened, hubs, 100_000)
        with asked() as sent:
            began = time.perf_counter()
            fleet = watch.look(NOW_MS + 60_000 * (1 + len(made)))
            spent_s = time.perf_counter() - began
        assert len(fleet.hubs) == HUBS
        made[f"{name}, time"] = figure(round(spent_s, 3), "s", goal_s)
        goal = GOAL_QUERIES if name == "again" else None
        made[f"{name}, queries"] = figure(len(sent), "queries", goal)
    return made


class StandingClock:
    """One moment."""

    def utc_ms(self) -> int:
        return NOW_MS


def pages(tenant: tenants.Tenant, hub_id: str) -> Figures:
    """Measure pages as they come over a connection."""
    made: Figures = {}
    watches = here.Watches()
    context = {"name": "fleet", "clock": StandingClock(), "extra": {here.EXTRA: watches}}
    with running(list(fleet_page.pages()), OpenGate([tenant]), **context) as served:
        cookie = served.cookie(who.IT)
        host = served.url.removeprefix("http://").strip("/")
        head = {"Host": host, "Cookie": f"{cookie['name']}={cookie['value']}"}
        paths = ("/", "/hubs", "/hubs?page=60", "/hubs?order=data", f"/hub/{hub_id}", "/faults")
        for path in ("/", *paths):
            connection = http.client.HTTPConnection(host, timeout=120)
            began = time.perf_counter()
            connection.request("GET", path, headers=head)
            answer = connection.getresponse()
            size = len(answer.read())
            spent_ms = (time.perf_counter() - began) * 1000
            assert answer.status == 200, path
            connection.close()
            shown = path.replace(hub_id, "ID")
            made[f"{shown}, sent"] = figure(size, "bytes", GOAL_BYTES)
            made[f"{shown}, time"] = figure(round(spent_ms, 1), "ms")
    watches.close()
    return made


def main() -> None:
    (ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "build", prefix="bench-fleet-") as folder:
        path = pathlib.Path(folder) / "Fjordvik"
        named = ("--server-name", "collector.test", "--no-passphrase")
        with contextlib.redirect_stdout(sys.stderr):
            assert cli.main(["site", "init", str(path), *named]) == 0
        site_hands.next_trust(path)
        with tenants.opened([path]) as found:
            tenant = found.all[0]
            opened = database.open_database(tenant.database)
            hubs = [VirtualHub(number) for number in range(HUBS)]
            made = {"records": figure(fill(opened, tenant.site, hubs), "records")}
            made |= looks(opened, tenant.site, hubs)
            made |= pages(tenant, hubs[0].hub_id.hex())
            opened.close()
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps({"subject": "fleet-view", "figures": made}, indent=2) + "\n")
    for name, row in made.items():
        print(f"bench_fleet_view: {name}: {row['value']} {row['unit']}")


if __name__ == "__main__":
    main()
