"""What to verify, by scan; and one thing before it begins: how, with what, and who has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from starlette.responses import Response

from varde_host import errors, explaining, messages
from varde_host.bench_desk import scan
from varde_host.bench_record import form
from varde_host.inventory import (
    items,
    kit_id,
    measuring_models,
    models,
    records,
    stock,
)
from varde_host.pages.asked import Asked
from varde_host.pages.page import Page
from varde_host.verification import approved, procedure
from varde_host.verify_page import here, shown
from varde_host.verifying import (
    advice,
    entry,
    lapsing,
    plan,
    reference_states,
    resuming,
    session,
    situation,
    state_file,
)

_REFERENCE: Final = "reference-"
"""Before a kind of reference, in the form's names."""


async def show(asked: Asked) -> Response:
    """Answer `GET /verify`."""
    return _choose(asked)


async def scanned(asked: Asked) -> Response:
    """Answer `POST /verify`: what was scanned is the thing to verify."""
    described = measuring_models.load(asked.tenant.directory)
    text = asked.form.get("scan", "")
    keeps = bool(here.bench(asked).keeps_separators)
    with asked.tenant.inventory.reading() as connection:
        told = scan.told(connection, text, asked.now_ms, known=described, keeps_separators=keeps)
    if told.kind == scan.ITEM:
        return asked.go(f"/verify/{told.item}")
    if told.kind == scan.KIT:
        return asked.go(f"/kit/{told.kit}")
    return _choose(asked, told.error or errors.InputRefused("barcode-form", text[:40]))


def _choose(asked: Asked, refused: errors.HostError | None = None) -> Response:
    last_day = stock.day_after(asked.now_ms, lapsing.WARN_DAYS)
    ongoing = here.ongoing(asked)
    with asked.tenant.inventory.reading() as connection:
        begun = [_named(connection, one) for one in state_file.under_way(asked.tenant.directory)]
        found = records.listing(connection, form.VERIFICATION)
        listed = reference_states.listing(connection, asked.now_ms)
    return asked.page(
        "verify_page/choose.html",
        200 if refused is None else 422,
        begun=[(one, ongoing.of_item(one.item_id)) for one in begun if one is not None],
        lapsing=lapsing.lapsing(found, last_day),
        references=listed,
        problem=None if refused is None else explaining.of_error(refused),
        is_practised=asked.query.get("done") == "practised",
        is_left=asked.query.get("done") == "left",
    )


def _named(connection: sa.Connection, item_id: str) -> items.Item | None:
    """Return a thing, None for a file that is of none."""
    try:
        return items.find(connection, item_id)
    except errors.InputRefused:
        return None


async def show_thing(asked: Asked) -> Response:
    """Answer `GET /verify/ITEM`; `?procedure=` shows another way."""
    return _thing(asked)


def _thing(asked: Asked, refused: errors.HostError | None = None) -> Response:
    wanted = kit_id.check(asked.path["item"])
    with asked.tenant.inventory.reading() as connection:
        item = items.find(connection, wanted)
        model = models.find(connection, item.model)
        ways = _ways(asked, connection, item)
        newest = records.newest_verification(connection, item.item_id)
    there = here.ongoing(asked).of_item(item.item_id)
    return asked.page(
        "verify_page/thing.html",
        200 if refused is None else 422,
        item=item,
        model=model,
        newest=newest,
        look=shown.look,
        there=there,
        is_mine=there is not None and there.by.person == asked.visit.person,
        problem=None if refused is None else explaining.of_error(refused),
        bench=here.bench(asked),
        hub_ports=[(port, port) for port in here.hub_ports(asked)],
        **ways,
    )


