"""Which of our sensors an advertisement comes from.

An advertisement is a row of AD structures: length, type, data (Core 5.4, Vol 3, Part C, 11). A
name and the list of services may come in different packets of one sensor, the advertisement and
its scan response; so what was seen is remembered by address until it is enough.

Rules, for a configured sensor:

1. With an address: that address, nothing else (a name would only come later).
2. Without: the name must start with the prefix, if one is configured; and the service must be
   listed. A sensor that lists no services at all is taken by its name alone, as some do not
   advertise theirs; discovery tells soon enough.

This runs inside the radio's handler, hundreds of times a second, and so it allocates only when
something of ours is near.
"""

from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Dict, List, Tuple, Union

    from varde_protocols.hub_config import Sensor

    Buffer = Union[bytes, memoryview]

NO_SENSOR = const(-1)

# Advertisements one can connect to, and the scan response that completes them.
_ADV_IND = const(0x00)
_ADV_DIRECT_IND = const(0x01)
_SCAN_RSP = const(0x04)

_AD_SERVICES_SOME = const(0x02)
_AD_SERVICES_ALL = const(0x03)
_AD_NAME_SHORT = const(0x08)
_AD_NAME = const(0x09)

# What is known of an address, as bits: per sensor two, and one for "lists services at all".
_LISTS_SERVICES = const(1)
# Sensors near one hub that look like ours but are not yet known for sure; beyond, start afresh.
_REMEMBERED = const(16)


class AdvertMatcher:
    """Knows the configured sensors; `muted` ones are not looked for, nor those just told of.

    Main code may be away for a second, on the chip for many (a name that is looked up): a sensor
    that advertises meanwhile must not fill the queue to it.
    """

    def __init__(self, sensors: "List[Sensor]") -> None:
        self._sensors = sensors
        self._prefixes = [(s.name_prefix or "").encode() for s in sensors]
        self._addresses = [s.address[1:] if s.address else b"" for s in sensors]
        self._muted = 0
        self._told = 0  # sensors that were sighted, and main code has not heard of it yet
        self._seen: "Dict[Tuple[int, bytes], int]" = {}

    def mute(self, index: int) -> None:
        """Do not report this sensor until `unmute`."""
        self._muted |= 1 << index

    def unmute(self, index: int) -> None:
        """Report this sensor again."""
        self._muted &= ~(1 << index)

    def told(self, index: int) -> None:
        """The sighting of this sensor is on its way to main code; called in the handler."""
        self._told |= 1 << index

    def heard(self, index: int) -> None:
        """It has arrived there."""
        self._told &= ~(1 << index)

    def none_told(self) -> None:
        """What was on its way is lost."""
        self._told = 0

    def match(self, address_type: int, address: "Buffer", adv_type: int, data: "Buffer") -> int:
        """Return the index of the sensor that may be connected to now, or NO_SENSOR."""
        if adv_type not in (_ADV_IND, _ADV_DIRECT_IND, _SCAN_RSP):
            return NO_SENSOR
        for index in range(len(self._sensors)):  # `enumerate` would allocate
            sensor = self._sensors[index]
            if not (self._muted | self._told) >> index & 1:
                if sensor.address is None:
                    if self._fits(index, address_type, address, data):
                        return index
                elif sensor.address[0] == address_type and self._addresses[index] == address:
                    return index
        return NO_SENSOR

    def _fits(self, index: int, address_type: int, address: "Buffer", data: "Buffer") -> bool:
        """True if what this and earlier packets of the address said is enough (rule 2)."""
        facts = self._facts(index, data)
        if not facts & ~_LISTS_SERVICES and not self._seen:
            return False
        key = (address_type, bytes(address))
        facts |= self._seen.get(key, 0)
        if not facts:
            return False
        if key not in self._seen and len(self._seen) >= _REMEMBERED:
            self._seen.clear()
        self._seen[key] = facts
        named = facts >> (2 * index + 1) & 1 or not self._prefixes[index]
        listed = facts >> (2 * index + 2) & 1
        if not facts & _LISTS_SERVICES and self._prefixes[index]:
            listed = 1
        return bool(named and listed)

    def _facts(self, index: int, data: "Buffer") -> int:
        """Return the bits that one packet shows about one sensor. Stops at a cut structure."""
        facts = 0
        start = 0
        while start + 1 < len(data):
            end = start + 1 + data[start]
            if data[start] == 0 or end > len(data):
                break
            kind = data[start + 1]
            if kind in (_AD_SERVICES_SOME, _AD_SERVICES_ALL):
                facts |= _LISTS_SERVICES
                if _lists(data, start + 2, end, self._sensors[index].service):
                    facts |= 1 << 2 * index + 2
            elif kind in (_AD_NAME, _AD_NAME_SHORT) and self._prefixes[index]:
                prefix = self._prefixes[index]
                if data[start + 2 : min(end, start + 2 + len(prefix))] == prefix:
                    facts |= 1 << 2 * index + 1
            start = end
        return facts


def _lists(data: "Buffer", start: int, end: int, service: int) -> bool:
    """True if the little-endian 16-bit UUIDs in data[start:end] hold `service`."""
    for at in range(start, end - 1, 2):  # noqa: SIM110  (`any` would allocate a generator)
        if data[at] | data[at + 1] << 8 == service:
            return True
    return False
