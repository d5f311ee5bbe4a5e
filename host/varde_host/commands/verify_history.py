"""`varde verify history`: a thing's verifications through time, its drift and its next date."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any

import typer

from varde_host import messages, output
from varde_host.commands import inventory_options, options
from varde_host.inventory import words
from varde_host.reporting import thing_history
from varde_host.verification import drift, interval, outlook, past, procedure

_EPOCH = dt.date(1970, 1, 1)
_SHOWN = Decimal("0.01")


def history(
    item: Annotated[str, typer.Argument(metavar="ITEM")],
    site: options.SiteDirectory = options.DEFAULT_SITE,
    inventory: inventory_options.InventoryAddress = None,
    json: options.Json = False,
) -> None:
    """Show what was found, where the errors go, and when to look again."""
    with inventory_options.reading(site, inventory) as connection:
        found, findings, used, _, seen = thing_history.read(connection, item, site)
    if json:
        output.as_json(_as_json(found.item_id, findings, seen))
        return
    columns = ("number", "date", "procedure", "level", "as-found", "outcome", "until", "trace")
    output.table(
        [f"verify-history-column.{name}" for name in columns], [_cells(each) for each in findings]
    )
    _say(found.item_id, findings, seen, used)


def _cells(each: past.Finding) -> tuple[str, ...]:
    judged = each.judged
    if judged is None:
        outcome = messages.text("verify-history.bad" if each.is_bad else "verify-history.good")
        return each.record[:16], words.day(each.began_ms), "", "", "", outcome, "", ""
    return (
        each.number or "", words.day(each.began_ms), f"{each.procedure} {each.version}",
        f"N{each.level}", _outcome(judged.as_found_outcome), _outcome(judged.outcome),
        each.valid_until or "", messages.text("verify-history.trace") if each.is_bad else "",
    )  # fmt: skip


def _outcome(key: str) -> str:
    return messages.text(f"verification.outcome.{key}")


def _say(
    item: str,
    findings: list[past.Finding],
    seen: outlook.Outlook,
    used: procedure.Procedure | None,
) -> None:
    first = seen.first
    if first is not None and first.forecast is not None and first.meeting is not None:
        _say_drift(first.series, first.forecast, first.meeting, used)
    elif seen.points:
        output.line(messages.text("verify-history.no-drift"))
    if findings and not findings[-1].is_good:
        output.line(messages.text("verify-history.out-of-use", item=item))
    else:
        reason = messages.text(f"verify-interval.{seen.advised.reason}")
        fields = {"item": item, "days": seen.advised.days, "reason": reason}
        output.line(messages.text("verify-history.interval", **fields))
    percent = interval.percent(seen.share)
    if percent is not None:
        key = "verify-history.goal-met" if seen.share.meets_goal else "verify-history.goal-missed"
        told = {"percent": percent, "within": seen.share.within, "total": seen.share.total}
        output.line(messages.text(key, **told))


def _say_drift(
    series: past.Series,
    forecast: drift.Forecast,
    meeting: drift.Meeting,
    used: procedure.Procedure | None,
) -> None:
    key = "drift-pooled" if forecast.is_pooled else "drift-own"
    point, unit = _point(series.point, used)
    fields = {
        "point": point, "unit": unit, "year": _rounded(forecast.slope * 365),
        "findings": forecast.findings,
    }  # fmt: skip
    output.line(messages.text(f"verify-history.{key}", **fields))
    key = "not-before" if meeting.is_capped else "meets"
    limit = format(series.limit, "f")
    output.line(
        messages.text(f"verify-history.{key}", limit=limit, unit=unit, day=day(meeting.day))
    )


def _point(point: past.Point, used: procedure.Procedure | None) -> tuple[str, str]:
    """Return a point and its unit as people read them."""
    check, direction, nominal = point
    found = next((each for each in used.checks if each.id == check), None) if used else None
    if used is None or found is None:
        return " ".join(part for part in point if part), ""
    unit = found.unit or ""
    name = used.words(check, messages.speaker.language)
    beside = "" if len(found.directions) < 2 else direction
    return " ".join(part for part in (name, beside, nominal, unit) if part), unit


def day(number: int) -> str:
    """Return the date of a day counted from 1970."""
    return (_EPOCH + dt.timedelta(days=number)).isoformat()


def _rounded(value: Decimal) -> str:
    return format(value.quantize(_SHOWN), "f")


def _as_json(item: str, findings: list[past.Finding], seen: outlook.Outlook) -> dict[str, Any]:
    """Return all of it; values are texts, as in the bench's records."""
    share = seen.share
    return {
        "item": item,
        "verifications": [_finding(each) for each in findings],
        "points": [_outlook(each, seen.first) for each in seen.points],
        "interval": {
            "advised": seen.advised._asdict(),
            "staircase": seen.staircase._asdict(),
            "control_chart": None if seen.chart is None else seen.chart._asdict(),
        },
        "model": {
            "within": share.within, "total": share.total, "goal": format(interval.GOAL, "f"),
            "meets_goal": share.meets_goal,
        },
    }  # fmt: skip


def _finding(each: past.Finding) -> dict[str, Any]:
    judged = each.judged
    return {
        "record": each.record, "number": each.number, "began_ms": each.began_ms,
        "ended_ms": each.ended_ms, "procedure": each.procedure, "version": each.version,
        "level": each.level, "valid_until": each.valid_until,
        "as_found": None if judged is None else judged.as_found_outcome,
        "outcome": None if judged is None else judged.outcome,
        "is_good": each.is_good, "is_bad": each.is_bad,
    }  # fmt: skip


def _outlook(each: outlook.PointOutlook, first: outlook.PointOutlook | None) -> dict[str, Any]:
    series, forecast, meeting = each
    check, direction, nominal = series.point
    return {
        "check": check, "direction": direction, "nominal": nominal,
        "limit": format(series.limit, "f"),
        "found": [[day(found.day), format(found.error, "f")] for found in series.found],
        "forecast": None if forecast is None else _forecast(forecast),
        "meets_on": None if meeting is None else day(meeting.day),
        "is_capped": None if meeting is None else meeting.is_capped,
        "is_first": each is first,
    }  # fmt: skip


def _forecast(forecast: drift.Forecast) -> dict[str, Any]:
    return {
        "is_pooled": forecast.is_pooled, "findings": forecast.findings,
        "slope_per_day": format(forecast.slope, "f"),
        "mean_day": format(forecast.mean_day, "f"),
        "mean_error": format(forecast.mean_error, "f"),
        "constant": format(forecast.constant, "f"),
        "quadratic": format(forecast.quadratic, "f"),
        "freedom": forecast.freedom,
    }  # fmt: skip
