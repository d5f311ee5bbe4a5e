"""For whoever looks over our shoulders: the log, and who may do what."""

from __future__ import annotations

import string
from collections.abc import Sequence

from starlette.responses import Response

from varde_host.access import matrix
from varde_host.fleet_page import here
from varde_host.fleet_view import audit_lines
from varde_host.inventory import audit, who
from varde_host.pages.asked import Asked
from varde_host.pages.page import Page

_MOST_CHARACTERS = 60
_SUBJECT = frozenset(string.ascii_letters + string.digits + "-_.:")


async def show_audit(asked: Asked) -> Response:
    """Answer `GET /audit`, newest first; `?subject=` is what the lines are about."""
    said = asked.query.get("subject", "").strip()[:_MOST_CHARACTERS]
    subject = said if set(said) <= _SUBJECT else ""
    before = here.number(asked, "before") if asked.query.get("before") else None
    inventory = asked.tenant.inventory
    (lines, following), head = await here.ask(
        asked,
        lambda _: inventory.read(
            lambda c: (audit_lines.newest(c, before, subject), audit.head(c))
        ),
    )
    return asked.page(
        "fleet_page/audit.html",
        lines=lines,
        following=following,
        subject=subject,
        head=head,
        is_first=before is None,
    )


async def show_access(asked: Asked) -> Response:
    """Answer `GET /access`: the role matrix, as `varde access table` prints it."""
    return asked.page(
        "fleet_page/access.html",
        roles=who.FUNCTIONS,
        rows=[(matrix.title(action), may) for action, may in matrix.table()],
        reasons=[(role, matrix.title(action)) for role, action in sorted(matrix.whole().reasons)],
    )


PAGES: Sequence[Page] = (
    Page("GET", "/audit", "audit.see", show_audit),
    Page("GET", "/access", "access.see", show_access),
)
