"""Causes for the figures of a service (`varde report benefit --causes`).

What is not final, or is none of the six of R13, has no cause there and stands as not classified.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from varde_host.benefit import counting
from varde_host.missed import classify, outages
from varde_host.missed.classify import Known
from varde_host.missed.expected import Expected, Pause
from varde_host.missed.life import Life


def classifier(
    lives: Mapping[str, Life], now_ms: int, pauses: Sequence[Pause] = ()
) -> counting.Classifier:
    """Return what says why a measurement is missing, by hubs' lives (`gathered`)."""
    known = Known(now_ms, outages.found(list(lives.values()), now_ms), pauses)

    def cause(missed: counting.Missed) -> str | None:
        window = Expected(missed.hub_id, missed.loan_id, missed.type, missed.due_ms)
        life = lives.get(missed.hub_id, Life(missed.hub_id))
        judged = classify.judge(window, life, known)
        is_known = judged.outcome == classify.MISSED and judged.is_final
        return judged.cause if is_known else None

    return cause
