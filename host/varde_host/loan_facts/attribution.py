"""Which thing of a loan measured a value: exactly one, or none. Pure.

What speaks for a thing, the strongest first:

1. the address of the radio that sent the value, if a hub's config ties it to a thing;
2. the verification that the reading names, under the hub's signature;
3. what the hub's config, or the kit's acceptance, has in that slot;
4. that it is the only one of its kind in the loan.

A name and a slot may be older than a swap: a hub that has not got its new config still says what
stood before. So they count if the thing was surely in the loan when the value was made, or if
nothing else of its kind may have been. And where two of them speak for two things, or the thing
cannot have been there, nobody is named: another's readings are worse than readings of nobody. Nor
where the reading names a verification that no sheet has: the thing may have come after the sheet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from varde_host.loan_facts.sheet import Lent, Sheet

# Why no thing is named.
CONTRADICTED: Final = "contradicted"
NOT_IN_LOAN: Final = "not-in-loan"
SEVERAL: Final = "several"
NOTHING: Final = "nothing"
UNKNOWN_NAME: Final = "unknown-verification"


@dataclass(frozen=True, slots=True)
class Traits:
    """What a reading says of what made it, and when that was (None: an open end).

    `named` are the things that its verification's name is of; `is_unknown` tells that it names
    one that no sheet has.
    """

    hub_id: bytes
    slot: int | None
    kind: str | None
    address: str | None
    named: frozenset[str]
    earliest_ms: int | None
    latest_ms: int | None
    is_unknown: bool = False


@dataclass(frozen=True, slots=True)
class Attributed:
    """The thing, or None and why; `by_address` tells that its radio was known."""

    lent: Lent | None
    why: str = ""
    by_address: bool = False


def of(traits: Traits, sheet: Sheet) -> Attributed:
    """Return what of a loan made a reading."""
    fitting = [each for each in sheet.things if each.fits(traits.kind)]
    possible = [
        each for each in fitting if each.span.may_hold(traits.earliest_ms, traits.latest_ms)
    ]
    sent = frozenset(
        each.item_id for each in sheet.things if traits.address in each.addresses
    )  # fmt: skip
    if traits.is_unknown and not sent:
        return Attributed(None, UNKNOWN_NAME)
    told = traits.named or _of_slot(traits, sheet)
    speaking = sent | traits.named or told
    if len(speaking) > 1:
        return Attributed(None, CONTRADICTED)
    if not speaking:
        return _alone(traits, possible)
    found = [each for each in possible if each.item_id in speaking]
    if not found:
        return Attributed(None, NOT_IN_LOAN)
    if not sent and not _is_sure(traits, found, possible):
        return Attributed(None, SEVERAL)
    return Attributed(_best(traits, found), by_address=bool(sent))


def _of_slot(traits: Traits, sheet: Sheet) -> frozenset[str]:
    """Return what was in the slot by the hub's config; nothing if its address is another's."""
    return frozenset(
        each.item_id
        for each in sheet.slots
        if each.item_id is not None
        and (each.hub_id, each.slot) == (traits.hub_id, traits.slot)
        and each.address in (None, traits.address)
        and each.span.may_hold(traits.earliest_ms, traits.latest_ms)
    )


def _alone(traits: Traits, possible: Collection[Lent]) -> Attributed:
    """Return the only one that may have been there, if it surely was.

    What a model measures may not be known, so any other thing in the loan counts as possible.
    """
    items = {each.item_id for each in possible}
    if len(items) != 1:
        return Attributed(None, SEVERAL if items else NOTHING)
    if not _was_there(traits, possible):
        return Attributed(None, NOTHING)
    return Attributed(_best(traits, possible))


def _is_sure(traits: Traits, found: Iterable[Lent], possible: Iterable[Lent]) -> bool:
    items = {each.item_id for each in possible}
    return len(items) == 1 or _was_there(traits, found)


def _was_there(traits: Traits, spans: Iterable[Lent]) -> bool:
    return any(each.span.holds(traits.earliest_ms, traits.latest_ms) for each in spans)


def _best(traits: Traits, found: Collection[Lent]) -> Lent:
    """Return the row of a thing that was in the loan more than once: that of the time."""
    sure = [each for each in found if each.span.holds(traits.earliest_ms, traits.latest_ms)]
    return max(sure or found, key=lambda each: each.span.from_ms)
