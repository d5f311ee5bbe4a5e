"""The address that a station shows over the air, and who can tell whose a private one is.

A resolvable private address is 24 random bits and their hash under the identity resolving key
(IRK) of its owner, who takes a new one every so often. Whoever has the IRK by a bond tries it on
what is heard (Core 5.4, Vol 6, Part B, 1.3.2; 6).
"""

import asyncio
import hashlib
import random
from typing import TYPE_CHECKING, Any

from bumble import hci
from bumble.crypto import ah

if TYPE_CHECKING:
    from varde_simulator.air.station import Station

# TGAP(private_addr_int), Core 5.4, Vol 3, Part C, appendix A.
ROTATION_S = 900.0
HASH_BYTES = 3
_KIND_BITS = 0xC0  # the two top bits of a random address say which kind it is
_STATIC, _RESOLVABLE, _UNRESOLVABLE = 0xC0, 0x40, 0x00


def irk_of(name: str) -> bytes:
    """The key of a station of this name, today and in every replay."""
    return hashlib.sha256(b"irk " + name.encode()).digest()[:16]


def resolves(irk: bytes, address: hci.Address) -> bool:
    """Whether a resolvable private address was made with `irk`."""
    raw = bytes(address)
    return bool(ah(irk, raw[HASH_BYTES:]) == raw[:HASH_BYTES])


def resolvable_address(irk: bytes, chance: random.Random) -> hci.Address:
    upper = bytearray(chance.randbytes(3))
    upper[2] = upper[2] & ~_KIND_BITS | _RESOLVABLE
    return _random_address(bytes(ah(irk, bytes(upper))) + bytes(upper))


def static_address(chance: random.Random) -> hci.Address:
    return _of_kind(_STATIC, chance)


def unresolvable_address(chance: random.Random) -> hci.Address:
    return _of_kind(_UNRESOLVABLE, chance)


def _of_kind(kind: int, chance: random.Random) -> hci.Address:
    raw = bytearray(chance.randbytes(6))
    raw[5] = raw[5] & ~_KIND_BITS | kind
    return _random_address(bytes(raw))


def _random_address(raw: bytes) -> hci.Address:
    return hci.Address(raw, hci.Address.RANDOM_DEVICE_ADDRESS)


class Resolver:
    """What Bumble's device asks when a peer connects with a private address."""

    def __init__(self, security: Any) -> None:
        self._security = security

    def resolve(self, address: hci.Address) -> hci.Address | None:
        known: hci.Address | None = self._security.bonds.resolve(address)
        return known

    def can_resolve_to(self, address: hci.Address) -> bool:
        return bool(self._security.bonds.has(address))


class OwnAddress:
    """Of one station. Its identity is its public address or a static random one; over the air it
    may show another. After `start` only."""

    def __init__(self, station: "Station") -> None:
        self._station = station
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self.is_private = False  # shows a resolvable address; the identity stays

    def show_public(self, address: hci.Address) -> None:
        self.stop()
        self._station.is_public = True
        self._station.address = address
        self._station.device.connect_own_address_type = self._station.own_address_type

    async def show_random(self, address: hci.Address) -> None:
        """A random address, static or not, is the station's identity as well."""
        self.stop()
        self._station.is_public = False
        self._station.address = address
        self._station.device.static_address = address
        await self._set(address)

    async def show_resolvable(self, rotation_s: float = ROTATION_S) -> None:
        """From now on; a new one every `rotation_s`."""
        self.stop()
        self.is_private = True
        await self._rotate(rotation_s)

    def stop(self) -> None:
        self.is_private = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _rotate(self, rotation_s: float) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(rotation_s, self._start, rotation_s)
        station = self._station
        await self._set(resolvable_address(station.device.irk, station.air.random))

    def _start(self, rotation_s: float) -> None:
        task = asyncio.ensure_future(self._rotate(rotation_s))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _set(self, address: hci.Address) -> None:
        station = self._station
        command = hci.HCI_LE_Set_Random_Address_Command(random_address=address)
        if await station.command(command) == hci.HCI_SUCCESS:
            station.device.random_address = address
        station.device.connect_own_address_type = station.own_address_type
