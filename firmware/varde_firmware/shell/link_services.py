"""What a sensor's link may ask of its task, besides the radio: journal, bonds, and to be told."""

from varde_firmware.core import steps
from varde_protocols import records
from varde_protocols._compat import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Callable, Dict, List, Optional, Tuple

    from varde_firmware.shell.bond_keeper import BondKeeper
    from varde_firmware.shell.clock import Clock
    from varde_firmware.shell.inbox import Inbox
    from varde_firmware.shell.keeper import Keeper
    from varde_firmware.shell.listeners import Listener
    from varde_firmware.shell.sensor_link import SensorLink
    from varde_protocols.hub_config import Sensor

_BATTERY_LEVEL = 0x2A19
_RANDOM = 1  # the type of address that private ones have
_PRIVATE_MASK = 0xC0
_PRIVATE = 0x40


class LinkServices:
    """The links' side of the sensor task."""

    def __init__(self, sensors: "List[Sensor]", keeper: "Keeper", keys: "BondKeeper",
                 inbox: "Inbox", clock: "Clock") -> None:  # fmt: skip
        self._sensors = sensors
        self._keeper = keeper
        self._keys = keys
        self._inbox = inbox
        self._clock = clock
        self._links: "List[SensorLink]" = []
        self._flushing: "List[SensorLink]" = []  # who wait for an empty ring
        self._facts: "Dict[int, steps.Facts]" = {}  # by sensor index
        # By slot, for reports: uptime and signal when it was last heard; battery in %.
        self.heard: "Dict[int, Tuple[int, Optional[int]]]" = {}
        self.batteries: "Dict[int, int]" = {}
        self.utc_at: "Callable[[int], Optional[int]]" = _unknown  # from uptime to Unix time, ms

    def facts_of(self, link: "SensorLink") -> "steps.Facts":
        """Return what we know of a link's sensor, as it is now."""
        facts = self._facts.get(link.index)
        if facts is None:
            facts = self._facts[link.index] = steps.Facts(self._sensors[link.index])
        address = bytes((link.address[0] & 1,)) + link.address[1:]  # as connections give it
        if facts.address != address:
            facts.meet(address, self._keys.handles(address))
        facts.utc_at = self.utc_at
        facts.has_bond = self.has_bond(link)
        return facts

    def keep_read(self, listener: "Listener", value: bytes) -> None:
        """Journal a value that was read just now."""
        if listener.characteristic == _BATTERY_LEVEL and value:
            self.batteries[listener.slot] = value[0]
        self._keeper.keep_notification(listener, self._clock.now_ms(), value)

    def flush(self, link: "SensorLink") -> None:
        """Send the link ("flushed", connection) when no value waits in the ring.

        All that was received is durable then, but for what its listeners count as `lost`.
        """
        if link not in self._flushing:
            self._flushing.append(link)
        self._inbox.wake()

    def tell_flushed(self) -> None:
        """The ring is empty (for the task)."""
        waiting, self._flushing = self._flushing, []
        for link in waiting:
            if link in self._links and link.connection is not None:
                link.take(("flushed", link.connection))

    def clock_read(self, link: "SensorLink", characteristic: int, value: bytes,
                   occasion: int) -> None:  # fmt: skip
        """Journal the sensor's clock, read just now."""
        now_ms = self._clock.now_ms()
        self._keeper.clock(now_ms, self._slot(link), characteristic, value, occasion)

    def tell(self, link: "SensorLink", code: int) -> None:
        """Journal an event with the sensor's slot, the same once an hour at most."""
        self._keeper.event_once(self._clock.now_ms(), code, self._slot(link))

    def _slot(self, link: "SensorLink") -> int:
        return self._sensors[link.index].slot

    def has_bond(self, link: "SensorLink") -> bool:
        """True if we hold the keys of a bond with the sensor."""
        return self._keys.has(link.address)

    def keep_handles(self, link: "SensorLink", handles: "List[Tuple[int, int, int]]") -> None:
        """Keep where a bonded sensor's values come from. Without room it does without."""
        try:
            self._keys.keep_handles(link.address, handles)
        except OSError as error:
            print("varde: handles are not kept:", error)

    def set_bond_aside(self, link: "SensorLink") -> None:
        """The sensor has lost its keys: ours are not used until `restore_bond` or a restart."""
        self._keys.set_aside(link.address)

    def restore_bond(self, link: "SensorLink") -> None:
        """Use the keys again that were set aside; there are no others."""
        self._keys.restore(link.address)

    def bond_refused(self, address: bytes) -> None:
        """There was no room for the keys of this sensor (for the task)."""
        for link in self._links:
            if self.is_of(link, address):
                self.tell(link, records.EVENT_PAIRING_FAILED)

    def is_of(self, link: "SensorLink", address: bytes) -> bool:
        """True if `address`, as connections and bonds give it, is that of the link's sensor.

        A private address was advertised (Core 5.4, Vol 6, Part B, 1.3.2.2), and the stack may now
        give the one that it stands for: then it must not be that of another sensor of ours.
        """
        heard = link.address
        if address[0] & 1 == heard[0] & 1 and address[1:] == heard[1:]:
            return True
        if heard[0] & 1 != _RANDOM or heard[1] & _PRIVATE_MASK != _PRIVATE:
            return False
        plain = bytes((address[0] & 1,)) + address[1:]
        wanted = self._sensors[link.index].address
        if wanted is not None:
            return wanted == plain
        return all(sensor.address != plain for sensor in self._sensors)


def _unknown(_uptime_ms: int) -> "Optional[int]":
    """Nobody knows the time."""
    return None
