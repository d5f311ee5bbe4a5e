"""`varde receiver triage`: colours by limits of one loan, off until somebody answers for it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from varde_host import errors, messages, output
from varde_host.commands import (
    inventory_options,
    options,
    receiver_loans,
    receiver_opened,
    receiver_options,
)
from varde_host.fhir import of, style
from varde_host.handover import considering, sealed
from varde_host.inventory import who, words
from varde_host.loan_facts import loan_number
from varde_host.triage import consent, in_force, judging, kept, limits

_STDIN: Final = "-"
_STYLE: Final = style.Style(bytes(style.SECRET_BYTES))
"""Nobody is handed anything here: its identifiers only keep the values apart."""

Loan = Annotated[str, typer.Argument(metavar="LOAN")]


def show(
    folder: receiver_options.Folder = receiver_options.DEFAULT_FOLDER, json: options.Json = False
) -> None:
    """Say if it is on, by whom, and which loans have limits."""
    with receiver_loans.opened(folder) as place, place.store.reading() as connection:
        log = kept.log(connection, sealed.Sealer(place.folder.key()))
    switched, standing = log.newest_switch, log.newest()
    if json:
        output.as_json({
            "on": log.is_on,
            "at_ms": switched.at_ms if switched else None,
            "by": _by(switched) if switched else None,
            "statement": messages.text("triage.statement") if log.is_on else None,
            "loans": [
                {"loan": loan, "kinds": _kinds(deed), "since_ms": deed.at_ms, "by": _by(deed)}
                for loan, deed in standing.items()
            ],
        })  # fmt: skip
        return
    _say_switch(log)
    if standing:
        columns = [f"triage.column.{name}" for name in ("loan", "limits", "since", "by")]
        rows = [
            (loan, _kinds_said(deed), words.moment(deed.at_ms), _by(deed))
            for loan, deed in standing.items()
        ]
        output.table(columns, rows, whole=(0,))
    output.line(messages.text("triage.loans", loans=len(standing)))


def _say_switch(log: in_force.InForce) -> None:
    switched = log.newest_switch
    if switched is None or not log.is_on:
        output.line(messages.text("triage.off"))
        return
    at = words.moment(switched.at_ms)
    output.line(messages.text("triage.on", at=at, by=_by(switched)))
    output.line(messages.text("triage.statement"))


def enable(
    folder: receiver_options.Folder = receiver_options.DEFAULT_FOLDER,
    by: inventory_options.By = None,
    json: options.Json = False,
) -> None:
    """Switch it on, once the sentence is typed that says what the receiver then is."""
    acting, now_ms = inventory_options.acting(by)
    with receiver_loans.opened(folder) as place:
        for part in ("statement", "ask", "sentence"):
            output.progress(messages.text(f"triage.{part}"))
        typed = consent.check(sys.stdin.readline(consent.MAX_TYPED + 2).rstrip("\n"))
        _switch(place, in_force.ENABLED, typed, acting, now_ms)
    _done(json_wanted=json, is_on=True)


def disable(
    folder: receiver_options.Folder = receiver_options.DEFAULT_FOLDER,
    by: inventory_options.By = None,
    json: options.Json = False,
) -> None:
    """Switch it off: from now on nothing is judged."""
    acting, now_ms = inventory_options.acting(by)
    with receiver_loans.opened(folder) as place:
        _switch(place, in_force.DISABLED, "", acting, now_ms)
    _done(json_wanted=json, is_on=False)


def _switch(
    place: receiver_loans.Place, what: str, sentence: str, by: who.Who, now_ms: int
) -> None:
    sealer = sealed.Sealer(place.folder.key())
    with place.store.writing() as connection:
        kept.switch(connection, sealer, what, sentence, by, now_ms)


def _done(*, json_wanted: bool, is_on: bool) -> None:
    if json_wanted:
        output.as_json({"on": is_on})
    else:
        output.good(messages.text("triage.enabled" if is_on else "triage.disabled"))


def set_limits(
    loan: Loan,
    folder: receiver_options.Folder = receiver_options.DEFAULT_FOLDER,
    limits_file: Annotated[
        str | None, typer.Option("--limits", metavar="FILE|-", allow_dash=True)
    ] = None,
    by: inventory_options.By = None,
    json: options.Json = False,
) -> None:
    """Show the limits of a loan, or let others stand from now on."""
    loan_number.check(loan)
    if limits_file is None:
        _show_limits(folder, loan, json_wanted=json)
        return
    acting, now_ms = inventory_options.acting(by)
    text = _read(limits_file)
    with receiver_loans.opened(folder) as place:
        receiver_loans.sheet_of(place.facts(), loan)
        sealer = sealed.Sealer(place.folder.key())
        with place.store.writing() as connection:
            found = kept.set_limits(connection, sealer, loan, text, acting, now_ms)
    if json:
        output.as_json({"loan": loan, "kinds": [each.kind for each in found]})
    elif found:
        kinds = ", ".join(messages.text(f"triage.kind.{each.kind}") for each in found)
        output.good(messages.text("triage.limits-set", kinds=kinds))
    else:
        output.good(messages.text("triage.limits-gone"))


def _show_limits(folder: Path, loan: str, *, json_wanted: bool) -> None:
    with receiver_loans.opened(folder) as place, place.store.reading() as connection:
        text = kept.limits_text(connection, sealed.Sealer(place.folder.key()), loan)
    if json_wanted:
        output.as_json({"loan": loan, "limits": text})
    elif limits.parse(text, loan):
        output.line(text.rstrip("\n"))
    else:
        output.line(messages.text("triage.no-limits"))


def _read(name: str) -> str:
    """Return the text of a file, or of standard input. Raises InputRefused `file-read`."""
    most = limits.MAX_BYTES + 1
    try:
        if name == _STDIN:
            return sys.stdin.read(most)
        with Path(name).open(encoding="utf-8") as file:
            return file.read(most)
    except OSError as error:
        raise errors.InputRefused("file-read", name, reason=error.strerror) from error
    except UnicodeDecodeError:
        raise errors.InputRefused("triage-limits", name) from None


def colours(
    loan: Loan,
    folder: receiver_options.Folder = receiver_options.DEFAULT_FOLDER,
    json: options.Json = False,
) -> None:
    """Show the colours of a loan's values, and why others have none; the values themselves are
    not shown (`varde readings` does that)."""
    loan_number.check(loan)
    with receiver_opened.service(folder) as service:
        found = _judged(service, loan)
    if json:
        output.as_json([_as_json(each) for each in found])
        return
    columns = [f"triage.column.{name}" for name in ("time", "kind", "alone", "colour", "why-not")]
    output.table(columns, [_cells(each) for each in found])
    alerts = sum(each.is_alert for each in found)
    not_judged = sum(each.why_not is not None for each in found)
    output.line(
        messages.text("triage.judged", alerts=alerts, values=len(found), not_judged=not_judged)
    )


def _judged(service: considering.Service, loan: str) -> list[judging.Judged]:
    """Return a loan's values as targets are told of them: hub by hub."""
    found = []
    with service.store.reading() as connection:
        log = kept.log(connection, service.sealer)
        for hub in service.stream.marks(connection) if log.was_ever_on else ():
            said = [
                judging.Said(each, observation)
                for each in service.stream.measured(connection, hub)
                if each.loan_id == loan
                for observation in of.of(each, _STYLE).observations
            ]
            found += judging.judged(said, log)
    return sorted(found, key=lambda each: each.at_ms or 0)


def _as_json(each: judging.Judged) -> dict[str, object]:
    measured = each.said.measured
    return {
        "hub": None if measured.hub_id is None else measured.hub_id.hex(),
        "seq": measured.seq,
        "at_ms": each.at_ms,
        "kind": each.kind,
        "alone": each.alone,
        "colour": each.colour,
        "why_not": each.why_not,
        "rests_on": [one.measured.seq for one in each.rests_on],
    }


def _cells(each: judging.Judged) -> tuple[str, ...]:
    def colour(name: str | None) -> str:
        return "" if name is None else messages.text(f"triage.colour.{name}")

    why_not = "" if each.why_not is None else messages.text(f"triage.why-not.{each.why_not}")
    at = "" if each.at_ms is None else words.moment(each.at_ms)
    kind = messages.text(f"triage.kind.{each.kind}")
    return at, kind, colour(each.alone), colour(each.colour), why_not


def _kinds(deed: in_force.Deed) -> list[str]:
    return [each.kind for each in deed.limits]


def _kinds_said(deed: in_force.Deed) -> str:
    return ", ".join(messages.text(f"triage.kind.{kind}") for kind in _kinds(deed))


def _by(deed: in_force.Deed) -> str:
    return f"{deed.function}:{deed.person}"
