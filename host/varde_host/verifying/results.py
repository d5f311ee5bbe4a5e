"""What came out, point by point, in words and figures: for the terminal and the page alike."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from varde_host import messages
from varde_host.verification import judgement, measured, procedure
from varde_host.verification import wording as judged_words

from . import wording


class Row(NamedTuple):
    """One finding; all texts, "" for what it does not have. `outcome` is `judgement`'s."""

    check: str
    nominal: str
    device: str
    reference: str
    error: str
    u: str
    limit: str
    outcome: str
    note: str

    @property
    def word(self) -> str:
        """Return the outcome in words, with why it is as it is."""
        said = judged_words.outcome(self.outcome)
        return f"{said} ({self.note})" if self.note else said


def rows(
    used: procedure.Procedure, seen: measured.Measured, found: judgement.Judgement
) -> list[Row]:
    """Return a row for each finding of what is handed out, with the values it rests on."""
    return _rows(used, seen.handed_out, found.handed_out)


def as_found(
    used: procedure.Procedure, seen: measured.Measured, found: judgement.Judgement
) -> list[Row]:
    """Return the same of what was found before anything was changed."""
    return _rows(used, seen.as_found, found.as_found)


def _rows(
    used: procedure.Procedure, run: measured.Run, findings: tuple[judgement.Finding, ...]
) -> list[Row]:
    checks = {check.id: check for check in used.checks}
    left = list(run.points)
    made = []
    for finding in findings:
        where = (finding.check, finding.direction, finding.nominal)
        point = next((p for p in left if (p.check, p.direction, p.nominal) == where), None)
        if point is not None:
            left.remove(point)
        name = checks[finding.check].name.text(messages.speaker.language)
        made.append(
            Row(
                f"{name} {wording.direction(finding.direction)}".rstrip(),
                _number(finding.nominal),
                _number(point.indication if point else None),
                _number(point.reference if point else None),
                _number(finding.shown_error),
                _number(finding.shown_u),
                _number(finding.mpe),
                finding.outcome,
                judged_words.note(finding),
            )
        )
    return made


def _number(value: Decimal | None) -> str:
    return "" if value is None else wording.number(wording.short(value))
