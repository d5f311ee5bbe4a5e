"""Several kits station by station: the grid, and at each station the next kit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.responses import Response

from varde_host import errors, explaining, messages
from varde_host.bench_desk import batch, next_step, scan, stations
from varde_host.bench_page import here, kit_pages, pictures
from varde_host.inventory import kits, words
from varde_host.pages import refusals
from varde_host.pages.asked import Asked
from varde_host.pages.page import Page

CELLS: Final = {
    stations.DONE: "good",
    stations.FAILED: "bad",
    stations.TO_DO: "none",
    stations.NOT_APPLICABLE: "",
}


async def show_list(asked: Asked) -> Response:
    """Answer `GET /batch`."""
    return _list(asked)


async def begin(asked: Asked) -> Response:
    """Answer `POST /batch`: a new batch; without a name it has today's date."""
    name = asked.form.get("name", "").strip().lower() or words.day(asked.now_ms)
    try:
        made = batch.create(asked.tenant.directory, name, asked.now_ms)
    except errors.InputRefused as error:
        return _list(asked, error)
    return asked.go(f"/batch/{made.name}")


async def show(asked: Asked) -> Response:
    """Answer `GET /batch/NAME`."""
    return _show(asked)


async def add(asked: Asked) -> Response:
    """Answer `POST /batch/NAME`: a kit was scanned into it."""
    found = _found(asked)
    told = here.told(asked, asked.form.get("scan", ""))
    if told.kind != scan.KIT or told.kit is None:
        error = told.error or errors.InputRefused("kit-id", "")
        return _show(asked, error)
    with asked.tenant.inventory.reading() as connection:
        kit = kits.find(connection, told.kit).kit_id
    batch.add(asked.tenant.directory, found.name, kit_ids=[kit])
    return asked.go(f"/batch/{found.name}?added={kit}")


async def station(asked: Asked) -> Response:
    """Answer `GET /batch/NAME/STATION`: the next kit that waits there."""
    found, described = _found(asked), here.known(asked)
    with asked.tenant.inventory.reading() as connection:
        members = batch.members(connection, found)
        grid = stations.grid(connection, members, asked.now_ms, described)
        name = asked.path["station"]
        if name not in grid.stations:
            raise refusals.missing()
        step = stations.next_at(connection, members, name, asked.now_ms, described)
        state = kits.find(connection, step.kit).state if step and step.kit else ""
    back = f"/batch/{found.name}/{name}"
    done = sum(row.cells[name] == stations.DONE for row in grid.rows)
    return asked.page(
        "bench_page/station.html",
        batch=found,
        station=name,
        station_text=text(name),
        step=step,
        way=step and kit_pages.way(step, state, back),
        picture=pictures.of_job(step.job if step else next_step.NONE),
        done=done,
        of=len(grid.rows),
    )


def text(station_name: str) -> str:
    """Return a station's name; a procedure has its own."""
    key = f"bench-page.station.{station_name}"
    return messages.text(key) if messages.has(key) else station_name


def _show(asked: Asked, error: errors.InputRefused | None = None) -> Response:
    found, described = _found(asked), here.known(asked)
    with asked.tenant.inventory.reading() as connection:
        members = batch.members(connection, found)
        grid = stations.grid(connection, members, asked.now_ms, described)
        waiting = {
            name: stations.next_at(connection, members, name, asked.now_ms, described)
            for name in grid.stations
        }
    return asked.page(
        "bench_page/batch.html",
        200 if error is None else 422,
        batch=found,
        stations=[(name, text(name), waiting[name]) for name in grid.stations],
        rows=[
            (row.kit, f"/kit/{row.kit}", [CELLS[row.cells[name]] for name in grid.stations])
            for row in grid.rows
        ],
        kits=grid.rows,
        added=asked.query.get("added", ""),
        problem=error and explaining.of_error(error),
    )


def _list(asked: Asked, error: errors.InputRefused | None = None) -> Response:
    return asked.page(
        "bench_page/batches.html",
        200 if error is None else 422,
        batches=batch.listing(asked.tenant.directory),
        problem=error and explaining.of_error(error),
        today=words.day(asked.now_ms),
    )


def _found(asked: Asked) -> batch.Batch:
    return batch.load(asked.tenant.directory, asked.path["batch"])


PAGES: Sequence[Page] = (
    Page("GET", "/batch", "kit.see", show_list),
    Page("POST", "/batch", "bench.make", begin),
    Page("GET", "/batch/{batch}", "kit.see", show),
    Page("POST", "/batch/{batch}", "bench.make", add),
    Page("GET", "/batch/{batch}/{station}", "kit.see", station),
)
