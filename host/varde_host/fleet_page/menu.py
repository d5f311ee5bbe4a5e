"""What stands in the header of the fleet's pages."""

from __future__ import annotations

from typing import Final

from varde_host.pages.context import MenuEntry

ENTRIES: Final = (
    MenuEntry("/", "fleet-page.menu.start"),
    MenuEntry("/hubs", "fleet-page.menu.hubs"),
    MenuEntry("/rollouts", "fleet-page.menu.rollouts"),
    MenuEntry("/faults", "fleet-page.menu.faults"),
    MenuEntry("/stock", "fleet-page.menu.stock"),
    MenuEntry("/support", "fleet-page.menu.support"),
    MenuEntry("/benefit", "fleet-page.menu.benefit"),
    MenuEntry("/audit", "fleet-page.menu.audit"),
    MenuEntry("/access", "fleet-page.menu.access"),
)
