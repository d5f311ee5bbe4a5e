"""`varde collector`: run the server that hubs deliver to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from varde_host import clock, errors, messages, output, rate_limit
from varde_host.collector import answer, app, database, log, server
from varde_host.commands import options
from varde_host.site import files
from varde_protocols import exchange

# The port is nobody's in particular; behind a load balancer it is the balancer's that hubs know.
DEFAULT_PORT = 8443


def collector(
    *,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_address: options.DatabaseAddress = None,
    host: Annotated[str, typer.Option(metavar="ADDRESS")] = "0.0.0.0",  # noqa: S104 a server
    port: Annotated[int, typer.Option(min=0, max=65535)] = DEFAULT_PORT,
    heartbeat_s: Annotated[
        int,
        typer.Option(
            "--heartbeat",
            min=exchange.MIN_HEARTBEAT_S,
            max=exchange.MAX_HEARTBEAT_S,
            metavar="SECONDS",
        ),
    ] = answer.DEFAULT_HEARTBEAT_S,
    hub_rate: Annotated[
        float, typer.Option(min=0, max=1000, metavar="REQUESTS/S")
    ] = rate_limit.DEFAULT.per_second,
    blobs: Annotated[Path | None, typer.Option(metavar="DIR")] = None,
    json: options.Json = False,
) -> None:
    """Serve until told to stop; log to standard error."""
    site_files = files.load(site)
    if blobs is not None and not blobs.is_dir():
        raise errors.InputRefused("blobs-folder", str(blobs))
    now = clock.from_environment()
    rate = rate_limit.Rate(hub_rate, rate_limit.DEFAULT.burst)
    with log.on_stderr(now):
        opened = database.open_database(options.database_address(site, database_address))
        try:
            signer = answer.signer(site_files.collector_seed())
            settings = app.Settings(opened, signer, now, heartbeat_s, rate=rate, blobs=blobs)
            _serve(settings, site_files, server.Address(host, port), as_json=json)
        finally:
            opened.close()
        log.event("stopped")


def _serve(
    settings: app.Settings, site: files.Site, wanted: server.Address, *, as_json: bool
) -> None:
    where = settings.database.where

    def tell(address: server.Address) -> None:
        log.event("listening", host=address.host, port=address.port, database=where)
        if as_json:
            listening = {"host": address.host, "port": address.port}
            output.as_json({"listening": listening, "database": where})
        else:
            place = f"https://{address}"
            output.line(messages.text("collector.listening", address=place))

    server.run(app.create(settings), site, wanted, tell)
