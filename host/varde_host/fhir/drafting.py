"""An Observation's draft: what was measured, how good it is, and what is said beside it.

What has no code that could be checked is said in a component by a code of the site's own
(`{base}measure`), as text with the sensor's digits; nothing of a value is dropped in silence
(`left_out` has what is left out, and why).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from varde_host import messages
from varde_host.fhir import coded, codes, marking, quality, quantity
from varde_host.fhir.measured import Measured
from varde_host.fhir.style import Resource, Style
from varde_host.receiver import status_words
from varde_protocols import gatt

Fields = Mapping[str, object]

SUPPLEMENTAL: Final = coded.mdc(68193, "MDC_ATTR_SUPPLEMENTAL_TYPES")
FINAL: Final = "final"
PRELIMINARY: Final = "preliminary"
_VITAL_SIGNS: Final = {
    "coding": [{
        "system": "http://terminology.hl7.org/CodeSystem/observation-category",
        "code": "vital-signs",
    }]
}  # fmt: skip
_UNKNOWN_USER: Final = 255
_USERS: Final = ("user_id", "patient")
"""Who of a sensor's users it was, by the sensor's own count: no person (`subject` says whose)."""
_NAMES: Final = {**dict.fromkeys(_USERS, "user"), "type": "temperature-type"}


@dataclass(frozen=True, slots=True)
class Draft:
    """An Observation without identifier, device, subject and time (`of` adds them).

    `kind` tells those of one measurement apart: "spo2", "pulse", "blood-pressure", "weight" ...
    """

    resource: Resource
    kind: str


class Drafter:
    """Makes the drafts of one measurement, all with what its sensor says of all of it."""

    def __init__(
        self, measured: Measured, fields: Fields, style: Style, status: str = FINAL
    ) -> None:
        self.fields = fields
        self.style = style
        self.is_typed = measured.entered is not None
        self.quality = quality.of(fields, style)
        self._status = PRELIMINARY if self.quality.is_preliminary else status
        self._is_test = self.quality.is_test
        self._measured = measured
        with messages.spoken(style.language):
            words = status_words.of(fields)
            self._notes = marking.notes(measured, [*words, *_user_in_words(fields)])
        self._common = [*self.texts(*_USERS), *self.quality.components]

    def draft(
        self, kind: str, code: Resource, said: Resource, components: Iterable[Resource] = (),
        notes: Sequence[str] = (), *, is_test: bool = False,
    ) -> Draft:  # fmt: skip
        """Return a draft with a value or a reason for none; `components` come before common ones.

        `is_test`: it is of the device and of nobody.
        """
        resource: dict[str, Any] = {
            "resourceType": "Observation",
            "meta": marking.meta(self._measured, self.style, is_test=is_test or self._is_test),
            "status": self._status,
            "category": [_VITAL_SIGNS] if codes.is_vital(code) else [],
            "code": code,
            **said,
            "interpretation": self.quality.interpretation(),
            "note": [{"text": each} for each in (*self._notes, *notes)],
            "component": [*components, *self._common],
        }
        return Draft(coded.without_nothing(resource), kind)

    def value(
        self, kind: str, name: str, value: object, unit: str, components: Iterable[Resource] = (),
        notes: Sequence[str] = (),
    ) -> Draft:  # fmt: skip
        """Return a draft of one number in a decoder's unit, `name` one of codes.toml."""
        code = codes.concept(name, self.style.target, unit)
        return self.draft(kind, code, self.said(value, unit), components, notes)

    def failed(self, kind: str, name: str) -> Draft:
        """Return one that was tried, and came to nothing."""
        code = codes.concept(name, self.style.target)
        return self.draft(kind, code, quantity.because(quantity.ERROR))

    def said(self, value: object, unit: str) -> Resource:
        """Return a number, or why there is none, also where a status word says so."""
        return self.quality.over(quantity.said(value, unit, self.quality.missing))

    def part(self, name: str, value: object, unit: str) -> Resource:
        """Return a component with a number, `name` one of codes.toml."""
        return {"code": codes.concept(name, self.style.target, unit), **self.said(value, unit)}

    def own(self, name: str, value: object, unit: str) -> Resource:
        """Return a component with a number, by a code of the site's own."""
        return {"code": codes.own(name, self.style), **self.said(value, unit)}

    def texts(self, *keys: str) -> list[Resource]:
        """Return a component of text, by a code of the site's own, for each field that has one."""
        return [
            {"code": codes.own(_name(key), self.style), **_text(self.fields[key])}
            for key in keys
            if self.fields.get(key) not in (None, [])
        ]


def supplemental(code: Resource) -> Resource:
    """Return the component of a supplemental type (PhdBaseObservation, l. 98-116)."""
    return {"code": SUPPLEMENTAL, "valueCodeableConcept": code}


def _name(key: str) -> str:
    return _NAMES.get(key) or key.replace("_", "-")


def _text(value: object) -> Resource:
    if isinstance(value, bool):
        return {"valueBoolean": value}
    if isinstance(value, list):
        return {"valueString": " ".join(map(str, value))}
    return {"valueString": value.text() if isinstance(value, gatt.Number) else str(value)}


def _user_in_words(fields: Fields) -> list[str]:
    known = [fields[key] for key in _USERS if fields.get(key) not in (None, _UNKNOWN_USER)]
    return [messages.text("value.user", user=each) for each in known]
