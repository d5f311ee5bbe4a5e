"""`varde receiver misses`: what was expected and did not come, why, and whose task it is."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from varde_host import clock, errors, messages, output
from varde_host.commands import inventory_options, options, receiver_loans, receiver_options
from varde_host.loan_facts import kept as loan_log
from varde_host.missed import kept, looking, telling, wording
from varde_host.receiver import wording as moments

_COLUMNS: Final = ("loan", "when", "what", "now", "owner", "deadline")
DAY_MS: Final = 86_400_000


def show(
    folder: receiver_options.Folder = receiver_options.DEFAULT_FOLDER,
    *,
    everything: Annotated[bool, typer.Option("--all")] = False,
    days: Annotated[int, typer.Option("--days", min=1, max=400)] = 31,
    json: options.Json = False,
) -> None:
    """Look what is missing now, keep it, and show what is open; no key is needed."""
    now_ms = clock.from_environment().utc_ms()
    look = looking.Looking()
    with receiver_loans.opened(folder) as place:
        sheets = place.loaded().sheets
        news = place.store.read(
            lambda found: look.look(found, loan_log.read(found, sheets), now_ms)
        )
        place.store.write(lambda found: kept.put(found, news))
        since_ms = now_ms - days * DAY_MS
        told = place.store.read(
            lambda found: kept.told(found, since_ms=since_ms, only_open=not everything)
        )
    if json:
        output.as_json([wording.as_json(each, now_ms) for each in told])
        return
    columns = [f"missed.column.{name}" for name in _COLUMNS]
    output.table(columns, [_row(each) for each in told])
    late = sum(each.is_late(now_ms) for each in told)
    output.line(messages.text("missed.count", count=len(told), late=late))


def _row(told: telling.Told) -> tuple[str, ...]:
    due_by = moments.moment(told.due_by_ms) if told.state == telling.OPEN else ""
    owner = messages.text(f"function.{told.owner}")
    when = moments.moment(told.due_ms)
    return told.loan_id, when, wording.what(told), wording.now(told), owner, due_by


def close(
    key: Annotated[str, typer.Argument(metavar="MISS")],
    done: Annotated[str, typer.Option("--done", metavar="|".join(telling.DONE))],
    folder: receiver_options.Folder = receiver_options.DEFAULT_FOLDER,
    by: inventory_options.By = None,
    json: options.Json = False,
) -> None:
    """Say what was done about a miss, and close it; `key` is as `--json` has it."""
    _acting, now_ms = inventory_options.acting(by)
    if done not in telling.DONE:
        raise errors.InputRefused("missed-done", done[:30], known=", ".join(telling.DONE))
    with receiver_loans.opened(folder) as place:
        known = {each.key: each for each in place.store.read(kept.told)}
        if key not in known:
            raise errors.InputRefused("missed-unknown", key[:60])
        closed = telling.close(known[key], done, now_ms)
        place.store.write(lambda found: kept.put(found, [closed]))
    if json:
        output.as_json(wording.as_json(closed, now_ms))
    else:
        output.good(messages.text("missed.closed-by-hand"))
