"""`varde release sign` and `check`: one holder's signature, and whether a release is ready."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from varde_host import errors, messages, output
from varde_host.commands import options, release, site_secrets
from varde_host.release import firmware as built_firmware
from varde_host.release import folder, holders, judging, signing
from varde_host.site import files, keys, release_keys, token_uri
from varde_protocols import documents
from varde_protocols import release as release_format

Place = Annotated[Path, typer.Argument(metavar="DIR")]
Public = Annotated[Path | None, typer.Option(metavar="FILE")]
Trust = Annotated[Path | None, typer.Option(metavar="FILE")]
Site = Annotated[Path | None, typer.Option("--site", metavar="DIR")]
Firmware = Annotated[Path | None, typer.Option(metavar="DIR")]


def sign(
    place: Place,
    *,
    key: Annotated[str | None, typer.Option(metavar="FILE|URI")] = None,
    add: Annotated[list[Path] | None, typer.Option(metavar="FILE")] = None,
    public: Public = None,
    trust: Trust = None,
    site: Site = None,
    firmware: Firmware = None,
    passphrase_file: site_secrets.PassphraseFiles = None,
    pin_file: site_secrets.PinFile = None,
    json: options.Json = False,
) -> None:
    """Look at all of it, then add a signature, and those of other copies."""
    who = holders.find(_beside(key, public, trust, site), trust, site)
    opened = folder.Folder(place)
    judged = judging.judge(opened, who, _built(firmware))
    if not judged.is_good_for_signing() or judged.given is None:
        bad = [f"{f.part} ({f.detail})" for f in judged.findings if f.state == judging.BAD]
        raise errors.InputRefused("release-bad", str(place), parts=", ".join(bad[:2]))
    others = [files.read(path, documents.MAX_DOCUMENT_BYTES) for path in add or ()]
    if not json:
        output.table(("column.field", "column.value"), release.rows_of(judged.given))
    signers: list[keys.Signer] = []
    if key is not None:
        told = site_secrets.told(passphrase_file, pin_file)
        signers = [files.open_signer(key, None, told)]
    signed = signing.sign(opened, who, signers, others, judged.given)
    is_ready = len(signed) >= who.threshold
    if json:
        kids = [who.name(public) for public in signed]
        output.as_json({"signed": kids, "threshold": who.threshold, "ready": is_ready})
        return
    if firmware is None:
        output.line(messages.text("release.not-compared"))
    count = {"count": len(signed), "threshold": who.threshold}
    if is_ready:
        output.good(messages.text("release.ready", folder=place / folder.SERVE, **count))
    else:
        output.line(messages.text("release.more", **count))


def check(
    place: Place,
    *,
    public: Public = None,
    trust: Trust = None,
    site: Site = None,
    firmware: Firmware = None,
    runs: Annotated[int, typer.Option(metavar="N")] = 0,
    hub_floor: Annotated[int, typer.Option("--hub-floor", metavar="N")] = 0,
    target: Annotated[str | None, typer.Option(metavar="TEXT")] = None,
    room: Annotated[int, typer.Option(metavar="BYTES")] = release_format.MAX_SIZE_BYTES,
    json: options.Json = False,
) -> None:
    """Look at all of it, and say what a hub would say; exit 1 if it would not take it."""
    is_named = any(named is not None for named in (public, trust, site))
    who = holders.find(public, trust, site) if is_named else None
    opened = folder.Folder(place)
    judged = judging.judge(opened, who, _built(firmware))
    reason = None
    if who is not None:
        hub = judging.HubState(runs, hub_floor, target, room)
        reason = judging.hub_says(opened, who, hub)
    if json:
        output.as_json(_as_json(judged, who, reason))
    else:
        _tell(judged, reason)
    if not judged.is_good or reason not in (None, "none"):
        raise typer.Exit(errors.EXIT_REFUSED)


def _as_json(
    judged: judging.Judged, who: holders.Holders | None, reason: str | None
) -> dict[str, Any]:
    rows = [{"part": f.part, "state": f.state, "detail": f.detail} for f in judged.findings]
    hub = None if reason is None else {"reason": judging.REASONS[reason], "name": reason}
    return {
        "good": judged.is_good,
        "findings": rows,
        "signed": [] if who is None else [who.name(public) for public in judged.signed_by],
        "hub": hub,
        "release": None if judged.given is None else release.fields_of(judged.given),
    }


def _tell(judged: judging.Judged, reason: str | None) -> None:
    rows = [
        (messages.text(f"release.part.{f.part}"), messages.text(f"release.state.{f.state}"),
         f.detail)
        for f in judged.findings
    ]  # fmt: skip
    output.table(("release.column.part", "column.state", "release.column.detail"), rows)
    if reason is None:
        output.line(messages.text("release.no-holders"))
    elif reason == "none" and judged.is_good:
        output.good(messages.text("release.hub.none"))
    else:
        output.line(messages.text(f"release.hub.{reason}"))


def _beside(
    key: str | None, public: Path | None, trust: Path | None, site: Path | None
) -> Path | None:
    """Return the public halves that were named, or those that lie beside the key's file."""
    if key is None or token_uri.is_token_uri(key) or (trust, site) != (None, None):
        return public
    found = Path(key).parent / release_keys.PUBLIC_FILE
    return found if public is None and found.is_file() else public


def _built(firmware: Path | None) -> dict[str, bytes] | None:
    return None if firmware is None else built_firmware.load(firmware)
