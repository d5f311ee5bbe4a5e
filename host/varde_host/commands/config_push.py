"""`varde config push|adopt`: publish what hubs shall have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from varde_host import clock, errors, messages, output
from varde_host.commands import (
    config_text,
    options,
    selection_options,
    setting_text,
    site_secrets,
)
from varde_host.fleet import desired, publishing, pushing, signing
from varde_host.fleet.pushing import Push
from varde_host.receiver import wording
from varde_host.site import files
from varde_protocols import assignment, documents
from varde_protocols.errors import WireError


def push(
    hub: selection_options.Hubs = None,
    group: selection_options.GroupNames = None,
    ring: selection_options.RingNames = None,
    everything: selection_options.Everything = False,
    key: Annotated[list[str] | None, typer.Option(metavar="FILE|URI")] = None,
    passphrase_file: site_secrets.PassphraseFiles = None,
    pin_file: site_secrets.PinFile = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_address: options.DatabaseAddress = None,
    json: options.Json = False,
) -> None:
    """Sign one assignment for each hub that has a draft, and publish it."""
    now_ms = clock.from_environment().utc_ms()
    loaded = files.load(site, site_secrets.told(passphrase_file, pin_file))
    with selection_options.opened(site, database_address) as opened:
        hubs = selection_options.chosen(site, opened, hub, group, ring, everything)
        pushes = pushing.prepare(loaded, opened, hubs, now_ms)
        signed = pushing.publish(
            loaded,
            opened,
            pushes,
            signing.Signing(loaded, key or ()),
            now_ms,
        )
    done = list(zip(pushes, signed, strict=True))
    if json:
        output.as_json([_row(*each) for each in done])
    else:
        _print(done)


def adopt(
    file: Annotated[list[Path], typer.Argument(metavar="FILE...")],
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_address: options.DatabaseAddress = None,
    json: options.Json = False,
) -> None:
    """Take assignments that hubs already have as what is published for them."""
    rows: list[dict[str, Any]] = []
    loaded = files.load(site)
    now_ms = clock.from_environment().utc_ms()
    read = {path: _document(path) for path in file}
    with selection_options.opened(site, database_address) as opened:
        publishing.publish_assignments(opened, loaded, list(read.values()), now_ms)
    for path, data in read.items():
        given = assignment.unverified(data)
        hub_id = "" if given.hub_id is None else given.hub_id.hex()
        rows.append({"hub": hub_id, "number": given.number, "file": str(path)})
    if json:
        output.as_json(rows)
        return
    for row in rows:
        output.line(messages.text("config.adopted", **row))


def _document(path: Path) -> bytes:
    """Return what an assignment's file holds. Raises InputRefused `file-read`, `adopt-file`."""
    data = files.read(path, documents.MAX_DOCUMENT_BYTES)
    try:
        assignment.unverified(data)
    except WireError as error:
        raise errors.InputRefused("adopt-file", str(path), reason=error.code) from error
    return data


def _row(push: Push, document: bytes) -> dict[str, Any]:
    return {
        "hub": push.stands.hub_id,
        "number": push.given.number,
        "document_bytes": len(document),
        "air_bytes": pushing.air_bytes(document),
        "fetched_before_ms": push.fetched_ms,
        "healed_before_ms": push.healed_ms,
        "changes": config_text.as_json(push.stands.plain, desired.plain_of(push.given)),
    }


def _print(done: list[tuple[Push, bytes]]) -> None:
    columns = ("number", "changes", "bytes", "fetched", "healed")
    output.table(
        ("column.hub", *(f"config.column.{name}" for name in columns)),
        [
            (
                each.stands.hub_id,
                str(each.given.number),
                ", ".join(_names(each)),
                str(pushing.air_bytes(document)),
                _moment(each.fetched_ms),
                _moment(each.healed_ms),
            )
            for each, document in done
        ],
        whole={0},
    )
    total = sum(pushing.air_bytes(document) for _, document in done)
    output.line(messages.text("config.pushed", count=len(done), bytes=total))
    output.line(messages.text("config.pushed-next"))


def _names(push: Push) -> list[str]:
    changed = desired.changed(push.stands.plain, desired.plain_of(push.given))
    return [setting_text.BY_FIELD[name].name for name in changed]


def _moment(utc_ms: int | None) -> str:
    return messages.text("config.when-heard") if utc_ms is None else wording.moment(utc_ms)
