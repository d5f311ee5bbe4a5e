"""The tables of a verification: every raw point, each check, the references, the budget."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal

from varde_host import messages
from varde_host.paper import page
from varde_host.reporting import amounts
from varde_host.verification import judgement, measured, procedure, rules

SIZE = 8.0
_POINT_RULES = (procedure.ERROR, procedure.RANGE)


def points(
    pages: page.Pages,
    words: messages.Speaker,
    used: procedure.Procedure,
    run: measured.Run,
    findings: Sequence[judgement.Finding],
) -> None:
    """Draw the raw points of a run with their errors, under each check's name."""
    columns = ["point", "reference", "indication", "ble", "display", "error", "u", "limit"]
    heads = [words.text(f"sheet.column.{name}") for name in (*columns, "outcome")]
    widths = [25.0, 19.0, 19.0, 17.0, 17.0, 17.0, 15.0, 15.0]
    rows: list[Sequence[str]] = []
    for check in used.checks:
        found = [point for point in run.points if point.check == check.id]
        if not found:
            continue
        unit = f" ({check.unit})" if check.unit else ""
        rows.append([f"{check.name.text(words.language)}{unit}"])
        judged = dict(enumerate(f for f in findings if f.check == check.id))
        with_error = check.rule in _POINT_RULES
        rows += [
            _point(words, check, point, judged.get(number) if with_error else None)
            for number, point in enumerate(found)
        ]
    pages.table(heads, rows, widths, SIZE)


def _point(
    words: messages.Speaker,
    check: procedure.Check,
    point: measured.Point,
    finding: judgement.Finding | None,
) -> list[str]:
    where = amounts.number(words, point.nominal)
    if point.direction:
        where += f" {amounts.direction(words, point.direction)}"
    read = [point.reference, point.indication, point.ble, point.display]
    row = [where, *(amounts.number(words, value) for value in read)]
    if finding is None:
        return [*row, "", "", "", ""]
    if _has_ends(check):  # judged by them, and not by the reference
        return [*row, "", "", _ends(words, check), amounts.short(words, finding.outcome)]
    return [
        *row,
        amounts.signed(words, finding.shown_error),
        amounts.number(words, finding.shown_u),
        "" if finding.mpe is None else f"±{amounts.number(words, finding.mpe)}",
        amounts.short(words, finding.outcome),
    ]


def checks(
    pages: page.Pages,
    words: messages.Speaker,
    used: procedure.Procedure,
    run: measured.Run,
    findings: Sequence[judgement.Finding],
) -> None:
    """Draw what each check came to: the worst of its findings, and what was seen or answered."""
    heads = [words.text(f"sheet.column.{name}") for name in ("check", "outcome", "seen", "limit")]
    heads.append(words.text("sheet.column.note"))
    rows = [_check(words, check, run, [f for f in findings if f.check == check.id])
            for check in used.checks]  # fmt: skip
    pages.table(heads, rows, [46.0, 25.0, 30.0, 22.0], SIZE)


def _check(
    words: messages.Speaker,
    check: procedure.Check,
    run: measured.Run,
    findings: Sequence[judgement.Finding],
) -> list[str]:
    worst = judgement.worst(tuple(each.outcome for each in findings))
    notes = dict.fromkeys(each.note for each in findings if each.note and _holds(each))
    said = [words.text(f"verification.note.{note}") for note in notes]
    said += [each.reason for each in run.not_done if each.check == check.id]
    answers = [each for each in run.answers if each.check == check.id]
    said += [each.text for each in answers if each.text]
    done = [each for each in findings if each.error is not None]
    shown, limit = "", ""
    if done:
        most = max(done, key=lambda each: abs(each.error or Decimal(0)))
        shown, limit = _seen(words, check, most), _limit(words, check, most)
    elif answers:
        shown = words.text("sheet.yes" if answers[-1].yes else "sheet.no")
    return [
        check.name.text(words.language), amounts.short(words, worst), shown, limit, "; ".join(said)
    ]  # fmt: skip


def _holds(finding: judgement.Finding) -> bool:
    """Tell if a note is true: what leaks beyond the limit is not "below it"."""
    return finding.note != rules.ABOVE_ADVICE or finding.outcome in judgement.GOOD


def _has_ends(check: procedure.Check) -> bool:
    """Tell if a check has a range that is not around zero: its error is from the middle of it
    (`rules`), which is no number of the reader's."""
    return check.rule == procedure.RANGE and bool((check.low or 0) + (check.high or 0))


