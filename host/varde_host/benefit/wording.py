"""Figures in words: names, units, and what stands where there is no number."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from varde_host import messages
from varde_host.benefit import figures, indicators
from varde_host.benefit.figures import Figure
from varde_host.benefit.months import Month
from varde_host.reporting import amounts

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def name(speaker: messages.Speaker, key: str) -> str:
    """Return an indicator's name."""
    return speaker.text(f"benefit.{key}.name")


def says(speaker: messages.Speaker, key: str) -> str:
    """Return what an indicator says, in a sentence or two."""
    return speaker.text(f"benefit.{key}.says")


def group(speaker: messages.Speaker, key: str) -> str:
    """Return a group's name, "" for all: a type, a kind, or a type and a cause."""
    parts = [speaker.text(f"benefit.group.{part}") for part in key.split(":") if part]
    return ": ".join(parts)


def titled(speaker: messages.Speaker, figure: Figure) -> str:
    """Return an indicator's name with the figure's group."""
    said = group(speaker, figure.group)
    return f"{name(speaker, figure.key)} – {said}" if said else name(speaker, figure.key)


def unit(speaker: messages.Speaker, key: str, currency: str) -> str:
    """Return an indicator's unit."""
    of_it = indicators.BY_KEY[key].unit
    return currency if of_it == indicators.MONEY else speaker.text(f"benefit.unit.{of_it}")


def value(speaker: messages.Speaker, figure: Figure) -> str:
    """Return a figure's number, or why there is none."""
    number = amounts.number(speaker, figure.value)
    if figure.status == figures.TOLD:
        return number
    return speaker.text(f"benefit.status.{figure.status}", value=number)


def number(speaker: messages.Speaker, given: Decimal | None) -> str:
    """Return a number, a dash for none."""
    return amounts.number(speaker, given)


def month(speaker: messages.Speaker, which: Month) -> str:
    """Return a month for a table's head: its short name and year."""
    return f"{short_month(speaker, which)} {which.year}"


def short_month(speaker: messages.Speaker, which: Month) -> str:
    """Return a month's short name."""
    return speaker.text(f"benefit.month.{_MONTHS[which.number - 1]}")


def heads(speaker: messages.Speaker, months: Sequence[Month]) -> list[str]:
    """Return months for a row of heads: each year stands at its first one."""
    return [
        month(speaker, each) if not place or each.number == 1 else short_month(speaker, each)
        for place, each in enumerate(months)
    ]


def period(speaker: messages.Speaker, first: Month, last: Month) -> str:
    """Return a period in words."""
    if first == last:
        return month(speaker, first)
    return f"{month(speaker, first)} – {month(speaker, last)}"


def day(speaker: messages.Speaker, when: dt.date) -> str:
    """Return a day."""
    return amounts.date(speaker, when.isoformat())
