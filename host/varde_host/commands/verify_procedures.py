"""`varde verify procedures`: which there are, what they ask, and which the municipality uses."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from varde_host import errors, messages, output
from varde_host.commands import inventory_options, new_output, options
from varde_host.site import files, keys, new_file
from varde_host.verification import approved, package, plain_form, procedure
from varde_host.verification import wording as judged_words

_COLUMNS = ("procedure", "version", "title", "level", "in-use", "sha256")
_CHECKS = ("check", "points", "limit", "basis")
_Id = Annotated[str, typer.Argument(metavar="ID")]


def show_list(
    site: options.SiteDirectory = options.DEFAULT_SITE, json: options.Json = False
) -> None:
    """List the procedures there are, and say which is followed."""
    opened = files.load(site)
    used = {one.sha256 for one in approved.in_use(opened).values()}
    yes = {one.sha256: one for one in approved.approvals(opened)}
    found = sorted(approved.known(opened).values(), key=lambda one: (one.id, one.version))
    if json:
        output.as_json([_row(one, one.sha256 in used, yes.get(one.sha256 or "")) for one in found])
        return
    language = messages.speaker.language
    rows = [
        (
            one.id,
            str(one.version),
            one.title.text(language),
            judged_words.level_code(one.level_at_most),
            "✔" if one.sha256 in used else "",
            one.sha256 or "",
        )
        for one in found
    ]
    output.table([f"verify-column.{name}" for name in _COLUMNS], rows, whole={0})


def show(
    name: _Id,
    out: Annotated[Path | None, typer.Option(metavar="FILE")] = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    json: options.Json = False,
) -> None:
    """Show what a procedure asks and how it judges; or write its file, byte for byte."""
    opened = files.load(site)
    found = _find(opened, name)
    if out is not None:
        new_output.write(out, approved.raw_of(opened, found.sha256 or "") or b"")
    if json:
        output.as_json(plain_form.plain(found))
        return
    language = messages.speaker.language
    output.line(f"{found.id} {found.version}  {found.title.text(language)}")
    output.line(found.about.text(language))
    rows = [_check_row(check, language) for check in found.checks]
    output.table([f"verify-column.{name}" for name in _CHECKS], rows)
    for one in found.not_checked:
        output.line(messages.text("verify.not-checked", what=one.text.text(language)))


def approve(
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    by: inventory_options.By = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    json: options.Json = False,
) -> None:
    """Say yes to a procedure's file: a line that the municipality signs, kept with the site."""
    acting, now_ms = inventory_options.acting(by)
    raw = files.read(file, procedure.MAX_FILE_BYTES)
    said = approved.approve(
        files.load(site), raw, function=acting.function, person=acting.person, at_ms=now_ms
    )
    if json:
        output.as_json(dataclasses.asdict(said))
    else:
        output.good(messages.text("verify.approved", id=said.id, version=said.version))


def export(
    name: Annotated[list[str], typer.Argument(metavar="ID...")],
    out: Annotated[Path, typer.Option(metavar="FILE")],
    by: inventory_options.By = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    json: options.Json = False,
) -> None:
    """Write procedures as one signed zip for another municipality."""
    acting, now_ms = inventory_options.acting(by)
    opened = files.load(site)
    found = [_find(opened, one) for one in name]
    raws = [approved.raw_of(opened, one.sha256 or "") or b"" for one in found]
    signer = opened.signer(keys.SERVICE)
    data = package.build(
        raws, signer, site=opened.site_id.hex(), municipality=opened.name,
        function=acting.function, person=acting.person, at_ms=now_ms,
    )  # fmt: skip
    new_output.write(out, data)
    if json:
        output.as_json({"file": str(out), "key": signer.kid.hex(), "procedures": name})
    else:
        output.line(messages.text("verify.exported", file=out, key_id=signer.kid.hex()))


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    out: Annotated[Path, typer.Option(metavar="DIR")],
    json: options.Json = False,
) -> None:
    """Read another municipality's zip: prove it whole, and write the files. Approve them then."""
    found = package.opened(files.read(file, package.MAX_BYTES))
    new_file.make_directory(out)
    written = []
    for used, raw in found.files:
        path = out / f"{used.id}.{used.version}.toml"
        new_output.write(path, raw)
        written.append(str(path))
    if json:
        said = {"municipality": found.index.municipality, "key": found.key_id, "files": written}
        output.as_json(said)
        return
    said_by = {"municipality": found.index.municipality, "key_id": found.key_id}
    output.line(messages.text("verify.imported", count=len(written), folder=out, **said_by))


def _find(site: files.Site, name: str) -> procedure.Procedure:
    used = approved.in_use(site)
    if name in used:
        return used[name]
    found = [one for sha256, one in approved.known(site).items() if sha256.startswith(name)]
    if len(found) != 1 or len(name) < 8:
        shown = ", ".join(sorted(used))
        raise errors.InputRefused("verify-procedure", name[:40], known=shown)
    return found[0]


def _row(
    one: procedure.Procedure, is_used: bool, yes: approved.Approval | None
) -> dict[str, object]:
    return {
        "id": one.id,
        "version": one.version,
        "sha256": one.sha256,
        "kind": one.kind,
        "level_at_most": one.level_at_most,
        "interval_days": one.interval_days,
        "in_use": is_used,
        "approved": None if yes is None else dataclasses.asdict(yes),
    }


def _check_row(check: procedure.Check, language: str) -> tuple[str, ...]:
    where = ", ".join(str(nominal) for nominal in check.nominals)
    limit, basis = "", ""
    if check.limit is not None:
        limit = str(check.limit.value) if check.limit.value is not None else check.limit.rule
        basis = check.limit.basis
    elif check.low is not None:
        limit = f"{check.low} … {check.high}"
    parts = (where, check.unit or "", f"×{check.times}" if check.times else "")
    return check.name.text(language), " ".join(part for part in parts if part), limit, basis
