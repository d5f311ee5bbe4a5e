"""«Kontrollrapport»: what a verification found, for the manager on page 1 and everybody behind it.

The title is never one of calibration: the warehouse compares and judges (docs/verification.md, 4.1
and 4.8). The level is that of the judgement, in its own words, and never more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from varde_host.bench_record import form
from varde_host.paper import page, pdfa
from varde_host.reporting import amounts, control_plots, control_tables, level_text, sheet
from varde_host.verification import judgement, measured, procedure

_LOOKS = ("looks", "whole")
"""The checks that look at a thing before anything else is done with it."""


def pdf(
    paper: sheet.Paper, used: procedure.Procedure, attached: Sequence[pdfa.Attached] = ()
) -> bytes:
    """Return the report of a verification by the procedure `used`."""
    made = _Control(paper, used)
    return sheet.drawn(paper, paper.words.text("sheet.control.title"), made.draw, attached)


class _Control:
    def __init__(self, paper: sheet.Paper, used: procedure.Procedure) -> None:
        self.paper, self.used, self.words = paper, used, paper.words
        self.seen = measured.from_json(paper.content["measured"])
        self.judged = judgement.from_json(paper.content["judgement"])

    def draw(self, pages: page.Pages) -> None:
        """What a manager reads, then plots, points, and what they rest on."""
        self._first_page(pages)
        drawing = control_plots.Drawing(
            self.words, self.used, self.seen, self.judged, self._previous()
        )
        drawing.all(pages)
        self._runs(pages)
        self._grounds(pages)
        sheet.tail(pages, self.paper)

    def _first_page(self, pages: page.Pages) -> None:
        text = self.words.text
        title = self.used.title.text(self.words.language)
        sheet.head(pages, self.paper, text("sheet.control.title"), [title])
        sheet.verdict(pages, self.paper, self._verdict())
        if self.used.kind == "oximeter" and self.judged.level < level_text.VERIFIED:
            pages.box(text("sheet.control.no-accuracy"))
        for banner in self.judged.banners:
            pages.box("! " + text(f"verification.banner.{banner}"), 10.5)
        pages.heading(text("sheet.device"))
        pages.rows(self._device(), 42.0)
        pages.heading(text("sheet.not-checked"))
        pages.bullets(
            [self.used.words(key, self.words.language) for key in self.judged.not_checked]
        )
        pages.heading(text("sheet.rule"))
        is_guarded = self.used.decision == procedure.GUARDED
        rule = text("sheet.rule-guarded" if is_guarded else "sheet.rule-simple")
        pages.paragraph(rule, size=9.0)
        pages.paragraph(text("sheet.only-this"), bold=True, size=9.0)

    def _verdict(self) -> list[str]:
        text, judged = self.words.text, self.judged
        lines = [level_text.of(self.words, judged, self.seen.references, self.used.unit)]
        until = self.paper.content["valid_until"]
        if until is not None:
            lines.append(text("sheet.valid-until", date=amounts.date(self.words, until)))
        else:
            lines.append(text("sheet.not-valid"))
        if judged.as_found_outcome != judged.outcome:
            found = amounts.outcome(self.words, judged.as_found_outcome)
            lines.append(text("sheet.as-found-was", outcome=found))
        if not judged.may_approve:
            lines.append(text("sheet.practice"))
        return lines

    def _device(self) -> list[tuple[str, str]]:
        device, text = self.seen.device, self.words.text
        udi = f" · UDI {device.udi or text('sheet.not-said')}"
        name = " ".join(part for part in (device.maker, device.model) if part)
        parts = [
            text("sheet.size", size=device.size) if device.size else "",
            text("sheet.firmware", version=device.firmware or text("sheet.not-said")),
            self._class(),
        ]
        kit = self.paper.content["kit"]
        item = device.item_id + (f" · {text('label.kit', kit=kit)}" if kit else "")
        rows = [
            (text("sheet.model"), name or text("sheet.not-said")),
            (text("sheet.serial"), (device.serial or amounts.NOTHING) + udi),
            (text("sheet.item"), ", ".join([item, *(part for part in parts if part)])),
        ]
        return [*rows, (text("sheet.condition"), self._condition())]

    def _condition(self) -> str:
        """Return how it came: what was written down of it, else where that was looked at."""
        if self.seen.device.condition:
            return self.seen.device.condition
        seen = {answer.check for answer in self.seen.as_found.answers}
        looked = next((check for check in _LOOKS if check in seen), None)
        if looked is not None:
            name = self.used.words(looked, self.words.language)
            return self.words.text("sheet.condition-looks", check=name)
        return self.words.text("sheet.no-conditions")

    def _class(self) -> str:
        device, text = self.seen.device, self.words.text
        if self.used.kind != "scale":
            return ""
        if device.scale_class is None:
            return text("sheet.no-class")
        e = amounts.number(self.words, device.e, self.used.unit)
        return text("sheet.class", name=device.scale_class, e=e)

    def _runs(self, pages: page.Pages) -> None:
        text, judged, seen = self.words.text, self.judged, self.seen
        if seen.as_left is None:
            pages.heading(text("sheet.as-found-and-left"))
            self._run(pages, seen.as_found, judged.handed_out)
        else:
            pages.heading(text("sheet.as-found"))
            self._run(pages, seen.as_found, judged.as_found)
            pages.heading(text("sheet.as-left"))
            pages.paragraph(text("sheet.change", change=seen.change or ""), bold=True)
            self._run(pages, seen.as_left, judged.handed_out)
            pages.paragraph(text("sheet.limits"), size=page.SMALL_SIZE)
        pages.paragraph(text("sheet.short.explained"), size=page.SMALL_SIZE)

    def _run(
        self, pages: page.Pages, run: measured.Run, findings: Sequence[judgement.Finding]
    ) -> None:
        control_tables.checks(pages, self.words, self.used, run, findings)
        if run.points:
            control_tables.points(pages, self.words, self.used, run, findings)

    def _grounds(self, pages: page.Pages) -> None:
        text, words = self.words.text, self.words
        if self.seen.references:
            pages.heading(text("sheet.references"))
            control_tables.references(pages, words, self.seen.references)
        if self.judged.budget:
            pages.heading(text("sheet.budget"))
            control_tables.budget(pages, words, self.used, self.judged.budget)
        pages.heading(text("sheet.grounds"))
        name = self.seen.procedure
        rows: list[tuple[str, str]] = [
            (text("sheet.procedure"), f"{name.id} {name.version}"),
            (text("sheet.procedure-hash"), name.sha256),
            (text("sheet.deviations"), self._deviations()),
            (text("sheet.received"), text("sheet.not-in-record")),
            (text("sheet.conditions"), control_tables.conditions(words, self.seen)),
            (text("sheet.gravity"), self._gravity()),
        ]
        if self.judged.hysteresis is not None:
            shown = amounts.number(words, self.judged.hysteresis, self.used.unit)
            rows.append((text("sheet.hysteresis"), shown))
        previous = self._previous()
        if previous is not None and self.seen.as_left is None:
            rows.append((text("sheet.previous"), str(previous["number"])))
        pages.table([], [row for row in rows if row[1]], [50.0], page.SMALL_SIZE)

    def _previous(self) -> Mapping[str, Any] | None:
        """Return the verification before this one, by the same procedure, if it was given."""
        for one in self.paper.beside:
            if one.kind == form.VERIFICATION:
                name = one.content["measured"]["procedure"]["id"]
                return one.content if name == self.seen.procedure.id else None
        return None

    def _deviations(self) -> str:
        """Return which checks were not done, each with its reason if there is one."""
        words, runs = self.words, (self.seen.as_found, self.seen.as_left)
        reasons = {each.check: each.reason for run in runs if run for each in run.not_done}
        findings = (*self.judged.as_found, *self.judged.handed_out)
        why = {
            each.check: words.text(f"verification.note.{each.note}") if each.note else ""
            for each in findings
            if each.outcome == judgement.NOT_DONE
        } | reasons
        said = [
            f"{check.name.text(words.language)}: "
            + (why[check.id] or amounts.short(words, judgement.NOT_DONE))
            for check in self.used.checks
            if check.id in why
        ]
        return "; ".join(said) or words.text("sheet.no-deviations")

    def _gravity(self) -> str:
        shift: Any = self.judged.gravity_shift
        if not self.used.gravity:
            return ""
        if shift is None:
            return self.words.text("sheet.gravity-unknown")
        return amounts.signed(self.words, judgement.rounded_u(abs(shift)).copy_sign(shift),
                              self.used.unit)  # fmt: skip
