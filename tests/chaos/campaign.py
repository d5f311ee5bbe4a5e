"""Runs the chaos campaign: hubs, relay, storm; then calm, and the verdict."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import datetime as dt
import json
import os
import ssl
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chaos import verdict
from chaos.chaos_hub import ChaosHub
from chaos.hub_client import NAME, HubClient
from chaos.relay import Relay
from chaos.storm import Storm
from host.postgres_server import PostgresServer, programs
from varde_host.collector import database, registry
from varde_host.site import certificates, creation, files

Task = asyncio.Task[None]

PROGRESS_SECONDS = 5.0
# A hub that was cut off comes within nine seconds here, and what waits takes as long as it takes.
DRAIN_SECONDS = 300.0
# The storm goes on until all is measured, and measuring waits for room: a limit for both.
STORM_SECONDS = 1200.0
DISASTERS = 40
LEAST_PAUSE_SECONDS = 0.2
SUMMED = ("offered", "durable", "delivered", "lost", "waiting", "twice", "altered", "unknown",
          "quarantined", "boots", "cuts", "no_room", "links_lost")  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """`records` of all hubs together. `seconds` is for the measuring; what is left drains then."""

    hubs: int
    records: int
    seed: int
    seconds: float
    collectors: int
    is_sqlite: bool

    @property
    def mean_pause(self) -> float:
        """Seconds between disasters."""
        return max(self.seconds / DISASTERS, LEAST_PAUSE_SECONDS)


class Campaign:
    """One run, in an empty folder."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._plan = plan
        self._site = creation.create(folder / "site", "chaos", [NAME], certificates.Validity())
        target = -(-plan.records // plan.hubs)
        self.hubs = [ChaosHub(number, plan.seed, target) for number in range(plan.hubs)]
        self.problems: list[str] = []
        self._began = time.monotonic()

    def run(self) -> dict[str, Any]:
        """Return the report."""
        with contextlib.ExitStack() as stack:
            server = None
            if not self._plan.is_sqlite:
                server = stack.enter_context(PostgresServer(is_durable=True))
            relay = _relay(self._plan.seed, self._site)
            storm = Storm(self._plan.seed, self._site, relay, self._plan.collectors, server)
            stack.callback(storm.end)
            self._enrol(storm)
            asyncio.run(self._play(relay, storm))
            storm.end()
            return self._report(relay, storm)

    def _enrol(self, storm: Storm) -> None:
        opened = database.open_database(storm.address)
        with opened.writing() as connection:
            for hub in self.hubs:
                registry.enrol(connection, hub.public, 0)
        opened.close()

    async def _play(self, relay: Relay, storm: Storm) -> None:
        await storm.start()
        async with relay:
            context = _trust(self._site)
            lives = [
                asyncio.create_task(
                    hub.live(self._site, HubClient(relay.port, context), self._plan.seconds)
                )
                for hub in self.hubs
            ]
            progress = asyncio.create_task(self._tell_progress(relay, storm))
            blowing = asyncio.create_task(storm.blow(self._plan.mean_pause))
            await self._until(lambda hub: hub.has_measured, lives, STORM_SECONDS)
            storm.is_over.set()
            await self._end([blowing], "the storm")
            relay.is_calm = True
            for hub in self.hubs:
                hub.calm_down()
            await relay.deliver_what_is_left()
            await self._until(lambda hub: hub.is_drained, lives, DRAIN_SECONDS)
            await relay.deliver_what_is_left()
            for task in (*lives, progress):
                task.cancel()
            await self._end([*lives, progress], "a hub's program")

    async def _until(
        self, is_so: Callable[[ChaosHub], bool], lives: list[Task], limit_seconds: float
    ) -> None:
        """Wait until it is so of all hubs; a hub whose program ended by itself ends all."""
        try:
            async with asyncio.timeout(limit_seconds):
                while not all(map(is_so, self.hubs)) and not any(life.done() for life in lives):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            self.problems.append(f"not done in {limit_seconds:.0f} s")

    async def _end(self, tasks: list[Task], whose: str) -> None:
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                text = "".join(traceback.format_exception(ended))
                self.problems.append(f"{whose} ended: {text}")

    async def _tell_progress(self, relay: Relay, storm: Storm) -> None:
        while True:
            await asyncio.sleep(PROGRESS_SECONDS)
            durable = sum(len(hub.truth.durable) for hub in self.hubs)
            released = sum(len(hub.truth.released) for hub in self.hubs)
            faults, disasters = relay.faults.total(), storm.done.total()
            cuts = sum(hub.cuts for hub in self.hubs)
            print(
                f"{time.monotonic() - self._began:5.0f} s: {durable} durable, {released} released;"
                f" {faults} faults under way, {disasters} disasters, {cuts} power cuts",
                file=sys.stderr,
            )

    def _report(self, relay: Relay, storm: Storm) -> dict[str, Any]:
        opened = database.open_database(storm.address)
        try:
            stored, refused = verdict.stored_by_hub(opened), verdict.refused_by_hub(opened)
        finally:
            opened.close()
        rows = []
        for hub in self.hubs:
            counts = verdict.judge(
                hub.truth.durable, hub.truth.released, stored.pop(hub.hub_id, [])
            )
            rows.append(_row(hub, counts, refused[hub.hub_id]))
        problems = [*self.problems, *relay.problems]
        problems += [f"rows of a hub that is none: {hub_id.hex()}" for hub_id in stored]
        problems += [f"hub {row['hub']}: {text}" for row in rows for text in row["problems"]]
        total: dict[str, Any] = {name: sum(row[name] for row in rows) for name in SUMMED}
        total["problems"] = len(problems)
        total["exchanges"] = dict(sum((hub.exchanges for hub in self.hubs), collections.Counter()))
        total["faults"] = dict(sorted(relay.faults.items()))
        total["disasters"] = dict(sorted(storm.done.items()))
        total["statuses"] = {str(key): count for key, count in sorted(relay.statuses.items())}
        total["seconds"] = round(time.monotonic() - self._began, 1)
        total["passed"] = verdict.is_clean(total)
        when = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        return {
            "when": when, "plan": asdict(self._plan), "sum": total, "problems": problems[:100],
            "rows": rows,
        }  # fmt: skip


def _row(hub: ChaosHub, counts: dict[str, int], quarantined: int) -> dict[str, Any]:
    return {
        "hub": hub.number,
        "offered": hub.truth.offered,
        **counts,
        "quarantined": quarantined,
        "boots": hub.boots,
        "cuts": hub.cuts,
        "no_room": hub.no_room,
        "links_lost": hub.links_lost,
        "exchanges": dict(hub.exchanges),
        "problems": hub.truth.problems,
    }


def _trust(site: files.Site) -> ssl.SSLContext:
    context = ssl.create_default_context()
    for name in site.root_files:
        context.load_verify_locations(site.directory / name)
    return context


def _relay(seed: int, site: files.Site) -> Relay:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(site.server_certificate, site.server_key)
    return Relay(seed, context, _trust(site))


def has_postgresql() -> bool:
    """Tell if there is a server to run."""
    return programs() is not None


def write(report: dict[str, Any], file: Path) -> None:
    """build/chaos.json; replaced whole, a row a line."""
    rows = ",\n".join(json.dumps(row) for row in report["rows"])
    head = json.dumps({key: value for key, value in report.items() if key != "rows"}, indent=1)
    text = f'{head[:-2]},\n"rows": [\n{rows}\n]}}\n'
    file.parent.mkdir(parents=True, exist_ok=True)
    half_written = file.with_name(file.name + ".new")
    half_written.write_text(text, encoding="utf-8")
    os.replace(half_written, file)
