"""`varde receiver loans|pause|plan|subjects`: what is known of loans, and expected of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from varde_host import errors, messages, output
from varde_host.commands import inventory_options, options, receiver_options, reminder_text
from varde_host.inventory import words
from varde_host.loan_facts import (
    entry_form,
    facts,
    kept,
    plan_text,
    sheet,
    sheet_folder,
    subjects,
)
from varde_host.receiver_store import folder as folders
from varde_host.receiver_store import store as stores

_Loan = Annotated[str, typer.Argument(metavar="LOAN")]
_Moment = "YYYY-MM-DD[ HH:MM]"
_SHOWN_FAULTS: Final = 20


@dataclass(frozen=True, slots=True)
class Place:
    """An open receiver: its folder and its store."""

    folder: folders.Folder
    store: stores.Store

    def loaded(self) -> sheet_folder.Loaded:
        """Return the sheets that are there."""
        return sheet_folder.load(self.folder.loans, self.folder.site)

    def facts(self) -> facts.LoanFacts:
        """Return all that is known of loans."""
        sheets = self.loaded().sheets
        return self.store.read(lambda connection: kept.read(connection, sheets))


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Place]:
    """Give an open receiver; raises as `folder.load` and `store.open_store`."""
    folder = folders.load(path)
    store = stores.open_store(folder.database)
    try:
        yield Place(folder, store)
    finally:
        store.close()


def sheet_of(known: facts.LoanFacts, loan: str) -> sheet.Sheet:
    """Return a loan's sheet. Raises InputRefused `loan-unknown`."""
    found = known.loan(loan)
    if found is None:
        raise errors.InputRefused("loan-unknown", loan[:20])
    return found


def show_list(
    folder: receiver_options.Folder = receiver_options.DEFAULT_FOLDER, json: options.Json = False
) -> None:
    """List the loans that sheets tell of, and what is no sheet of this site."""
    with opened(folder) as place:
        loaded, known = place.loaded(), place.facts()
    if json:
        output.as_json({
            "loans": [_as_json(each, known) for each in known.sheets],
            "refused": loaded.refused,
        })  # fmt: skip
        return
    columns = ("loan", "kit", "from", "until", "things", "private")
    output.table(
        [f"loan-facts-column.{name}" for name in columns], [_row(each) for each in known.sheets]
    )
    for name in loaded.refused:
        output.line(messages.text("loan-facts.refused", name=name))


def _row(each: sheet.Sheet) -> tuple[str, ...]:
    sensors = {lent.item_id: lent for lent in each.things if lent.kind == sheet.SENSOR}
    private = sum(lent.is_private for lent in sensors.values())
    return (
        each.loan_id, each.kit_id, words.moment(each.span.from_ms),
        inventory_options.moment(each.span.until_ms), str(len(sensors)), str(private or ""),
    )  # fmt: skip


def _as_json(each: sheet.Sheet, known: facts.LoanFacts) -> dict[str, object]:
    return {
        "loan": each.loan_id, "kit": each.kit_id, "from_ms": each.span.from_ms,
        "until_ms": each.span.until_ms, "sheet": each.number, "made_ms": each.made_ms,
        "hubs": [one.hub_id.hex() for one in each.hubs],
        "things": [
            {"item": one.item_id, "kind": one.kind, "measures": one.measures,
             "private": one.is_private, "from_ms": one.span.from_ms,
             "until_ms": one.span.until_ms}
            for one in each.things
        ],
        "pauses": [
            {"from_ms": one.span.from_ms, "until_ms": one.span.until_ms}
            for one in known.pauses if one.loan_id == each.loan_id
        ],
        "plans": [
            {"from_ms": one.from_ms,
             "expected": None if one.expected is None else [
                 {"kind": row.kind, "minute": row.minute, "weekdays": row.weekdays,
                  "before_minutes": row.before_minutes, "after_minutes": row.after_minutes}
                 for row in one.expected
             ]}
            for one in known.plans_of(each.loan_id)
        ],
    }  # fmt: skip


