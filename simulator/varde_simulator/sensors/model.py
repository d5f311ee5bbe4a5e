"""What a sensor is, as data: what it advertises, what it serves, how it behaves.

`models.py` has the ones there are. A model says nothing of values: readings come from the
scenario, as the bytes of a real device.
"""

import struct
from dataclasses import dataclass

READ = 0x02
WRITE_NO_RESPONSE = 0x04
WRITE = 0x08
NOTIFY = 0x10
INDICATE = 0x20

_FLAGS = 0x01
_ALL_UUID16 = 0x03
_COMPLETE_NAME = 0x09
_MANUFACTURER = 0xFF
_GENERAL_DISCOVERABLE_NO_CLASSIC = 0x06
MAX_ADVERTISING_BYTES = 31


@dataclass(frozen=True)
class Characteristic:
    """One characteristic by its 16-bit UUID, with its properties and its value at power-on."""

    uuid: int
    properties: int
    value: bytes = b""


@dataclass(frozen=True)
class Service:
    """One primary service by its 16-bit UUID."""

    uuid: int
    characteristics: tuple[Characteristic, ...]


@dataclass(frozen=True)
class Model:
    """A sensor's build. Times in seconds; None means never.

    `burst_s`: it advertises this long after a measurement or a lost connection, then it sleeps.
    `idle_s`: it hangs up when nothing has moved for so long. `retry_pause_s`: it rests between a
    connection and advertising again for what is left. `retry_every_s`: while readings are left it
    wakes for another burst after so long. `advertises_while_measuring`: the hub can be there
    before the value is, to see the cuff inflate.
    """

    name: str
    services: tuple[Service, ...]
    advertised_services: tuple[int, ...]
    name_in_response: bool = False
    services_in_response: bool = False
    manufacturer_data: bytes = b""
    random_address: bool = False
    advertising_interval_us: int = 100_000
    burst_s: float = 30.0
    idle_s: float = 2.0
    retry_pause_s: float = 1.0
    retry_every_s: float | None = None
    advertises_while_measuring: bool = False
    max_stored: int = 30
    between_readings_s: float = 0.0

    def advertising_data(self) -> tuple[bytes, bytes]:
        """The advertisement and the scan response, 31 bytes each at most."""
        data = _field(_FLAGS, bytes([_GENERAL_DISCOVERABLE_NO_CLASSIC]))
        response = b""
        uuids = b"".join(struct.pack("<H", uuid) for uuid in self.advertised_services)
        if uuids:
            part = _field(_ALL_UUID16, uuids)
            data, response = _add(data, response, part, self.services_in_response)
        part = _field(_COMPLETE_NAME, self.name.encode())
        data, response = _add(data, response, part, self.name_in_response)
        if self.manufacturer_data:
            data += _field(_MANUFACTURER, self.manufacturer_data)
        if max(len(data), len(response)) > MAX_ADVERTISING_BYTES:
            raise ValueError(f"{self.name}: advertising data over {MAX_ADVERTISING_BYTES} bytes")
        return data, response


def _add(data: bytes, response: bytes, part: bytes, in_response: bool) -> tuple[bytes, bytes]:
    return (data, response + part) if in_response else (data + part, response)


def _field(kind: int, value: bytes) -> bytes:
    return bytes([len(value) + 1, kind]) + value
