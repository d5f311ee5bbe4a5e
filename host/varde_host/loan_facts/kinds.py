"""What kind of thing a characteristic's values are from. Pure."""

from __future__ import annotations

from typing import Final

from varde_host.fhir import measured
from varde_protocols import assigned

_KINDS: Final = {
    0x2A5E: measured.OXIMETER,
    0x2A5F: measured.OXIMETER,
    assigned.NONIN_CONTINUOUS: measured.OXIMETER,
    assigned.VIATOM_NOTIFY: measured.OXIMETER,
    assigned.BERRYMED_NOTIFY: measured.OXIMETER,
    assigned.JUMPER_NOTIFY: measured.OXIMETER,
    0x2A35: measured.CUFF,
    0x2A36: measured.CUFF,
    0x2A9D: measured.SCALE,
    0x2A9C: measured.SCALE,
    assigned.XIAOMI_ADVERT_WEIGHT: measured.SCALE,
    assigned.XIAOMI_ADVERT_BODY: measured.SCALE,
    0x2A1C: measured.THERMOMETER,
    0x2A1E: measured.THERMOMETER,
    0x2A18: measured.GLUCOSE,
    0x2A34: measured.GLUCOSE,
}


def of(characteristic: int | None) -> str | None:
    """Return the kind, None where any kind sends such values (a battery, an observation)."""
    return None if characteristic is None else _KINDS.get(characteristic)
