"""A kit: how it stands, the one thing to do next, and what is finished below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa
from starlette.responses import Response

from varde_host import errors, explaining
from varde_host.bench_desk import batch, fresh, kit_facts, next_step, scan
from varde_host.bench_desk.next_step import NextStep
from varde_host.bench_entry import going_on
from varde_host.bench_page import entry_pages, here, pictures
from varde_host.inventory import items, kits, loans, states
from varde_host.pages.asked import Asked
from varde_host.pages.page import Page


@dataclass(frozen=True, slots=True)
class Way:
    """Where the big button of a next step leads; `action` is who may press it."""

    method: str
    path: str
    action: str
    hidden: Mapping[str, str] = field(default_factory=dict)


_ENTRIES: Final = {
    next_step.CLEAN: ("clean", "kit.move"),
    next_step.QUARANTINE: ("quarantine", "kit.move"),
    next_step.REOPEN: ("reopen", "kit.move"),
    next_step.TAKE_BACK: ("take-back", "handout.take"),
    next_step.HANDOUT: ("handout", "handout.do"),
}
_WORK: Final = {
    next_step.MAKE: ("make", "bench.make"),
    next_step.ACCEPT: ("accept", "accept.do"),
    next_step.RETURN: ("return", "bench.return"),
}
_OWN: Final = {
    next_step.WIPE_NEW: ("POST", "/kit/{kit}/fresh", "kit.move"),
    next_step.CHECK: ("POST", "/kit/{kit}/check", "kit.move"),
    next_step.VERIFY: ("GET", "/verify/{item}", "verify.do"),
    next_step.LABEL: ("GET", "/kit/{kit}/label", "label.print"),
    next_step.REPAIR: ("GET", "/kit/{kit}/repair", "kit.see"),
}


def way(step: NextStep, state: str, back: str = "") -> Way | None:
    """Return where the button of a step leads, None where there is nothing to press."""
    kit = step.kit or ""
    returning = {"back": back} if back else {}
    if step.job in _ENTRIES:
        flow, action = _ENTRIES[step.job]
        hidden = {"about": kit, "seen": state, **returning}
        if "reason" in step.fields:
            hidden["reason"] = str(step.fields["reason"])
        return Way("POST", f"/entry/{flow}", action, hidden)
    if step.job in _WORK:
        kind, action = _WORK[step.job]
        return Way("POST", f"/job/{kind}", action, {"kit": kit})
    if step.job in _OWN:
        method, path, action = _OWN[step.job]
        return Way(method, path.format(kit=kit, item=step.item), action)
    return None


async def show(asked: Asked) -> Response:
    """Answer `GET /kit/KIT`."""
    kit, described = here.named_kit(asked), here.known(asked)
    with asked.tenant.inventory.reading() as connection:
        facts = kit_facts.read(connection, kit, asked.now_ms, described)
        step = next_step.decide(facts)
        moves = kits.steps(connection, kit)
        lent = loans.of_kit(connection, kit)
    directory = asked.tenant.directory
    return asked.page(
        "bench_page/kit.html",
        kit=facts.kit,
        facts=facts,
        step=step,
        way=way(step, facts.kit.state),
        picture=pictures.of_job(step.job),
        moves=moves,
        loan=lent[0] if lent and lent[0].returned_ms is None else None,
        job=here.desk(asked).job_of_kit(kit),
        half_done=[each for each in going_on.half_done(directory) if each.about == kit],
        batches=[each.name for each in batch.listing(directory) if kit in each.kits],
        done=asked.query.get("done", ""),
    )


async def make_fresh(asked: Asked) -> Response:
    """Answer `POST /kit/KIT/fresh`: wiped, for a hub that was made here and has not been out."""
    kit = here.named_kit(asked)
    with asked.tenant.inventory.writing() as connection:
        fresh.wipe_new(connection, kit, asked.visit.by, asked.now_ms, here.known(asked))
    return asked.go(f"/kit/{kit}?done=fresh")


async def check(asked: Asked) -> Response:
    """Answer `POST /kit/KIT/check`: checked, by the acceptance that is its newest."""
    kit, described = here.named_kit(asked), here.known(asked)
    step = here.step_of(asked, kit)
    if step.job != next_step.CHECK:
        return asked.go(f"/kit/{kit}")
    proof = {"check": {"record": step.fields["record"]}}
    with asked.tenant.inventory.writing() as connection:
        kits.move(
            connection, kit, states.CHECKED, proof, asked.visit.by, asked.now_ms, known=described
        )
    return asked.go(f"/kit/{kit}?done=check")


async def repair(asked: Asked) -> Response:
    """Answer `GET /kit/KIT/repair`: what is wrong, and what can be done about it."""
    kit = here.named_kit(asked)
    step = here.step_of(asked, kit)
    with asked.tenant.inventory.reading() as connection:
        found = kits.find(connection, kit)
        item = items.find(connection, step.item) if step.item else None
    if step.job != next_step.REPAIR:
        return asked.go(f"/kit/{kit}")
    return asked.page("bench_page/repair.html", kit=found, step=step, item=item)


async def fill(asked: Asked) -> Response:
    """Answer `GET /kit/KIT/fill`: scan what goes into the kit, one thing after the other."""
    return _fill(asked, here.named_kit(asked))


async def put(asked: Asked) -> Response:
    """Answer `POST /kit/KIT/fill`: nothing scanned, or the kit's own label, is "no more"."""
    kit, text = here.named_kit(asked), asked.form.get("scan", "")
    told = here.told(asked, text) if text.strip() else None
    if told is None or (told.kind == scan.KIT and told.kit == kit):
        return asked.go(f"/kit/{kit}")
    if told.kind in (scan.MODEL, scan.NEW_MODEL, scan.SECONDARY, scan.CHOICE):
        if not asked.may("stock.change"):
            return asked.go(f"/kit/{kit}/fill")
        return entry_pages.begin_with(asked, "take-in", kit, {"code": text.strip("\r\n")})
    try:
        if told.kind != scan.ITEM or told.item is None:
            raise told.error or errors.InputRefused("item-unknown", "")
        with asked.tenant.inventory.writing() as connection:
            _put(asked, connection, told.item, kit)
    except errors.InputRefused as error:
        return _fill(asked, kit, error)
    return asked.go(f"/kit/{kit}/fill?put={told.item}")


def _put(asked: Asked, connection: sa.Connection, item: str, kit: str) -> None:
    items.put(connection, item, kit, asked.visit.by, asked.now_ms, known=here.known(asked))


def _fill(asked: Asked, kit: str, error: errors.InputRefused | None = None) -> Response:
    with asked.tenant.inventory.reading() as connection:
        found = kits.find(connection, kit)
        inside = items.listing(connection, kit_id=kit)
    return asked.page(
        "bench_page/fill.html",
        200 if error is None else 422,
        kit=found,
        items=inside,
        put=asked.query.get("put", ""),
        problem=error and explaining.of_error(error),
    )


PAGES: Sequence[Page] = (
    Page("GET", "/kit/{kit}", "kit.see", show),
    Page("POST", "/kit/{kit}/fresh", "kit.move", make_fresh),
    Page("POST", "/kit/{kit}/check", "kit.move", check),
    Page("GET", "/kit/{kit}/repair", "kit.see", repair),
    Page("GET", "/kit/{kit}/fill", "kit.see", fill),
    Page("POST", "/kit/{kit}/fill", "kit.move", put),
)
