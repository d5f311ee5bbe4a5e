"""From what was opened to what is handed on: each measurement with its loan, thing and marks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from varde_host.fhir.measured import Measured
from varde_host.loan_facts.entries import Entry
from varde_host.loan_facts.facts import LoanFacts
from varde_host.receiver import source, verification_of


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
    raise NotImplementedError
