"""`varde receiver status|retry|redecode`: how the handover stands, and what people do about it."""

from __future__ import annotations

from typing import Annotated

import typer

from varde_host import clock, messages, output
from varde_host.commands import inventory_options, options, receiver_options
from varde_host.handover import assembling, outbox, redecoding, standing, targets
from varde_host.inventory import who
from varde_host.receiver import wording

_COLUMNS = ("target", "state", "handed", "amended", "waiting", "refused", "held", "oldest")


def status(
    folder: receiver_options.Folder = receiver_options.DEFAULT_FOLDER, json: options.Json = False
) -> None:
    """Show what each target has got, what waits, what was refused and what is kept back."""
    loaded = assembling.settings(folder)
    with assembling.opened_store(loaded) as store, store.reading() as connection:
        found = [standing.of(connection, each) for each in loaded.targets]
        refused = {
            each.name: list(standing.refusals(connection, each.name)) for each in loaded.targets
        }
    if json:
        output.as_json([
            each.as_json() | {"refusals": [_as_json(one) for one in refused[each.target.name]]}
            for each in found
        ])  # fmt: skip
        return
    output.table([f"handover.status.{name}" for name in _COLUMNS], [_row(each) for each in found])
    for each in found:
        for reason, count in each.held.items():
            text = messages.text(f"handover.held.{reason}")
            output.line(f"{each.target.name}: {count} {text}")
        for one in refused[each.target.name]:
            fields = {"target": each.target.name, "origin": one.origin, "words": one.words}
            output.line(messages.text("handover.status.refusal", **fields))


def _row(each: standing.Standing) -> tuple[str, ...]:
    oldest = "" if each.oldest_ms is None else wording.moment(each.oldest_ms)
    state = messages.text("handover.status.on" if each.target.is_on else "handover.status.off")
    held = sum(each.held.values())
    counts = (each.handed, each.amended, each.waiting, each.refused, held)
    return (each.target.name, state, *map(str, counts), oldest)


def _as_json(one: standing.Refusal) -> dict[str, object]:
    return {
        "origin": one.origin, "part": one.part, "version": one.version, "words": one.words,
        "refused_ms": one.refused_ms,
    }  # fmt: skip


def retry(
    target: Annotated[str | None, typer.Argument(metavar="TARGET")] = None,
    folder: receiver_options.Folder = receiver_options.DEFAULT_FOLDER,
    by: inventory_options.By = None,
    json: options.Json = False,
) -> None:
    """Let what was refused be sent once more, and each hub be looked at anew."""
    who.parse(by)
    loaded = assembling.settings(folder)
    if target is not None:
        targets.named(loaded.targets, target)
    with assembling.opened_store(loaded) as store:
        count = store.write(lambda connection: outbox.again(connection, target))
        store.write(lambda connection: outbox.forget_considered(connection, target))
    if json:
        output.as_json({"queued": count})
    else:
        output.line(messages.text("handover.retry.done", count=count))


def redecode(
    folder: receiver_options.Folder = receiver_options.DEFAULT_FOLDER,
    *,
    apply: Annotated[bool, typer.Option("--apply")] = False,
    by: inventory_options.By = None,
    json: options.Json = False,
) -> None:
    """Show which readings that were handed on would be said otherwise today, field by field."""
    if apply:
        who.parse(by)
    with assembling.opened(folder, clock.from_environment()) as receiver:
        found = redecoding.redecoded(receiver.service, apply=apply)
    if json:
        output.as_json({"applied": apply, "differences": [_difference(each) for each in found]})
        return
    if found:
        columns = ("target", "reading", "part", "field", "before", "now")
        rows = [row for each in found for row in _rows(each)]
        output.table([f"handover.redecode.{name}" for name in columns], rows)
    key = "done" if apply else "found"
    output.line(messages.text(f"handover.redecode.{key}", count=len(found)))


def _rows(each: redecoding.Difference) -> list[tuple[str, ...]]:
    if each.is_withdrawn:
        gone = messages.text("handover.redecode.withdrawn")
        return [(each.target, each.origin, each.part, gone, "", "")]
    return [(each.target, each.origin, each.part, *field) for field in each.fields]


def _difference(each: redecoding.Difference) -> dict[str, object]:
    fields = [{"field": name, "before": before, "now": now} for name, before, now in each.fields]
    return {
        "target": each.target, "origin": each.origin, "part": each.part,
        "withdrawn": each.is_withdrawn, "fields": fields,
    }  # fmt: skip
