"""All pages of the fleet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from varde_host.fleet_page import (
    audit_pages,
    fault_pages,
    hub_pages,
    overview_pages,
    rollout_pages,
    stock_pages,
)
from varde_host.pages.page import Page

PAGES: Final[Sequence[Page]] = (
    *overview_pages.PAGES,
    *hub_pages.PAGES,
    *rollout_pages.PAGES,
    *fault_pages.PAGES,
    *stock_pages.PAGES,
    *audit_pages.PAGES,
)
