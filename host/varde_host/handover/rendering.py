"""What stands in a file: a bundle, resources line by line, or a table.

Here, and nowhere before, a person takes the loan's place. What is made is the same bytes each
time, as it is looked for by its bytes after a cut.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from typing import Any, Final

from varde_host import errors
from varde_host.fhir import bundle, exact_json, style, subject
from varde_host.handover import content, file_drop, sending

Resource = dict[str, Any]
Subjects = Callable[[str], Resource | None]
"""Returns the reference to a loan's person, None where no list of persons is kept.

Raises InputRefused for a loan that is not on the list."""

COLUMNS: Final = (
    "measurement", "version", "status", "subject_system", "subject", "effective", "code", "text",
    "value", "unit", "absent", "interpretation", "marks",
)  # fmt: skip


def as_bundle(chosen: style.Style, subjects: Subjects) -> file_drop.Rendering:
    """Return what makes a bundle of an item, in a target's style."""

    def rendered(item: sending.Outgoing) -> bytes:
        resources = with_subject(item, chosen, subjects)
        if item.change == sending.MESSAGE:
            return exact_json.dumps(resources[0]) + b"\n"
        entries = [bundle.Entry(each) for each in resources[1:]]
        change = bundle.AMEND if item.change == sending.AMEND else bundle.CREATE
        entries.append(bundle.Entry(resources[0], change))
        name = f"{file_drop.stem(item.identifier)}-{item.version}"
        made = bundle.of(entries, chosen, name=name, made_ms=item.made_ms)
        return exact_json.dumps(made) + b"\n"

    return rendered


def as_lines(chosen: style.Style, subjects: Subjects) -> file_drop.Rendering:
    """Return what writes one resource a line, devices before what refers to them."""

    def rendered(item: sending.Outgoing) -> bytes:
        first, *others = with_subject(item, chosen, subjects)
        return b"".join(exact_json.dumps(each) + b"\n" for each in [*others, first])

    return rendered


def as_table(chosen: style.Style, subjects: Subjects) -> file_drop.Rendering:
    """Return what writes a table with a line for each value of an item."""

    def rendered(item: sending.Outgoing) -> bytes:
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        if item.change != sending.MESSAGE:
            writer.writerows(_lines(item, with_subject(item, chosen, subjects)[0]))
        return text.getvalue().encode()

    return rendered


def with_subject(
    item: sending.Outgoing, chosen: style.Style, subjects: Subjects
) -> list[Resource]:
    """Return copies with the person in the place of the loan, if a list of persons is kept."""
    known = None if item.subject_loan is None else subjects(item.subject_loan)
    if known is None:
        return list(item.resources)
    return [subject.replaced(each, known, chosen) for each in item.resources]


def no_subjects(_loan: str) -> None:
    """Stands for a list of persons where there is none."""


def _lines(item: sending.Outgoing, observation: Resource) -> Iterator[list[str]]:
    told = observation.get("subject", {}).get("identifier", {})
    beginning = [
        item.identifier.rpartition("|")[2], str(item.version), str(observation.get("status", "")),
        str(told.get("system", "")), str(told.get("value", "")), _effective(observation),
    ]  # fmt: skip
    tags = [str(each.get("code", "")) for each in observation.get("meta", {}).get("tag", ())]
    parts = observation.get("component") or []
    if any(key.startswith("value") for key in observation) or not parts:
        parts = [observation, *parts]
    for part in parts:
        yield [*map(_safe, [*beginning, *_value(part), " ".join(tags)])]


def _value(part: Resource) -> list[str]:
    said = content.of({key: each for key, each in part.items() if key != "component"})
    value = " ".join(said[key] for key in sorted(said) if _is_value(key))
    return [
        content.code(part), str(part.get("code", {}).get("text", "")), value,
        said.get("value.code", ""), said.get("absent", ""), said.get("interpretation", ""),
    ]  # fmt: skip


def _is_value(key: str) -> bool:
    return key.startswith("value") and key != "value.code"


def _effective(observation: Resource) -> str:
    found = [str(each) for key, each in observation.items() if key == "effectiveDateTime"]
    return found[0] if found else ""


def _safe(cell: str) -> str:
    """Refuse what a spreadsheet would take for a formula; a number may begin with a minus."""
    if cell[:1] in ("=", "+", "@", "\t", "\r"):
        raise errors.InputRefused("table-cell", cell[:10])
    return cell
