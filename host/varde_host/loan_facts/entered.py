"""An entry from paper as a measurement: the fields that a decoder gives, with the typed digits.

Nothing is converted. Glucose is typed in mmol/L or mg/dL and kept in mol/L or kg/L, as sensors
send it: the point moves, and no digit changes.
"""

from __future__ import annotations

from typing import Final

from varde_host.fhir import measured as handed
from varde_host.fhir.measured import Entered, Measured, Thing
from varde_host.loan_facts.entries import WITHDRAWN, Entry
from varde_host.receiver import timeline
from varde_protocols.gatt import number

_CHARACTERISTICS: Final = {
    handed.OXIMETER: 0x2A5E, handed.CUFF: 0x2A35, handed.SCALE: 0x2A9D,
    handed.THERMOMETER: 0x2A1C, handed.GLUCOSE: 0x2A18,
}  # fmt: skip
_BARE: Final[dict[str, dict[str, object]]] = {
    handed.OXIMETER: {"spo2": None, "measurement_status": None,
                      "sensor_status": None, "pulse_amplitude_index": None,
                      "clock_not_set": False},
    handed.CUFF: {"systolic": None, "diastolic": None, "map": None, "pulse_rate": None,
                  "user_id": None, "measurement_status": None},
    handed.SCALE: {"weight": None, "user_id": None, "bmi": None, "height": None,
                   "height_unit": None, "unsuccessful": False},
    handed.THERMOMETER: {"temperature": None, "type": None},
    handed.GLUCOSE: {"concentration": None, "sequence": None, "base_time": None,
                     "time_offset_min": None, "sensor_status": None, "sample_type": None,
                     "sample_location": None, "context_follows": False},
}  # fmt: skip
# What is typed, what sensors send, and by how many tens the point moves.
_SENT: Final = {"mmol/L": ("mol/L", -3), "mg/dL": ("kg/L", -5)}


def measured(entry: Entry) -> Measured:
    """Return it; with the time of the minute, or the day, that somebody wrote down."""
    unit, moved = _SENT.get(entry.unit, (entry.unit, 0))
    fields: dict[str, object] = {
        **_BARE[entry.kind], "timestamp": None,
        **{name: Typed.of(text, moved) for name, text in entry.values.items()},
    }  # fmt: skip
    if unit:
        fields["unit"] = unit
    return Measured(
        characteristic=_CHARACTERISTICS[entry.kind],
        fields=fields,
        thing=Thing(entry.kind),
        loan_id=entry.loan_id,
        when=_instant(entry),
        marks=(handed.MANUAL,),
        entered=Entered(
            entry.entry_id, entry.function, entry.person, entry.at_ms,
            is_withdrawn=bool(entry.withdrawn),
        ),
        details={WITHDRAWN: entry.withdrawn} if entry.withdrawn else {},
    )  # fmt: skip


class Typed(number.Number):
    """A decimal as it was typed: 80.50 keeps its digits, whatever a sensor could send."""

    def _check(self) -> None:
        pass

    @classmethod
    def of(cls, text: str, moved: int = 0) -> Typed:
        """Return the number that `text` is, its point moved by so many tens."""
        mantissa, exponent = number.split(text)
        return cls(mantissa, exponent + moved)


def _instant(entry: Entry) -> timeline.Instant:
    middle_ms = (entry.from_ms + entry.until_ms) // 2
    return timeline.Instant(middle_ms, entry.until_ms - middle_ms, None, None)
