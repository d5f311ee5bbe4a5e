"""Which of our sensors an advertisement comes from.

A name and the list of services may come in different packets of one sensor, the advertisement and
its scan response; so what was seen is remembered by address until it is enough. Rules, for a
configured sensor:

1. With an address: that address, nothing else (a name would only come later). A stack that has
   resolved a private address reports the address that it stands for, as type 2 or 3 instead of
   0 or 1 (Core 5.4, Vol 4, Part E, 7.7.65.2).
2. Without: the name must start with the prefix, upper and lower case as configured; and the
   service must be listed. A sensor that lists no services at all is taken by its name alone, as
   some do not advertise theirs; discovery tells soon enough.
3. A model whose name shows that its button is held for pairing (Omron: by one letter's case) is
   left alone in that mode while we hold a bond: it wants to meet a phone, and would drop us. So
   its name must be seen, also of one with an address.
4. A model that only advertises (`advertised_values`) is never connected to; it needs an address.

This runs inside the radio's handler, hundreds of times a second in a block of flats, and allocates
nothing: numbers stay below 30 bits, bytes are compared one by one.
"""

from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import List, Optional, Protocol

    from varde_protocols.hub_config import Sensor

    from .ad_structures import Buffer
    from .advert_memory import AdvertMemory
    from .advertised_values import AdvertisedValues

    class HeldBonds(Protocol):
        """Knows with whom there is a bond; asked in the handler."""

        def holds(self, address_type: int, address: Buffer) -> bool: ...


NO_SENSOR = const(-1)

# Advertisements one can connect to, and the scan response that completes them.
_ADV_IND = const(0x00)
_ADV_DIRECT_IND = const(0x01)
_SCAN_RSP = const(0x04)

# What `AdvertMemory.facts` tells.
_NAMED = const(1)
_LISTED = const(2)
_PAIRING = const(4)
_NO_ROW = const(-1)

# Models of rules 3 and 4.
SHOW_MODE = ("omron-evolv",)
ONLY_ADVERTISE = ("xiaomi-scale",)

# Flags of a sensor.
_MUTED = const(1)  # by main code
_TOLD = const(2)  # it was sighted, and main code has not heard of it yet


class AdvertMatcher:
    """Knows the configured sensors; `muted` ones are not looked for, nor those just told of.

    Main code may be away for a second, on the chip for many (a name that is looked up): a sensor
    that advertises meanwhile must not fill the queue to it.

    If `is_value` after a `match`, the advertisement holds a new measurement, for
    `values.listener`; call `took_value` when it is safe, or its repetition counts as new.
    """

    def __init__(self, sensors: "List[Sensor]", bonds: "Optional[HeldBonds]" = None) -> None:
        self.values = _values_of(sensors)
        self.is_value = False
        self._bonds = bonds
        self._count = len(sensors)
        self._addresses = [s.address[1:] if s.address else b"" for s in sensors]
        self._types = bytes([s.address[0] if s.address else 0 for s in sensors])
        self._shows_mode = bytes([s.model in SHOW_MODE for s in sensors])
        self._memory = _memory_for(sensors)
        self._flags = bytearray(self._count)
        self._value_of = NO_SENSOR

    def mute(self, index: int) -> None:
        """Do not report this sensor until `unmute`."""
        self._flags[index] |= _MUTED

    def unmute(self, index: int) -> None:
        """Report this sensor again."""
        self._flags[index] &= 0xFF ^ _MUTED

    def told(self, index: int) -> None:
        """The sighting of this sensor is on its way to main code; called in the handler."""
        self._flags[index] |= _TOLD

    def heard(self, index: int) -> None:
        """It has arrived there."""
        self._flags[index] &= 0xFF ^ _TOLD

    def none_told(self) -> None:
        """What was on its way is lost."""
        for index in range(self._count):
            self.heard(index)

    def took_value(self, data: "Buffer") -> None:
        """The value in this advertisement is on its way to the journal."""
        if self.values is not None:
            self.values.took(self._value_of, data)

    def match(self, address_type: int, address: "Buffer", adv_type: int, data: "Buffer") -> int:
        """Return the index of the sensor that may be connected to now, or NO_SENSOR."""
        self.is_value = False
        index = self._by_address(address_type & 1, address)
        values = self.values
        if index != NO_SENSOR and values is not None and values.knows(index):
            self._value_of = index
            self.is_value = values.find(index, data)
            return NO_SENSOR
        if adv_type not in (_ADV_IND, _ADV_DIRECT_IND, _SCAN_RSP):
            return NO_SENSOR
        if index == NO_SENSOR:
            return self._by_name(address_type, address, data)
        if self._flags[index]:
            return NO_SENSOR
        if self._shows_mode[index] and self._memory is not None:
            facts = self._memory.name_facts(index, data)
            return index if self._is_free(facts, address_type, address) else NO_SENSOR
        return index

    def _by_address(self, plain_type: int, address: "Buffer") -> int:
        for index in range(self._count):
            if self._addresses[index] == address and self._types[index] == plain_type:
                return index
        return NO_SENSOR

    def _by_name(self, address_type: int, address: "Buffer", data: "Buffer") -> int:
        """By what this and earlier packets of the address have shown (rule 2)."""
        memory = self._memory
        if memory is None:
            return NO_SENSOR
        row = memory.note(address_type, address, data)
        if row == _NO_ROW:
            return NO_SENSOR
        for index in range(self._count):
            if not self._addresses[index] and not self._flags[index]:
                facts = memory.facts(row, index)
                if facts & _LISTED and self._is_free(facts, address_type, address):
                    return index
        return NO_SENSOR

    def _is_free(self, facts: int, address_type: int, address: "Buffer") -> bool:
        """True if it has its name, and is not about to pair with another although it is ours."""
        if not facts & _NAMED:
            return False
        if not facts & _PAIRING or self._bonds is None:
            return True
        return not self._bonds.holds(address_type, address)


# What these two need is only loaded where a sensor needs it: most are known by their address.


def _memory_for(sensors: "List[Sensor]") -> "Optional[AdvertMemory]":
    if all(s.address is not None and s.model not in SHOW_MODE for s in sensors):
        return None
    from . import advert_memory  # noqa: PLC0415

    return advert_memory.AdvertMemory(sensors)


def _values_of(sensors: "List[Sensor]") -> "Optional[AdvertisedValues]":
    indexes = [i for i in range(len(sensors)) if sensors[i].model in ONLY_ADVERTISE]
    if not indexes:
        return None
    from . import advertised_values  # noqa: PLC0415

    return advertised_values.AdvertisedValues(indexes)
