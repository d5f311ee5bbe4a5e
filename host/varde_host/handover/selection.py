"""Who gets what: why a measurement is kept back from a target, if it is.

What is kept back is counted and shown by its reason, and handed on by itself once the reason has
gone. Nothing here judges a value.
"""

from __future__ import annotations

from typing import Final

from varde_host.fhir import measured, time
from varde_host.handover import targets

NOT_OPENED: Final = "not-opened"
"""Waits for its session record or its other parts, or cannot be believed."""
TEST: Final = "test"
NO_LOAN: Final = "no-loan"
NOT_CHOSEN: Final = "not-chosen"
"""The target does not get this loan's, or this kind of thing's."""
BEFORE: Final = "before"
"""Surely measured before the target's first day."""
NO_SUBJECT: Final = "no-subject"
"""There is a list of persons, and this loan is not on it."""
NOTHING_SAID: Final = "nothing-said"
"""No Observation says it (docs/fhir.md lists what is not measurement)."""
FAILED: Final = "failed"
"""A bug of ours: the rest goes on, and the journal has where."""
DECODER: Final = "decoder"
"""Handed on already, and read otherwise today: `varde receiver redecode`."""
VANISHED: Final = "vanished"
"""Handed on already, and none of today's readings says it: likewise."""
REASONS: Final = (NOT_OPENED, TEST, NO_LOAN, NOT_CHOSEN, BEFORE, NO_SUBJECT, NOTHING_SAID, FAILED,
                  DECODER, VANISHED)  # fmt: skip

# Errors of a reading of which nothing may be said to others: it waits, is not the hub's own, or
# is sealed to somebody else. What was opened and cannot be decoded is handed on as just that.
_UNOPENED: Final = frozenset({
    "bad-signature", "wrong-hub", "no-session", "wrong-receiver", "decrypt-failed",
    "missing-parts",
})  # fmt: skip


def reason(
    each: measured.Measured,
    target: targets.Target,
    with_subject: frozenset[str] | None,
) -> str | None:
    """Return why the target does not get this, None if it does.

    `with_subject` are the loans whose person is known here, None where no list of persons is kept.
    """
    if each.error in _UNOPENED:
        return NOT_OPENED
    if measured.TEST in each.marks:
        return TEST
    if target.things is not None and each.thing.kind not in target.things:
        return NOT_CHOSEN
    latest_ms = time.known(each).latest_ms
    if target.since_ms is not None and latest_ms is not None and latest_ms < target.since_ms:
        return BEFORE
    return _reason_of_loan(each.loan_id, target, with_subject)


def _reason_of_loan(
    loan: str | None, target: targets.Target, with_subject: frozenset[str] | None
) -> str | None:
    if loan is None:
        return None if target.of_no_loan else NO_LOAN
    if target.loans is not None and loan not in target.loans:
        return NOT_CHOSEN
    return NO_SUBJECT if with_subject is not None and loan not in with_subject else None
