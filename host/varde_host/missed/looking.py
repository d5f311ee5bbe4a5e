"""Looks at everything at once: what was expected of all loans, what came, what is to be told now.

`look` returns what is new, for `kept.put`; `messages` makes of what is kept what targets get
(`handover.notices` sends each word once). Whoever is cut off between the two, or looks twice,
tells nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import sqlalchemy as sa

from varde_host.fhir.style import Style
from varde_host.handover import sending, targets
from varde_host.loan_facts import facts
from varde_host.missed import classify, gathered, issue, kept, of_loans, outages, telling
from varde_host.missed.classify import Judged
from varde_host.missed.expected import Expected
from varde_host.missed.life import PAPER, Life, Seen, Span
from varde_host.missed.telling import Told

DAY_MS: Final = 86_400_000
HORIZON_MS: Final = 7 * DAY_MS
"""What is older and was never told is history: nobody is asked after it."""
MOST_MS: Final = 400 * DAY_MS
"""A provisional miss is looked after for so long: nothing that waits in a hub waits longer."""

Opening = Callable[[str], Mapping[int, Span]]
"""Returns, by number, when the sensors of a hub say that its values were measured: for whoever has
the receiver's key."""


class Looking:
    """Keeps hubs' lives in memory, so that looking again is cheap."""

    def __init__(self, heartbeats: Mapping[str, int] | None = None) -> None:
        self._lives = gathered.Lives(heartbeats)

    def look(
        self,
        connection: sa.Connection,
        known: facts.LoanFacts,
        now_ms: int,
        opening: Opening | None = None,
    ) -> list[Told]:
        """Return what is to be told now that was not told so before. Reads only: hubs of which
        something came are verified anew, which takes its time."""
        oldest_ms = kept.oldest_provisional_ms(connection)
        from_ms = max(now_ms - HORIZON_MS, 0)
        if oldest_ms is not None:
            from_ms = min(from_ms, max(oldest_ms, now_ms - MOST_MS))
        judged = self.judged(connection, known, from_ms, now_ms, opening)
        before = {each.key: each for each in kept.told(connection, since_ms=from_ms)}
        return list(_news(before, judged, known, now_ms))

    def judged(
        self,
        connection: sa.Connection,
        known: facts.LoanFacts,
        from_ms: int,
        now_ms: int,
        opening: Opening | None = None,
    ) -> list[Judged]:
        """Return what became of all that was expected of loans since a moment."""
        lives = self._lives.read(connection, from_ms)
        around = classify.Known(
            now_ms, outages.found(list(lives.values()), now_ms), of_loans.pauses(known)
        )
        papers = of_loans.papers(connection)
        windows = of_loans.windows(known, from_ms, now_ms)
        return judge(windows, lives, around, papers, opening)


def judge(
    windows: Sequence[Expected],
    lives: Mapping[str, Life],
    around: classify.Known,
    papers: Iterable[of_loans.Paper] = (),
    opening: Opening | None = None,
) -> list[Judged]:
    """Return what became of windows, with values from paper, and the sensors' own word where a
    value came later that may be the one."""
    typed: dict[str, list[of_loans.Paper]] = {}
    for paper in papers:
        typed.setdefault(paper.loan_id, []).append(paper)
    opened: dict[str, Life] = {}
    found = []
    for each in windows:
        life = opened.get(each.hub_id) or lives.get(each.hub_id) or Life(each.hub_id)
        on_paper = typed.get(each.loan_id, [])
        judged = classify.judge(each, with_paper(life, on_paper), around)
        if opening is not None and each.hub_id not in opened and _may_be_stored(judged):
            opened[each.hub_id] = life = with_own(life, opening(each.hub_id))
            judged = classify.judge(each, with_paper(life, on_paper), around)
        found.append(judged)
    return found


def _may_be_stored(judged: Judged) -> bool:
    """Tell if a sensor may have handed the value over later, from its memory."""
    return judged.outcome == classify.MISSED and any(
        each.name in ("later-reading", "undated") for each in judged.evidence
    )


def with_own(life: Life, own: Mapping[int, Span]) -> Life:
    """Return a life with what sensors say of when."""
    readings = [
        seen._replace(own=own[seen.seq]) if seen.seq in own else seen for seen in life.readings
    ]
    return replace(life, readings=tuple(readings))


def with_paper(life: Life, papers: Iterable[of_loans.Paper]) -> Life:
    """Return a life with what somebody typed off paper."""
    typed = [Seen(each.type, PAPER, 0, 0, each.made, each.made.latest_ms or 0) for each in papers]
    return replace(life, readings=(*life.readings, *typed)) if typed else life


def _news(
    before: Mapping[str, Told], judged: Iterable[Judged], known: facts.LoanFacts, now_ms: int
) -> Iterable[Told]:
    seen = set()
    for each in judged:
        seen.add(each.expected.key)
        news = telling.decide(before.get(each.expected.key), each, now_ms)
        if news is not None:
            yield news
    for key, told in before.items():
        # A loan of which there is no sheet here says nothing, not that nothing was expected.
        if key not in seen and known.loan(told.loan_id) is not None:
            news = telling.decide(told, None, now_ms)
            if news is not None:
                yield news


def messages(
    told: Iterable[Told],
    target: targets.Target,
    style: Style,
    with_subject: frozenset[str] | None = None,
) -> list[sending.Outgoing]:
    """Return what a target gets of misses: those of its loans, since its first day, if it wants
    them at all. `with_subject` as in `handover.selection`."""
    if not (target.is_on and target.misses):
        return []
    return [issue.outgoing(each, style) for each in told if _is_for(each, target, with_subject)]


def _is_for(told: Told, target: targets.Target, with_subject: frozenset[str] | None) -> bool:
    if target.loans is not None and told.loan_id not in target.loans:
        return False
    if with_subject is not None and told.loan_id not in with_subject:
        return False
    if not told.loan_id and not target.of_no_loan:
        return False
    return target.since_ms is None or told.due_ms >= target.since_ms
