"""`varde site check`, `backup`, `restore`: whether a site's keys are good, and their copy."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from varde_host import clock, errors, messages, output
from varde_host.commands import options, site_secrets
from varde_host.site import backup, files, proof


def check(
    *,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    passphrase_file: site_secrets.PassphraseFiles = None,
    pin_file: site_secrets.PinFile = None,
    json: options.Json = False,
) -> None:
    """Let every key sign, and look at certificates, dates and modes; exit 1 for a problem."""
    checked = proof.check(files.load(site, site_secrets.told(passphrase_file, pin_file)), _now())
    if json:
        output.as_json(_as_json(checked))
    else:
        _tell(checked)
    if not checked.is_whole:
        raise typer.Exit(errors.EXIT_REFUSED)


def back_up(
    out: Annotated[Path, typer.Argument(metavar="FILE")],
    *,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    passphrase_file: site_secrets.PassphraseFiles = None,
    pin_file: site_secrets.PinFile = None,
    json: options.Json = False,
) -> None:
    """Write keys, certificates, trust and description into one encrypted file."""
    told = site_secrets.told(passphrase_file, pin_file)
    if out.exists():
        raise errors.InputRefused("file-exists", str(out))
    loaded = files.load(site, told)
    passphrase = told.new(str(out))
    done = backup.back_up(loaded, out, passphrase, _now())
    if json:
        hashes = {"file": str(out), "files": done.hashes, "left_out": done.left_out}
        output.as_json({**hashes, **_as_json(done.checked)})
        return
    _tell(done.checked)
    if done.left_out:
        output.line(messages.text("site.left-out", files=", ".join(done.left_out)))
    output.good(messages.text("site.backed-up", count=len(done.hashes), file=out))


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    directory: Annotated[Path, typer.Argument(metavar="DIR")],
    *,
    unopened: Annotated[list[str] | None, typer.Option(metavar="KEY")] = None,
    passphrase_file: site_secrets.PassphraseFiles = None,
    pin_file: site_secrets.PinFile = None,
    json: options.Json = False,
) -> None:
    """Make the site from a backup in a new directory, and let every key sign first."""
    told = site_secrets.told(passphrase_file, pin_file)
    opened = told.open(str(file), lambda phrase: backup.read(file, phrase))
    leave = frozenset(unopened or [])
    site, checked = backup.restore(opened, directory, told, _now(), leave)
    if json:
        hashes = {"directory": str(site.directory), "files": backup.hashes(opened)}
        output.as_json({**hashes, "created_ms": opened.created_ms, **_as_json(checked)})
        return
    _tell(checked)
    output.good(messages.text("site.restored", file=file, directory=directory))


def _now() -> dt.datetime:
    return dt.datetime.fromtimestamp(clock.from_environment().utc_ms() / 1000, dt.UTC)


def _as_json(checked: proof.Checked) -> dict[str, object]:
    return {
        "whole": checked.is_whole,
        "keys": [
            {"role": key.role, "place": key.place, "state": key.state, "reason": key.reason}
            for key in checked.keys
        ],
        "findings": [finding._asdict() for finding in checked.findings],
    }


def _reason(key: proof.KeyProof) -> str:
    return messages.text(f"error.{key.reason}.what", **key.fields) if key.reason else ""


def _tell(checked: proof.Checked) -> None:
    rows = [
        (key.role, key.place, messages.text(f"key-state.{key.state}"), _reason(key))
        for key in checked.keys
    ]
    output.table(("column.role", "column.key", "column.state", "column.reason"), rows)
    for finding in checked.findings:
        text = messages.text(f"site-finding.{finding.what}", detail=finding.detail)
        output.line(f"{finding.where}: {text}")
    states = [key.state for key in checked.keys]
    counts = {"proven": states.count(proof.PROVEN), "unopened": states.count(proof.NOT_OPENED)}
    key = "site.whole" if checked.is_whole else "site.not-whole"
    (output.good if checked.is_whole else output.line)(messages.text(key, **counts))
