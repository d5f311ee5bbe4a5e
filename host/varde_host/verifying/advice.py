"""What a finding means to the person at the bench: a code, what it is, what to do, and who.

The codes are the bench's own language: a technician says BT-03 on the telephone. Checks that came
with a procedure of the municipality's own have the general codes SENS-01 and SENS-02.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from varde_host import messages
from varde_host.verification import judgement, measured, procedure

from . import wording

BY_CHECK = {
    "static-up": "bt-01", "static-down": "bt-01", "zero": "bt-02", "leak": "bt-03",
    "unit-life": "bt-04", "life": "bt-04", "systolic": "bt-05", "diastolic": "bt-05",
    "load-up": "vekt-01", "load-down": "vekt-01", "repeat": "vekt-02", "zero-return": "vekt-03",
    "corners": "vekt-04", "display": "vekt-05",
    "finger-spo2": "o2-01", "finger-pulse": "o2-01", "finger-healthy": "o2-03",
    "finger-out": "o2-04", "tester-spo2": "o2-02", "tester-pulse": "o2-02",
    "points": "term-01", "reading": "sens-03",
}  # fmt: skip
"""Message by check id of the shipped procedures."""
ANSWERED_NO, PAST_LIMIT = "sens-01", "sens-02"
PAST_DUE = "ref-01"
PARTS = ("what", "do", "who")

_BAD = (judgement.FAILED, judgement.FAILED_WITHIN)


@dataclass(frozen=True, slots=True)
class Message:
    """`code` as people say it is in capitals: BT-01."""

    code: str
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Return code, what, do and who in the language in use."""
        what, do, who = (
            messages.text(f"verify.message.{self.code}.{part}", **self.fields) for part in PARTS
        )
        return f"{self.code.upper()}: {what}. {do} {who}"


def of_findings(
    used: procedure.Procedure, seen: measured.Measured, found: tuple[judgement.Finding, ...]
) -> list[Message]:
    """Return one message for each thing that is wrong, about its worst finding.

    What has a message of its own is said once, whichever checks found it.
    """
    worst: dict[str, judgement.Finding] = {}
    for finding in found:
        if finding.outcome in _BAD:
            what = BY_CHECK.get(finding.check, finding.check)
            before = worst.get(what)
            if before is None or _size(finding) > _size(before):
                worst[what] = finding
    checks = {check.id: check for check in used.checks}
    return [_message(checks[finding.check], finding, seen) for finding in worst.values()]


def of_past_due(references: list[measured.ReferenceUsed]) -> list[Message]:
    """Return REF-01 for each reference whose certificate does not hold."""
    return [
        Message(PAST_DUE, {"reference": one.item_id, "due": one.due or "–"}) for one in references
    ]


def _message(
    check: procedure.Check, finding: judgement.Finding, seen: measured.Measured
) -> Message:
    general = ANSWERED_NO if check.rule == procedure.ANSWER else PAST_LIMIT
    point = next(
        (
            one
            for one in reversed(seen.handed_out.points)
            if (one.check, one.direction, one.nominal)
            == (finding.check, finding.direction, finding.nominal)
        ),
        None,
    )
    error = finding.shown_error
    return Message(
        BY_CHECK.get(check.id, general),
        {
            "name": check.name.text(messages.speaker.language),
            "unit": check.unit or "",
            "error": "" if error is None else _signed(error),
            "size": "" if error is None else wording.number(abs(error)),
            "limit": "" if finding.mpe is None else wording.number(finding.mpe),
            "nominal": "" if finding.nominal is None else wording.number(finding.nominal),
            "value": _shown(point.indication if point else finding.error),
            "reference": _shown(point.reference if point else None),
        },
    )


def _size(finding: judgement.Finding) -> Decimal:
    return Decimal(0) if finding.error is None else abs(finding.error)


def _signed(value: Decimal) -> str:
    text = _shown(value)
    return text if text.startswith("-") else f"+{text}"


def _shown(value: Decimal | None) -> str:
    return "–" if value is None else wording.number(value)
