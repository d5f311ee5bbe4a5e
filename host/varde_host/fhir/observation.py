"""What was measured, as Observations without what stands around them (`of` adds that).

Every characteristic of docs/decoders.md that is a measurement. What is none (battery, clocks,
features, waveforms, pressure on its way up, a temperature that is not final) gives nothing. What
could not be decoded gives nothing either: the bytes stay with the receiver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from varde_host import messages
from varde_host.fhir import coded, codes, marking, quality, quantity
from varde_host.fhir.measured import Measured
from varde_host.fhir.style import Resource, Style
from varde_host.receiver import status_words

Fields = Mapping[str, object]

SUPPLEMENTAL: Final = coded.mdc(68193, "MDC_ATTR_SUPPLEMENTAL_TYPES")
_SPOT: Final = coded.mdc(150588, "MDC_MODALITY_SPOT")
_FAST: Final = coded.mdc(150580, "MDC_MODALITY_FAST")
_SLOW: Final = coded.mdc(150584, "MDC_MODALITY_SLOW")

_VITAL_SIGNS: Final = {
    "coding": [{
        "system": "http://terminology.hl7.org/CodeSystem/observation-category",
        "code": "vital-signs",
    }]
}  # fmt: skip
_INTERMEDIATE: Final = frozenset({0x2A1E, 0x2A36})

# Body composition: field, code, unit ("" is the frame's own).
_MASSES: Final = (
    ("body_fat_pct", "body-fat", "%"),
    ("fat_free_mass", "fat-free-mass", ""),
    ("soft_lean_mass", "soft-lean-mass", ""),
    ("body_water_mass", "body-water", ""),
)
# What has no code that is known here: said with the site's own.
_OWN: Final = (
    ("bmr_kj", "metabolism", "kJ"),
    ("muscle_pct", "muscle-percentage", "%"),
    ("muscle_mass", "muscle-mass", ""),
    ("impedance_ohm", "impedance", "Ohm"),
    ("impedance", "impedance", "Ohm"),
)

# MDC of a glucose by sample type (Glucose Service 1.0.1, 3.1.1.6), and LOINC by unit where known.
_GLUCOSE: Final = {
    1: 160184, 2: 160188, 3: 160192, 4: 160196, 5: 160200, 6: 160204, 7: 160364, 8: 160368,
    9: 160212, 10: 160208,
}  # fmt: skip
_GLUCOSE_UNKNOWN: Final = 160020
_GLUCOSE_LOINC: Final = {"mol/L": "15074-8", "kg/L": "2339-0"}
_BLOOD: Final = frozenset({1, 3, 5, 7})
_CONTROL_TYPE, _CONTROL_LOCATION, _CONTROL = 10, 4, 160208

# Health Thermometer Service 1.0, Temperature Type, in words; Heart Rate Service contact.
_SITES: Final = {
    1: "armpit", 2: "body", 3: "ear", 4: "finger", 5: "intestine", 6: "mouth", 7: "rectum",
    8: "toe", 9: "tympanum",
}  # fmt: skip

# Generic Health Sensor: MDC types that have a row of codes, and units.
_MDC_NAMES: Final = {row["mdc"]: name for name, row in codes.table().items()}
_MDC_UNITS: Final = {
    262688: "%", 264864: "/min", 266016: "mmHg", 265987: "kPa", 263875: "kg", 263904: "lb",
    268192: "Cel", 266560: "degF", 264274: "mg/dL", 266866: "mmol/L",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Draft:
    """An Observation without identifier, device, subject and time; `kind` tells those of one
    measurement apart."""

    resource: Resource
    kind: str


def observations(measured: Measured, style: Style) -> list[Draft]:
    """Return what was measured, in order."""
    fields = measured.fields
    recorded = fields.get("recorded")
    if isinstance(recorded, Mapping):
        fields = recorded
    if measured.error is not None or measured.characteristic in _INTERMEDIATE:
        return []
    found: list[Draft] = []
    for reads, read in _READERS:
        if reads in fields:
            found += read(_Made(measured, fields, style))
    return found


class _Made:
    """One measurement's fields, and how its drafts are put together."""

    def __init__(self, measured: Measured, fields: Fields, style: Style) -> None:
        self.fields = fields
        self.style = style
        self.quality = quality.of(fields)
        self._meta = marking.meta(measured, self.quality, style)
        with messages.spoken(style.language):
            words = status_words.of(fields)
        self._notes = marking.notes(measured, words, style)

    def draft(
        self, kind: str, code: Resource, said: Resource, components: Sequence[Resource] = (),
        notes: Sequence[str] = (),
    ) -> Draft:  # fmt: skip
        is_early = quality.EARLY in self.quality.interpretations
        resource: dict[str, Any] = {
            "resourceType": "Observation",
            "meta": self._meta,
            "status": "preliminary" if is_early else "final",
            "category": [_VITAL_SIGNS] if _is_vital(code) else [],
            "code": code,
            **said,
            "interpretation": self.quality.interpretation(),
            "note": [{"text": each} for each in (*self._notes, *notes)],
            "component": [*components, *self.quality.components],
        }
        return Draft(coded.without_nothing(resource), kind)

    def value(
        self, kind: str, name: str, value: object, unit: str, components: Sequence[Resource] = (),
        notes: Sequence[str] = (),
    ) -> Draft:  # fmt: skip
        said = quality.without_value(quantity.said(value, unit), self.quality)
        return self.draft(kind, codes.concept(name, self.style.target), said, components, notes)

    def own(self, kind: str, value: object, unit: str) -> Draft:
        system = self.style.system("measure")
        code = {"coding": [{"system": system, "code": kind}], "text": kind}
        return self.draft(kind, code, quantity.said(value, unit))


