"""`varde site trust`: sign what the site's hubs shall believe; show, write or publish it.

Hubs follow one trust by the next, so what is published is every epoch that is not out yet. It goes
out before the first assignment that a new key has signed: hubs would refuse that.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from varde_host import clock, messages, output
from varde_host.commands import new_output, options, site_secrets
from varde_host.commands import site as public
from varde_host.site import files, trust_documents
from varde_protocols import trust


def show(
    out: Annotated[Path | None, typer.Option(metavar="FILE")] = None,
    key: Annotated[list[str] | None, typer.Option(metavar="FILE|URI")] = None,
    passphrase_file: site_secrets.PassphraseFiles = None,
    pin_file: site_secrets.PinFile = None,
    publish: Annotated[bool, typer.Option("--publish")] = False,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_address: options.DatabaseAddress = None,
    json: options.Json = False,
) -> None:
    """Sign the next trust if the site has changed; print it, write and publish it if asked to."""
    now_ms = clock.from_environment().utc_ms()
    loaded = files.load(site, site_secrets.told(passphrase_file, pin_file))
    made, data = trust_documents.issue(loaded, now_ms, key or ())
    if out is not None:
        new_output.write(out, data)
    shown = describe(made)
    published = _publish(loaded, database_address, now_ms) if publish else None
    if json:
        written = {"file": None if out is None else str(out), "bytes": len(data)}
        output.as_json({**written, "published": published, **shown})
        return
    output.table(("column.field", "column.value"), public.rows(shown), whole={1})
    if out is not None:
        output.line(messages.text("site.trust-written", file=out, epoch=made.epoch))
    if published:
        output.line(messages.text("site.trust-published", epochs=", ".join(map(str, published))))
    elif published is not None:
        output.line(messages.text("site.trust-published-before"))


def _publish(site: files.Site, database_address: str | None, now_ms: int) -> list[int]:
    """Publish what is not out yet; return the epochs."""
    from varde_host.fleet import publishing  # noqa: PLC0415 loads libraries for databases

    with options.opened_database(site.directory, database_address) as opened:
        return publishing.publish_trust(opened, site, now_ms)


def describe(made: trust.Trust) -> dict[str, object]:
    """Return a trust as it may be told to anyone."""
    names = {number: name for name, number in trust_documents.NUMBERS.items()}
    return {
        "epoch": made.epoch,
        "site_id": made.site_id.hex(),
        "roles": {
            names[role]: {"threshold": row[0], "keys": [public.hex() for public in row[1]]}
            for role, row in sorted(made.roles.items())
        },
        "roots": len(made.roots),
        "collector_public": made.collector_public.hex(),
        "receiver_public": made.receiver_public.hex(),
        "signed_ms": made.signed_ms,
    }
