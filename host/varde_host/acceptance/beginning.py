"""Where an acceptance begins: anew, or where an earlier one was broken off.

Steps of an earlier run stand as long as they are about the kit as it is: made within a day, of
what is in the kit now with the verifications that stand now, with nothing done to the board since.
Else all of it begins anew. One that passed has ended, so another begins anew as well; and one that
met a hub with another assignment than it had been given (`opp-01`): what it was given is no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from varde_host import errors
from varde_host.acceptance import steps
from varde_host.bench.taking_back import returning
from varde_host.bench.work import Evidence
from varde_host.inventory import door, items, kits, progress, records, schema, states, store
from varde_host.inventory.who import Who

STANDS_MS: Final = 24 * 3_600_000
"""What was seen of clocks, batteries and radio is of its day."""
ENDED: Final = steps.PREFIX + steps.RECORD
"""In the progress of a chip: this acceptance is over, by that record."""
NAMES: Final = (*(steps.PREFIX + name for name in steps.STEPS), ENDED)


def begin(
    inventory: store.Inventory, kit_id: str, by: Who, now_ms: int, *, anew: bool = False
) -> str:
    """Return the chip of the kit's hub; steps that do not stand any more are put away.

    Raises InputRefused `kit-unknown`, `kit-hub` for a kit without a hub, or with several.
    """
    with inventory.writing() as connection:
        kit = kits.find(connection, kit_id)
        chip = str(returning.hub_item(connection, kit.kit_id).chip_id)
        done = progress.finished(connection, chip)
        when = (max(now_ms - STANDS_MS, changed_ms(connection, kit.kit_id)), now_ms)
        if anew or not stands(done, contents_now(connection, kit.kit_id, now_ms), when):
            forget(connection, chip, by, now_ms, f"kit {kit.kit_id} is tested anew")
    return chip


def stands(done: Mapping[str, Evidence], now: Mapping[str, str], when: tuple[int, int]) -> bool:
    """Tell if the steps of an earlier run stand; `done` is in the order that it was done.

    `now`: the kit's sensors, each with the name of the verification that stands. What was done
    outside `when` (from and to, Unix ms) does not stand: it is too old, or of a clock that was
    ahead, and no record holds a step which is later than its end.
    """
    ours = [name for name in done if name in NAMES]
    if not ours:
        return True
    names = list(done)
    is_last = set(names[names.index(ours[0]) :]) <= set(NAMES)
    is_fresh = all(when[0] <= int(done[name].get("at_ms", 0)) <= when[1] for name in ours)
    return is_last and is_fresh and ENDED not in done and tested(done) in (None, dict(now))


def tested(done: Mapping[str, Evidence]) -> dict[str, str] | None:
    """Return the verifications that the hub's rows were given, None before they were."""
    identity = done.get(steps.PREFIX + steps.IDENTITY)
    if identity is None:
        return None
    rows: list[dict[str, Any]] = identity["facts"]["rows"]
    return {row["item"]: row["verification"] for row in rows}


def contents_now(connection: sa.Connection, kit_id: str, now_ms: int) -> dict[str, str]:
    """Return the kit's sensors, each with the name of the verification that stands on the wire."""
    found = {}
    for item in items.listing(connection, kit_id=kit_id, kind="sensor"):
        record = records.standing_verification(connection, item.item_id, now_ms)
        found[item.item_id] = "" if record is None else record.sha256[:16]
    return found


def refuse_changed(
    connection: sa.Connection, kit_id: str, done: Mapping[str, Evidence], now_ms: int
) -> None:
    """Raise InputRefused `accept-changed` where a sensor was verified while the test ran: the hub
    names the verification that stood when it began."""
    if tested(done) not in (None, contents_now(connection, kit_id, now_ms)):
        raise errors.InputRefused("accept-changed", kit_id)


def changed_ms(connection: sa.Connection, kit_id: str) -> int:
    """Return when the kit was last wiped, or a thing put in or taken out of it; 0 for never."""
    wiped = [move.at_ms for move in kits.steps(connection, kit_id) if move.after == states.WIPED]
    inside = [item.item_id for item in items.listing(connection, kit_id=kit_id)]
    log = schema.audit
    query = sa.select(sa.func.max(log.c.at_ms)).where(
        log.c.subject.in_(inside), log.c.what.in_(("item.put", "item.taken"))
    )
    return max([*wiped, connection.execute(query).scalar() or 0])


def end(inventory: store.Inventory, chip: str, record: str, by: Who, now_ms: int) -> None:
    """Write down that this acceptance is over, by the record with this hash."""
    inventory.write(
        lambda connection: progress.finish(
            connection, chip, ENDED, {"record": record, "at_ms": now_ms}, by, now_ms
        )
    )


def forget(connection: sa.Connection, chip: str, by: Who, now_ms: int, reason: str) -> None:
    """Let the steps of an acceptance be done again; the bench's own stand."""
    done = [name for name in progress.finished(connection, chip) if name in NAMES]
    if not done:
        return
    with door.Change(connection, by, now_ms, "bench.forgotten", chip, reason=reason) as change:
        for name in done:
            change.update(schema.progress, chip, name, at_ms=now_ms, evidence=None)
