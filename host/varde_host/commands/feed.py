"""`varde feed add|list|remove`: which receivers the collector gives sealed records to."""

from __future__ import annotations

from typing import Annotated

import typer

from varde_host import clock, messages, output
from varde_host.collector import feed_keys, registry
from varde_host.commands import hexadecimal, options
from varde_host.inventory import words

KEY_ID_BYTES = 8


def add(
    public_key: Annotated[str, typer.Argument(metavar="HEX")],
    name: Annotated[str, typer.Option(metavar="NAME")],
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_address: options.DatabaseAddress = None,
    json: options.Json = False,
) -> None:
    """Let a receiver in."""
    key = hexadecimal.parse(public_key, registry.PUBLIC_KEY_BYTES)
    now_ms = clock.from_environment().utc_ms()
    with options.opened_database(site, database_address, create=True) as opened:
        kid = opened.write(lambda connection: feed_keys.add(connection, key, name, now_ms))
    if json:
        output.as_json({"kid": kid.hex(), "name": name})
    else:
        output.good(messages.text("receiver-feed.added", name=name, kid=kid.hex()))


def show_list(
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_address: options.DatabaseAddress = None,
    json: options.Json = False,
) -> None:
    """Show the receivers that are let in, and those that were."""
    with options.opened_database(site, database_address) as opened:
        found = opened.read(feed_keys.listing)
    if json:
        output.as_json([
            {**each._asdict(), "kid": each.kid.hex(), "public_key": each.public_key.hex()}
            for each in found
        ])  # fmt: skip
        return
    rows = [
        (each.kid.hex(), each.name, words.moment(each.added_ms), _moment(each.removed_ms))
        for each in found
    ]
    columns = ("kid", "name", "added", "removed")
    output.table([f"receiver-feed.column.{name}" for name in columns], rows)


def remove(
    kid: Annotated[str, typer.Argument(metavar="KID")],
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_address: options.DatabaseAddress = None,
    json: options.Json = False,
) -> None:
    """Give a receiver no more."""
    key_id = hexadecimal.parse(kid, KEY_ID_BYTES)
    now_ms = clock.from_environment().utc_ms()
    with options.opened_database(site, database_address) as opened:
        opened.write(lambda connection: feed_keys.remove(connection, key_id, now_ms))
    if json:
        output.as_json({"kid": kid, "removed_ms": now_ms})
    else:
        output.line(messages.text("receiver-feed.removed", kid=kid))


def _moment(at_ms: int | None) -> str:
    return "" if at_ms is None else words.moment(at_ms)
