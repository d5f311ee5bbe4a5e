"""The pages of practice: what is to be done, hints, and a panel of what hands can do."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Final

from starlette.responses import Response

from varde_host.pages import long_poll
from varde_host.pages.asked import Asked
from varde_host.pages.context import MenuEntry
from varde_host.pages.page import Page
from varde_host.practice import judging
from varde_host.practice.practising import Practising

ACTION: Final = "practice.do"
HOME: Final = "/practice"
PANEL: Final = "/practice/panel"
EXTRA: Final = "practice"
"""The name under which a server holds its `Practising` (`Context.extra`)."""
MENU: Final = (MenuEntry(HOME, "practice.page.menu"),)
_PLAIN = re.compile(r"[a-z0-9 .,-]{1,80}")


def pages() -> Sequence[Page]:
    """Return them."""
    return (
        Page("GET", HOME, ACTION, _show),
        Page("GET", PANEL, ACTION, _panel),
        Page("POST", "/practice/hand", ACTION, _hand),
        Page("POST", "/practice/hint", ACTION, _hint),
    )


def _of(asked: Asked) -> Practising:
    under_way = asked.extra[EXTRA]
    assert isinstance(under_way, Practising)
    under_way.seen_by(asked.visit.by)
    return under_way


async def _show(asked: Asked) -> Response:
    under_way = _of(asked)
    values = {**_values(under_way), "version": under_way.changing.version}
    return asked.page("practice/practice.html", 200, **values)


async def _panel(asked: Asked) -> Response:
    under_way = _of(asked)
    return await long_poll.live_part(
        asked, under_way.changing, "practice/part/panel.html", lambda: _values(under_way)
    )


async def _hand(asked: Asked) -> Response:
    """Do what a button says; why it cannot be done stands in the panel until the next time."""
    under_way = _of(asked)
    parts = (asked.form.get(name, "").strip().lower() for name in ("do", "number", "among"))
    line = " ".join(part for part in parts if part)
    why = "?"
    if _PLAIN.fullmatch(line):
        why = await asyncio.to_thread(under_way.world.say, line)
    under_way.refused = why
    under_way.changed()
    return _back(asked)


async def _hint(asked: Asked) -> Response:
    _of(asked).next_hint()
    return _back(asked)


def _back(asked: Asked) -> Response:
    """The panel shows by itself what came of it; without script the page is loaded again."""
    return Response(status_code=204) if asked.is_htmx else asked.go(HOME)


def _values(under_way: Practising) -> Mapping[str, object]:
    world = under_way.world
    return {
        "exercise": under_way.exercise,
        "wanted": [
            ("good" if is_so else "none", wanted.what, wanted.fields)
            for wanted, is_so in under_way.found
        ],
        "hints": [under_way.exercise.hint(n) for n in range(1, under_way.hints + 1)],
        "hints_left": under_way.exercise.hints - under_way.hints,
        "is_done": judging.is_done(under_way.found),
        "attempt": under_way.attempt,
        "things": list(world.things.values()),
        "refused": under_way.refused,
        "is_over": world.is_over,
    }
