"""What the equipment gives: a page for the owner of the service, its plots and its files.

The same extract as `varde report benefit` makes, kept for ten minutes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Final

from markupsafe import Markup
from starlette.responses import Response

from varde_host import errors, explaining, messages
from varde_host.benefit import figures, indicators, kept, months, plots, sheet, wording, written
from varde_host.benefit.extract import Extract
from varde_host.benefit.months import Month
from varde_host.pages import refusals
from varde_host.pages.asked import Asked
from varde_host.pages.page import Page
from varde_host.paper import label

ACTION: Final = "benefit.see"
_SHOWN_AT_FIRST: Final = 12  # months
_OFFERED: Final = months.MOST_MONTHS
_KEPT: Final = kept.Kept()


async def show(asked: Asked) -> Response:
    """Answer `GET /benefit`: a form, and the figures of the period that it asks for."""
    offered = _offered(asked.now_ms)
    try:
        period = _period(asked)
    except errors.InputRefused as error:
        said = explaining.of_error(error)
        return _page(asked, offered, None, problem=f"{said.what}. {said.now}")
    return _page(asked, offered, await _made(asked, period))


async def picture(asked: Asked) -> Response:
    """Answer `GET /benefit/plot/KEY`: an SVG."""
    made, speaker = await _made(asked, _period(asked)), label.speaker(asked.language)
    for plot in plots.made(made, speaker):
        if plot.key == asked.path["key"]:
            return _file(plots.svg(plot, plots.about(plot, speaker)), "image/svg+xml")
    raise refusals.missing(asked.path["key"])


async def table(asked: Asked) -> Response:
    """Answer `GET /benefit/table.csv`."""
    return await _table(asked, semicolons=False)


async def excel_table(asked: Asked) -> Response:
    """Answer `GET /benefit/excel.csv`: with semicolons and decimal commas."""
    return await _table(asked, semicolons=True)


async def paper(asked: Asked) -> Response:
    """Answer `GET /benefit/sheet.pdf`."""
    made = await _made(asked, _period(asked))
    content = await asyncio.to_thread(sheet.pdf, made, asked.language)
    return _file(content, "application/pdf", f"{sheet.stem(made)}.pdf")


def pages() -> Sequence[Page]:
    """Return all of them, for whoever may see the benefit."""
    ways: Sequence[tuple[str, Callable[[Asked], Awaitable[Response]]]] = (
        ("/benefit", show),
        ("/benefit/plot/{key}", picture),
        ("/benefit/table.csv", table),
        ("/benefit/excel.csv", excel_table),
        ("/benefit/sheet.pdf", paper),
    )
    return [Page("GET", path, ACTION, handle) for path, handle in ways]


def _page(
    asked: Asked, offered: Sequence[Month], made: Extract | None, problem: str = ""
) -> Response:
    speaker = label.speaker(asked.language)
    shown = [] if made is None else list(plots.made(made, speaker))
    first, last = _chosen(asked)
    return asked.page(
        "fleet_page/benefit.html",
        status=400 if problem else 200,
        choices=[(str(month), wording.month(speaker, month)) for month in offered],
        first=str(first), last=str(last), problem=problem, extract=made,
        period="" if made is None else _words(speaker, made),
        totals=[] if made is None else list(_totals(made, speaker)),
        columns=[] if made is None else _heads(made, speaker),
        rows=[] if made is None else list(_rows(made, speaker)),
        plots=[(plot.key, plot.title, plots.about(plot, speaker)) for plot in shown],
        size=(plots.WIDTH_PX, plots.HEIGHT_PX),
    )  # fmt: skip


def _words(speaker: messages.Speaker, made: Extract) -> str:
    return wording.period(speaker, made.period[0], made.period[-1])


def _totals(made: Extract, speaker: messages.Speaker) -> Iterator[list[str | Markup]]:
    """Yield name, value, unit and baseline of each figure of the period."""
    for each in made.totals:
        if each.status != figures.NOT_CLASSIFIED:
            before = written.compared(made, each)
            yield [
                Markup("<b>{}</b>{}").format(
                    wording.titled(speaker, each),
                    Markup("<small>{}</small>").format(wording.says(speaker, each.key)),
                ),
                wording.value(speaker, each),
                wording.unit(speaker, each.key, made.currency),
                wording.number(speaker, before),
            ]  # fmt: skip


def _heads(made: Extract, speaker: messages.Speaker) -> list[str]:
    heads = wording.heads(speaker, made.period)
    return [speaker.text("benefit.sheet.indicator"), *heads, speaker.text("benefit.page.period")]


def _rows(made: Extract, speaker: messages.Speaker) -> Iterator[list[str]]:
    """Yield each indicator and group with its figures, month by month."""
    for total in made.totals:
        is_monthly = not indicators.BY_KEY[total.key].yearly
        if is_monthly and total.status != figures.NOT_CLASSIFIED:
            found = made.of(total.key, total.group)
            unit = wording.unit(speaker, total.key, made.currency)
            name = f"{wording.titled(speaker, total)} ({unit})"
            yield [name, *(wording.value(speaker, each) for each in found)]


async def _table(asked: Asked, *, semicolons: bool) -> Response:
    made = await _made(asked, _period(asked))
    speaker = label.speaker(asked.language)
    content = written.table(made, speaker, semicolons=semicolons)
    return _file(content, "text/csv; charset=utf-8", f"{sheet.stem(made)}.csv")


async def _made(asked: Asked, period: Sequence[Month]) -> Extract:
    here = asked.tenant
    source = kept.Source(here.site, here.inventory, here.database)
    return await asyncio.wrap_future(_KEPT.asked(source, period, asked.now_ms))


def _period(asked: Asked) -> list[Month]:
    """Return the months that are asked for. Raises InputRefused as `months.read`, `span`."""
    return months.span(*_asked_for(asked), asked.now_ms)


def _chosen(asked: Asked) -> tuple[Month, Month]:
    """Return what stands in the form: what was asked for, if that is months."""
    try:
        return _asked_for(asked)
    except errors.InputRefused:
        return _at_first(asked.now_ms)


def _asked_for(asked: Asked) -> tuple[Month, Month]:
    """Return the first and the last month that are asked for: without a word the latest twelve."""
    first, last = _at_first(asked.now_ms)
    given = asked.query
    return (
        months.read(given["from"], "from") if given.get("from") else first,
        months.read(given["to"], "to") if given.get("to") else last,
    )


def _at_first(now_ms: int) -> tuple[Month, Month]:
    offered = _offered(now_ms)
    return offered[min(_SHOWN_AT_FIRST, len(offered)) - 1], offered[0]


def _offered(now_ms: int) -> list[Month]:
    """Return the months that may be chosen, the latest first."""
    last = months.latest(now_ms)
    first = Month(last.year - _OFFERED // 12, last.number).next
    first = min(max(first, Month(months.FIRST_YEAR, 1)), last)
    return list(months.between(first, last))[::-1]


def _file(content: bytes, kind: str, name: str = "") -> Response:
    disposition = f'attachment; filename="{name}"' if name else "inline"
    return Response(content, media_type=kind, headers={"Content-Disposition": disposition})
