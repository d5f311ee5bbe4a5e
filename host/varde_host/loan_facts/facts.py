"""LoanFacts: all that is known of loans here, asked by hub, loan, moment, address and name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from varde_host.loan_facts.sheet import Lent, Reminding, Sheet, Span

# Why no loan has a reading: in `Measured.details` under the mark `of-no-loan`.
UNKNOWN_HUB: Final = "no-sheet"
"""No sheet names the hub."""
OUTSIDE: Final = "outside"
"""Surely made before the hub was in a loan, after it, or between two."""
UNSURE: Final = "time-unsure"
"""It may have been in a loan, or not: nobody is given a reading that may be another's."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing is expected of a loan in the span."""

    loan_id: str
    span: Span


@dataclass(frozen=True, slots=True)
class Expected:
    """A measurement of a kind (`measured.OXIMETER` ...) that is to come.

    `minute` of the local day, `weekdays` as bits (1 Monday to 64 Sunday), and how many minutes
    before and after it a measurement counts.
    """

    kind: str
    minute: int
    weekdays: int
    before_minutes: int
    after_minutes: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What is expected of a loan from `from_ms` on, until a later plan; nothing if empty.

    None: what the hub reminds of, as before any plan.
    """

    loan_id: str
    from_ms: int
    expected: tuple[Expected, ...] | None


@dataclass(frozen=True)
class LoanFacts:
    """What the sheets say, with the pauses and plans of the follow-up service.

    `sheets` has one for each loan, the newest (`newest`).
    """

    sheets: tuple[Sheet, ...] = ()
    pauses: tuple[Pause, ...] = ()
    plans: tuple[Plan, ...] = ()
    _by_hub: dict[bytes, list[tuple[Span, Sheet]]] = field(default_factory=dict, repr=False)
    _by_name: dict[bytes, set[str]] = field(default_factory=dict, repr=False)
    _by_loan: dict[str, Sheet] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for sheet in self.sheets:
            self._by_loan[sheet.loan_id] = sheet
            for hub in sheet.hubs:
                self._by_hub.setdefault(hub.hub_id, []).append((hub.span, sheet))
            for lent in sheet.things:
                for name in lent.verifications:
                    self._by_name.setdefault(name, set()).add(lent.item_id)

    def loan(self, loan_id: str) -> Sheet | None:
        """Return a loan's sheet."""
        return self._by_loan.get(loan_id)

    def of_hub(self, hub_id: bytes) -> list[tuple[Span, Sheet]]:
        """Return the loans that a hub was in, by when it came into them."""
        return sorted(self._by_hub.get(hub_id, []), key=lambda each: each[0].from_ms)

    def loan_at(
        self, hub_id: bytes, earliest_ms: int | None, latest_ms: int | None
    ) -> Sheet | str:
        """Return the one loan that the hub surely was in all that time, else why there is none."""
        known = self._by_hub.get(hub_id, [])
        if not known:
            return UNKNOWN_HUB
        possible = [
            (span, sheet) for span, sheet in known if span.may_hold(earliest_ms, latest_ms)
        ]
        if not possible:
            return OUTSIDE
        sure = {
            sheet.loan_id: sheet for span, sheet in possible if span.holds(earliest_ms, latest_ms)
        }
        is_one = len(sure) == 1 and all(sheet.loan_id in sure for _, sheet in possible)
        return next(iter(sure.values())) if is_one else UNSURE

    def named(self, verification: bytes) -> frozenset[str]:
        """Return the things that a verification's name is of: one, or none that is known."""
        return frozenset(self._by_name.get(verification, ()))

    def is_paused(self, loan_id: str, at_ms: int) -> bool:
        """Tell if nothing is expected of a loan then."""
        return any(
            each.loan_id == loan_id and each.span.holds(at_ms, at_ms) for each in self.pauses
        )

    def plans_of(self, loan_id: str) -> list[Plan]:
        """Return a loan's plans in their order; each holds until the next."""
        return sorted(
            (each for each in self.plans if each.loan_id == loan_id), key=lambda one: one.from_ms
        )

    def plan_at(self, loan_id: str, at_ms: int) -> Plan | None:
        """Return the plan that holds then; None: what the hub reminds of is what is expected."""
        begun = [each for each in self.plans_of(loan_id) if each.from_ms <= at_ms]
        return begun[-1] if begun and begun[-1].expected is not None else None

    def reminding_at(self, loan_id: str, at_ms: int) -> list[Reminding]:
        """Return what the loan's hubs remind of then."""
        sheet = self.loan(loan_id)
        if sheet is None:
            return []
        return [each for each in sheet.reminding if each.span.holds(at_ms, at_ms)]

    def thing_in_slot(self, loan_id: str, hub_id: bytes, slot: int, at_ms: int) -> Lent | None:
        """Return what a slot is for by the hub's config, None where nobody can tell."""
        sheet = self.loan(loan_id)
        for each in () if sheet is None else sheet.slots:
            if (each.hub_id, each.slot) == (hub_id, slot) and each.span.holds(at_ms, at_ms):
                found = [] if sheet is None else sheet.things
                return next((lent for lent in found if lent.item_id == each.item_id), None)
        return None


def newest(sheets: Iterable[Sheet]) -> tuple[Sheet, ...]:
    """Return the newest sheet of each loan, by loan."""
    found: dict[str, Sheet] = {}
    for each in sheets:
        known = found.get(each.loan_id)
        if known is None or (known.made_ms, known.number) < (each.made_ms, each.number):
            found[each.loan_id] = each
    return tuple(found[loan] for loan in sorted(found))
