"""Measurements that are advertised, and come by no connection: Xiaomi scales.

The scale repeats a measurement as service data of 0x181D (weight, 10 bytes) or 0x181B (weight and
impedance, 13 bytes), not in the layout that these services have, while somebody stands on it and
for some time after (custom-components/ble_monitor at 5690220, `miscale.py`). Bit 5 of the control
byte says that the weight is stable, bit 7 that the person has stepped off.

What is not yet stable is no measurement. The same bytes, but for bit 7, are the same measurement,
until something else comes in between; it carries the scale's own time.

Runs in the radio's handler and allocates nothing.
"""

from varde_protocols import assigned
from varde_protocols._compat import TYPE_CHECKING, const

from . import ad_structures

if TYPE_CHECKING:
    from typing import Any, Dict, List

    from .ad_structures import Buffer

# What they advertise, and of which service.
_SERVICES = {assigned.XIAOMI_ADVERT_WEIGHT: 0x181D, assigned.XIAOMI_ADVERT_BODY: 0x181B}

_UUID_BYTES = const(2)
_WEIGHT_BYTES = const(10)
_WEIGHT_CONTROL = const(0)  # where the control byte is
_BODY_BYTES = const(13)
_BODY_CONTROL = const(1)
_STABLE = const(0x20)
_STEPPED_OFF = const(0x80)


class AdvertisedValues:
    """Finds new measurements; the last of each sensor is remembered.

    After `find` has said yes, the value is data[start:end], and `listener` is whom it is for.
    """

    def __init__(self, indexes: "List[int]") -> None:
        """`indexes` are those of the sensors that only advertise."""
        self.indexes = indexes
        self._last = {index: bytearray(1 + _BODY_BYTES) for index in indexes}  # length, value
        self._listeners: "Dict[int, Any]" = {}  # by index and characteristic, see `_key`
        self.listener: "Any" = None
        self.start = 0
        self.end = 0
        self._characteristic = 0
        self._control = 0  # where the control byte stands

    def knows(self, index: int) -> bool:
        """True for a sensor that only advertises."""
        return index in self._last

    def services(self) -> "Dict[int, int]":
        """Return of which service each characteristic is advertised."""
        return _SERVICES

    def listen(self, index: int, characteristic: int, listener: "Any") -> None:
        """From now on, this sensor's values of this characteristic are for `listener`."""
        self._listeners[_key(index, characteristic)] = listener

    def find(self, index: int, data: "Buffer") -> bool:
        """True if there is a new measurement of this sensor in an advertisement."""
        start = 0
        end = ad_structures.end_of(data, 0)
        while end:
            is_data = data[start + 1] == ad_structures.SERVICE_DATA_16
            if is_data and self._is_value(data, start + 2, end):
                self.listener = self._listeners.get(_key(index, self._characteristic))
                return self.listener is not None and not self._is_last(index, data)
            start = end
            end = ad_structures.end_of(data, start)
        return False

    def _is_value(self, data: "Buffer", start: int, end: int) -> bool:
        if start + _UUID_BYTES > end:
            return False
        uuid = data[start] | data[start + 1] << 8
        self.start = start + _UUID_BYTES
        self.end = end
        if uuid == 0x181D and end - self.start == _WEIGHT_BYTES:
            self._characteristic = assigned.XIAOMI_ADVERT_WEIGHT
            self._control = self.start + _WEIGHT_CONTROL
        elif uuid == 0x181B and end - self.start == _BODY_BYTES:
            self._characteristic = assigned.XIAOMI_ADVERT_BODY
            self._control = self.start + _BODY_CONTROL
        else:
            return False
        return bool(data[self._control] & _STABLE)

    def _is_last(self, index: int, data: "Buffer") -> bool:
        last = self._last[index]
        if last[0] != self.end - self.start:
            return False
        for at in range(self.start, self.end):
            ignored = _STEPPED_OFF if at == self._control else 0
            if data[at] | ignored != last[1 + at - self.start] | ignored:
                return False
        return True

    def took(self, index: int, data: "Buffer") -> None:
        """The measurement that was found is on its way to the journal."""
        last = self._last[index]
        last[0] = self.end - self.start
        for at in range(self.start, self.end):
            last[1 + at - self.start] = data[at]


def _key(index: int, characteristic: int) -> int:
    return index << 1 | (characteristic == assigned.XIAOMI_ADVERT_BODY)
