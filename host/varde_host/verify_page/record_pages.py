"""What was signed: records with every point, their reports, and a thing's course through time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import sqlalchemy as sa
from starlette.responses import Response

from varde_host import errors, messages
from varde_host.bench_page import paper_pages
from varde_host.bench_record import form
from varde_host.inventory import kit_id, records, stock, tracing
from varde_host.pages.asked import Asked
from varde_host.pages.page import Page
from varde_host.reporting import files as report_files
from varde_host.reporting import gathering, thing_history
from varde_host.verification import approved, evaluation, measured, outlook
from varde_host.verification import wording as judged_words
from varde_host.verify_page import drawing, here, shown
from varde_host.verifying import lapsing

MOST_SHOWN = 200


async def show_list(asked: Asked) -> Response:
    """Answer `GET /records`: what lapses first on top, then all that was signed, newest first."""
    with asked.tenant.inventory.reading() as connection:
        found = records.listing(connection, form.VERIFICATION)
    last_day = stock.day_after(asked.now_ms, lapsing.WARN_DAYS)
    return asked.page(
        "verify_page/records.html",
        lapsing=lapsing.lapsing(found, last_day),
        records=list(reversed(found))[:MOST_SHOWN],
        more=max(0, len(found) - MOST_SHOWN),
        look=shown.look,
        word=lambda outcome: "" if outcome is None else judged_words.outcome(outcome),
    )


async def show(asked: Asked) -> Response:
    """Answer `GET /records/RECORD`."""
    with asked.tenant.inventory.reading() as connection:
        found = _verification(connection, asked.path["record"])
        loans = _loans_in_doubt(connection, found)
    seen = measured.from_json(found.content["measured"])
    used = approved.known(asked.tenant.site).get(seen.procedure.sha256)
    if used is None:
        raise errors.InputRefused("verify-procedure-gone", seen.procedure.id)
    ended = here.ongoing(asked).ended.get(found.number)
    return asked.page(
        "verify_page/record.html",
        record=found,
        seen=seen,
        by=found.content["by"],
        place=found.content["place"],
        title=used.title.text(messages.speaker.language),
        result=shown.of(used, seen, evaluation.evaluate(used, seen)),
        loans=loans,
        looks=shown.CLASSES,
        put=None if ended is None else ended.put,
    )


async def report(asked: Asked) -> Response:
    """Answer `GET /records/RECORD/report.pdf`: the same file as `varde report make`."""
    with asked.tenant.inventory.reading() as connection:
        found = _verification(connection, asked.path["record"])
        sources = gathering.sources(asked.tenant.site, connection, found.number)
    language = messages.speaker.language
    made = await asyncio.to_thread(report_files.made, sources, language)
    name = report_files.name(sources.signed) + report_files.PDF
    return paper_pages.file(made[report_files.PDF], name)


async def history(asked: Asked) -> Response:
    """Answer `GET /item/ITEM/history`: what was found through time, and where the errors go."""
    wanted = kit_id.check(asked.path["item"])
    with asked.tenant.inventory.reading() as connection:
        found = thing_history.read(connection, wanted, asked.tenant.directory)
    return asked.page(
        "verify_page/history.html",
        item=found.item,
        findings=list(reversed(found.findings)),
        strips=[_strip(each, found) for each in found.seen.points if len(each.series.found) > 1],
        advised=found.seen.advised,
        look=shown.look,
        word=lambda outcome: "" if outcome is None else judged_words.outcome(outcome),
    )


def _strip(each: outlook.PointOutlook, found: thing_history.ThingHistory) -> drawing.Drawing:
    check, direction, nominal = each.series.point
    name = check if found.used is None else found.used.words(check, messages.speaker.language)
    checks = [] if found.used is None else found.used.checks
    unit = next((one.unit or "" for one in checks if one.id == check), "")
    title = " ".join(part for part in (name, direction, nominal, unit) if part)
    return drawing.of_drift(each.series, title, unit)


def _verification(connection: sa.Connection, name: str) -> records.Record:
    """Return a verification. Raises as `records.get`; a record of another kind is none."""
    found = records.get(connection, name)
    if found.kind != form.VERIFICATION:
        raise errors.InputRefused("record-unknown", name[:40])
    return found


def _loans_in_doubt(connection: sa.Connection, found: records.Record) -> int | None:
    """Return how many loans are to be looked at for this record; None if it calls for none."""
    try:
        return len(tracing.trace(connection, found.subject, found.sha256).parts)
    except errors.InputRefused:
        return None


PAGES: Sequence[Page] = (
    Page("GET", "/records", "report.see", show_list),
    Page("GET", "/records/{record}", "report.see", show),
    Page("GET", "/records/{record}/report.pdf", "report.see", report),
    Page("GET", "/item/{item}/history", "report.see", history),
)
