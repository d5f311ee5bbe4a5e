"""What is in stock, one thing, and what is wrong with things (deviations)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from starlette.responses import Response

from varde_host.bench_page import here
from varde_host.inventory import (
    items,
    kit_id,
    measuring_models,
    models,
    notes,
    places,
    readiness,
    records,
    standing,
    stock,
)
from varde_host.pages.asked import Asked
from varde_host.pages.page import Page

DUE_DAYS: Final = 60
"""What ends within two months is worth a look each time; a laboratory takes weeks."""


async def show(asked: Asked) -> Response:
    """Answer `GET /stock`; `?place=`, `?model=`, `?kind=` show the things themselves."""
    wanted = {
        name: asked.query[name] for name in ("place", "model", "kind") if asked.query.get(name)
    }
    with asked.tenant.inventory.reading() as connection:
        everything = items.listing(connection)
        found = items.listing(connection, **wanted) if wanted else []
        names = {each.model: each.name for each in models.listing(connection)}
        levels = stock.levels(connection, asked.now_ms)
        due = stock.due(connection, stock.day_after(asked.now_ms, DUE_DAYS))
        shelves = places.listing(connection)
    return asked.page(
        "bench_page/stock.html",
        rows=_counted(everything),
        names=names,
        wanted=wanted,
        items=found,
        levels=levels,
        due=due,
        places=shelves,
        taken=asked.query.get("taken", ""),
    )


async def show_item(asked: Asked) -> Response:
    """Answer `GET /item/ITEM`."""
    wanted, described = kit_id.check(asked.path["item"]), here.known(asked)
    with asked.tenant.inventory.reading() as connection:
        found = items.find(connection, wanted)
        model = models.find(connection, found.model)
        lacks = readiness.of_item(connection, wanted, asked.now_ms, described)
        about = notes.listing(connection, wanted)
        record = records.newest_verification(connection, wanted)
    procedures = measuring_models.procedures(described, found.kind, found.model)
    return asked.page(
        "bench_page/item.html",
        item=found,
        model=model,
        lacks=lacks,
        notes=about,
        record=record,
        is_measuring=bool(procedures),
        taken=asked.query.get("taken", ""),
    )


async def show_notes(asked: Asked) -> Response:
    """Answer `GET /notes`: the deviations that stand, and whose task each is."""
    found = asked.tenant.inventory.read(notes.listing)
    return asked.page("bench_page/notes.html", notes=found)


async def new_note(asked: Asked) -> Response:
    """Answer `GET /note/new`: what is it about? `?about=` is a kit or a thing that is known."""
    about = asked.query.get("about", "")
    return asked.page(
        "bench_page/note.html",
        about=kit_id.check(about) if about else "",
        back=f"/about/{about}" if about else "/",
    )


def _counted(everything: list[items.Item]) -> list[tuple[str, str, int, int, int]]:
    """Return kind, model, and how many of it are on a shelf, in a kit, and faulty."""
    kinds = {each.model: each.kind for each in everything}
    here_ = Counter(each.model for each in everything if _is_free(each))
    inside = Counter(each.model for each in everything if each.kit_id and _is_good(each))
    bad = Counter(each.model for each in everything if each.standing == standing.FAULTY)
    known = sorted(kinds, key=lambda model: (models.KINDS.index(kinds[model]), model))
    return [(kinds[each], each, here_[each], inside[each], bad[each]) for each in known]


def _is_good(item: items.Item) -> bool:
    return item.standing == standing.GOOD


def _is_free(item: items.Item) -> bool:
    return _is_good(item) and item.kit_id is None


PAGES: Sequence[Page] = (
    Page("GET", "/stock", "stock.see", show),
    Page("GET", "/item/{item}", "stock.see", show_item),
    Page("GET", "/notes", "kit.see", show_notes),
    Page("GET", "/note/new", "note.write", new_note),
)
