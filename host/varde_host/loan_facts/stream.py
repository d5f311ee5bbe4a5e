"""From what was opened to what is handed on: each measurement with its loan, thing and marks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from varde_host.fhir import measured as handed
from varde_host.fhir.measured import Measured, Thing
from varde_host.loan_facts import attribution, changes, entered, kinds
from varde_host.loan_facts.entries import ENTERED_HUB, Entry
from varde_host.loan_facts.facts import LoanFacts
from varde_host.loan_facts.sheet import CUFF_ALONE, Lent, Sheet
from varde_host.receiver import opening, repetition, source, stamp, verification_of, wording

THING: Final = "thing"
"""Key in `Measured.details` of a reading of a loan whose thing nobody can tell: why."""
OTHER_RADIO: Final = "other-radio"
"""The thing that it would be has sent from another address before."""


@dataclass(frozen=True, slots=True)
class Attributing:
    """Goes through one hub's rows in order. `radios` are the public addresses first seen of
    things that no config ties to one: a thing has one for its life."""

    facts: LoanFacts
    register: verification_of.Register
    changes: changes.Changes = field(default_factory=changes.Changes)
    radios: dict[str, str] = field(default_factory=dict)

    def measured(self, row: opening.Row) -> Measured:
        """Return a row with all that is known of it."""
        loan = self._loan(row)
        sheet = loan if isinstance(loan, Sheet) else None
        thing, details = self._thing(row, sheet)
        marks = [handed.TEST] if row.is_test else []
        if sheet is None and not row.is_test:
            marks.append(handed.NO_LOAN)
            details[handed.NO_LOAN] = str(loan)
        if thing.is_private:
            marks.append(handed.PRIVATE)
        if row.repeats is not None:
            marks.append(handed.MAY_REPEAT)
            details[handed.MAY_REPEAT] = str(row.repeats)
        self._mark_change(row, sheet, thing, marks, details)
        return _handed(row, sheet, thing, marks, details, self._standing(row))

    def _loan(self, row: opening.Row) -> Sheet | str:
        if row.is_test or row.signature != opening.VERIFIED:
            return ""
        return self.facts.loan_at(row.hub_id, *row.made)

    def _thing(self, row: opening.Row, sheet: Sheet | None) -> tuple[Thing, dict[str, str]]:
        kind = kinds.of(row.characteristic)
        address = None if row.content is None else wording.address(row.content.address)
        bare = Thing(kind or handed.OTHER, address, "" if row.content is None else
                     row.content.model)  # fmt: skip
        if sheet is None:
            return bare, {}
        named = self.facts.named(row.verification)
        is_unknown = bool(row.verification) and not named
        traits = attribution.Traits(
            row.hub_id, row.slot, kind, address, named, *row.made, is_unknown=is_unknown
        )
        found = attribution.of(traits, sheet)
        if found.lent is None:
            return bare, {THING: found.why}
        if not found.by_address and self._is_other_radio(found.lent, address):
            return bare, {THING: OTHER_RADIO}
        return _known(bare, found.lent, kind, sheet, traits), {}

    def _is_other_radio(self, lent: Lent, address: str | None) -> bool:
        """A random address may change with the batteries; a public one is its maker's."""
        if address is None or not address.startswith("public/"):
            return False
        return self.radios.setdefault(lent.item_id, address) != address

    def _mark_change(
        self,
        row: opening.Row,
        sheet: Sheet | None,
        thing: Thing,
        marks: list[str],
        details: dict[str, str],
    ) -> None:
        if sheet is None or row.content is None or kinds.of(row.characteristic) is None:
            return
        before = self.changes.before(sheet, row.slot, thing)
        if before is not None:
            is_scale = thing.kind == handed.SCALE
            mark = handed.SCALE_SWAPPED if is_scale else handed.DEVICE_CHANGED
            marks.append(mark)
            details[mark] = before

    def _standing(self, row: opening.Row) -> verification_of.Standing | None:
        if row.is_test or row.signature != opening.VERIFIED:
            return None
        return self.register.of(row.verification, *row.made)


def measured(
    hub: source.Opened,
    facts: LoanFacts,
    entries: Iterable[Entry],
    register: verification_of.Register,
) -> Iterator[Measured]:
    """Return all of a hub in the order of its numbers, each measurement once.

    What repeats another for certain and what is a part of a value in several records is left out:
    the first, and the last part with the whole, are there. Of the hub `entries.ENTERED_HUB`, which
    has no rows, the `entries` are returned; they are none of any other's.
    """
    if hub.hub_id == ENTERED_HUB:
        for entry in entries:
            yield entered.measured(entry)
        return
    attributing = Attributing(facts, register)
    for row in hub.rows:
        if not is_left_out(row):
            yield attributing.measured(row)


def is_left_out(row: opening.Row) -> bool:
    """Tell if another row says the same measurement: what it repeats, or the whole of it."""
    return row.part_of is not None or row.is_again or repetition.is_certain(row)


def _handed(
    row: opening.Row,
    sheet: Sheet | None,
    thing: Thing,
    marks: list[str],
    details: dict[str, str],
    standing: verification_of.Standing | None,
) -> Measured:
    content = row.content
    value = b"" if content is None else content.value
    return Measured(
        characteristic=row.characteristic or 0,
        fields=row.fields,
        thing=thing,
        loan_id=None if sheet is None else sheet.loan_id,
        hub_id=row.hub_id,
        seq=row.seq,
        slot=row.slot,
        value_hex=(value if row.whole is None else row.whole.value).hex(),
        when=row.when,
        stamp=stamp.of(row.fields),
        claim=row.sensor,
        standing=standing,
        error=row.error,
        marks=tuple(sorted(marks, key=handed.MARKS.index)),
        details=details,
    )


def _known(
    bare: Thing, lent: Lent, kind: str | None, sheet: Sheet, traits: attribution.Traits
) -> Thing:
    return replace(
        bare,
        kind=kind or lent.measures or handed.OTHER,
        item_id=lent.item_id,
        name=lent.name,
        maker=lent.maker,
        serial=lent.serial,
        udi=lent.udi,
        lot=lent.lot,
        firmware=lent.firmware,
        cuff_size=_cuff_size(lent, kind, sheet, traits),
        is_private=lent.is_private,
    )


def _cuff_size(
    lent: Lent, kind: str | None, sheet: Sheet, traits: attribution.Traits
) -> str | None:
    """Return the size of the arm's cuff that was used, None unless only one can have been."""
    if kind != handed.CUFF:
        return None
    cuffs = [each for each in sheet.things if each.kind == CUFF_ALONE]
    if not cuffs:
        return lent.size
    possible = [each for each in cuffs if each.span.may_hold(traits.earliest_ms, traits.latest_ms)]
    is_sure = any(each.span.holds(traits.earliest_ms, traits.latest_ms) for each in possible)
    sizes = {each.size for each in possible}
    return next(iter(sizes)) if is_sure and len(sizes) == 1 else None
