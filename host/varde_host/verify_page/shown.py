"""What came out of a verification, as values for a template: on the way, and of a record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from varde_host import messages
from varde_host.verification import judgement, measured, procedure
from varde_host.verification import wording as judged_words
from varde_host.verify_page import drawing
from varde_host.verifying import advice, results

CLASSES: Final = {
    judgement.PASSED: "good", judgement.PASSED_WITHIN: "note", judgement.NOT_DONE: "none",
    judgement.FAILED_WITHIN: "bad", judgement.FAILED: "bad",
}  # fmt: skip
"""An outcome's sign and colour on a page."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A code and its three parts."""

    code: str
    what: str
    now: str
    who: str


@dataclass(frozen=True, slots=True)
class Result:
    """`look` is one of the signs of a page, `before` the outcome as found where it is another."""

    look: str
    word: str
    level: str
    level_word: str
    before: str
    before_look: str
    findings: Sequence[Finding]
    banners: Sequence[str]
    not_checked: Sequence[str]
    rows: Sequence[results.Row]
    found_rows: Sequence[results.Row]
    change: str
    curves: Sequence[drawing.Drawing]
    trace_back: bool


def of(used: procedure.Procedure, seen: measured.Measured, found: judgement.Judgement) -> Result:
    """Return what a page shows of a judgement."""
    language, is_changed = messages.speaker.language, seen.as_left is not None
    differs = found.as_found_outcome != found.outcome
    return Result(
        CLASSES[found.outcome],
        judged_words.outcome(found.outcome),
        judged_words.level_code(found.level),
        judged_words.level(found.level),
        judged_words.outcome(found.as_found_outcome) if differs else "",
        CLASSES[found.as_found_outcome],
        findings(advice.of_findings(used, seen, found.handed_out)),
        [judged_words.banner(key) for key in found.banners],
        [used.words(key, language) for key in found.not_checked],
        results.rows(used, seen, found),
        results.as_found(used, seen, found) if is_changed else (),
        seen.change or "",
        [drawing.of_series(one, used) for one in seen.handed_out.series],
        found.trace_back,
    )


def findings(found: Sequence[advice.Message]) -> list[Finding]:
    """Return what is wrong, each with its code, what to do, and who."""
    return [
        Finding(
            one.code,
            *(
                messages.text(f"verify.message.{one.code}.{part}", **one.fields)
                for part in advice.PARTS
            ),
        )
        for one in found
    ]


def look(outcome: str | None) -> str:
    """Return the sign of an outcome; of none, that of none."""
    return "none" if outcome is None else CLASSES[outcome]
