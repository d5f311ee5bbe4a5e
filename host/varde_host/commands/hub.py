"""`varde hub`: who may deliver, and what a hub must know."""

from __future__ import annotations

from typing import Annotated

import typer

from varde_host import clock, messages, output
from varde_host.collector import batch, quarantine, registry
from varde_host.commands import hexadecimal, options
from varde_host.receiver import wording

_Site = options.SiteDirectory
_Database = options.DatabaseAddress


def enrol(
    public_key: Annotated[list[str], typer.Argument(metavar="HEX...")],
    site: _Site = options.DEFAULT_SITE,
    database_address: _Database = None,
    json: options.Json = False,
) -> None:
    """Let hubs deliver from now on: all of them, or none if one key is wrong."""
    publics = [hexadecimal.parse(key, registry.PUBLIC_KEY_BYTES) for key in public_key]
    now_ms = clock.from_environment().utc_ms()
    with (
        options.opened_database(site, database_address, create=True) as opened,
        opened.writing() as connection,
    ):
        hub_ids = [registry.enrol(connection, public, now_ms).hex() for public in publics]
    if json:
        pairs = zip(hub_ids, publics, strict=True)
        output.as_json([{"hub": hub_id, "public": public.hex()} for hub_id, public in pairs])
    else:
        for hub_id in hub_ids:
            output.line(messages.text("hub.enrolled", hub=hub_id))


def revoke(
    hub: Annotated[str, typer.Argument(metavar="HEX")],
    site: _Site = options.DEFAULT_SITE,
    database_address: _Database = None,
    json: options.Json = False,
) -> None:
    """Refuse a hub from now on."""
    hub_id = hexadecimal.parse(hub, registry.HUB_ID_BYTES)
    now_ms = clock.from_environment().utc_ms()
    with options.opened_database(site, database_address) as opened, opened.writing() as connection:
        registry.revoke(connection, hub_id, now_ms)
    if json:
        output.as_json({"hub": hub_id.hex(), "revoked_ms": now_ms})
    else:
        output.line(messages.text("hub.revoked", hub=hub_id.hex()))


def show_list(
    site: _Site = options.DEFAULT_SITE,
    database_address: _Database = None,
    json: options.Json = False,
) -> None:
    """List hubs, and who knocked without being enrolled."""
    with options.opened_database(site, database_address) as opened, opened.reading() as connection:
        hubs = registry.enrolments(connection)
        strangers = registry.strangers(connection)
        overflows = quarantine.overflows(connection)
    if json:
        output.as_json(
            {
                "hubs": [_hub_row(hub, overflows.get(hub.hub_id)) for hub in hubs],
                "strangers": [_stranger_row(stranger) for stranger in strangers],
            }
        )
    else:
        _print_lists(hubs, strangers)


def show_refused(
    site: _Site = options.DEFAULT_SITE,
    database_address: _Database = None,
    json: options.Json = False,
) -> None:
    """List the records in quarantine: whose, when, why and how large, but not what is in them."""
    with options.opened_database(site, database_address) as opened, opened.reading() as connection:
        kept = quarantine.listing(connection)
        overflows = quarantine.overflows(connection)
    if json:
        output.as_json([_refused_row(entry) for entry in kept])
        return
    output.table(
        [f"column.{column}" for column in ("hub", "received", "seq", "reason", "bytes")],
        [
            (
                entry.hub_id.hex(),
                wording.moment(entry.received_ms),
                "" if entry.seq is None else str(entry.seq),
                messages.text(f"refused.{batch.REASON_NAMES[entry.reason]}"),
                str(entry.size_bytes),
            )
            for entry in kept
        ],
    )
    output.line(messages.text("hub.refused-count", records=len(kept)))
    for hub_id, overflow in sorted(overflows.items()):
        said = messages.text("hub.refused-not-kept", hub=hub_id.hex(), records=overflow.records)
        output.line(said)


def _print_lists(hubs: list[registry.Enrolment], strangers: list[registry.Stranger]) -> None:
    columns = ("hub", "public-key", "enrolled", "revoked", "records", "last-received")
    output.table(
        [f"column.{column}" for column in columns],
        [
            (
                hub.hub_id.hex(),
                hub.public_key.hex(),
                _moment(hub.enrolled_ms),
                _moment(hub.revoked_ms),
                str(hub.records),
                _moment(hub.last_received_ms),
            )
            for hub in hubs
        ],
    )
    if strangers:
        output.line(messages.text("hub.strangers"))
        output.table(
            [f"column.{column}" for column in ("hub", "first-seen", "last-seen", "requests")],
            [
                (
                    stranger.unverified_hub_id.hex(),
                    _moment(stranger.first_seen_ms),
                    _moment(stranger.last_seen_ms),
                    str(stranger.requests),
                )
                for stranger in strangers
            ],
        )


def _hub_row(hub: registry.Enrolment, overflow: quarantine.Overflow | None) -> dict[str, object]:
    return {
        "hub": hub.hub_id.hex(),
        "public": hub.public_key.hex(),
        "enrolled_ms": hub.enrolled_ms,
        "revoked_ms": hub.revoked_ms,
        "records": hub.records,
        "last_received_ms": hub.last_received_ms,
        "refused_not_kept": overflow.records if overflow else 0,
    }


def _stranger_row(stranger: registry.Stranger) -> dict[str, object]:
    return {
        "unverified_hub": stranger.unverified_hub_id.hex(),
        "first_seen_ms": stranger.first_seen_ms,
        "last_seen_ms": stranger.last_seen_ms,
        "requests": stranger.requests,
    }


def _refused_row(entry: quarantine.Kept) -> dict[str, object]:
    return {
        "hub": entry.hub_id.hex(),
        "received_ms": entry.received_ms,
        "seq": entry.seq,
        "reason": batch.REASON_NAMES[entry.reason],
        "bytes": entry.size_bytes,
    }


def _moment(utc_ms: int | None) -> str:
    return "" if utc_ms is None else wording.moment(utc_ms)
