"""`varde bench check|entries`: what the network lets through; what is half entered."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from varde_host import clock, errors, messages, output
from varde_host.bench import network_check
from varde_host.bench_desk import bench_file
from varde_host.bench_entry import entries
from varde_host.commands import options
from varde_host.inventory import words
from varde_host.site import files


def check(
    host: Annotated[str, typer.Option(metavar="NAME")] = "",
    collector_port: Annotated[int | None, typer.Option()] = None,
    ntp_host: Annotated[str, typer.Option(metavar="NAME")] = "",
    ntp_port: Annotated[int | None, typer.Option()] = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    json: options.Json = False,
) -> None:
    """Ask the collector and the time as a hub would; exit status 1 if something is shut."""
    opened = files.load(site)
    bench = bench_file.load(site).over(
        host=host, collector_port=collector_port, ntp_host=ntp_host, ntp_port=ntp_port
    )
    found = asyncio.run(of_bench(opened, bench))
    if json:
        output.as_json([each.as_json() for each in found])
    else:
        for each in found:
            tell = output.good if each.outcome == network_check.GOOD else output.line
            tell(each.text)
    if any(each.outcome == network_check.BAD for each in found):
        raise SystemExit(errors.EXIT_REFUSED)


async def of_bench(site: files.Site, bench: bench_file.BenchFile) -> list[network_check.Check]:
    """Return the checks of a bench, by what its hubs are told to call."""
    host = bench.host or site.server_names[0]
    name, number = network_check.DEFAULT_NTP
    ntp = (bench.ntp_host or name, bench.ntp_port or number)
    port = bench.collector_port or network_check.DEFAULT_PORT
    return await network_check.run(site, host, port, ntp, clock.from_environment().utc_ms)


def _drop(site: Path, entry: str) -> None:
    """Forget an entry, also one of a form that this version of the program does not read."""
    try:
        entries.load(site, entry)
    except errors.InputRefused as error:
        if error.code != "entry-malformed":
            raise
    entries.drop(site, entry)


def _title(flow: str) -> str:
    key = f"bench-page.flow.{flow}.title"
    return messages.text(key) if messages.has(key) else flow


def show_entries(
    drop: Annotated[str | None, typer.Option(metavar="ENTRY")] = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    json: options.Json = False,
) -> None:
    """List the half-done entries of the bench's pages; `--drop` forgets one."""
    if drop is not None:
        _drop(site, drop)
    found = entries.listing(site)
    if json:
        output.as_json([each.as_json() for each in found])
        return
    columns = ("entry", "flow", "about", "person", "began")
    output.table(
        [f"bench-page.column.{name}" for name in columns],
        [
            (each.id, _title(each.flow), each.about,
             each.person, words.moment(each.began_ms))
            for each in found
        ],
        whole={0},
    )  # fmt: skip
