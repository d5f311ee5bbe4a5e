"""One turn of an entry: show its question, take an answer, end it when there is no more to ask.

The command line's functions do the work, in one transaction; the entry's file is gone once that
stands. `scanner` is what SKANNETEST has seen of the scanner, for all who scan at this bench.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from varde_host import errors
from varde_host.bench_entry import entries, flow, table
from varde_host.bench_entry.entries import Entry
from varde_host.bench_entry.flow import Around, Ended, Flow, Question
from varde_host.inventory import wedge

_KEEPS: Final = "scanner.keeps-separators"
_EVER_MS: Final = 0
"""A scanner is the same tomorrow: what is known of it does not hang on when it was seen."""


@dataclass(frozen=True, slots=True)
class Open:
    """An entry and the question that is shown; `box` is what stands in its box."""

    entry: Entry
    flow: Flow
    question: Question
    box: str
    before: str
    """The question before it, "" for the first."""


def opened(around: Around, entry: Entry, wanted: str = "") -> Open:
    """Return the open question, or an earlier one that is `wanted`; the last if all are answered
    and the end was cut off: giving it again ends the entry."""
    chosen = table.find(entry.flow)
    asked = flow.applying(chosen, around, entry)
    question = next((each for each in asked if each.name == wanted), asked[-1])
    names = [each.name for each in asked]
    at = names.index(question.name)
    last = entries.remembered(around.site.directory, around.now_ms)
    box = flow.in_box(question, around, entry, last)
    return Open(entry, chosen, question, box, names[at - 1] if at else "")


def begun(around: Around, name: str, about: str, given: Mapping[str, str]) -> Entry:
    """Begin an entry; what was given as the first answer (a scan) is one if it will do."""
    chosen, site = table.find(name), around.site.directory
    entry = entries.begin(site, chosen.name, about, around.by, around.now_ms, given)
    if not entry.answers and given.get("code"):
        try:
            entry = flow.answered(chosen, around, entry, "code", given["code"])
        except errors.InputRefused:
            entries.drop(site, entry.id)
            raise
        entries.keep(site, entry)
    return entry


def answered(around: Around, entry: Entry, name: str, text: str) -> Entry:
    """Keep an answer, and return the entry with it. Raises as `flow.answered`."""
    changed = flow.answered(table.find(entry.flow), around, entry, name, text)
    entries.keep(around.site.directory, changed)
    return changed


def typed(site: Path, entry: Entry, name: str, text: str) -> None:
    """Keep what stands in a box."""
    entries.keep(site, flow.typed(table.find(entry.flow), entry, name, text))


def is_complete(around: Around, entry: Entry) -> bool:
    """Tell if all is answered."""
    return flow.next_question(table.find(entry.flow), around, entry) is None


def ended(around: Around, entry: Entry) -> Ended:
    """Do what the entry says, in the caller's transaction. Raises as the flow's own function."""
    return table.find(entry.flow).end(around, entry)


def half_done(site: Path) -> list[Entry]:
    """Return the entries that can be gone on with, oldest first: those whose questions this
    version of the program asks."""
    return [entry for entry in entries.listing(site) if entry.flow in table.BY_NAME]


def forget(site: Path, entry: Entry, now_ms: int) -> None:
    """Once the transaction stands: the file goes, and the next entry begins with some answers.

    On a full disk it begins with none; what was entered is in the inventory all the same.
    """
    entries.drop(site, entry.id)
    with contextlib.suppress(errors.WorldFailed):
        entries.remember(site, flow.to_remember(table.find(entry.flow), entry), now_ms)


def without_last(around: Around, entry: Entry) -> Entry:
    """Return an entry whose last answer is to be given again: what it ends in was refused."""
    names = [each.name for each in table.find(entry.flow).questions if each.name in entry.answers]
    if not names:
        return entry
    last = names[-1]
    kept = {name: value for name, value in entry.answers.items() if name != last}
    earlier = {**entry.earlier, last: entry.answers[last]}
    changed = dataclasses.replace(entry, answers=kept, earlier=earlier)
    entries.keep(around.site.directory, changed)
    return changed


def saw_scanner(site: Path, damage: tuple[str, ...]) -> None:
    """Keep what SKANNETEST found: only what came whole is believed to keep the separators."""
    keeps = set(damage) <= {wedge.WRITTEN}
    entries.remember(site, {_KEEPS: "yes" if keeps else "no"}, _EVER_MS)


def keeps_separators(site: Path, said: bool | None) -> bool:
    """Tell if the scanner keeps GS: as `bench.toml` says, else as SKANNETEST has seen last."""
    return entries.last(site, _KEEPS) == "yes" if said is None else said
