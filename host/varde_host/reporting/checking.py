"""Is this paper, or this file, what was signed?

    letters of a code, or a picture of a page   the slip: what the paper must say
    .pdf                                        its record is verified, judged again, and the pages
                                                are drawn anew: other bytes are refused
    .cose, .json, .csv, .code beside it         the same for the files of a folder

A file of one letter changed is found, and so is a whole other report under the name of this one:
the slip inside must name the record inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pikepdf

from varde_host import errors, messages
from varde_host.bench_record import opening
from varde_host.paper import pdfa
from varde_host.reporting import files, slip, wipe_report
from varde_host.site import files as site_files
from varde_host.verification import approved, procedure


@dataclass(frozen=True)
class Checked:
    """What the signature covers; `redrawn` tells that the pages were drawn again, and are these
    bytes."""

    slip: slip.Slip
    redrawn: bool = False


def of_code(code: str, source: slip.Source) -> Checked:
    """Return what a code says. Raises InputRefused as `slip.opened`."""
    return Checked(slip.opened(code, slip.service_keys(source)))


def of_pdf(data: bytes, source: slip.Source) -> Checked:
    """Return what the record in a PDF says, if the PDF is of it and of nothing else.

    Raises InputRefused `report-files`, `report-altered`, and as `of_files`.
    """
    inside = files_in(data)
    checked = of_files(inside, source)
    language = pdfa.language_of(data)
    if language not in messages.LANGUAGES:
        raise errors.InputRefused("report-altered", "PDF", what="/Lang")
    if drawn(inside, language) != data:
        raise errors.InputRefused("report-altered", "PDF", what="PDF")
    return Checked(checked.slip, redrawn=True)


def drawn(given: Mapping[str, bytes], language: str) -> bytes:
    """Return the pages of a report's files. Raises as `files.made`, `wipe_report.drawn`."""
    if wipe_report.is_one(given):
        return wipe_report.drawn(given, language)
    return files.made(files.read(given), language)[files.PDF]


def of_files(given: Mapping[str, bytes], source: slip.Source) -> Checked:
    """Return what a report's files say, if they belong together and the site has signed them.

    Raises InputRefused `report-altered` with the file at fault, and as `files.read`,
    `slip.opened`, `opening.opened`.
    """
    if wipe_report.is_one(given):
        return Checked(wipe_report.checked(given, source))
    sources = files.read(given)
    found = of_code(sources.code, source)
    record = opening.opened(sources.signed.document, source, procedures(source, sources.own))
    if slip.of(record) != found.slip:
        raise errors.InputRefused("report-altered", files.CODE, what=files.CODE)
    for one in sources.beside:
        opening.opened(one.document, source, procedures(source, None))
    again = files.made(sources, messages.LANGUAGES[0])
    for end in (files.JSON, files.CSV):
        if end in given and given[end] != again[end]:
            raise errors.InputRefused("report-altered", end, what=end)
    return found


def procedures(source: slip.Source, own: bytes | None) -> dict[str, procedure.Procedure] | None:
    """Return the procedures that a record may name, None where `opening` knows them itself.

    An own procedure counts where the site has approved it, or where the site's approvals are not
    at hand: then the record alone says that it was used.
    """
    if own is None:
        return None
    known = {str(each.sha256): each for each in procedure.every_shipped()}
    if isinstance(source, site_files.Site):
        return known | approved.known(source)
    loaded = procedure.load(own, files.PROCEDURE)
    return {**known, str(loaded.sha256): loaded}


def files_in(data: bytes) -> dict[str, bytes]:
    """Return the files in a PDF by the end of their names; InputRefused `report-files`."""
    try:
        inside = pdfa.attached_files(data)
    except (pikepdf.PdfError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise errors.InputRefused("report-files", "PDF") from error
    return {end: data for name, data in inside.items() if (end := ending(name)) is not None}


def ending(name: str) -> str | None:
    """Return the end of a report's file name, None for a file that is none of it."""
    return next((end for end in files.ENDS if name.endswith(end)), None)


def as_json(checked: Checked) -> dict[str, Any]:
    """Return it for programs."""
    said = checked.slip
    return {
        "kind": said.kind, "number": said.number, "subject": said.subject,
        "outcome": said.outcome, "level": said.level, "valid_until": said.valid_until,
        "day": said.day, "sha256": said.sha256, "redrawn": checked.redrawn,
    }  # fmt: skip
