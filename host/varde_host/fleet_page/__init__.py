"""The fleet's pages (`varde fleet serve`): what hubs say, whose task is what, rollouts, stock.

No page decides anything, none opens a reading, and none writes but to stop a rollout.
"""

from __future__ import annotations

from collections.abc import Sequence

from varde_host.pages.page import Page


def pages() -> Sequence[Page]:
    """Return the pages of the fleet."""
    from varde_host.fleet_page import table  # noqa: PLC0415 only where pages are served

    return table.PAGES
