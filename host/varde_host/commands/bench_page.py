"""`varde bench` alone: the bench's page, on this computer, in a browser (docs/bench-page.md)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from varde_host import clock, messages, output
from varde_host.commands import inventory_options, options

if TYPE_CHECKING:
    from varde_host.access.serving import Access
    from varde_host.bench_desk.jobs import Desk
    from varde_host.pages.context import Context, MenuEntry
    from varde_host.pages.page import Page
    from varde_host.practice.practising import Practising

DEFAULT_PORT = 8088
LOOPBACK = "127.0.0.1"


def open_page(
    ctx: typer.Context,
    site: Annotated[
        list[Path] | None, typer.Option("--site", envvar="VARDE_SITE", metavar="DIR")
    ] = None,
    address: Annotated[str, typer.Option(metavar="ADDRESS")] = LOOPBACK,
    port: Annotated[int, typer.Option(min=0, max=65535)] = DEFAULT_PORT,
    host_name: Annotated[list[str] | None, typer.Option("--host-name", metavar="NAME")] = None,
    no_open: Annotated[bool, typer.Option("--no-open")] = False,
    practice: Annotated[str | None, typer.Option(metavar="EXERCISE")] = None,
    practice_folder: Annotated[
        Path, typer.Option("--folder", envvar="VARDE_PRACTICE", metavar="DIR")
    ] = Path("practice"),
    certificate: Annotated[Path | None, typer.Option(metavar="FILE")] = None,
    key: Annotated[Path | None, typer.Option(metavar="FILE")] = None,
    inventory: inventory_options.InventoryAddress = None,
    database_address: options.DatabaseAddress = None,
    json: options.Json = False,
) -> None:
    """Serve the pages of the bench until Ctrl-C, for one municipality or several."""
    if ctx.invoked_subcommand is not None:
        return
    from varde_host.bench_desk import under_way as under_way_file  # noqa: PLC0415 as below
    from varde_host.collector import server  # noqa: PLC0415 libraries that other commands need not
    from varde_host.pages import serving  # noqa: PLC0415

    tls = serving.tls_files(address, certificate, key)
    with contextlib.ExitStack() as stack:
        under_way = None if practice is None else stack.enter_context(
            _practising(practice, practice_folder)
        )  # fmt: skip
        sites = [under_way.site] if under_way is not None else site or [options.DEFAULT_SITE]
        if under_way is not None:  # whatever the environment names is a real site's
            inventory = database_address = None
        access = stack.enter_context(
            _access(sites, inventory, database_address, is_practice=under_way is not None)
        )
        for each in access.tenants.all:
            stack.enter_context(under_way_file.alone(each.directory))
        context = context_of(
            access, [LOOPBACK, "localhost", "[::1]", *(host_name or [])], under_way
        )

        def listening(url: str) -> None:
            if json:
                output.as_json({"address": url, "sites": [str(each) for each in sites]})
            else:
                output.line(messages.text("bench-page.open", address=url))

        wanted = server.Address(address, port)
        pages = all_pages(is_practice=under_way is not None)
        serving.run(pages, context, wanted, listening, tls=tls, opens_browser=not no_open)


def all_pages(*, is_practice: bool = False) -> list[Page]:
    """Return the pages of the bench's server: logging in, the bench, verifying, and practice."""
    from varde_host import bench_page, verify_page  # noqa: PLC0415 as above
    from varde_host.access import login_pages  # noqa: PLC0415
    from varde_host.practice import pages as practice_pages  # noqa: PLC0415

    found = [*login_pages.pages(), *bench_page.pages()]
    found += verify_page.pages()
    return [*found, *practice_pages.pages()] if is_practice else found


def context_of(access: Access, hosts: list[str], under_way: Practising | None = None) -> Context:
    """Return what the pages stand on: a desk for each municipality, the menu, the scan box."""
    from varde_host.access import serving as access_serving  # noqa: PLC0415 as above
    from varde_host.bench_page import here, menu  # noqa: PLC0415
    from varde_host.pages.context import Context  # noqa: PLC0415
    from varde_host.practice import pages as practice_pages  # noqa: PLC0415
    from varde_host.verify_page import here as verifying  # noqa: PLC0415

    now = clock.from_environment()
    desks = _desks(access, now.utc_ms)
    ongoing = verifying.of_tenants(access.tenants.all, now.utc_ms)
    extra: dict[str, Any] = {
        access_serving.EXTRA: access, here.DESKS: desks, verifying.EXTRA: ongoing,
    }  # fmt: skip
    entries: tuple[MenuEntry, ...] = menu.ENTRIES
    if under_way is not None:
        extra[practice_pages.EXTRA] = under_way
        entries = (*entries, *practice_pages.MENU)
    return Context(
        "bench" if under_way is None else "practice",
        access.gate,
        now,
        hosts=hosts,
        menu=entries,
        scan_path="/scan",
        help_path="/check",
        is_practice=under_way is not None,
        extra=extra,
        at_end=[
            *(each.close for each in desks.values()),
            *(each.close for each in ongoing.values()),
        ],
    )


def _desks(access: Access, utc_ms: Any) -> Mapping[str, Desk]:
    """Return a desk for each municipality, with what its `bench.toml` says."""
    from varde_host.bench_desk import bench_file, jobs  # noqa: PLC0415 as above

    return {
        each.name: jobs.Desk(
            each.site, each.inventory, each.database, utc_ms, bench_file.load(each.directory)
        )
        for each in access.tenants.all
    }


@contextlib.contextmanager
def _access(
    sites: list[Path], inventory: str | None, database: str | None, *, is_practice: bool
) -> Iterator[Access]:
    from varde_host.access import serving  # noqa: PLC0415 as above

    one = len(sites) == 1
    kept = inventory_options.address(sites[0], inventory) if one and inventory else inventory
    collected = options.database_address(sites[0], database) if one and database else database
    now_ms = inventory_options.now_ms()
    with serving.opened(
        sites, inventory=kept, database=collected, is_practice=is_practice, now_ms=now_ms
    ) as access:
        yield access


@contextlib.contextmanager
def _practising(exercise: str, folder: Path) -> Iterator[Practising]:
    """Open an exercise: a bench of its own, from which nothing comes into a real site."""
    from varde_host.practice import practising  # noqa: PLC0415 as above

    with practising.opened(exercise, folder, output.progress) as under_way:
        yield under_way
