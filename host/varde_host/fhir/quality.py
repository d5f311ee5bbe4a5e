"""What a sensor's status words do to an Observation (HL7/phd, Measurement Status).

A bit that says there is no value takes it away; one that throws doubt on it says so; test and
demonstration are labelled, so that nobody takes them for a patient's. The word itself stands in a
component with all its bits, and in a note in words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from varde_host.fhir import coded, quantity
from varde_host.fhir.style import Resource

STATUS: Final = "http://hl7.org/fhir/uv/pocd/CodeSystem/measurement-status"
SECURITY: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "HTEST",
}

QUESTIONABLE: Final = "questionable"
CALIBRATING: Final = "calibration-ongoing"
EARLY: Final = "early-indication"
_SAID: Final = {QUESTIONABLE: "doubts", CALIBRATING: "calibrating", EARLY: "early"}


@dataclass(frozen=True, slots=True)
class Word:
    """A status word: where it stands, what it is called, and which bits mean what."""

    only: str
    key: str
    mdc: int
    reference: str
    doubts: int = 0
    absent: int = 0
    error: int = 0
    calibrating: int = 0
    early: int = 0
    test: int = 0


# Bits: Blood Pressure Service 1.1.1, Pulse Oximeter Service 1.0.1, Glucose Service 1.0.1, Generic
# Health Sensor Service 1.0, and Nonin's sample (`receiver.status_words`).
_WORDS: Final = (
    Word("systolic", "measurement_status", 8410608, "MDC_BLOOD_PRESSURE_MEASUREMENT_STATUS", 0x23),
    Word("base_time", "sensor_status", 160216, "MDC_GLU_METER_DEV_STATUS", 0x0FDE),
    Word("counter_s", "sensor_status", 150604, "MDC_PULS_OXIM_DEV_STATUS", 0x0A),
    Word("class", "status", 67911, "MDC_ATTR_MSMT_STAT", 0x02, absent=0x04, error=0x01,
         calibrating=0x10, early=0x40, test=0x20),
    Word("spo2", "measurement_status", 67911, "MDC_ATTR_MSMT_STAT", 0x4000, absent=0x2000,
         error=0x8000, calibrating=0x1000, early=0x40, test=0x0C00),
    Word("spo2", "sensor_status", 150604, "MDC_PULS_OXIM_DEV_STATUS", 0xFDFE),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Quality:
    """What all status words of a value say together."""

    interpretations: tuple[str, ...] = ()
    absent: str | None = None
    is_test: bool = False
    components: tuple[Resource, ...] = ()

    def interpretation(self) -> list[Resource]:
        """Return it as an Observation has it."""
        return [{"coding": [{"system": STATUS, "code": each}]} for each in self.interpretations]


def of(fields: Mapping[str, object]) -> Quality:
    """Return what the status words say."""
    words = list(_words(fields))
    said = [
        name
        for name, part in (
            (QUESTIONABLE, "doubts"),
            (CALIBRATING, "calibrating"),
            (EARLY, "early"),
        )
        if any(value & getattr(word, part) for word, value in words)
    ]
    absent = "not-performed" if any(value & word.absent for word, value in words) else None
    if any(value & word.error for word, value in words):
        absent = "error"
    return Quality(
        tuple(said), absent, any(value & word.test for word, value in words),
        tuple(_component(word, value) for word, value in words),
    )  # fmt: skip


def _words(fields: Mapping[str, object]) -> Iterator[tuple[Word, int]]:
    taken: set[str] = set()
    for word in _WORDS:
        value = fields.get(word.key)
        if word.only in fields and word.key not in taken and isinstance(value, int):
            taken.add(word.key)
            yield word, value


def _component(word: Word, value: int) -> Resource:
    return {"code": coded.mdc(word.mdc, word.reference), "valueInteger": value}


def without_value(said: Resource, quality: Quality) -> Resource:
    """Return `dataAbsentReason` in place of a value that a status word takes away."""
    return (
        said if quality.absent is None else {"dataAbsentReason": quantity.because(quality.absent)}
    )
