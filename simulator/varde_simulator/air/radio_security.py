"""Pairing, bonds and passkeys of a hub's radio: the security part of `bluetooth.BLE`.

A hub keeps its keys itself: NimBLE asks for each by `_IRQ_GET_SECRET`, and gives new ones by
`_IRQ_SET_SECRET` (the own one first, then the peer's) before it reports the pairing's end. What is
a decision of a person goes out by `_IRQ_PASSKEY_ACTION` and comes back by `gap_passkey`.
"""

import asyncio
import contextlib
import errno
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from bumble import hci, pairing

from varde_simulator.air.bonds import OWN, PEER, Bond, Key, address_key, identity
from varde_simulator.air.channel import ChannelClosed
from varde_simulator.air.privacy import resolves
from varde_simulator.air.security import (
    KEYBOARD_DISPLAY,
    MAX_PASSKEY,
    PairingRules,
    SecurityChange,
)
from varde_simulator.air.station import Station

if TYPE_CHECKING:
    from varde_simulator.air.radio import Radio

IRQ_ENCRYPTION_UPDATE = 28
IRQ_GET_SECRET = 29
IRQ_SET_SECRET = 30
IRQ_PASSKEY_ACTION = 31

ACTION_INPUT, ACTION_DISPLAY, ACTION_COMPARE = 2, 3, 4

# NimBLE deletes until the hub says that there was nothing to delete, and asks again until the key
# is gone: a handler that always says yes hangs an ESP32. Here it is given up.
_MAX_DELETIONS = 4
# MicroPython asks NimBLE for these (modbluetooth_nimble.c, mp_bluetooth_init).
_DISTRIBUTED = (
    pairing.PairingDelegate.KeyDistribution.DISTRIBUTE_ENCRYPTION_KEY
    | pairing.PairingDelegate.KeyDistribution.DISTRIBUTE_IDENTITY_KEY
    | pairing.PairingDelegate.KeyDistribution.DISTRIBUTE_SIGNING_KEY
)


class RadioSecurity:
    """Registers `ble.pair`, `ble.passkey`, `ble.security`, `ble.own_irk` and `ble.peer_secret`.
    The settings survive `active(False)`, as NimBLE's static configuration does."""

    def __init__(self, radio: "Radio") -> None:
        self._radio = radio
        self.rules = PairingRules(bond=False)  # NimBLE's defaults
        self.bonds = HubBonds(radio)
        self._asked: dict[int, tuple[int, asyncio.Future[int]]] = {}
        for name in ("pair", "passkey", "security", "own_irk", "peer_secret"):
            radio.channel.handle("ble." + name, getattr(self, name))

    def attach(self, station: Station) -> None:
        """A station just started."""
        self.bonds = HubBonds(self._radio)
        self._asked.clear()
        station.pairing = self.rules
        station.on_secured = self._on_secured
        station.security.bonds = self.bonds
        station.security.new_delegate = lambda connection: HubPerson(self, connection)

    # Ops

    def security(self, name: str, value: int) -> None:
        if name == "bond":
            self.rules.bond = bool(value)
        elif name == "mitm":
            self.rules.mitm = bool(value)
        elif name == "le_secure":
            self.rules.secure_connections = bool(value)
        elif name == "io" and 0 <= value <= KEYBOARD_DISPLAY:
            self.rules.io = value
        else:
            raise OSError(errno.EINVAL)

    def own_irk(self, irk: bytes) -> None:
        """The hub's own identity key, asked of its handler while the radio becomes active."""
        self._radio.need_station().device.irk = irk

    def peer_secret(self, secret: bytes) -> bool:
        """One of the peers' keys, asked for at the same time; False ends the asking."""
        key = Key.from_bytes(secret)
        if key is not None:
            self.bonds.learn(key)
        return key is not None

    def pair(self, handle: int) -> None:
        station = self._radio.need_station()
        self._radio.need_client(handle)
        if station.security.is_busy(handle):
            raise OSError(errno.EALREADY)
        if station.device.connections[handle].role == hci.Role.CENTRAL:
            station.pair(handle)
        else:
            station.request_security(handle)

    def passkey(self, handle: int, action: int, number: int) -> None:
        self._radio.need_station()
        if action not in {ACTION_INPUT, ACTION_DISPLAY, ACTION_COMPARE}:
            raise OSError(errno.EINVAL)
        asked_action, future = self._asked.get(handle, (0, None))
        if future is None:
            raise OSError(errno.ENOENT)
        if action != asked_action or (action != ACTION_COMPARE and not 0 <= number <= MAX_PASSKEY):
            raise OSError(errno.EINVAL)
        if future.done():
            raise OSError(errno.EALREADY)
        future.set_result(number)

    # What a pairing asks of the hub

    def ask_passkey(self, handle: int, action: int, number: int = 0) -> asyncio.Future[int]:
        # Before the event: the handler may answer inside it.
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._asked[handle] = (action, future)
        self._radio.report(IRQ_PASSKEY_ACTION, handle, action, number)
        return future

    def _on_secured(self, connection: Any, change: SecurityChange) -> None:
        _, question = self._asked.pop(connection.handle, (0, None))
        if question is not None:
            question.cancel()  # the pairing is over; an answer would find no question
        self._radio.report(
            IRQ_ENCRYPTION_UPDATE,
            connection.handle,
            int(change.encrypted),  # a bool prints otherwise than the number of the API
            int(change.authenticated),
            int(change.bonded),
            change.key_size,
        )