def _is_vital(code: Resource) -> bool:
    return any(each["code"] in codes.VITAL for each in code["coding"])


def _supplemental(modality: Resource) -> Resource:
    return {"code": SUPPLEMENTAL, "valueCodeableConcept": modality}


def _oximetry(made: _Made) -> Iterator[Draft]:
    fields = made.fields
    modality = [_supplemental(_SPOT)] if "clock_not_set" in fields else []
    for suffix, kind, more in (("", "", modality), ("_fast", "-fast", [_supplemental(_FAST)]),
                               ("_slow", "-slow", [_supplemental(_SLOW)])):  # fmt: skip
        spo2, pulse = fields.get(f"spo2{suffix}"), fields.get(f"pulse_rate{suffix}")
        if suffix == "" or spo2 is not None:
            yield made.value(f"spo2{kind}", "spo2", spo2, "%", more)
        if suffix == "" or pulse is not None:
            yield made.value(f"pulse{kind}", "pulse-oximeter", pulse, "/min", more)
    for key in ("pulse_amplitude_index", "perfusion_index"):
        if fields.get(key) is not None:
            yield made.value("pulse-amplitude", "pulse-amplitude", fields[key], "%", modality)


def _pressure(made: _Made) -> Iterator[Draft]:
    fields, target = made.fields, made.style.target
    parts = [("systolic", "systolic"), ("diastolic", "diastolic"), ("map", "mean-pressure")]
    components = [
        {"code": codes.concept(name, target), **quality.without_value(
            quantity.said(fields[key], str(fields["unit"])), made.quality)}
        for key, name in parts
        if key != "map" or quantity.number(fields.get(key)) is not None
    ]  # fmt: skip
    yield made.draft("blood-pressure", codes.concept("blood-pressure", target), {}, components)
    if fields.get("pulse_rate") is not None:
        yield made.value("pulse", "pulse-cuff", fields["pulse_rate"], "/min")


