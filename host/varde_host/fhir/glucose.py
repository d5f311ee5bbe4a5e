"""Glucose and what was known of it (2A18, 2A34) as drafts.

A control solution is not the patient's value: it has a code of its own, says so in words, and is
labelled and of the device as test data is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from varde_host import messages
from varde_host.fhir import codes, quantity
from varde_host.fhir.drafting import Draft, Drafter
from varde_host.fhir.style import Resource

CONTROL: Final = "glucose-control"
_CONTROL_TYPE, _CONTROL_LOCATION = 10, 4

# Glucose Service 1.0.1, 3.1.1.6, Type; others are reserved.
_SAMPLES: Final = {
    1: "glucose-capillary-blood", 2: "glucose-capillary-plasma", 3: "glucose-venous-blood",
    4: "glucose-venous-plasma", 5: "glucose-arterial-blood", 6: "glucose-arterial-plasma",
    7: "glucose-some-blood", 8: "glucose-some-plasma", 9: "glucose-tissue",
}  # fmt: skip
_QUESTIONS: Final = ("meal", "tester", "health")
_OVERRUN: Final = 65535
"""Exercise of 18 hours and more (Glucose Service 1.0.1, 3.2.1.7)."""


def drafts(drafter: Drafter) -> Iterator[Draft]:
    """Return the concentration, also where a meter could not tell it."""
    fields = drafter.fields
    sample, unit = fields.get("sample_type"), str(fields.get("unit") or "mol/L")
    is_control = sample == _CONTROL_TYPE or fields.get("sample_location") == _CONTROL_LOCATION
    name = CONTROL if is_control else _name(drafter, sample)
    yield glucose(drafter, name, fields.get("concentration"), unit, _components(drafter))


def glucose(
    drafter: Drafter, name: str, value: object, unit: str, components: list[Resource]
) -> Draft:
    """Return one concentration; `name` is of codes.toml, `glucose-control` among them."""
    is_control = name == CONTROL
    code = codes.concept(name, drafter.style.target, unit)
    with messages.spoken(drafter.style.language):
        notes = [messages.text("fhir.control")] if is_control else []
    kind = CONTROL if is_control else "glucose"
    said = drafter.said(value, unit)
    return drafter.draft(kind, code, said, components, notes, is_test=is_control)


def _name(drafter: Drafter, sample: object) -> str:
    if sample is None and drafter.is_typed:
        return "glucose-typed"
    return _SAMPLES.get(sample, "glucose") if isinstance(sample, int) else "glucose"


def _components(drafter: Drafter) -> list[Resource]:
    location = drafter.fields.get("sample_location")
    found = [] if location is None else [_answer(drafter, "sample-location", location)]
    return [*found, *drafter.texts("sample_type", "sequence")]


def _answer(drafter: Drafter, question: str, number: object) -> Resource:
    """Return a component with a coded answer; a reserved one has a reason, and its number."""
    code = codes.concept(question, drafter.style.target)
    return {"code": code, **_answered(question, number)}


def _answered(question: str, number: object) -> Resource:
    found = codes.answer(question, number)
    if found is None:
        return quantity.because(quantity.UNKNOWN, str(number))
    return {"valueCodeableConcept": found}


def context(drafter: Drafter) -> Iterator[Draft]:
    """Return what was known of the measurement with the same sequence number."""
    fields, target = drafter.fields, drafter.style.target
    common = drafter.texts("sequence", "extended_flags")
    for question in _QUESTIONS:
        if fields.get(question) is not None:
            said = _answered(question, fields[question])
            kind = f"glucose-{question}"
            yield drafter.draft(kind, codes.concept(question, target), said, common)
    if fields.get("carbohydrate_id") is not None:
        yield _amount(drafter, "carbohydrate", "kg", common)
    if fields.get("medication_id") is not None:
        yield _amount(drafter, "medication", str(fields["medication_unit"]), common)
    if fields.get("exercise_duration_s") is not None:
        yield _exercise(drafter, common)
    if fields.get("hba1c_pct") is not None:
        yield drafter.value("hba1c", "hba1c", fields["hba1c_pct"], "%", common)


def _amount(drafter: Drafter, what: str, unit: str, common: list[Resource]) -> Draft:
    """Of which food or medicine is in the code; of a reserved one the number is a component."""
    fields = drafter.fields
    found = codes.answer(what, fields[f"{what}_id"])
    code = found or codes.concept(what, drafter.style.target)
    components = common if found else [*common, *drafter.texts(f"{what}_id")]
    return drafter.draft(f"glucose-{what}", code, drafter.said(fields[what], unit), components)


def _exercise(drafter: Drafter, common: list[Resource]) -> Draft:
    fields = drafter.fields
    duration = fields["exercise_duration_s"]
    said = (
        quantity.because("positive-infinity", str(duration))
        if duration == _OVERRUN
        else drafter.said(duration, "s")
    )
    part = {"code": codes.own("exercise-duration", drafter.style), **said}
    code = codes.concept("exercise", drafter.style.target)
    intensity = drafter.said(fields["exercise_intensity_pct"], "%")
    return drafter.draft("glucose-exercise", code, intensity, [part, *common])


def by_mdc(code: object) -> str | None:
    """Return the name of a glucose by its MDC code, None for what is none."""
    name = codes.measures_by_mdc().get(code) if isinstance(code, int) else None
    return name if name is not None and name.startswith("glucose") else None
