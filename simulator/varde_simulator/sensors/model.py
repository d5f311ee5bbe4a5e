"""What a sensor is, as data: what it advertises, what it serves, how it behaves.

`models/` has the ones there are. A model says nothing of values: readings come from the
scenario, as the bytes of a real device or as their meaning (`meaning.py`). What data cannot say
is in the model's `Behaviour` (`behaviour.py`).
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from varde_protocols import assigned

READ = 0x02
WRITE_NO_RESPONSE = 0x04
WRITE = 0x08
NOTIFY = 0x10
INDICATE = 0x20

# Who may read, write and subscribe.
OPEN = 0
ENCRYPTED = 1  # after pairing, however that went
AUTHENTICATED = 2  # after pairing by passkey

# What is sent to a host that subscribed.
HELD = 0  # what no host has confirmed yet; a confirmed reading is deleted
ALL = 1  # the whole memory on every connection, for ever
ASKED = 2  # nothing by itself: the host asks for records

AD_FLAGS = 0x01
AD_SOME_UUID16 = 0x02
AD_ALL_UUID16 = 0x03
AD_ALL_UUID128 = 0x07
AD_COMPLETE_NAME = 0x09
AD_SERVICE_DATA_UUID16 = 0x16
AD_MANUFACTURER = 0xFF
GENERAL_DISCOVERABLE_NO_CLASSIC = 0x06
MAX_ADVERTISING_BYTES = 31


@dataclass(frozen=True)
class Characteristic:
    """One characteristic: its number (16-bit UUID, or as in `varde_protocols.assigned`), its
    properties and its value at power-on. `raw`: a UUID outside that table, 16 bytes as sent."""

    uuid: int
    properties: int
    value: bytes = b""
    raw: bytes = b""


@dataclass(frozen=True)
class Service:
    """One primary service by its number. `protection` is that of all its values and CCCDs."""

    uuid: int
    characteristics: tuple[Characteristic, ...]
    protection: int = OPEN
    raw: bytes = b""


@dataclass(frozen=True)
class Security:
    """How a sensor pairs.

    `passkey`: it shows these six digits (RANDOM_PASSKEY: others each time); None: Just Works.
    `needs_button`: it pairs only for `pairing_s` after its button was held. `asks`: it sends a
    Security Request when a host connects; else it waits for the host to begin. `bonds`: so many
    hosts at a time, the newest replaces the oldest. `survives_batteries`: whether a bond does.
    """

    passkey: int | None = None
    needs_button: bool = True
    pairing_s: float = 60.0
    asks: bool = False
    bonds: int = 1
    secure_connections: bool = False
    survives_batteries: bool = True


RANDOM_PASSKEY = -1


@dataclass(frozen=True)
class ClockPlan:
    """A sensor's own clock. `unset`: the local time it shows after its batteries were put in;
    None: it has none then, and sends year 0."""

    unset: datetime | None = datetime(2020, 1, 1)  # noqa: DTZ001  a sensor knows no zone
    drift_ppm: float = 0.0


@dataclass(frozen=True)
class Model:
    """A sensor's build. Times in seconds; None means never.

    `burst_s`: it advertises this long after a measurement or a lost connection, then it sleeps.
    `idle_s`: it hangs up when nothing has moved for so long. `retry_pause_s`: it rests between a
    connection and advertising again for what is left. `retry_every_s`: while readings are left it
    wakes for another burst after so long. `gives_up_after`: so many connections in a row that
    confirmed nothing, and it sleeps until somebody measures or presses a button.
    `advertises_while_measuring`: the hub can be there before the value is, to see the cuff
    inflate. `max_stored` is each user's; 0: it has no memory, and what was not sent when it goes
    to sleep is gone. `sends`: HELD, ALL or ASKED. `keeps_confirmed`: a confirmed reading stays in
    memory (ALL and ASKED always do that).
    `driver` is the model's name in a hub's config, "" for one by the specification.
    """

    name: str
    services: tuple[Service, ...]
    advertised_services: tuple[int, ...]
    name_in_response: bool = False
    services_in_response: bool = False
    manufacturer_data: bytes = b""
    random_address: bool = False
    advertising_interval_us: int = 100_000
    connectable: bool = True
    burst_s: float = 30.0
    idle_s: float = 2.0
    retry_pause_s: float = 1.0
    retry_every_s: float | None = None
    gives_up_after: int | None = None
    advertises_while_measuring: bool = False
    max_stored: int = 30
    between_readings_s: float = 0.0
    sends: int = HELD
    keeps_confirmed: bool = False
    security: Security | None = None
    clock: ClockPlan | None = None
    driver: str = ""
    behaviour: Callable[[Any], Any] | None = None  # a Behaviour's class; None: the plain one

    def advertising_data(self) -> tuple[bytes, bytes]:
        """The advertisement and the scan response, 31 bytes each at most."""
        return advertisement(
            self.name.encode(),
            self.advertised_services,
            self.manufacturer_data,
            self.name_in_response,
            self.services_in_response,
        )


def advertisement(
    name: bytes,
    services: tuple[int, ...] = (),
    manufacturer_data: bytes = b"",
    name_in_response: bool = False,
    services_in_response: bool = False,
    service_data: tuple[int, bytes] | None = None,
) -> tuple[bytes, bytes]:
    """An advertisement and its scan response; ValueError if one has over 31 bytes.

    `services` are numbers of UUIDs, `service_data` a 16-bit one and what is advertised for it.
    """
    data = ad_field(AD_FLAGS, bytes([GENERAL_DISCOVERABLE_NO_CLASSIC]))
    response = b""
    raw = [assigned.raw(number) for number in services]
    for kind, size in ((AD_ALL_UUID16, 2), (AD_ALL_UUID128, 16)):
        uuids = b"".join(uuid for uuid in raw if len(uuid) == size)
        if uuids:
            part = ad_field(kind, uuids)
            data, response = _add(data, response, part, services_in_response)
    if service_data is not None:
        uuid, value = service_data
        data += ad_field(AD_SERVICE_DATA_UUID16, struct.pack("<H", uuid) + value)
    if name:
        part = ad_field(AD_COMPLETE_NAME, name)
        data, response = _add(data, response, part, name_in_response)
    if manufacturer_data:
        data += ad_field(AD_MANUFACTURER, manufacturer_data)
    if max(len(data), len(response)) > MAX_ADVERTISING_BYTES:
        raise ValueError(f"{name!r}: advertising data over {MAX_ADVERTISING_BYTES} bytes")
    return data, response


def ad_field(kind: int, value: bytes) -> bytes:
    """One advertising structure (Core 5.4, Vol 3, Part C, 11)."""
    return bytes([len(value) + 1, kind]) + value


def _add(data: bytes, response: bytes, part: bytes, in_response: bool) -> tuple[bytes, bytes]:
    return (data, response + part) if in_response else (data + part, response)
