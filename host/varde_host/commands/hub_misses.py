"""`varde hub misses`: what hubs were to bring and did not, by the collector's database."""

from __future__ import annotations

from typing import Annotated, Final

import sqlalchemy as sa
import typer

from varde_host import clock, messages, output
from varde_host.benefit import facts, plans
from varde_host.collector import registry
from varde_host.commands import hexadecimal, options
from varde_host.fleet_view import told_terms
from varde_host.missed import causes, classify, expected, gathered, looking, outages
from varde_host.receiver import wording
from varde_host.site import files, trust_documents

DAY_MS: Final = 86_400_000
_COLUMNS: Final = ("hub", "when", "what", "evidence", "owner")


def misses(
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_address: options.DatabaseAddress = None,
    hub: Annotated[str | None, typer.Option(metavar="HEX")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all")] = False,
    days: Annotated[int, typer.Option("--days", min=1, max=400)] = 7,
    json: options.Json = False,
) -> None:
    """Show what hubs reminded of and nobody brought, with its cause; no key is needed."""
    only = None if hub is None else hexadecimal.parse(hub, registry.HUB_ID_BYTES).hex()
    now_ms = clock.from_environment().utc_ms()
    trusts = [each for each, _document in trust_documents.chain(files.load(site))]
    with options.opened_database(site, database_address) as opened, opened.reading() as connection:
        planned = plans.read(connection, trusts)
        found = _judged(connection, planned, now_ms - days * DAY_MS, now_ms)
    shown = [
        each for each in found
        if only in (None, each.expected.hub_id)
        and (everything or each.outcome == classify.MISSED)
    ]  # fmt: skip
    if json:
        output.as_json([_as_json(each) for each in shown])
        return
    output.table([f"missed.column.{name}" for name in _COLUMNS], [_row(each) for each in shown])
    missing = sum(each.outcome == classify.MISSED for each in found)
    output.line(messages.text("missed.of", expected=len(found), missing=missing))


def _judged(
    connection: sa.Connection,
    planned: dict[str, list[facts.Plan]],
    from_ms: int,
    now_ms: int,
) -> list[classify.Judged]:
    rows = told_terms.hub_rows(connection)
    terms = told_terms.ToldTerms().read(connection, rows)
    heartbeats = {
        row.hub_id.hex(): said.heartbeat_s * 1000
        for row in rows
        if (said := terms.get(row.number)) is not None
    }
    lives = gathered.Lives(heartbeats).read(connection, from_ms)
    around = classify.Known(now_ms, outages.found(list(lives.values()), now_ms))
    windows = [
        each
        for hub_id, own in sorted(planned.items())
        for each in expected.windows(
            expected.of_reminders(own), [expected.Stay(hub_id, "", 0, None)], from_ms, now_ms
        )
    ]
    return looking.judge(windows, lives, around)


def _row(each: classify.Judged) -> tuple[str, ...]:
    window = each.expected
    what = messages.text(f"missed.type.{window.type}")
    owner = ""
    if each.code is not None:
        cause = messages.text(f"missed.code.{each.code}.what")
        key = "late" if each.outcome == classify.LATE else (
            "final" if each.is_final else "provisional"
        )  # fmt: skip
        what = messages.text(f"missed.{key}", type=what, cause=cause)
        owner = messages.text(f"function.{causes.of(each.code).owner}")
    evidence = " ".join(one.text() for one in each.evidence)
    return window.hub_id, wording.moment(window.due_ms), what, evidence, owner


def _as_json(each: classify.Judged) -> dict[str, object]:
    window = each.expected
    return {
        "hub": window.hub_id, "type": window.type, "slots": sorted(window.slots),
        "due_ms": window.due_ms, "from_ms": window.from_ms, "until_ms": window.until_ms,
        "outcome": each.outcome, "code": each.code, "cause": each.cause, "final": each.is_final,
        "owner": None if each.code is None else causes.of(each.code).owner,
        "evidence": [one.as_json() for one in each.evidence],
    }  # fmt: skip
