"""Pairing as a sensor does it: when its button says so, with or without six digits on a display.

A bonded host's subscriptions survive the connection (Core 5.4, Vol 3, Part G, 3.3.3.3): they are
in force again as soon as the link is encrypted, so the sensor may send before the host has asked.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from varde_simulator.air.security import (
    DISPLAY,
    NO_INPUT_NO_OUTPUT,
    PairingRules,
    SecurityChange,
)
from varde_simulator.air.station import Station
from varde_simulator.sensors.model import RANDOM_PASSKEY, Security

# After the connection's first exchanges: a real device asks within some connection events.
REQUEST_DELAY_S = 0.02

Subscriptions = dict[int, tuple[bool, bool]]


class Bonding:
    """Keeps a station to a model's `Security`. `shown`: the passkey on its display, if one is."""

    def __init__(self, station: Station, plan: Security, on_secured: Callable[[], None]) -> None:
        self.plan = plan
        self.changes: list[SecurityChange] = []  # every end of a pairing or an encryption
        self.shown: int | None = None
        self._station = station
        self._on_secured = on_secured
        self._pairing_until_s = 0.0
        self._bonded: list[Any] = []  # addresses of hosts, the newest last
        self._subscriptions: dict[Any, Subscriptions] = {}
        has_display = plan.passkey is not None
        station.pairing = PairingRules(
            mitm=has_display,
            secure_connections=plan.secure_connections,
            io=DISPLAY if has_display else NO_INPUT_NO_OUTPUT,
            passkey=None if plan.passkey == RANDOM_PASSKEY else plan.passkey,
            accepts=self._accepts,
            shows=self._show,
        )
        station.on_secured = self._secured

    @property
    def is_pairing_mode(self) -> bool:
        return asyncio.get_running_loop().time() < self._pairing_until_s

    def begin_pairing(self) -> None:
        """Its button was held."""
        self._pairing_until_s = asyncio.get_running_loop().time() + self.plan.pairing_s

    def end_pairing(self) -> None:
        """The mode is over, by success or by the button."""
        self._pairing_until_s = 0.0

    def forget_all(self) -> None:
        """It knows no host any more; a bonded one is answered "key missing" (HCI 0x06)."""
        self._station.bonds.forget_all()
        self._bonded.clear()
        self._subscriptions.clear()

    def connected(self, connection: Any) -> None:
        if self.plan.asks:
            loop = asyncio.get_running_loop()
            loop.call_later(REQUEST_DELAY_S, self._ask, connection.handle)

    def disconnected(self, connection: Any, subscribed: Subscriptions) -> None:
        self.shown = None
        host = self._identity(connection)
        if host in self._bonded:
            self._subscriptions[host] = dict(subscribed)

    def kept_subscriptions(self, connection: Any) -> Subscriptions:
        """What a bonded host had subscribed to when it left."""
        return self._subscriptions.get(self._identity(connection), {})

    def _identity(self, connection: Any) -> Any:
        return self._station.bonds.identity_of(connection.peer_address)

    def _accepts(self) -> bool:
        return self.is_pairing_mode or not self.plan.needs_button

    def _show(self, passkey: int) -> None:
        self.shown = passkey

    def _ask(self, handle: int) -> None:
        if handle in self._station.device.connections and not self._station.is_encrypted(handle):
            self._station.request_security(handle)

    def _secured(self, connection: Any, change: SecurityChange) -> None:
        self.changes.append(change)
        if not change.encrypted or change.status:
            return
        if change.bonded:
            self._remember(self._identity(connection))
            self.end_pairing()
        self._on_secured()

    def _remember(self, address: Any) -> None:
        if address in self._bonded:
            self._bonded.remove(address)
        self._bonded.append(address)
        while len(self._bonded) > self.plan.bonds:
            oldest = self._bonded.pop(0)
            self._subscriptions.pop(oldest, None)
            self._station.bonds.forget(oldest)
