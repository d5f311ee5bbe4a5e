"""A terminal at a site's inventory, and what it says as JSON."""

from __future__ import annotations

from pathlib import Path

from host.inventory_bench import Stockroom
from host.terminal import Terminal
from varde_host.commands import inventory_options
from varde_host.inventory import store


class Desk:
    """A terminal at a site's inventory."""

    def __init__(self, terminal: Terminal, site: Path) -> None:
        self.terminal, self.site = terminal, site

    def run(self, *arguments: str | Path) -> tuple[int, str, str]:
        return self.terminal.run(*arguments, "--site", self.site)

    def json(self, *arguments: str | Path):
        status, found = self.terminal.json(*arguments, "--site", self.site)
        assert status == 0, found
        return found

    def refused(self, *arguments: str | Path) -> str:
        status, found = self.terminal.json(*arguments, "--site", self.site)
        assert status == 1, found
        assert found["what"]
        assert found["next"]
        return found["error"]

    def accepted(self, kit: str) -> str:
        """Complete a kit, verify and accept it now; return the acceptance's SHA-256."""
        room = Stockroom(self.site / store.FILE)
        room.now_ms = inventory_options.now_ms()
        try:
            return room.make_good(kit)
        finally:
            room.close()

    def kit(self) -> str:
        return self.json("kit", "new", "--from", "order 7")["kit_id"]
