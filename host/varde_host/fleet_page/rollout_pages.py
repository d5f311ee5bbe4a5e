"""Rollouts: beside each other, one drawn in time, and the way to stop one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.responses import Response

from varde_host import errors
from varde_host.fleet import advancing, rollout_view
from varde_host.fleet_page import here
from varde_host.fleet_view import listing, rollout_timeline, rollout_words, rollouts
from varde_host.fleet_view.watching import Watch
from varde_host.pages import refusals
from varde_host.pages.asked import Asked
from varde_host.pages.page import Page

PER_PAGE: Final = 20
MOST_MOMENTS: Final = 30
MOST_REASON: Final = 200


async def show_list(asked: Asked) -> Response:
    """Answer `GET /rollouts`."""
    fleet = await here.look(asked)
    found = listing.paged(fleet.rollouts, here.number(asked), PER_PAGE)
    return asked.page("fleet_page/rollouts.html", found=found)


async def show_one(asked: Asked) -> Response:
    """Answer `GET /rollout/NAME`, the hubs to look at page by page."""
    looked = await _looked(asked)
    moments = rollout_view.moments(looked)
    return asked.page(
        "fleet_page/rollout.html",
        looked=looked,
        name=looked.found.plan.name,
        state=rollout_view.state(looked),
        head=rollout_words.head(looked),
        next_steps=rollout_words.next_steps(looked),
        columns=rollout_words.COLUMNS,
        shown=[name for name in rollout_words.COLUMNS if _counts(looked, name)],
        rings=[(ring, rollouts.ring_state(ring)) for ring in looked.rings],
        ring_now=lambda ring: rollout_words.ring_now(ring, looked.now_ms),
        timeline=rollout_timeline.drawn(looked),
        moments=[
            (each.at_ms, rollout_words.place(looked, each), rollout_words.happened(each))
            for each in moments[: -MOST_MOMENTS - 1 : -1]
        ],
        earlier=max(len(moments) - MOST_MOMENTS, 0),
        troubled=listing.paged(rollout_words.troubled(looked), here.number(asked)),
        state_text=rollout_words.state_text,
        reason_text=rollout_words.reason_text,
    )


def _counts(looked: advancing.Looked, column: str) -> int:
    """Return how many hubs of all rings stand in a column; one without is not shown."""
    states = rollout_words.COLUMNS[column]
    return sum(ring.counts[state] for ring in looked.rings for state in states)


async def ask_to_stop(asked: Asked) -> Response:
    """Answer `GET /rollout/NAME/stop`: the question, and what it does."""
    looked = await _looked(asked)
    return _question(asked, looked, "")


async def stop(asked: Asked) -> Response:
    """Answer `POST /rollout/NAME/stop`, as `varde fleet stop` does."""
    looked = await _looked(asked)
    name, reason = looked.found.plan.name, asked.form.get("reason", "").strip()
    if not reason:
        return _question(asked, looked, "fleet-page.stop.no-reason")

    def work(watch: Watch) -> None:
        by = str(asked.visit.by)
        advancing.stop(watch.site, name, watch.opened, by, asked.now_ms, reason)
        watch.forget()

    await here.ask(asked, work)
    return asked.go(f"/rollout/{name}")


def _question(asked: Asked, looked: advancing.Looked, problem: str) -> Response:
    return asked.page(
        "fleet_page/stop.html",
        name=looked.found.plan.name,
        head=rollout_words.head(looked),
        is_over=looked.found.ended is not None,
        problem=problem,
        most=MOST_REASON,
    )


async def _looked(asked: Asked) -> advancing.Looked:
    """Return the rollout of the page's address; one of another site is not found."""
    name = asked.path["name"]
    try:
        return await here.ask(asked, lambda watch: watch.rollout(name, asked.now_ms))
    except errors.InputRefused as error:
        if error.code == "rollout-unknown":
            raise refusals.missing() from error
        raise


PAGES: Sequence[Page] = (
    Page("GET", "/rollouts", "fleet.see", show_list),
    Page("GET", "/rollout/{name}", "fleet.see", show_one),
    Page("GET", "/rollout/{name}/stop", "fleet.rollout", ask_to_stop),
    Page("POST", "/rollout/{name}/stop", "fleet.rollout", stop),
)