def _ways(asked: Asked, connection: sa.Connection, item: items.Item) -> dict[str, Any]:
    """Return how the thing can be verified: its procedures, the references of the one chosen, and
    what was answered already."""
    known = measuring_models.load(asked.tenant.directory)
    in_use = approved.in_use(asked.tenant.site)
    fitting = measuring_models.procedures(known, item.kind, item.model)
    names = fitting if fitting is not None else tuple(sorted(in_use))
    there = [in_use[name] for name in names if name in in_use]
    begun = resuming.went_on(
        state_file.path_of(asked.tenant.directory, item.item_id),
        item.item_id,
        approved.known(asked.tenant.site),
    )
    asked_for = asked.query.get("procedure") or asked.form.get("procedure", "")
    chosen = next((one for one in there if one.id == asked_for), next(iter(there), None))
    if begun is not None:
        chosen = begun.used
    listed = reference_states.listing(connection, asked.now_ms)
    return {
        "procedures": [(one.id, one.title.text(messages.speaker.language)) for one in there],
        "chosen": chosen,
        "about": "" if chosen is None else chosen.about.text(messages.speaker.language),
        "title": "" if chosen is None else chosen.title.text(messages.speaker.language),
        "begun": begun,
        "done": _done(begun),
        "several": [] if chosen is None else _several(asked, chosen, listed),
        "late": [] if chosen is None else _late(chosen, listed),
        "wants_manometer": chosen is not None and plan.MANOMETER in _kinds(chosen),
        "sends": chosen is not None
        and any(
            check.quantity in plan.SENT or check.id == plan.READING for check in chosen.checks
        ),
    }


def _done(begun: session.Session | None) -> tuple[int, int]:
    """Return how many questions are answered, of how many."""
    if begun is None:
        return 0, 0
    question = begun.question()
    done = sum(one.did == entry.ANSWER for one in begun.standing.answers.values())
    return done, question.count if question is not None else done


def _kinds(used: procedure.Procedure) -> list[str]:
    return [need.kind for need in used.reference]


def _of_kinds(
    used: procedure.Procedure, listed: Sequence[reference_states.Listed]
) -> list[tuple[str, list[reference_states.Listed]]]:
    """Return the references of each kind that the procedure wants."""
    return [
        (
            kind,
            [
                each
                for each in listed
                if each.stands is not None and each.stands.given.kind == kind
            ],
        )
        for kind in _kinds(used)
    ]


def _several(
    asked: Asked, used: procedure.Procedure, listed: Sequence[reference_states.Listed]
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the kinds of which there are several, with what is to be chosen among: those that
    stand at this bench first."""
    found, stands_here = [], here.bench_references(asked)
    for kind, there in _of_kinds(used, listed):
        ordered = sorted(there, key=lambda each: each.item.item_id not in stands_here)
        if len(ordered) > 1:
            found.append((kind, [(each.item.item_id, _said(each)) for each in ordered]))
    return found


def _said(each: reference_states.Listed) -> str:
    due = "" if each.stands is None else each.stands.given.due
    return f"{each.item.item_id} {each.item.model} ({due})"


def _late(
    used: procedure.Procedure, listed: Sequence[reference_states.Listed]
) -> list[shown.Finding]:
    """Return REF-01 for each kind of which no reference holds: one may practise only."""
    found = []
    for _kind, there in _of_kinds(used, listed):
        if there and all(each.state == reference_states.PAST for each in there):
            each = there[-1]
            assert each.stands is not None
            due = {"reference": each.item.item_id, "due": each.stands.given.due}
            found.append(advice.Message(advice.PAST_DUE, due))
    return shown.findings(found)


async def begin(asked: Asked) -> Response:
    """Answer `POST /verify/ITEM`: begin, or go on with what was begun."""
    item, form_of = kit_id.check(asked.path["item"]), asked.form
    named = tuple(
        value for name, value in form_of.items() if name.startswith(_REFERENCE) and value
    )
    wanted = situation.Asked(
        item,
        form_of.get("procedure") or None,
        named,
        form_of.get("place", "").strip() or None,
        form_of.get("firmware", "").strip() or None,
        bool(form_of.get("small-weights")),
    )
    try:
        there = await here.ongoing(asked).begin(
            wanted, here.connected(asked), asked.visit.by, anew=bool(form_of.get("anew"))
        )
    except errors.InputRefused as error:
        if error.code == "verify-state":
            raise
        return _thing(asked, error)
    return asked.go(here.path_of(there))


async def take_over(asked: Asked) -> Response:
    """Answer `POST /verify/ITEM/take-over`: what another window has is in this one now."""
    there = here.ongoing(asked).take_over(kit_id.check(asked.path["item"]), asked.visit.by)
    return asked.go(here.path_of(there))


PAGES: Sequence[Page] = (
    Page("GET", "/verify", "verify.do", show),
    Page("POST", "/verify", "verify.do", scanned),
    Page("GET", "/verify/{item}", "verify.do", show_thing),
    Page("POST", "/verify/{item}", "verify.do", begin),
    Page("POST", "/verify/{item}/take-over", "verify.do", take_over),
)
