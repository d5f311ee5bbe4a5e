"""What was measured, as Observations without what stands around them (`of` adds that).

Every characteristic of docs/decoders.md that is a measurement; docs/fhir.md says which become
what. What is none (battery, clocks, features, waveforms, a cuff on its way up) gives nothing, and
what could not be decoded neither: its bytes stay with the receiver, until a decoder is mended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from varde_host import messages
from varde_host.fhir import coded, glucose, health_sensor, pressure, weighing
from varde_host.fhir.drafting import FINAL, PRELIMINARY, Draft, Drafter, supplemental
from varde_host.fhir.measured import Measured
from varde_host.fhir.style import Resource, Style
from varde_protocols import assigned

__all__ = ["Draft", "observations"]

_INTERMEDIATE: Final = 0x2A1E

# ISO/IEEE 11073-10101 (HL7/phd, numeric-spotnumeric.json; signove/antidote, nomenclature.h).
_SPOT: Final = coded.mdc(150588, "MDC_MODALITY_SPOT")
_FAST: Final = coded.mdc(150580, "MDC_MODALITY_FAST")
_SLOW: Final = coded.mdc(150584, "MDC_MODALITY_SLOW")

# Health Thermometer Service 1.0, Temperature Type; 2 is the body, others are reserved.
_SITES: Final = {
    1: "armpit", 3: "ear", 4: "finger", 5: "intestine", 6: "mouth", 7: "rectum", 8: "toe",
    9: "tympanum",
}  # fmt: skip
_OF_OXIMETER: Final = (
    "searching", "no_finger", "calibrating", "worn", "movement", "pulse_amplitude_raw",
)  # fmt: skip


def observations(measured: Measured, style: Style) -> list[Draft]:
    """Return what was measured, in order; nothing for what is no measurement."""
    if measured.error is not None:
        return []
    fields, characteristic = measured.fields, measured.characteristic
    recorded, of_record = fields.get("recorded"), fields.get("uuid16")
    if isinstance(recorded, Mapping) and isinstance(of_record, int):
        fields, characteristic = recorded, of_record
    read = _READERS.get(characteristic)
    if read is None or not fields:
        return []
    status = PRELIMINARY if characteristic == _INTERMEDIATE else FINAL
    return list(read(Drafter(measured, fields, style, status)))


def _oximetry(drafter: Drafter) -> Iterator[Draft]:
    fields = drafter.fields
    if isinstance(fields.get("data_hex"), str):
        return  # a piece of the waveform, or an answer that is no reading
    spot = [supplemental(_SPOT)] if "clock_not_set" in fields else []
    yield from _pair(drafter, "", "", [*spot, *drafter.texts(*_OF_OXIMETER)])
    for suffix, modality in (("fast", _FAST), ("slow", _SLOW)):
        if fields.get(f"spo2_{suffix}") is not None:
            yield from _pair(drafter, f"_{suffix}", f"-{suffix}", [supplemental(modality)])
    for key in ("pulse_amplitude_index", "perfusion_index"):
        if fields.get(key) is not None:
            yield drafter.value("pulse-amplitude", "pulse-amplitude", fields[key], "%", spot)


def _pair(drafter: Drafter, suffix: str, kind: str, components: list[Resource]) -> Iterator[Draft]:
    """SpO2 and the pulse that came with it."""
    spo2, pulse = drafter.fields.get(f"spo2{suffix}"), drafter.fields.get(f"pulse_rate{suffix}")
    yield drafter.value(f"spo2{kind}", "spo2", spo2, "%", components)
    if pulse is not None or not drafter.is_typed:  # on paper what is not there was not measured
        yield drafter.value(f"pulse{kind}", "pulse-oximeter", pulse, "/min", components)


def _temperature(drafter: Drafter) -> Iterator[Draft]:
    fields = drafter.fields
    kind = fields.get("type")
    site = _SITES.get(kind) if isinstance(kind, int) else None
    with messages.spoken(drafter.style.language):
        notes = [messages.text(f"value.{site}")] if site else []
    name = f"temperature-{site}" if site else "temperature"
    value, unit = fields["temperature"], str(fields["unit"])
    yield drafter.value("temperature", name, value, unit, drafter.texts("type"), notes)


def _heart(drafter: Drafter) -> Iterator[Draft]:
    fields = drafter.fields
    energy = fields.get("energy_kj")
    components = [] if energy is None else [drafter.own("energy-expended", energy, "kJ")]
    components += drafter.texts("contact", "rr_1024")
    yield drafter.value("heart-rate", "heart-rate", fields["heart_rate"], "/min", components)


_READERS: Final[Mapping[int, Callable[[Drafter], Iterator[Draft]]]] = {
    0x2A5E: _oximetry,
    0x2A5F: _oximetry,
    assigned.NONIN_CONTINUOUS: _oximetry,
    assigned.VIATOM_NOTIFY: _oximetry,
    assigned.BERRYMED_NOTIFY: _oximetry,
    assigned.JUMPER_NOTIFY: _oximetry,
    0x2A35: pressure.drafts,
    0x2A9D: weighing.drafts,
    0x2A9C: weighing.drafts,
    assigned.XIAOMI_ADVERT_WEIGHT: weighing.drafts,
    assigned.XIAOMI_ADVERT_BODY: weighing.drafts,
    0x2A1C: _temperature,
    _INTERMEDIATE: _temperature,
    0x2A18: glucose.drafts,
    0x2A34: glucose.context,
    0x2A37: _heart,
    0x2B8B: health_sensor.drafts,
    0x2BDD: health_sensor.drafts,
}
