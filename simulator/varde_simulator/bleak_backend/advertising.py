"""What a sensor advertises, as bleak presents it.

AD structures are those of Core 5.4, Vol 3, Part C, 11 and the Core Specification Supplement,
Part A. What comes over the air may be anything: a structure that ends early ends the parsing, as
in the stacks of operating systems, and what was whole before it counts.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from bleak.backends.scanner import AdvertisementData
from bleak.uuids import normalize_uuid_16, normalize_uuid_32

_UUID_LISTS = {0x02: 2, 0x03: 2, 0x04: 4, 0x05: 4, 0x06: 16, 0x07: 16}
_SHORT_NAME, _COMPLETE_NAME = 0x08, 0x09
_TX_POWER = 0x0A
_SERVICE_DATA = {0x16: 2, 0x20: 4, 0x21: 16}
_MANUFACTURER_DATA = 0xFF

SCAN_RESPONSE = 4  # the report type (Core 5.4, Vol 4, Part E, 7.7.65.2)


def uuid_text(raw: bytes) -> str:
    """The UUID of 2, 4 or 16 little-endian bytes as bleak writes it."""
    if len(raw) == 2:
        return normalize_uuid_16(int.from_bytes(raw, "little"))
    if len(raw) == 4:
        return normalize_uuid_32(int.from_bytes(raw, "little"))
    return str(uuid.UUID(bytes=bytes(reversed(raw))))


def uuid_bytes(text: str) -> bytes:
    """The shortest form that goes over the air: 2 bytes on the Bluetooth base, else 16."""
    whole = uuid.UUID(text)
    if normalize_uuid_16(whole.int >> 96 & 0xFFFF) == str(whole):
        return (whole.int >> 96 & 0xFFFF).to_bytes(2, "little")
    return bytes(reversed(whole.bytes))


def structures(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and content of each AD structure, up to the first that is none."""
    at = 0
    while at + 1 < len(data) and data[at] and at + 1 + data[at] <= len(data):
        yield data[at + 1], data[at + 2 : at + 1 + data[at]]
        at += 1 + data[at]


@dataclass
class Heard:
    """One advertiser: its last advertisement and its last scan response belong together."""

    advertisement: bytes = b""
    response: bytes = b""

    def take(self, report_type: int, data: bytes, rssi_dbm: int) -> AdvertisementData:
        """One report of the controller; what is known of the advertiser after it."""
        if report_type == SCAN_RESPONSE:
            self.response = data
        else:
            self.advertisement = data
        fields = Fields()
        for part in (self.advertisement, self.response):
            for kind, content in structures(part):
                fields.take(kind, content)
        return fields.as_bleak(rssi_dbm)


@dataclass
class Fields:
    """The AD structures of one advertiser, taken one by one."""

    name: str | None = None
    name_is_complete: bool = False
    services: list[str] = field(default_factory=list)
    manufacturer: dict[int, bytes] = field(default_factory=dict)
    service_data: dict[str, bytes] = field(default_factory=dict)
    tx_power_dbm: int | None = None

    def take(self, kind: int, content: bytes) -> None:
        """What is too short for its type is left out."""
        if kind in _UUID_LISTS:
            self._take_services(content, _UUID_LISTS[kind])
        elif kind in (_SHORT_NAME, _COMPLETE_NAME):
            if not self.name_is_complete:
                self.name = content.decode("utf-8", "replace")
                self.name_is_complete = kind == _COMPLETE_NAME
        elif kind == _TX_POWER and len(content) == 1:
            (self.tx_power_dbm,) = struct.unpack("<b", content)
        elif kind == _MANUFACTURER_DATA and len(content) >= 2:
            self.manufacturer[int.from_bytes(content[:2], "little")] = content[2:]
        elif kind in _SERVICE_DATA and len(content) >= _SERVICE_DATA[kind]:
            size = _SERVICE_DATA[kind]
            self.service_data[uuid_text(content[:size])] = content[size:]

    def _take_services(self, content: bytes, size: int) -> None:
        for at in range(0, len(content) - size + 1, size):
            text = uuid_text(content[at : at + size])
            if text not in self.services:
                self.services.append(text)

    def as_bleak(self, rssi_dbm: int) -> AdvertisementData:
        return AdvertisementData(
            local_name=self.name,
            manufacturer_data=dict(self.manufacturer),
            service_data=dict(self.service_data),
            service_uuids=list(self.services),
            tx_power=self.tx_power_dbm,
            rssi=rssi_dbm,
            platform_data=(),
        )
