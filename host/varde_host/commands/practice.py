"""`varde practice`: the exercises, who has done which, and the certificate (docs/practice.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from varde_host import clock, messages, output
from varde_host.bench.making import label_facts
from varde_host.commands import inventory_options, new_output, options
from varde_host.inventory import who as inventory_who
from varde_host.inventory import words
from varde_host.practice import attempts, certificate, certificate_sheet, exercises
from varde_host.practice.attempts import Attempt
from varde_host.reporting import slip
from varde_host.site import files, keys

Folder = Annotated[
    Path, typer.Option("--folder", envvar=attempts.VARIABLE, metavar="DIR")
]  # fmt: skip


def show_list(
    person: Annotated[str | None, typer.Option(metavar="ID")] = None,
    folder: Folder = attempts.FOLDER,
    json: options.Json = False,
) -> None:
    """Show the exercises, and which of them were done."""
    done = attempts.listing(folder, person)
    if json:
        output.as_json(
            {
                "exercises": [
                    {"name": each.name, "kind": each.kind, "title": each.title, "goal": each.goal}
                    for each in exercises.known().values()
                ],
                "done": [asdict(each) for each in done],
            }
        )
        return
    columns = ("name", "kind", "title", "done")
    output.table(
        [f"practice.column.{name}" for name in columns],
        [
            (each.name, messages.text(f"practice.kind.{each.kind}"), each.title,
             _best(each.name, done))
            for each in exercises.known().values()
        ],
        whole={0},
    )  # fmt: skip


def _best(name: str, done: Sequence[Attempt]) -> str:
    mine = [each for each in attempts.best(done) if each.exercise == name]
    if not mine:
        return ""
    (each,) = mine
    helped = "unaided" if each.is_unaided else "hints"
    told = messages.text(f"practice.sheet.{helped}", hints=each.hints)
    return f"✔ {each.person} {words.day(each.done_ms)} {told}"


def certify(
    out: Annotated[Path, typer.Option(metavar="FILE.pdf")],
    by: inventory_options.By = None,
    folder: Folder = attempts.FOLDER,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    json: options.Json = False,
) -> None:
    """Sign what a person has done, and write it as a paper and a file beside it."""
    whose = inventory_who.parse(by)
    done = attempts.best(attempts.listing(folder, whose.person))
    site_files = files.load(site)
    now_ms = clock.from_environment().utc_ms()
    name = label_facts.municipality(site_files)
    said = certificate.of(done, whose, name, site_files.site_id, now_ms)
    signed = certificate.signed(said, site_files.signer(keys.SERVICE))
    paper = certificate_sheet.pdf(said, signed, messages.speaker.language)
    beside = out.with_suffix(".json")
    new_output.write(out, paper)
    new_output.write(beside, signed)
    if json:
        output.as_json({"file": str(out), "signed": str(beside), "certificate": said})
        return
    output.good(
        messages.text("practice.certified", file=out, person=whose.person, count=len(done))
    )


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE.json")],
    site: options.SiteDirectory = options.DEFAULT_SITE,
    json: options.Json = False,
) -> None:
    """Tell what a certificate says, if this site signed it."""
    data = files.read(file, certificate.MAX_BYTES)
    said = certificate.opened(data, slip.service_keys(files.load(site)), str(file))
    if json:
        output.as_json(dict(said))
        return
    output.good(
        messages.text(
            "practice.holds",
            person=said["person"],
            count=len(said["exercises"]),
            day=words.day(said["made_ms"]),
        )
    )
