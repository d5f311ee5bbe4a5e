"""What an advertiser says of itself, in numbers of `varde_protocols.assigned`."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from varde_protocols import assigned

# Of what strangers advertise, this much is shown.
MAX_NAME_CHARACTERS = 40
_XIAOMI_ADVERTS = {0x181D: assigned.XIAOMI_ADVERT_WEIGHT, 0x181B: assigned.XIAOMI_ADVERT_BODY}


@dataclass(frozen=True)
class Heard:
    """One advertiser. `services` are numbers, 0 for a UUID that has none; `name` is the peer's
    own text, cut and without control characters, "" if it says none."""

    address: str
    raw_name: str
    rssi_dbm: int
    services: tuple[int, ...] = ()
    companies: tuple[int, ...] = ()
    service_data: tuple[tuple[int, bytes], ...] = ()
    uuids: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name, safe to print."""
        shown = "".join(c if c.isprintable() else "?" for c in self.raw_name)
        return shown[:MAX_NAME_CHARACTERS]

    @property
    def adverts(self) -> tuple[tuple[int, bytes], ...]:
        """What is a reading if the sensor is a Xiaomi scale: its number, and the bytes."""
        return tuple(
            (_XIAOMI_ADVERTS[service], data)
            for service, data in self.service_data
            if service in _XIAOMI_ADVERTS
        )


def number_of(text: str) -> int:
    """Return the number of a UUID as bleak writes it, 0 if it has none."""
    try:
        return assigned.number(bytes(reversed(uuid.UUID(text).bytes)))
    except ValueError:
        return 0


def heard(
    address: str,
    name: str | None,
    rssi_dbm: int,
    service_uuids: Iterable[str],
    companies: Iterable[int],
    service_data: Mapping[str, bytes],
) -> Heard:
    """Return what bleak's advertisement data says."""
    uuids = tuple(service_uuids)
    return Heard(
        address=address,
        raw_name=name or "",
        rssi_dbm=rssi_dbm,
        services=tuple(dict.fromkeys(number_of(text) for text in uuids)),
        companies=tuple(companies),
        service_data=tuple((number_of(text), bytes(data)) for text, data in service_data.items()),
        uuids=uuids,
    )


def together(earlier: Heard, later: Heard) -> Heard:
    """Return both as one: some systems report advertisement and scan response one by one."""
    return Heard(
        address=later.address,
        raw_name=later.raw_name or earlier.raw_name,
        rssi_dbm=later.rssi_dbm,
        services=tuple(dict.fromkeys(earlier.services + later.services)),
        companies=tuple(dict.fromkeys(earlier.companies + later.companies)),
        service_data=later.service_data or earlier.service_data,
        uuids=tuple(dict.fromkeys(earlier.uuids + later.uuids)),
    )
