"""What two stations keep of a pairing.

Each side has two keys of its peer (Core 5.4, Vol 3, Part H, 2.4.2): the *own* one, with which the
peer encrypts when it is the central, and the *peer's*, with which this side does. LE Secure
Connections makes one key and both are it. NimBLE keeps them the same way, as two secrets.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from bumble import hci

from varde_simulator.air.privacy import resolves

OWN, PEER = 1, 2  # NimBLE's BLE_STORE_OBJ_TYPE_OUR_SEC and _PEER_SEC, the secret types of the API
KEY_BYTES = 16
ADDRESS_BYTES = 6

# address type, address (least significant byte first), size, flags, ediv, rand, LTK, IRK
_LAYOUT = struct.Struct("<B6sBBH8s16s16s")
SECRET_BYTES = _LAYOUT.size
_AUTHENTICATED, _SECURE, _HAS_LTK, _HAS_IRK = 1, 2, 4, 8


def identity(address: hci.Address) -> hci.Address:
    """The address as keys are filed under it: Bumble has two more types for resolved ones."""
    if address.address_type in {hci.AddressType.PUBLIC_DEVICE, hci.AddressType.RANDOM_DEVICE}:
        return address
    return hci.Address(bytes(address), hci.AddressType(address.address_type & 1))


def address_key(address: hci.Address) -> bytes:
    """Type and six bytes, least significant first: NimBLE's `ble_addr_t`."""
    known = identity(address)
    return bytes([known.address_type]) + bytes(known)


@dataclass(frozen=True)
class Key:
    """One side's key; `ltk` is None where the peer handed out none, and so is `irk`."""

    address: hci.Address  # the peer's identity address, for either kind
    ltk: bytes | None
    ediv: int = 0
    rand: bytes = bytes(8)
    irk: bytes | None = None
    size: int = KEY_BYTES
    authenticated: bool = False
    secure_connections: bool = True

    def to_bytes(self) -> bytes:
        """As a hub stores it: opaque there, SECRET_BYTES long."""
        flags = _AUTHENTICATED * self.authenticated | _SECURE * self.secure_connections
        flags |= _HAS_LTK * (self.ltk is not None) | _HAS_IRK * (self.irk is not None)
        nothing = bytes(KEY_BYTES)
        head = address_key(self.address)
        return _LAYOUT.pack(
            head[0],
            head[1:],
            self.size,
            flags,
            self.ediv,
            self.rand,
            self.ltk or nothing,
            self.irk or nothing,
        )

    @classmethod
    def from_bytes(cls, secret: bytes) -> "Key | None":
        """None for bytes that are no secret of ours: NimBLE takes that as "not stored"."""
        if len(secret) != SECRET_BYTES:
            return None
        kind, raw, size, flags, ediv, rand, ltk, irk = _LAYOUT.unpack(secret)
        return cls(
            hci.Address(raw, hci.AddressType(kind & 1)),
            ltk if flags & _HAS_LTK else None,
            ediv,
            rand,
            irk if flags & _HAS_IRK else None,
            size,
            bool(flags & _AUTHENTICATED),
            bool(flags & _SECURE),
        )


@dataclass(frozen=True)
class Bond:
    """`met_as`: the address that the peer paired from."""

    own: Key
    peer: Key
    met_as: hci.Address | None = None

    @property
    def address(self) -> hci.Address:
        return self.peer.address


class Bonds:
    """The bonds of a station, in memory: gone with it, like those of a sensor whose batteries are
    changed. A hub's are in its own store (`radio_security`).

    A bond is filed under the peer's identity. A peer that paired from another lasting address
    (Bumble's default: connects from its static random one, hands out its public one) comes back
    with that, and is known by it too.
    """

    def __init__(self) -> None:
        self._bonds: dict[bytes, Bond] = {}
        self._identities: dict[bytes, hci.Address] = {}  # by the other address

    def __len__(self) -> int:
        return len(self._bonds)

    def __iter__(self) -> Iterator[Bond]:
        return iter(list(self._bonds.values()))

    def identity_of(self, address: hci.Address) -> hci.Address:
        """Of a peer that connects from `address`."""
        return self._identities.get(address_key(address), address)

    def has(self, address: hci.Address) -> bool:
        return address_key(self.identity_of(address)) in self._bonds

    def forget(self, address: hci.Address) -> None:
        key = address_key(self.identity_of(address))
        self._bonds.pop(key, None)
        for other, known in list(self._identities.items()):
            if address_key(known) == key:
                del self._identities[other]

    def forget_all(self) -> None:
        self._bonds.clear()
        self._identities.clear()

    # What the security of a station asks

    async def find(self, address: hci.Address, kind: int) -> Key | None:
        """The key of `kind`, OWN or PEER."""
        bond = self._bonds.get(address_key(self.identity_of(address)))
        if bond is None:
            return None
        return bond.own if kind == OWN else bond.peer

    def store(self, bond: Bond) -> None:
        self.forget(bond.address)
        met_as = bond.met_as
        if met_as is not None and (met_as.is_public or met_as.is_static):
            self.forget(met_as)  # a host that has a new identity
            if address_key(met_as) != address_key(bond.address):
                self._identities[address_key(met_as)] = bond.address
        self._bonds[address_key(bond.address)] = bond

    def resolve(self, address: hci.Address) -> hci.Address | None:
        """The identity behind a resolvable private address, if a bonded peer has it."""
        for bond in self._bonds.values():
            if bond.peer.irk is not None and resolves(bond.peer.irk, address):
                return bond.address
        return None
