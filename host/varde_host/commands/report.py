"""`varde report make|check|redraw`: reports of what the bench has signed (docs/reports.md)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from varde_host import errors, messages, output
from varde_host.bench_record import opening
from varde_host.commands import inventory_options, new_output, options
from varde_host.paper import label
from varde_host.reporting import amounts, checking, gathering, page_reader, slip
from varde_host.reporting import files as report_files
from varde_host.site import files
from varde_protocols import documents, trust

MAX_FILE_BYTES = 32 << 20
_Language = Annotated[str | None, typer.Option("--language", metavar="nb|nn|en")]
PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")


def make(
    record: Annotated[str, typer.Argument(metavar="RECORD")],
    out: Annotated[Path, typer.Option(metavar="DIR")],
    language: _Language = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    inventory: inventory_options.InventoryAddress = None,
    json: options.Json = False,
) -> None:
    """Write the files of a record's report."""
    chosen = asked(language)
    described = files.load(site)
    if Path(record).is_file():
        document = files.read(Path(record), documents.MAX_BENCH_RECORD_BYTES)
        sources = gathering.of_record(described, opening.opened(document, described))
    else:
        with inventory_options.reading(site, inventory) as connection:
            sources = gathering.sources(described, connection, record)
    write(sources, chosen, out, json=json)


def write(sources: report_files.Sources, language: str, out: Path, *, json: bool) -> None:
    """Write all files of a report into a folder, none over another; say which."""
    made = report_files.made(sources, language)
    stem = report_files.name(sources.signed)
    folder(out)
    for end, data in made.items():
        new_output.write(out / f"{stem}{end}", data)
    names = [f"{stem}{end}" for end in made]
    if json:
        output.as_json(
            {
                "number": sources.signed.content["number"], "kind": sources.signed.kind,
                "sha256": sources.signed.sha256, "language": language, "files": names,
            }
        )  # fmt: skip
        return
    output.good(messages.text("report-made.written", name=stem, files=len(names), out=out))


def check(
    copy: Annotated[str, typer.Argument(metavar="CODE|FILE")],
    trust_file: Annotated[Path | None, typer.Option("--trust", metavar="FILE")] = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    json: options.Json = False,
) -> None:
    """Say what the signature of a copy covers; refuse one that nobody here has signed."""
    source: slip.Source = _trust(trust_file) if trust_file is not None else files.load(site)
    checked = _checked(copy, source)
    if json:
        output.as_json(checking.as_json(checked))
        return
    said, words = checked.slip, label.speaker(messages.speaker.language)
    level = amounts.NOTHING if said.level is None else amounts.level(words, said.level)
    rows = [
        ("kind", messages.text(f"report-check.kinds.{said.kind}")),
        ("number", said.number),
        ("subject", said.subject),
        ("outcome", amounts.outcome(words, said.outcome)),
        ("level", level),
        ("until", amounts.date(words, said.valid_until)),
        ("day", amounts.date(words, said.day)),
        ("sha256", said.sha256),
    ]
    table = [(messages.text(f"report-check.{name}"), value) for name, value in rows]
    output.table(("column.field", "column.value"), table, whole={1})
    output.good(messages.text("report-check.same" if checked.redrawn else "report-check.good"))


def redraw(
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    out: Annotated[Path | None, typer.Option(metavar="FILE")] = None,
    language: _Language = None,
    json: options.Json = False,
) -> None:
    """Draw the pages again: into a file, or to compare them with the PDF that is there."""
    given = beside(file)
    there = given.get(report_files.PDF)
    chosen = asked(language) if language or there is None else page_reader.language_of(there)
    data = checking.drawn(given, chosen)
    is_same = None if there is None else data == there
    if out is not None:
        new_output.write(out, data)
    if json:
        output.as_json({"file": str(out or file), "bytes": len(data), "same": is_same})
    else:
        output.line(messages.text("report-made.redrawn", file=out or file, bytes=len(data)))
    if is_same is False and out is None:
        raise errors.InputRefused("report-altered", str(file), what=report_files.PDF)
    if is_same and not json:
        name = file.name.removesuffix(checking.ending(file.name) or "") + report_files.PDF
        output.good(messages.text("report-made.same", file=name))


def asked(language: str | None) -> str:
    """Return the language of the page; InputRefused `language` for one that we have not."""
    chosen = language or messages.speaker.language
    if chosen not in messages.LANGUAGES:
        raise errors.InputRefused("language", chosen[:20])
    return chosen


def folder(out: Path) -> None:
    """Make the folder unless it is there; WorldFailed `file-write`."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise errors.WorldFailed("file-write", str(out), reason=error.strerror) from error


def beside(file: Path) -> Mapping[str, bytes]:
    """Return a report's files by the end of their names: those in a PDF, or those of one name."""
    end = checking.ending(file.name)
    if end is None:
        raise errors.InputRefused("report-files", str(file))
    if end == report_files.PDF:
        data = files.read(file, MAX_FILE_BYTES)
        return {**checking.files_in(data), report_files.PDF: data}
    stem = file.name.removesuffix(end)
    paths = {each: file.with_name(stem + each) for each in report_files.ENDS}
    return {each: files.read(path, MAX_FILE_BYTES) for each, path in paths.items()
            if path.is_file()}  # fmt: skip


def _checked(what: str, source: slip.Source) -> checking.Checked:
    path = Path(what)
    if slip.looks_like(what) or not path.is_file():
        return checking.of_code(what, source)
    if path.suffix.lower() in PICTURES:
        return checking.of_code(page_reader.code_in_picture(path), source)
    if checking.ending(path.name) == report_files.PDF:
        return checking.of_pdf(files.read(path, MAX_FILE_BYTES), source)
    if checking.ending(path.name) == report_files.CODE:
        return checking.of_code(files.read(path, 4096).decode("ascii", "replace"), source)
    given = dict(beside(path))
    given.pop(report_files.PDF, None)
    return checking.of_files(given, source)


def _trust(path: Path) -> trust.Trust:
    """Return another site's trust; whoever names the file believes it."""
    return trust.unverified(files.read(path, documents.MAX_DOCUMENT_BYTES))
