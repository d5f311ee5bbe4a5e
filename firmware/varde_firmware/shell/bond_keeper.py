"""Keeps the keys of bonds: in memory for the radio's handler to ask, in flash for ever.

Flash first, memory after: what the stack is told is stored, is. A pairing stores two entries, ours
first; a power cut in between leaves half a bond, which is dropped at the next start. Where the
sensor did finish pairing it refuses us then, and the session tells that its bond is lost.
"""

from varde_firmware.core import bonds
from varde_protocols._compat import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import List, Optional, Sequence, Tuple, Union

    from varde_firmware.ports import BondStore, Exclusive
    from varde_protocols.hub_config import Sensor

    Buffer = Union[bytes, bytearray, memoryview]


class BondKeeper:
    """`get`, `set` and `holds` are for the radio's handler, the rest for main code."""

    def __init__(
        self, exclusive: "Exclusive", store: "BondStore", sensors: "Sequence[Sensor]" = ()
    ) -> None:
        """`sensors` are those of the config: their bonds are never given up."""
        self._sensors = sensors
        self._exclusive = exclusive
        self._store = store
        self._bonds = bonds.Bonds()

    def load(self) -> None:
        """Read what flash holds; before the radio is on."""
        buffer = bytearray(bonds.MAX_BLOB_BYTES)
        for place in range(bonds.MAX_ENTRIES):
            entry = bonds.decode(bytes(buffer[: self._store.load(place, buffer)]))
            if entry is not None:
                self._bonds.put(place, *entry)
        for place in self._bonds.halves():
            self._drop(place)

    def get(self, kind: int, index: int, key: "Optional[Buffer]") -> "Optional[bytes]":
        """See `core.bonds.Bonds.get`. Allocates nothing."""
        return self._bonds.get(kind, index, key)

    def holds(self, address_type: int, address: "Buffer") -> bool:
        """See `core.bonds.Bonds.holds`. Allocates nothing."""
        return self._bonds.holds(address_type, address)

    def set(self, kind: int, key: "Buffer", value: "Optional[Buffer]") -> bool:
        """Store an entry, or remove it (value None): durable on return. False: it is not stored.

        A full store refuses, unless it holds bonds of sensors that the config does not name.
        """
        try:
            return bool(self._exclusive.run_in_handler(self._set, kind, key, value))
        except OSError:
            return False

    def _set(self, kind: int, key: "Buffer", value: "Optional[Buffer]") -> bool:
        place = self._bonds.place_of(kind, key)
        if not value:
            if place != bonds.NO_PLACE:
                self._drop(place)
            return place != bonds.NO_PLACE
        if place == bonds.NO_PLACE:
            place = self._free_place()
        if place == bonds.NO_PLACE or not bonds.is_storable(kind, key, value):
            return False
        entry = (kind, bytes(key), bytes(value))
        self._store.save(place, bonds.encode(*entry))
        self._bonds.put(place, *entry)
        return True

    def _free_place(self) -> int:
        """A place for a new entry; if need be, one of a sensor that has left the config."""
        if self._bonds.free_place() == bonds.NO_PLACE:
            addresses = [sensor.address for sensor in self._sensors if sensor.address is not None]
            # A sensor that is known by its name may be anybody.
            if addresses and len(addresses) == len(self._sensors):
                for place in self._bonds.strangers(addresses):
                    self._drop(place)
        return self._bonds.free_place()

    def handles(self, address: bytes) -> "List[Tuple[int, int, int]]":
        """Return (handle, service, characteristic) of the sensor's values, as far as is known."""
        return bonds.decode_handles(self._bonds.get(bonds.HANDLES, 0, address) or b"")

    def keep_handles(self, address: bytes, handles: "List[Tuple[int, int, int]]") -> None:
        """Keep them for the next start. Raises OSError if that fails."""
        blob = bonds.encode_handles(handles)
        self._exclusive.run(self._set, bonds.HANDLES, address, blob)

    def has(self, address: bytes) -> bool:
        """True if there is a bond with this address of 7 bytes: type, most significant first."""
        return self._bonds.holds(address[0], address[1:])

    def set_aside(self, address: bytes) -> None:
        """Do not use the bond with this address, nor forget it: see `core.bonds.Bonds`."""
        self._exclusive.run(self._bonds.set_aside, address[0], address[1:])

    def restore(self, address: bytes) -> None:
        """Use it again."""
        self._exclusive.run(self._bonds.restore, address[0], address[1:])

    def forget(self, address: bytes) -> None:
        """Forget the bond with this address, in flash and memory. Raises OSError if that fails."""
        self._exclusive.run(self._forget, address)

    def _forget(self, address: bytes) -> None:
        for place in self._bonds.places_of(address[0], address[1:]):
            self._drop(place)

    def _drop(self, place: int) -> None:
        self._store.erase(place)
        self._bonds.drop(place)
