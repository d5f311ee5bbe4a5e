"""All ports of a hub, put together for `shell.app.run`."""

import os

from varde_protocols._compat import TYPE_CHECKING

from . import (
    ble_radio,
    board,
    bond_store,
    exclusive,
    flash_store,
    heap,
    https_client,
    identity_store,
    time_client,
    wifi,
)

if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Tuple

    from varde_protocols.assignment import Assignment
    from varde_protocols.trust import Trust

    from . import Keeper, Matcher, ModemPort, NowMs, Ring, Secrets
    from .console import Console
    from .signals import Signals


class Hardware:
    """See `ports.Ports`. Make it on the main thread."""

    def __init__(self, is_locked: bool = False) -> None:
        """`is_locked`: the console has no prompt, as boot.py says."""
        self._is_locked = is_locked
        self.exclusive = exclusive.Exclusive()
        self.store = identity_store.IdentityStore()
        self.bond_store = bond_store.BondStore()
        self.flash = flash_store.find()
        self.wifi = wifi.Wifi()
        self.ask_time = time_client.ask
        self.spare_heap_bytes = heap.spare_bytes
        # The ESP32's random source is fit for keys while a radio is on (ESP-IDF, "Random Number
        # Generation"), and a new hub makes its keys before it joins anything.
        self.wifi.switch_on()
        self.random_bytes = os.urandom

    def facts(self, board_name: str) -> "Dict[int, Any]":
        from . import hub_facts  # noqa: PLC0415  (once an hour or so)

        return hub_facts.gather(board_name)

    def load_documents(
        self, hub_id: bytes, is_on_trial: bool = False
    ) -> "Tuple[Trust, Assignment]":
        from . import document_files  # noqa: PLC0415  (needed once)

        return document_files.both(hub_id, is_on_trial)

    def for_updates(self, name: str) -> "Any":
        """Return a module of ports by its name: most starts need none of these."""
        return __import__("varde_firmware.ports." + name, None, None, ("",))

    def make_console(self) -> "Optional[Console]":
        if not self._is_locked:
            return None
        from . import console  # noqa: PLC0415  (on locked hubs)

        return console.Console()

    def make_signals(self, board_name: str) -> "Signals":
        from . import signals  # noqa: PLC0415  (if there are reminders)

        return signals.Signals(board_name)

    def make_board(self, name: str) -> board.Board:
        return board.Board(name)

    def make_radio(
        self, matcher: "Matcher", ring: "Ring", keeper: "Keeper", secrets: "Secrets",
        now_ms: "NowMs",
    ) -> ble_radio.BleRadio:  # fmt: skip
        return ble_radio.BleRadio(matcher, ring, keeper, secrets, now_ms)

    def make_modem(self, pins: "Dict[str, int]") -> "ModemPort":
        from . import modem  # noqa: PLC0415  (few hubs have one)

        return modem.Modem(pins)

    def make_client(self, host: str, port: int, roots: "List[bytes]") -> https_client.HttpsClient:
        return https_client.HttpsClient(host, port, roots)
