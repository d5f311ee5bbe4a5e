"""The plots of a verification: which there are, and what goes into them.

Errors are plotted only where the procedure decides with a guard band, that is, where there is an
uncertainty to draw. An oximeter has a plain table instead: a plot would look like accuracy, and
there is none to show (docs/verification.md, 4.4).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from varde_host import messages
from varde_host.paper import chart, page
from varde_host.paper.plots import corners_plan, errors_plot, leak_plot
from varde_host.reporting import amounts
from varde_host.verification import judgement, measured, procedure, tolerance

PLOTTED = ("cuff", "scale", "thermometer")
CORNERS = ("back-left", "back-right", "front-left", "front-right")
_MARKS = {"up": (chart.UP, True), "down": (chart.DOWN, False), "": (chart.CIRCLE, True)}
_DISPLAY = chart.DIAMOND


class Drawing:
    """One verification to draw, with the run before it if there was one."""

    def __init__(
        self,
        words: messages.Speaker,
        used: procedure.Procedure,
        seen: measured.Measured,
        judged: judgement.Judgement,
        previous: Mapping[str, Any] | None,
    ) -> None:
        self.words = words
        self.used = used
        self.seen = seen
        self.judged = judged
        self.before = None if previous is None else measured.from_json(previous["measured"])
        self._number: Callable[[float], str] = lambda value: amounts.number(words, value)

    def all(self, pages: page.Pages) -> None:
        """Draw every plot that this verification has."""
        if self.used.decision == procedure.GUARDED and self.used.kind in PLOTTED:
            self._errors(pages)
        self._leaks(pages)
        self._corners(pages)

    def _errors(self, pages: page.Pages) -> None:
        checks = [check for check in self.used.checks if _is_plotted(check)]
        seen = list(self._seen(checks))
        if not seen:
            return
        plot = errors_plot.ErrorsPlot(
            seen=seen,
            previous=list(self._previous(checks)),
            steps=self._steps(checks),
            x_ticks=sorted({float(nominal) for check in checks for nominal in check.nominals}),
            marks=self._marks(checks, seen),
            words=self._words_of_errors(),
            number=self._number,
        )
        title = self.words.text("sheet.plot.errors")
        pages.figure(errors_plot.HEIGHT_MM, page.drawing(errors_plot.draw, plot), title)

    def _seen(self, checks: Sequence[procedure.Check]) -> Iterator[errors_plot.Seen]:
        for point, finding in paired(checks, self.seen.handed_out, self.judged.handed_out):
            if finding.error is None:
                continue
            mark, full = _MARKS.get(point.direction, _MARKS[""])
            at = float(point.nominal)
            half = None if finding.expanded_u is None else float(finding.expanded_u)
            yield errors_plot.Seen(at, float(finding.error), half, mark, full)
            both = None not in (point.ble, point.display, point.reference)
            if both and self.used.kind == "scale":
                shown = float((point.display or 0) - (point.reference or 0))
                yield errors_plot.Seen(at, shown, None, _DISPLAY, full=False)

    def _previous(self, checks: Sequence[procedure.Check]) -> Iterator[errors_plot.Seen]:
        ids = {check.id for check in checks}
        if self.seen.as_left is not None:
            points = self.seen.as_found.points
        else:
            points = () if self.before is None else self.before.handed_out.points
        for point in points:
            known = point.indication is not None and point.reference is not None
            if known and point.check in ids:
                error = float((point.indication or 0) - (point.reference or 0))
                mark, _ = _MARKS.get(point.direction, _MARKS[""])
                yield errors_plot.Seen(float(point.nominal), error, None, mark)

    def _steps(self, checks: Sequence[procedure.Check]) -> list[errors_plot.Step]:
        limit, device = checks[0].limit, self.seen.device
        if limit is None:
            return []
        ids = {check.id for check in checks}
        widest = max(
            (each.guard for each in self.judged.handed_out if each.check in ids and each.guard),
            default=None,
        )
        made = []
        for start, end in _pieces(limit, device, checks):
            mpe = tolerance.mpe(limit, device, end)
            if mpe is not None:
                guarded = None if widest is None else float(max(mpe - widest, Decimal(0)))
                made.append(errors_plot.Step(float(start), float(end), float(mpe), guarded))
        return made

    def _marks(
        self, checks: Sequence[procedure.Check], seen: Iterable[errors_plot.Seen]
    ) -> list[tuple[str, bool, str]]:
        directions = dict.fromkeys(d for check in checks for d in (check.directions or ("",)))
        marks = [
            (
                *_MARKS.get(name, _MARKS[""]),
                amounts.direction(self.words, name),
            )
            for name in directions
        ]
        if any(each.mark == _DISPLAY for each in seen):
            marks.append((_DISPLAY, False, self.words.text("sheet.plot.display")))
        return marks

    def _words_of_errors(self) -> errors_plot.Words:
        text, unit = self.words.text, self.used.unit
        return errors_plot.Words(
            x=text("sheet.plot.reference", unit=unit),
            y=text("sheet.plot.error", unit=unit),
            mpe=text("sheet.plot.mpe"),
            guarded=text("sheet.plot.guarded"),
            u=text("sheet.plot.u"),
            previous=text(
                "sheet.plot.previous" if self.seen.as_left is None else "sheet.plot.before-change"
            ),
        )

    def _leaks(self, pages: page.Pages) -> None:
        limits = {each.check: each.mpe for each in self.judged.handed_out}
        checks = {check.id: check for check in self.used.checks}
        curves = {each.check: each for each in self.seen.handed_out.series}
        for leak in self.judged.leaks:
            check, curve, limit = checks[leak.check], curves.get(leak.check), limits[leak.check]
            if curve is None or limit is None:
                continue
            plot = leak_plot.LeakPlot(
                curve=[
                    (float(t), float(v))
                    for t, v in zip(curve.times_s, curve.values, strict=True)
                ],
                settle_s=float(check.settle_s or 0), fit_s=float(check.fit_s or 0),
                start=_at_settling(curve, check, leak), slope=float(leak.slope),
                limit=float(limit),
                words=self._words_of_leak(leak, limit), number=self._number,
            )  # fmt: skip
            title = self.words.text("sheet.plot.leak")
            self._figure(pages, leak_plot.HEIGHT_MM, title, leak_plot.draw, plot)

    def _words_of_leak(self, leak: judgement.Leak, limit: Decimal) -> leak_plot.Words:
        text = self.words.text
        rounded = judgement.Finding(
            leak.check, "", None, judgement.PASSED, -leak.slope, leak.expanded_u
        )
        slope = amounts.number(self.words, rounded.shown_error)
        u = amounts.number(self.words, rounded.shown_u)
        return leak_plot.Words(
            x=text("sheet.plot.seconds"),
            y=text("sheet.plot.pressure", unit=self.used.unit),
            seen=text("sheet.plot.curve"),
            fitted=text("sheet.plot.fitted", slope=slope, u=u),
            limit=text("sheet.plot.leak-limit", limit=amounts.number(self.words, limit)),
            settling=text("sheet.plot.settling"),
        )

    def _corners(self, pages: page.Pages) -> None:
        checks = [c for c in self.used.checks if set(CORNERS) & set(c.directions)]
        pairs = list(paired(checks, self.seen.handed_out, self.judged.handed_out))
        if not pairs:
            return
        unit = checks[0].unit or ""
        corners = {
            point.direction: (
                amounts.signed(self.words, finding.shown_error, unit),
                amounts.sign(finding.outcome),
            )
            for point, finding in pairs
        }  # fmt: skip
        load = amounts.number(self.words, pairs[0][0].nominal, unit)
        mpe = amounts.number(self.words, pairs[0][1].mpe, unit)
        beside = (
            self.words.text("sheet.plot.corners-load", load=load),
            self.words.text("sheet.plot.corners-limit", limit=mpe),
        )
        plan = corners_plan.CornersPlan(corners, self.words.text("sheet.plot.front"), beside)
        title = self.words.text("sheet.plot.corners")
        self._figure(pages, corners_plan.HEIGHT_MM, title, corners_plan.draw, plan)

    @staticmethod
    def _figure(
        pages: page.Pages, height_mm: float, title: str, draw: Callable[..., None], plot: object
    ) -> None:
        pages.figure(height_mm, lambda canvas, frame: draw(canvas, frame, plot), title)


def paired(
    checks: Iterable[procedure.Check],
    run: measured.Run,
    findings: Sequence[judgement.Finding],
) -> Iterator[tuple[measured.Point, judgement.Finding]]:
    """Return each point of these checks with its finding, in the order they were taken."""
    for check in checks:
        points = [point for point in run.points if point.check == check.id]
        judged = [each for each in findings if each.check == check.id]
        # Points that miss have their findings behind those of the points that are there.
        yield from zip(points, judged, strict=False)


def _at_settling(curve: measured.Series, check: procedure.Check, leak: judgement.Leak) -> float:
    """Return where the fitted line begins: it goes through the mean of what was fitted."""
    begin, end = check.settle_s or Decimal(0), (check.settle_s or 0) + (check.fit_s or Decimal(0))
    pairs = zip(curve.times_s, curve.values, strict=True)
    inside = [(time, value) for time, value in pairs if begin <= time <= end]
    time = sum(float(each) for each, _ in inside) / len(inside)
    value = sum(float(each) for _, each in inside) / len(inside)
    return value - float(leak.slope) * (time - float(begin)) / 60


def _is_plotted(check: procedure.Check) -> bool:
    return check.rule == procedure.ERROR and not set(CORNERS) & set(check.directions)


def _pieces(
    limit: procedure.Limit, device: measured.Device, checks: Sequence[procedure.Check]
) -> list[tuple[Decimal, Decimal]]:
    """Return the stretches on which the limit stays the same."""
    last = max(nominal for check in checks for nominal in check.nominals)
    first = min(Decimal(0), *(nominal for check in checks for nominal in check.nominals))
    ends: list[Decimal] = []
    if limit.rule == procedure.SCALE and device.scale_class and device.e:
        table = tolerance.SCALE_STEPS.get(device.scale_class, ())
        ends = [most * device.e for most, _ in table]
    elif limit.rule == procedure.SCALE and device.maker_mpe is None:
        ends = [step.up_to for step in limit.steps if step.up_to is not None]
    borders = [first, *(end for end in ends if first < end < last), last]
    return list(itertools.pairwise(borders))
