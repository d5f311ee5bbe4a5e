"""Which measurement is the first of another thing of its kind. Goes with one hub's rows."""

from __future__ import annotations

from dataclasses import dataclass, field

from varde_host.fhir import measured
from varde_host.fhir.measured import Thing
from varde_host.loan_facts.sheet import Sheet

_Seen = tuple[str | None, str | None]
"""A thing's id and its address."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What has been seen: of each kind in a loan, and last in each slot."""

    of_kind: dict[tuple[str, str], list[_Seen]] = field(default_factory=dict)
    in_slot: dict[tuple[str, str, int | None], _Seen] = field(default_factory=dict)

    def before(self, sheet: Sheet, slot: int | None, thing: Thing) -> str | None:
        """Return what stood in its place if this is another thing, and remember this one.

        It is named by its id, else by its address. Where neither is known to differ, it is the
        same.
        """
        now = (thing.item_id, thing.address)
        kind, place = (sheet.loan_id, thing.kind), (sheet.loan_id, thing.kind, slot)
        known = self.of_kind.setdefault(kind, [])
        last = self.in_slot.get(place)
        self.in_slot[place] = now
        if last is not None and _differ(last, now):
            found: str | None = _name(last)
        elif last is None and known and all(_differ(each, now) for each in known):
            found = _name(known[-1])
        else:
            found = None if known else _by_sheet(sheet, thing)
        if now not in known:
            known.append(now)
        return found


def _differ(one: _Seen, other: _Seen) -> bool:
    for mine, theirs in zip(one, other, strict=True):
        if mine is not None and theirs is not None:
            return mine != theirs
    return False


def _name(seen: _Seen) -> str:
    return seen[0] or seen[1] or ""


def _by_sheet(sheet: Sheet, thing: Thing) -> str | None:
    """Return what left the loan before a thing came into it, for the first of this hub's.

    Of a hub that was swapped, too, the numbers begin anew, and the thing before was heard by the
    other one.
    """
    came = [each.span.from_ms for each in sheet.things if each.item_id == thing.item_id]
    if thing.item_id is None or not came or thing.kind == measured.OTHER:
        return None
    left = [
        each
        for each in sheet.things
        if each.measures == thing.kind
        and each.item_id != thing.item_id
        and each.span.until_ms is not None
        and each.span.until_ms <= min(came)
    ]
    return max(left, key=lambda each: each.span.until_ms or 0).item_id if left else None
