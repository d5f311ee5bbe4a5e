"""`varde fleet serve`: the fleet's pages, for one municipality or several (docs/fleet-page.md)."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from varde_host import clock, messages, output
from varde_host.commands import inventory_options, options

if TYPE_CHECKING:
    from varde_host.access.serving import Access
    from varde_host.fleet_page.here import Watches
    from varde_host.pages.context import Context
    from varde_host.pages.page import Page

DEFAULT_PORT: Final = 8089
LOOPBACK: Final = "127.0.0.1"
_BENEFIT: Final = "varde_host.fleet_page.benefit_pages"


def serve(
    site: Annotated[
        list[Path] | None, typer.Option("--site", envvar="VARDE_SITE", metavar="DIR")
    ] = None,
    address: Annotated[str, typer.Option(metavar="ADDRESS")] = LOOPBACK,
    port: Annotated[int, typer.Option(min=0, max=65535)] = DEFAULT_PORT,
    host_name: Annotated[list[str] | None, typer.Option("--host-name", metavar="NAME")] = None,
    certificate: Annotated[Path | None, typer.Option(metavar="FILE")] = None,
    key: Annotated[Path | None, typer.Option(metavar="FILE")] = None,
    inventory: inventory_options.InventoryAddress = None,
    database_address: options.DatabaseAddress = None,
    json: options.Json = False,
) -> None:
    """Serve the pages of the fleet until Ctrl-C or SIGTERM; each person sees their own site."""
    from varde_host.collector import server  # noqa: PLC0415 libraries that other commands need not
    from varde_host.fleet_page import here  # noqa: PLC0415
    from varde_host.pages import serving  # noqa: PLC0415

    tls = serving.tls_files(address, certificate, key)
    sites = site or [options.DEFAULT_SITE]
    hosts = [LOOPBACK, "localhost", "[::1]", *(host_name or [])]
    watches = here.Watches()
    with contextlib.ExitStack() as stack:
        stack.callback(watches.close)
        access = stack.enter_context(_access(sites, inventory, database_address))

        def listening(url: str) -> None:
            if json:
                output.as_json({"address": url, "sites": [str(each) for each in sites]})
            else:
                output.line(messages.text("fleet-page.open", address=url))

        context = context_of(access, watches, hosts)
        serving.run(all_pages(), context, server.Address(address, port), listening, tls=tls)


def all_pages() -> list[Page]:
    """Return the pages of the fleet's server: logging in, the fleet, and what it is good for."""
    from varde_host import fleet_page  # noqa: PLC0415 as above
    from varde_host.access import login_pages  # noqa: PLC0415

    found = [*login_pages.pages(), *fleet_page.pages()]
    if importlib.util.find_spec(_BENEFIT) is not None:
        found += importlib.import_module(_BENEFIT).pages()
    return found


def context_of(access: Access, watches: Watches, hosts: list[str]) -> Context:
    """Return what the pages stand on."""
    from varde_host.access import serving as access_serving  # noqa: PLC0415 as above
    from varde_host.fleet_page import here, menu  # noqa: PLC0415
    from varde_host.pages.context import Context  # noqa: PLC0415

    extra: dict[str, Any] = {access_serving.EXTRA: access, here.EXTRA: watches}
    return Context(
        "fleet",
        access.gate,
        clock.from_environment(),
        hosts=hosts,
        menu=menu.ENTRIES,
        scan_path="/scan",
        extra=extra,
    )


@contextlib.contextmanager
def _access(sites: list[Path], inventory: str | None, database: str | None) -> Iterator[Access]:
    from varde_host.access import serving  # noqa: PLC0415 as above

    one = len(sites) == 1
    kept = inventory_options.address(sites[0], inventory) if one and inventory else inventory
    collected = options.database_address(sites[0], database) if one and database else database
    now_ms = inventory_options.now_ms()
    with serving.opened(sites, inventory=kept, database=collected, now_ms=now_ms) as access:
        yield access