def _ends(words: messages.Speaker, check: procedure.Check, unit: str = "") -> str:
    return f"{amounts.number(words, check.low)}–{amounts.number(words, check.high, unit)}"


def _limit(words: messages.Speaker, check: procedure.Check, most: judgement.Finding) -> str:
    if _has_ends(check):
        return _ends(words, check, _unit(words, check))
    return "" if most.mpe is None else amounts.number(words, most.mpe, _unit(words, check))


def _seen(words: messages.Speaker, check: procedure.Check, most: judgement.Finding) -> str:
    if _has_ends(check):
        middle = ((check.low or Decimal(0)) + (check.high or Decimal(0))) / 2
        seen = (middle + (most.error or Decimal(0))).normalize()
        return amounts.number(words, seen, _unit(words, check))
    value = amounts.number(words, most.shown_error, _unit(words, check))
    if most.shown_u is None:
        return value
    return f"{value} ± {amounts.number(words, most.shown_u)}"


def _unit(words: messages.Speaker, check: procedure.Check) -> str:
    return words.text("sheet.days") if check.rule == procedure.AGE else check.unit or ""


def references(
    pages: page.Pages, words: messages.Speaker, used: Sequence[measured.ReferenceUsed]
) -> None:
    """Draw what was compared with."""
    names = ("reference-kind", "certificate", "calibrated", "due", "u", "traceable")
    heads = [words.text(f"sheet.column.{name}") for name in names]
    rows = [
        [
            " ".join(
                part
                for part in (
                    words.text(f"verification.reference.{one.kind}"), one.model, one.serial,
                    one.weights_class, f"({one.item_id})",
                )
                if part
            ),
            one.certificate or amounts.NOTHING,
            amounts.date(words, one.calibrated_on),
            amounts.date(words, one.due),
            _uncertainty(words, one),
            one.traceable_to or amounts.NOTHING,
        ]
        for one in used
    ]  # fmt: skip
    pages.table(heads, rows, [46.0, 26.0, 21.0, 21.0, 28.0], SIZE)


def _uncertainty(words: messages.Speaker, one: measured.ReferenceUsed) -> str:
    if one.expanded_u is None:
        return amounts.NOTHING
    k = amounts.number(words, one.k)
    return f"{amounts.number(words, one.expanded_u, one.unit or '')} (k = {k})"


def budget(
    pages: page.Pages,
    words: messages.Speaker,
    used: procedure.Procedure,
    lines: Sequence[judgement.BudgetLine],
) -> None:
    """Draw the contributions to the uncertainty, check by check."""
    heads = [words.text(f"sheet.column.{name}") for name in ("source", "value", "divisor")]
    heads.append(words.text("sheet.column.standard-u"))
    rows: list[list[str]] = []
    for check in dict.fromkeys(line.check for line in lines):
        rows.append([used.words(check, words.language)])
        rows += [_contribution(words, line) for line in lines if line.check == check]
    pages.table(heads, rows, [60.0, 32.0, 32.0], SIZE)


def _contribution(words: messages.Speaker, line: judgement.BudgetLine) -> list[str]:
    values = (line.value, line.divisor, line.standard_u)
    shown = (amounts.number(words, _three_digits(value)) for value in values)
    return [words.text(f"verification.source.{line.source}"), *shown]


def _three_digits(value: Decimal) -> Decimal:
    """Return three significant digits, to the nearest: √3 is 1.73. Only a told U is rounded up."""
    if not value:
        return value
    return value.quantize(Decimal(1).scaleb(value.adjusted() - 2), ROUND_HALF_EVEN)


def conditions(words: messages.Speaker, seen: measured.Measured) -> str:
    """Return the conditions in one line; what nobody wrote down is said to be so."""
    found = seen.conditions
    if found is None:
        return words.text("sheet.no-conditions")
    values = (
        (found.temperature_c, " °C"),
        (found.humidity_percent, " % RH"),
        (found.pressure_hpa, " hPa"),
        (found.latitude_deg, "° N"),
    )
    said = [f"{amounts.number(words, value)}{unit}" for value, unit in values if value is not None]
    if found.height_m is not None:
        height = amounts.number(words, found.height_m)
        said.append(words.text("sheet.height", height=height))
    return ", ".join(said) or words.text("sheet.no-conditions")
