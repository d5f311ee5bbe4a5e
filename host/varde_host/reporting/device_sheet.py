"""A device's sheet: its checks through time, where its error goes, and the advised interval.

The advice stands here and not on the report of a check: a report says what was found, and no
accredited one may recommend an interval (ISO/IEC 17025:2017, 7.8.4.3).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from varde_host import messages
from varde_host.paper import label, page, pdfa
from varde_host.paper.plots import drift_strip
from varde_host.reporting import amounts
from varde_host.verification import outlook, past, procedure

_MOST_STRIPS = 3


@dataclass(frozen=True)
class Device:
    """What the inventory knows of it; `used` is the procedure of its latest check."""

    item_id: str
    name: str
    history: Sequence[past.Finding]
    seen: outlook.Outlook
    used: procedure.Procedure | None
    interval_days: int
    today: dt.date


def pdf(device: Device, language: str) -> bytes:
    """Return the sheet."""
    words = label.speaker(language)
    title = words.text("sheet.device-sheet.title")
    footer = f"{title} · {device.item_id}"
    drawn = page.document(words, title, footer, lambda pages: _draw(pages, device, words))
    moment = dt.datetime.combine(device.today, dt.time(), dt.UTC)
    return pdfa.archived(drawn, pdfa.About(f"{title} {device.item_id}", language, moment))


def _draw(pages: page.Pages, device: Device, words: messages.Speaker) -> None:
    text = words.text
    lines = [device.name, device.item_id]
    pages.head(text("sheet.device-sheet.title"), lines, device.item_id, 24.0)
    today = amounts.date(words, device.today.isoformat())
    pages.paragraph(text("sheet.device-sheet.about", date=today), size=9.0)
    days = text("sheet.device-sheet.days", days=device.seen.advised.days)
    reason = text(f"verify-interval.{device.seen.advised.reason}")
    if device.history and device.history[-1].is_good:
        pages.rows([(text("sheet.device-sheet.interval"), f"{days}: {reason}")])
    _strips(pages, device, words)
    pages.heading(text("sheet.device-sheet.history"))
    if not device.history:
        pages.paragraph(text("sheet.device-sheet.none"))
        return
    names = ("moment", "record", "level", "as-found", "outcome", "until")
    heads = [text(f"sheet.column.{name}") for name in names]
    rows = [_row(words, each) for each in device.history]
    pages.table(heads, rows, [24.0, 28.0, 44.0, 26.0, 26.0], 8.0)
    pages.paragraph(text("sheet.short.within"), size=page.SMALL_SIZE)


def _row(words: messages.Speaker, each: past.Finding) -> list[str]:
    moment = dt.datetime.fromtimestamp(each.began_ms / 1000, dt.UTC).date().isoformat()
    if each.judged is None:
        said = "verify-history.bad" if each.is_bad else "verify-history.good"
        return [amounts.date(words, moment), each.record[:12], "", "", words.text(said), ""]
    return [
        amounts.date(words, moment), each.number or "", amounts.level(words, each.level or 0),
        amounts.short(words, each.judged.as_found_outcome),
        amounts.short(words, each.judged.outcome), amounts.date(words, each.valid_until),
    ]  # fmt: skip


def _strips(pages: page.Pages, device: Device, words: messages.Speaker) -> None:
    """Draw the points that meet their limits first."""
    foreseen = [point for point in device.seen.points if point.forecast and point.meeting]
    foreseen.sort(key=_urgency)
    if not foreseen:
        pages.paragraph(words.text("sheet.device-sheet.too-few"))
    for point in foreseen[:_MOST_STRIPS]:
        title = f"{words.text('sheet.plot.drift')}: {_named(point.series.point, device, words)}"
        strip = _strip(point, device, words)
        pages.figure(
            drift_strip.HEIGHT_MM,
            page.drawing(drift_strip.draw, strip),
            title,
        )


def _urgency(point: outlook.PointOutlook) -> tuple[int, float]:
    """Sooner first; of those that meet no limit in sight, the one that comes nearest to it."""
    assert point.forecast is not None
    assert point.meeting is not None
    expected = point.forecast.on(point.meeting.day)
    near = (abs(expected.error) + expected.half_width) / point.series.limit
    return point.meeting.day, -float(near)


def _strip(
    point: outlook.PointOutlook, device: Device, words: messages.Speaker
) -> drift_strip.DriftStrip:
    assert point.forecast is not None
    assert point.meeting is not None
    check, _, _ = point.series.point
    unit = _unit(check, device)
    meets = None if point.meeting.is_capped else point.meeting.day
    day = "" if meets is None else amounts.date(words, _date(meets).isoformat())
    text = words.text
    return drift_strip.DriftStrip(
        found=[(found.day, float(found.error)) for found in point.series.found],
        cone=[
            (each.day, float(each.error), float(each.half_width))
            for each in point.forecast.cone(device.interval_days)
        ],
        limit=float(point.series.limit),
        meets=meets,
        words=drift_strip.Words(
            y=text("sheet.plot.error", unit=unit), found=text("sheet.plot.drift-found"),
            foreseen=text("sheet.plot.drift-foreseen"), limit=text("sheet.plot.drift-limit"),
            meets=" " + text("sheet.plot.drift-meets", date=day),
        ),
        number=lambda value: amounts.number(words, value),
        date=lambda date: f"{date.month:02}/{date.year}",
    )  # fmt: skip


def _unit(check: str, device: Device) -> str:
    """Return the unit of a check's errors: a leak's is not that of its pressure."""
    if device.used is None:
        return ""
    found = next((one.unit for one in device.used.checks if one.id == check), None)
    return found or device.used.unit


def _named(point: past.Point, device: Device, words: messages.Speaker) -> str:
    check, direction, nominal = point
    name = device.used.words(check, words.language) if device.used else check
    unit = device.used.unit if device.used else ""
    checks = device.used.checks if device.used else ()
    several = any(one.id == check and len(one.directions) > 1 for one in checks)
    beside = amounts.direction(words, direction) if several else ""
    return " ".join(part for part in (name, beside, nominal, unit) if part)


def _date(day: int) -> dt.date:
    return dt.date(1970, 1, 1) + dt.timedelta(days=day)
