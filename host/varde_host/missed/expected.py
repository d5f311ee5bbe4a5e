"""What was to be measured, when: windows from the plans of hubs or of loans. Pure.

A window goes from two hours before its moment to one hour after it, as the hub has it
(docs/reminders.md) and `benefit.counting`, if its plan says nothing else. Its moment is a time of
day on the wall: in the night of March that has no 02:30 it is 03:00, in that of October the first
of the two. So each plan has one window on each of its dates, and no more. A pause takes a window
if its moment lies in it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from varde_host.benefit import counting, facts, months
from varde_protocols import hub_config

ANY: Final = facts.ANY_TYPE


class Pause(NamedTuple):
    """Nobody expects anything of a loan, or of a hub where no loan is known; until None: further
    on."""

    of: str
    from_ms: int
    until_ms: int | None

    def holds(self, at_ms: int) -> bool:
        """Tell if a moment lies in it."""
        return self.from_ms <= at_ms and (self.until_ms is None or at_ms < self.until_ms)


class Stay(NamedTuple):
    """A hub's time in a loan; until None: further on. `loan_id` is "" where none is known."""

    hub_id: str
    loan_id: str
    from_ms: int
    until_ms: int | None


class Planned(NamedTuple):
    """What is asked for: at a minute of the local day, on some weekdays (1 Monday to 64 Sunday).

    `slots` are those of its sensors, empty if any will do.
    """

    minute: int
    weekdays: int
    type: str
    slots: frozenset[int] = frozenset()
    before_ms: int = counting.BEFORE_MS
    after_ms: int = counting.AFTER_MS


class Plan(NamedTuple):
    """What is asked for from when to when (None: further on); `standard` and `rule` as
    `hub_config` has them."""

    from_ms: int
    until_ms: int | None
    planned: tuple[Planned, ...]
    standard: int = hub_config.NORWAY[0]
    rule: int = hub_config.NORWAY[1]


class Expected(NamedTuple):
    """One measurement that was to come."""

    hub_id: str
    loan_id: str
    type: str
    due_ms: int
    slots: frozenset[int] = frozenset()
    before_ms: int = counting.BEFORE_MS
    after_ms: int = counting.AFTER_MS

    @property
    def from_ms(self) -> int:
        """Measured so early it counts."""
        return self.due_ms - self.before_ms

    @property
    def until_ms(self) -> int:
        """Measured so late it counts."""
        return self.due_ms + self.after_ms

    @property
    def key(self) -> str:
        """What it goes by for ever."""
        slots = ",".join(map(str, sorted(self.slots)))
        return f"{self.loan_id or self.hub_id}:{self.type}:{slots}:{self.due_ms}"


def windows(
    plans: Iterable[Plan], stays: Sequence[Stay], from_ms: int, until_ms: int
) -> list[Expected]:
    """Return what was to come: windows with their moment in [from_ms, until_ms), each wholly
    within a plan and a stay, in order of time."""
    found = {
        each.key: each
        for plan in plans
        for stay in stays
        for each in _of(plan, stay, from_ms, until_ms)
    }
    return sorted(found.values(), key=lambda each: (each.due_ms, each.key))


def _of(plan: Plan, stay: Stay, from_ms: int, until_ms: int) -> Iterator[Expected]:
    begin_ms = max(plan.from_ms, stay.from_ms, from_ms)
    ends = [each for each in (plan.until_ms, stay.until_ms) if each is not None]
    end_ms = min([until_ms, *ends])
    if begin_ms >= end_ms:
        return
    day = months.local_date(begin_ms) - dt.timedelta(days=1)
    last_day = months.local_date(end_ms) + dt.timedelta(days=1)
    while day <= last_day:
        for each in plan.planned:
            if not each.weekdays >> day.weekday() & 1:
                continue
            due_ms = months.at_wall(day, each.minute, plan.standard, plan.rule)
            is_whole = all(due_ms + each.after_ms <= end for end in ends)
            if begin_ms <= due_ms < end_ms and is_whole:
                yield Expected(
                    stay.hub_id, stay.loan_id, each.type, due_ms, each.slots, each.before_ms,
                    each.after_ms,
                )  # fmt: skip
        day += dt.timedelta(days=1)


def of_reminders(plans: Iterable[facts.Plan]) -> list[Plan]:
    """Return what hubs were told to remind of, as plans; of what nobody knows there is none."""
    return [
        Plan(
            plan.from_ms,
            plan.until_ms,
            tuple(
                Planned(
                    each.minute,
                    each.weekdays,
                    each.type,
                    frozenset({each.slot} - {hub_config.ANY_SLOT}),
                )
                for each in plan.reminders
            ),
            plan.standard,
            plan.rule,
        )
        for plan in plans
        if plan.reminders
    ]


def paused(each: Expected, pauses: Iterable[Pause]) -> Pause | None:
    """Return the pause that a window's moment lies in."""
    whose = {each.loan_id, each.hub_id} - {""}
    return next((one for one in pauses if one.of in whose and one.holds(each.due_ms)), None)
