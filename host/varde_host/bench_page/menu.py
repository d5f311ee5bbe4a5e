"""What stands in the header of the bench's pages."""

from __future__ import annotations

from typing import Final

from varde_host.pages.context import MenuEntry

ENTRIES: Final = (
    MenuEntry("/", "bench-page.menu.start"),
    MenuEntry("/batch", "bench-page.menu.batch"),
    MenuEntry("/kits", "bench-page.menu.kits"),
    MenuEntry("/verify", "verify-page.menu.verify"),
    MenuEntry("/stock", "bench-page.menu.stock"),
    MenuEntry("/notes", "bench-page.menu.notes"),
    MenuEntry("/records", "bench-page.menu.records"),
)
