"""Which plots an extract has, as data, and each as an SVG with words for who does not see it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from varde_host import messages
from varde_host.benefit import figures, month_plot, svg_canvas, wording
from varde_host.benefit.extract import Extract
from varde_host.benefit.month_plot import MonthPlot, Series
from varde_host.paper import chart
from varde_host.paper.typeface import MM
from varde_host.reporting import amounts

WIDTH_MM: Final = 170.0
WIDTH_PX, HEIGHT_PX = (round(each * 96 / 25.4) for each in (WIDTH_MM, month_plot.HEIGHT_MM))
_MARGIN: Final = 6.0
_WITHOUT_VALUE: Final = (figures.HIDDEN, figures.AT_LEAST, figures.AT_MOST)
"""A bound is no value: where it stands would look like one."""


class _Plan(NamedTuple):
    """A plot of some indicators, or of all groups of one."""

    key: str
    indicators: tuple[str, ...]
    is_lines: bool = False
    top: float | None = None
    scale: float = 1.0  # by which values are divided


PLOTS: Final = (
    _Plan("kits", ("kits-out",)),
    _Plan("received", ("received",)),
    _Plan("missed", ("missed-share",), is_lines=True),
    _Plan("delay", ("delay-median", "delay-95"), is_lines=True, scale=60.0),
    _Plan("running", ("uptime", "good-clock-share"), is_lines=True, top=100.0),
    _Plan("faults", ("faults-rate",)),
    _Plan("turn-round", ("turn-round-time",)),
    _Plan("bench", ("bench-hands", "bench-machine")),
    _Plan("cost", ("cost",)),
)
KEYS: Final = tuple(each.key for each in PLOTS)


def made(extract: Extract, speaker: messages.Speaker) -> Iterator[MonthPlot]:
    """Yield the plots that have anything to show; one of many groups as several pictures."""
    most = month_plot.MOST_SERIES
    for plan in PLOTS:
        series = list(_series(extract, speaker, plan))
        if any(value is not None for each in series for value in each.values):
            parts = [series[place : place + most] for place in range(0, len(series), most)]
            for number, part in enumerate(parts, start=1):
                yield _plot(extract, speaker, plan, part, number if len(parts) > 1 else 0)


def _plot(
    extract: Extract, speaker: messages.Speaker, plan: _Plan, series: Sequence[Series], number: int
) -> MonthPlot:
    """Return a plot, of several its `number`, else 0."""
    title = speaker.text(f"benefit.plot.{plan.key}.title")
    unit = (
        extract.currency if plan.key == "cost" else speaker.text(f"benefit.plot.{plan.key}.unit")
    )
    return MonthPlot(
        f"{plan.key}-{number}" if number else plan.key,
        f"{title} ({number})" if number else title,
        unit,
        wording.heads(speaker, extract.period),
        series,
        lambda value: amounts.number(speaker, value),
        speaker.text("benefit.plot.hidden"),
        plan.is_lines,
        plan.top,
    )


def svg(plot: MonthPlot, about: str) -> bytes:
    """Return a plot as a picture; `about` says in words what it shows."""
    width, height = WIDTH_MM * MM, month_plot.HEIGHT_MM * MM

    def draw(canvas: svg_canvas.SvgCanvas) -> None:
        frame = chart.Frame(_MARGIN, _MARGIN, width - 2 * _MARGIN, height - 2 * _MARGIN)
        month_plot.draw(canvas, frame, plot)

    return svg_canvas.drawn(width, height, plot.title, about, draw)


def about(plot: MonthPlot, speaker: messages.Speaker) -> str:
    """Return a plot in a sentence: from where to where each of its lines goes."""
    parts = []
    for series in plot.series:
        known = [value for value in series.values if value is not None]
        if known:
            low, high = (
                amounts.number(speaker, round(each, 1)) for each in (min(known), max(known))
            )
            parts.append(speaker.text("benefit.plot.about", name=series.name, low=low, high=high))
    return speaker.text("benefit.plot.all", unit=plot.unit, parts=" ".join(parts))


def _series(extract: Extract, speaker: messages.Speaker, plan: _Plan) -> Iterator[Series]:
    for key in plan.indicators:
        for group in extract.groups(key):
            found = extract.of(key, group)[:-1]
            name = wording.group(speaker, group) or wording.name(speaker, key)
            values = [
                None if each.value is None or each.status in _WITHOUT_VALUE
                else float(each.value) / plan.scale
                for each in found
            ]  # fmt: skip
            yield Series(name, values, [each.status in _WITHOUT_VALUE for each in found])
