"""What a sensor says of how good a value is, as an Observation has it.

By HL7/phd, StructureDefinition-PhdBaseObservation-notes.md, *Measurement Status*, and for what
that leaves open by the point-of-care guide's table of the same bits:

- invalid and not available take the value away (`dataAbsentReason`);
- questionable, calibrating, early, ongoing, validated and thresholds are `interpretation`; an
  early one is preliminary;
- testing and demonstration are labelled (`HTEST`), so that nobody takes them for a patient's.

Of the other bits each that is set stands in a component, in the code of HL7/phd (ASN1ToHL7, whose
bits count from the other end than Bluetooth's for oximeters). A bit that nobody has named is a
doubt. The whole word stands in a component too, so that nothing of it is lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from varde_host.fhir import coded, codes, quantity
from varde_host.fhir.style import Resource, Style
from varde_host.receiver import status_words

STATUS: Final = "http://hl7.org/fhir/uv/pocd/CodeSystem/measurement-status"
BITS: Final = "http://hl7.org/fhir/uv/phd/CodeSystem/ASN1ToHL7"
_YES: Final = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0136", "code": "Y"}]
}
TEST: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "HTEST",
}

QUESTIONABLE: Final = "questionable"
CALIBRATING: Final = "calibration-ongoing"
EARLY: Final = "early-indication"
ONGOING: Final = "msmt-ongoing"
VALIDATED: Final = "validated-data"
IN_ALARM: Final = "in-alarm"
INHIBITED: Final = "alarm-inhibited"
_INVALID: Final = "invalid"
_UNAVAILABLE: Final = "unavailable"
_TEST: Final = "test"
_FINE: Final = ""

# ASN1ToHL7 (commit 05f09089) of the bits of a word, by number there.
_PRESSURE: Final = (
    "body-movement", "cuff-too-loose", "irregular-pulse", "pulse-rate-above", "pulse-rate-below",
    "improper-body-position",
)  # fmt: skip
_OXIMETER: Final = (
    "sensor-disconnected", "sensor-malfunction", "sensor-displaced", "sensor-unsupported",
    "sensor-off", "sensor-interference", "signal-searching", "signal-pulse-questionable",
    "signal-non-pulsatile", "signal-erratic", "signal-low-perfusion", "signal-poor",
    "signal-inadequate", "signal-processing-irregularity", "device-equipment-malfunction",
    "device-extended-update",
)  # fmt: skip
_GLUCOSE: Final = (
    "device-battery-low", "sensor-malfunction", "sensor-sample-size-insufficient",
    "sensor-strip-insertion", "sensor-strip-type-incorrect", "sensor-result-too-high",
    "sensor-result-too-low", "sensor-temp-too-high", "sensor-temp-too-low",
    "sensor-read-interrupt", "device-gen-fault",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Word:
    """A status word: a field that only its kind of value has, its own field and MDC code, what
    its bits do (a doubt, if they are not here), and their names in ASN1ToHL7."""

    only: str
    key: str
    mdc: int
    reference: str
    does: Mapping[int, str]
    names: tuple[str, ...] = ()
    is_reversed: bool = False


# Bits by Blood Pressure Service 1.1.1, Glucose and Pulse Oximeter Service 1.0.1, Generic Health
# Sensor Service 1.0 (`status_words`, and the decoders' modules).
_WORDS: Final = (
    _Word("systolic", "measurement_status", 8410608, "MDC_BLOOD_PRESSURE_MEASUREMENT_STATUS",
          {2: _FINE, 3: _FINE, 4: _FINE}, _PRESSURE),
    _Word("base_time", "sensor_status", 8417752, "MDC_GLU_METER_DEV_STATUS", {0: _FINE}, _GLUCOSE),
    _Word("class", "status", 67911, "MDC_ATTR_MSMT_STAT",
          {0: _INVALID, 2: _UNAVAILABLE, 4: CALIBRATING, 5: _TEST, 6: EARLY, 14: IN_ALARM,
           15: INHIBITED}),
    _Word("spo2", "measurement_status", 67911, "MDC_ATTR_MSMT_STAT",
          {5: ONGOING, 6: EARLY, 7: VALIDATED, 8: _FINE, 9: _FINE, 10: _TEST, 11: _TEST,
           12: CALIBRATING, 13: _UNAVAILABLE, 15: _INVALID}),
    _Word("spo2", "sensor_status", 150604, "MDC_PULS_OXIM_DEV_STATUS", {0: _FINE}, _OXIMETER,
          is_reversed=True),
)  # fmt: skip

# Nonin's own word has no code of MDC's (`nonin_3230`); a finger is said by `_FLAGS`.
_NONIN_DOUBTS: Final = 0x8A

# Other fields that say as much: the field, the value it has then, what it does.
_FLAGS: Final[tuple[tuple[str, object, str], ...]] = (
    ("contact", "not_detected", QUESTIONABLE),
    ("searching", True, QUESTIONABLE),
    ("under_5_kg", True, QUESTIONABLE),
    ("calibrating", True, _UNAVAILABLE),
)
_ORDER: Final = (QUESTIONABLE, CALIBRATING, EARLY, ONGOING, VALIDATED, IN_ALARM, INHIBITED)


@dataclass(frozen=True, slots=True)
class Quality:
    """What all of it says together.

    `absent` is why there is no value, whatever was sent; `missing` why one was not sent.
    """

    interpretations: tuple[str, ...]
    absent: str | None
    missing: str
    is_test: bool
    components: tuple[Resource, ...]

    @property
    def is_preliminary(self) -> bool:
        """Whether a better value may follow."""
        return EARLY in self.interpretations

    def interpretation(self) -> list[Resource]:
        """Return it as an Observation has it; there is none of a value that is not there."""
        if self.absent is not None:
            return []
        return [{"coding": [{"system": STATUS, "code": each}]} for each in self.interpretations]

    def over(self, said: Resource) -> Resource:
        """Return a value as it was said, or why it does not count."""
        return said if self.absent is None else quantity.because(self.absent)


def of(fields: Mapping[str, object], style: Style) -> Quality:
    """Return what the status words and flags among the fields of a value say."""
    words = list(_words(fields))
    done = {each for word, value in words for each in _done(word, value)}
    done |= {does for key, value, does in _FLAGS if fields.get(key) == value}
    nonin = _nonin(fields)
    if nonin is not None and nonin & _NONIN_DOUBTS:
        done.add(QUESTIONABLE)
    has_finger = status_words.has_finger(fields)
    if not has_finger:
        done.add(QUESTIONABLE)
    absent = quantity.NOT_PERFORMED if _UNAVAILABLE in done else None
    components = [each for word, value in words for each in _components(word, value)]
    if nonin is not None:
        components.append(_said(codes.own("nonin-status", style), nonin))
    return Quality(
        tuple(each for each in _ORDER if each in done),
        quantity.ERROR if _INVALID in done else absent,
        quantity.UNKNOWN if has_finger else quantity.NOT_PERFORMED,
        _TEST in done, tuple(components),
    )  # fmt: skip


def _nonin(fields: Mapping[str, object]) -> int | None:
    word = fields.get("sensor_status")
    return word if "counter_s" in fields and isinstance(word, int) else None


def _words(fields: Mapping[str, object]) -> Iterator[tuple[_Word, int]]:
    if "counter_s" in fields:
        return
    for word in _WORDS:
        value = fields.get(word.key)
        if word.only in fields and isinstance(value, int):
            yield word, value


def _bits(value: int) -> Iterator[int]:
    return (bit for bit in range(value.bit_length()) if value >> bit & 1)


def _done(word: _Word, value: int) -> Iterator[str]:
    return (word.does.get(bit, QUESTIONABLE) for bit in _bits(value))


def _components(word: _Word, value: int) -> Iterator[Resource]:
    for bit in _bits(value):
        if bit < len(word.names):
            number = len(word.names) - 1 - bit if word.is_reversed else bit
            coding = {"system": BITS, "code": f"{word.mdc}.{number}"}
            yield {
                "code": {"coding": [coding], "text": word.names[number]},
                "valueCodeableConcept": _YES,
            }
    yield _said(coded.mdc(word.mdc, word.reference), value)


def _said(code: Resource, value: int) -> Resource:
    return {"code": code, "valueString": f"{value:#06x}"}
