"""`varde receiver enter|withdraw|entries`: values off a paper form (R36), and taking them back.

A value is typed at a prompt or comes in a file, never on the command line: that stands in the
shell's history and in the list of processes.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer

from varde_host import errors, messages, output
from varde_host.commands import inventory_options, options, receiver_loans, receiver_options
from varde_host.handover import sealed
from varde_host.inventory import who, words
from varde_host.loan_facts import entry_form, facts, kept
from varde_host.loan_facts.entries import Entry
from varde_host.loan_facts.sheet import Span

MAX_FILE_BYTES: Final = 4096
_AHEAD_MS: Final = 60_000
_STDIN: Final = "-"


def enter(
    loan: Annotated[str, typer.Argument(metavar="LOAN")],
    kind: Annotated[str, typer.Argument(metavar="KIND")],
    at: Annotated[str, typer.Option("--at", metavar="YYYY-MM-DD[ HH:MM]")],
    unit: Annotated[str | None, typer.Option(metavar="UNIT")] = None,
    values_file: Annotated[
        str | None, typer.Option("--values", metavar="FILE|-", allow_dash=True)
    ] = None,
    corrects: Annotated[str | None, typer.Option(metavar="ENTRY")] = None,
    folder: receiver_options.Folder = receiver_options.DEFAULT_FOLDER,
    by: inventory_options.By = None,
    json: options.Json = False,
) -> None:
    """Enter one measurement of a loan, or one in place of another that was in error."""
    acting, now_ms = inventory_options.acting(by)
    wanted = entry_form.form(kind)
    meant = entry_form.unit(kind, unit)
    with receiver_loans.opened(folder) as place:
        span = _span(at, place.facts(), loan, now_ms)
        fields = wanted.needed + wanted.more
        typed = _asked(fields, meant) if values_file is None else _read(values_file)
        entry = Entry(
            kept.new_name(), loan, kind, entry_form.values(kind, typed), meant, span.from_ms,
            span.until_ms or span.from_ms, acting.function, acting.person, now_ms,
        )  # fmt: skip
        sealer = sealed.Sealer(place.folder.key())
        place.store.write(lambda c: kept.enter(c, sealer, entry, corrects=corrects))
    if json:
        output.as_json({"entry": entry.entry_id, "loan": loan, "corrects": corrects})
    else:
        output.good(messages.text("loan-facts.entered", entry=entry.entry_id))


def withdraw(
    entry: Annotated[str, typer.Argument(metavar="ENTRY")],
    folder: receiver_options.Folder = receiver_options.DEFAULT_FOLDER,
    by: inventory_options.By = None,
    json: options.Json = False,
) -> None:
    """Say that an entry was in error; whoever was told of it is told that."""
    acting, now_ms = inventory_options.acting(by)
    with receiver_loans.opened(folder) as place:
        loan = place.store.write(lambda c: kept.withdraw(c, entry, acting, now_ms))
    if json:
        output.as_json({"entry": entry, "loan": loan})
    else:
        output.good(messages.text("loan-facts.withdrawn", entry=entry))


def entries(
    loan: Annotated[str | None, typer.Argument(metavar="LOAN")] = None,
    folder: receiver_options.Folder = receiver_options.DEFAULT_FOLDER,
    json: options.Json = False,
) -> None:
    """List entries: of which loan, what, when and by whom; no value."""
    with receiver_loans.opened(folder) as place, place.store.reading() as connection:
        found = kept.entries(connection, sealed.Sealer(place.folder.key()))
    found = [each for each in found if loan in (None, each.loan_id)]
    if json:
        output.as_json([
            {"entry": each.entry_id, "loan": each.loan_id, "kind": each.kind,
             "from_ms": each.from_ms, "until_ms": each.until_ms, "at_ms": each.at_ms,
             "by": str(who.Who(each.function, each.person)),
             "withdrawn_for": each.withdrawn or None}
            for each in found
        ])  # fmt: skip
        return
    columns = ("entry", "loan", "kind", "measured", "by", "state")
    output.table([f"loan-facts-column.{name}" for name in columns], [_row(each) for each in found])


def _row(each: Entry) -> tuple[str, ...]:
    state = messages.text("loan-facts.in-error" if each.withdrawn else "loan-facts.stands")
    by = str(who.Who(each.function, each.person))
    kind = messages.text(f"loan-facts-kind.{each.kind}")
    return each.entry_id, each.loan_id, kind, words.moment(each.from_ms), by, state


def _span(at: str, known: facts.LoanFacts, loan: str, now_ms: int) -> Span:
    """Return when it was measured, in the loan and not in the future."""
    sheet = receiver_loans.sheet_of(known, loan)
    told = known.reminding_at(loan, now_ms) or list(sheet.reminding)
    span = entry_form.moments(at, *([told[-1].local_time] if told else []))
    if not sheet.span.may_hold(span.from_ms, span.until_ms):
        raise errors.InputRefused("typed-outside", at[:20])
    if span.from_ms > now_ms + _AHEAD_MS:
        raise errors.InputRefused("typed-future", at[:20])
    return span


def _asked(fields: tuple[str, ...], unit: str) -> dict[str, str]:
    typed = {}
    for name in fields:
        what = messages.text(f"loan-facts-field.{name}")
        output.progress(messages.text("loan-facts.ask", what=what, unit=unit))
        typed[name] = sys.stdin.readline(MAX_FILE_BYTES).strip()
    return typed


def _read(name: str) -> Mapping[str, str]:
    """Return the lines `field=value` of a file, or of standard input."""
    try:
        if name == _STDIN:
            text = sys.stdin.read(MAX_FILE_BYTES)
        else:
            with Path(name).open(encoding="utf-8") as file:
                text = file.read(MAX_FILE_BYTES)
    except OSError as error:
        raise errors.InputRefused("file-read", name, reason=error.strerror) from error
    except UnicodeDecodeError:
        raise errors.InputRefused("typed-value", name[:20]) from None
    lines = [line.partition("=") for line in text.splitlines() if line.strip()]
    return {field.strip(): value.strip() for field, _, value in lines}