class HubBonds:
    """The keys that a hub's program keeps; here only the identities of the peers it named."""

    def __init__(self, radio: "Radio") -> None:
        self._radio = radio
        self._irks: dict[bytes, bytes | None] = {}  # by `address_key`

    def __len__(self) -> int:
        return len(self._irks)

    def learn(self, key: Key) -> None:
        self._irks[address_key(key.address)] = key.irk

    def has(self, address: hci.Address) -> bool:
        return address_key(address) in self._irks

    def resolve(self, address: hci.Address) -> hci.Address | None:
        for known, irk in self._irks.items():
            if irk is not None and resolves(irk, address):
                return hci.Address(known[1:], hci.AddressType(known[0]))
        return None

    async def find(self, address: hci.Address, kind: int) -> Key | None:
        secret = await self._ask(IRQ_GET_SECRET, kind, 0, address_key(address))
        return Key.from_bytes(secret) if isinstance(secret, bytes) else None

    def store(self, bond: Bond) -> None:
        self.learn(bond.peer)
        for kind, key in ((OWN, bond.own), (PEER, bond.peer)):
            self._radio.report(IRQ_SET_SECRET, kind, address_key(key.address), key.to_bytes())

    async def drop(self, address: hci.Address) -> None:
        """A bonded peer pairs anew: MicroPython has NimBLE delete the old keys first."""
        for _ in range(_MAX_DELETIONS):
            if await self.find(address, PEER) is None:
                return
            for kind in (OWN, PEER):
                for _ in range(_MAX_DELETIONS):
                    if not await self._ask(IRQ_SET_SECRET, kind, address_key(address), None):
                        break
            self._irks.pop(address_key(address), None)

    async def _ask(self, irq: int, *args: object) -> object:
        with contextlib.suppress(ChannelClosed):
            if self._radio.station is not None:
                return await self._radio.channel.ask("ble.irq", irq, *args)
        return None


class HubPerson(pairing.PairingDelegate):  # type: ignore[misc]
    """Whoever stands before the hub, reached through its program."""

    def __init__(self, security: RadioSecurity, connection: Any) -> None:
        super().__init__(
            io_capability=pairing.PairingDelegate.IoCapability(security.rules.io),
            local_initiator_key_distribution=_DISTRIBUTED,
            local_responder_key_distribution=_DISTRIBUTED,
        )
        self._security = security
        self._connection = connection

    async def accept(self) -> bool:
        await self._security.bonds.drop(identity(self._connection.peer_address))
        return True

    # Not coroutines: asked when called, awaited later

    def get_number(self) -> Awaitable[int | None]:
        return self._security.ask_passkey(self._connection.handle, ACTION_INPUT)

    def generate_passkey(self) -> Awaitable[int]:
        return self._security.ask_passkey(self._connection.handle, ACTION_DISPLAY)

    def compare_numbers(self, number: int, digits: int) -> Awaitable[bool]:  # noqa: ARG002
        answer = self._security.ask_passkey(self._connection.handle, ACTION_COMPARE, number)
        return _as_yes_or_no(answer)


async def _as_yes_or_no(answer: Awaitable[int]) -> bool:
    return bool(await answer)
