"""Who a value is from.

A listener stands for one characteristic of one connection. Notifications wait in the ring under
its number, which stays known until they are journaled, also when the connection is gone.
"""

from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Dict, List

    from varde_protocols.hub_config import Sensor

# Values that are advertised come by none; theirs are never dropped.
NO_CONNECTION = const(-1)
# Beyond this many, those of closed connections are dropped: three links with three each, twice.
KEEP = const(18)


class Listener:
    """`total` values came so far, `is_told` once the session has been sent a word of it.

    `lost` of them could not be kept. `is_control`: they are the session's own business (answers of
    a control point, a clock) and not journaled; `taken` of them it has heard of.
    """

    def __init__(self, number: int, connection: int, sensor: "Sensor", service: int,
                 characteristic: int, address: bytes,
                 is_control: bool = False) -> None:  # fmt: skip
        self.number = number
        self.connection = connection
        self.sensor = sensor
        self.slot = sensor.slot
        self.service = service
        self.characteristic = characteristic
        self.address = address
        self.is_control = is_control
        self.total = 0
        self.taken = 0
        self.lost = 0
        self.latest = b""  # the last value that was journaled
        self.is_told = False


class Listeners:
    """All of them by number."""

    def __init__(self) -> None:
        self._by_number: "Dict[int, Listener]" = {}
        self._last = 0

    def add(self, connection: int, sensor: "Sensor", service: int, characteristic: int,
            address: bytes, is_control: bool = False) -> Listener:
        """Make a listener with the next number."""
        self._last = (self._last + 1) & 0xFFFF
        while self._last in self._by_number:  # numbers come again; its values are its own
            self._last = (self._last + 1) & 0xFFFF
        listener = Listener(self._last, connection, sensor, service, characteristic, address,
                            is_control)  # fmt: skip
        self._by_number[self._last] = listener
        return listener

    def __getitem__(self, number: int) -> Listener:
        return self._by_number[number]

    def tidy(self, live_connections: "List[int | None]") -> None:
        """Drop those of other connections, if there are many; only while the ring is empty."""
        if len(self._by_number) <= KEEP:
            return
        for number, listener in list(self._by_number.items()):
            if listener.connection not in live_connections and (
                listener.connection != NO_CONNECTION
            ):
                del self._by_number[number]