def _weight(made: _Made) -> Iterator[Draft]:
    fields = made.fields
    if fields.get("unit") == "jin" or fields.get("stabilized") is False or fields.get("removed"):
        return  # an advert on its way, or of before
    weight = fields["weight"]
    is_composition = "body_fat_pct" in fields
    if weight is not None or not is_composition:
        failed = {"dataAbsentReason": quantity.because("error")}
        if weight is None:
            yield made.draft("weight", codes.concept("weight", made.style.target), failed)
        else:
            yield made.value("weight", "weight", weight, str(fields["unit"]))
    if fields.get("bmi") is not None:
        yield made.value("bmi", "bmi", fields["bmi"], "kg/m2")
    if fields.get("height") is not None:
        yield made.value("height", "height", fields["height"], str(fields["height_unit"]))
    for key, kind, unit in _OWN:
        if fields.get(key) is not None and (is_composition or key == "impedance"):
            yield made.own(kind, fields[key], unit or str(fields["unit"]))


def _composition(made: _Made) -> Iterator[Draft]:
    fields = made.fields
    for key, name, unit in _MASSES:
        if fields.get(key) is not None:
            yield made.value(name, name, fields[key], unit or str(fields["unit"]))
    if fields.get("body_fat_pct") is None and fields.get("unsuccessful"):
        failed = {"dataAbsentReason": quantity.because("error")}
        yield made.draft("body-fat", codes.concept("body-fat", made.style.target), failed)


def _temperature(made: _Made) -> Iterator[Draft]:
    fields = made.fields
    site = _SITES.get(fields["type"]) if isinstance(fields.get("type"), int) else None  # type: ignore[call-overload]
    with messages.spoken(made.style.language):
        notes = [messages.text(f"value.{site}")] if site else []
    yield made.value("temperature", "temperature", fields["temperature"], str(fields["unit"]),
                     notes=notes)  # fmt: skip


def _glucose(made: _Made) -> Iterator[Draft]:
    fields = made.fields
    if fields.get("concentration") is None:
        return
    sample, unit = fields.get("sample_type"), str(fields["unit"])
    is_control = sample == _CONTROL_TYPE or fields.get("sample_location") == _CONTROL_LOCATION
    mdc = _GLUCOSE.get(sample, _GLUCOSE_UNKNOWN) if isinstance(sample, int) else _GLUCOSE_UNKNOWN
    code = coded.mdc(_CONTROL if is_control else mdc, "MDC_CONC_GLU")
    if not is_control and sample in _BLOOD:
        code["coding"].append({"system": codes.LOINC, "code": _GLUCOSE_LOINC[unit]})
    said = quality.without_value(quantity.said(fields["concentration"], unit), made.quality)
    with messages.spoken(made.style.language):
        notes = [messages.text("fhir.control")] if is_control else []
    yield made.draft("glucose-control" if is_control else "glucose", code, said, notes=notes)


def _heart(made: _Made) -> Iterator[Draft]:
    yield made.value("heart-rate", "heart-rate", made.fields["heart_rate"], "/min")


def _health(made: _Made) -> Iterator[Draft]:
    """Generic Health Sensor: numeric observations whose type and unit are known here."""
    fields = made.fields
    unit = _MDC_UNITS.get(fields.get("unit"))  # type: ignore[call-overload]
    if fields.get("class") != "numeric" or fields.get("value") is None or unit is None:
        return
    kind = fields.get("type")
    name = _MDC_NAMES.get(kind)
    unit = {"mmol/L": "mmol/L", "mg/dL": "mg/dL"}.get(unit, unit)
    if name is not None:
        yield made.value(name, name, fields["value"], unit)
    else:
        said = quality.without_value(quantity.said(fields["value"], unit), made.quality)
        yield made.draft(f"mdc-{kind}", coded.mdc(str(kind)), said)


_READERS: Final[tuple[tuple[str, Callable[[_Made], Iterator[Draft]]], ...]] = (
    ("spo2", _oximetry),
    ("systolic", _pressure),
    ("weight", _weight),
    ("body_fat_pct", _composition),
    ("temperature", _temperature),
    ("base_time", _glucose),
    ("heart_rate", _heart),
    ("class", _health),
)