def pause(
    loan: _Loan,
    from_: Annotated[str | None, typer.Option("--from", metavar=_Moment)] = None,
    until: Annotated[str | None, typer.Option("--until", metavar=_Moment)] = None,
    end: Annotated[bool, typer.Option("--end")] = False,
    folder: receiver_options.Folder = receiver_options.DEFAULT_FOLDER,
    by: inventory_options.By = None,
    json: options.Json = False,
) -> None:
    """Expect nothing of a loan for a while, or end its pauses."""
    acting, now_ms = inventory_options.acting(by)
    begin_ms = now_ms if from_ is None else entry_form.moments(from_).from_ms
    until_ms = None if until is None else _last(until)
    if end and until is not None:
        raise errors.InputRefused("pause-span", loan[:20])
    if until_ms is not None and until_ms <= begin_ms:
        raise errors.InputRefused("pause-span", loan[:20])
    name = kept.new_name()
    with opened(folder) as place:
        sheet_of(place.facts(), loan)
        if end:
            place.store.write(lambda c: kept.resume(c, name, loan, begin_ms, acting, now_ms))
        else:
            span = sheet.Span(begin_ms, until_ms)
            place.store.write(lambda c: kept.pause(c, name, loan, span, acting, now_ms))
    if json:
        output.as_json({"loan": loan, "from_ms": begin_ms, "until_ms": until_ms, "ended": end})
        return
    key = "loan-facts.resumed" if end else "loan-facts.paused"
    output.good(messages.text(key, moment=words.moment(begin_ms)))


def _last(text: str) -> int:
    """Return the end of a pause: that moment, or the end of that day."""
    span = entry_form.moments(text)
    last_ms = span.until_ms or span.from_ms
    is_day = last_ms - span.from_ms > 2 * 60 * entry_form.MINUTE_MS
    return last_ms + 1 if is_day else span.from_ms


def plan(
    loan: _Loan,
    expected: Annotated[list[str] | None, typer.Argument(metavar="'KIND HH:MM [DAYS]'")] = None,
    from_: Annotated[str | None, typer.Option("--from", metavar=_Moment)] = None,
    before: Annotated[int | None, typer.Option("--before", metavar="MINUTES")] = None,
    after: Annotated[int | None, typer.Option("--after", metavar="MINUTES")] = None,
    nothing: Annotated[bool, typer.Option("--nothing")] = False,
    reminders: Annotated[bool, typer.Option("--reminders")] = False,
    folder: receiver_options.Folder = receiver_options.DEFAULT_FOLDER,
    by: inventory_options.By = None,
    json: options.Json = False,
) -> None:
    """Say what is expected of a loan from a moment on; without a plan, what its hub reminds of."""
    acting, now_ms = inventory_options.acting(by)
    if bool(expected) + nothing + reminders != 1:
        raise errors.InputRefused("plan-empty", loan[:20])
    rows = [_expected(text, before, after) for text in expected or ()]
    begin_ms = now_ms if from_ is None else entry_form.moments(from_).from_ms
    given = facts.Plan(loan, begin_ms, None if reminders else plan_text.whole(rows))
    name = kept.new_name()
    with opened(folder) as place:
        sheet_of(place.facts(), loan)
        place.store.write(lambda c: kept.plan(c, name, given, acting, now_ms))
    if json:
        output.as_json({"loan": loan, "from_ms": begin_ms, "expected": len(rows)})
    else:
        fields = {"count": len(rows), "moment": words.moment(begin_ms)}
        output.good(messages.text("loan-facts.planned", **fields))


def _expected(text: str, before: int | None, after: int | None) -> facts.Expected:
    kind, _, when = text.strip().partition(" ")
    minute, weekdays, slot = reminder_text.reminder(when, kind[:20])
    if slot:
        raise errors.InputRefused("plan-slot", text[:40])
    return plan_text.expected(kind, minute, weekdays, before, after)


def check_subjects(
    folder: receiver_options.Folder = receiver_options.DEFAULT_FOLDER, json: options.Json = False
) -> None:
    """Check the list of who has which loan, without showing anybody; exit status 1 for a fault."""
    with opened(folder) as place:
        known = {each.loan_id for each in place.facts().sheets}
        count, faults = subjects.check(place.folder.subjects, known)
    if json:
        rows = [{"loan": each.loan, "what": each.what} for each in faults]
        output.as_json({"loans": count, "faults": rows})
    else:
        for each in faults[:_SHOWN_FAULTS]:
            said = messages.text(f"loan-facts-subject.{each.what}")
            output.line(f"{each.loan}: {said}")
        output.line(messages.text("loan-facts.subjects", count=count, faults=len(faults)))
    if faults:
        raise typer.Exit(errors.EXIT_REFUSED)
