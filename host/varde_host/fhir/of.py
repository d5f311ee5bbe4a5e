"""One measurement as FHIR: its Observations, and the devices and clocks around them.

Pure, and the same each time: what is the same measurement has the same identifiers, references
and bytes, whoever asks and whenever.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from varde_host.fhir import (
    coded,
    coincident,
    cuff,
    device,
    device_metric,
    identifier,
    observation,
    profile,
    remarks,
    subject,
    time,
)
from varde_host.fhir import measured as measured_module
from varde_host.fhir.style import PHD, Resource, Style

GATEWAY: Final = "http://hl7.org/fhir/StructureDefinition/observation-gatewayDevice"

_IN_ERROR: Final = "entered-in-error"

# What the resources inside an Observation are called in it.
_SENSOR: Final = "sensor"
_HUB: Final = "hub"
_METRIC: Final = "metric"
_COINCIDENT: Final = "coincident"


@dataclass(frozen=True, slots=True)
class Made:
    """`observations` are what was measured, in order, none where nothing was; `kinds` are theirs.

    The first identifier of each is its own for ever (`identifier.of`), by which it is created
    conditionally, amended and known in the ledger. `around` are Devices, DeviceMetrics and the
    coincident time that the observations refer to as `urn:uuid:`, what is referred to first; empty
    where the style puts them inside.
    """

    observations: list[Resource]
    around: list[Resource]
    kinds: list[str]


@dataclass(frozen=True, slots=True)
class _Around:
    """What one measurement's Observations refer to, and by which name."""

    resources: dict[str, Resource]
    is_contained: bool

    def reference(self, name: str) -> str | None:
        found = self.resources.get(name)
        if found is None:
            return None
        return f"#{name}" if self.is_contained else identifier.full_url(found)

    def contained(self) -> list[Resource]:
        """A resource inside another has no meta that a store would keep apart."""
        if not self.is_contained:
            return []
        return [
            {"resourceType": each["resourceType"], "id": name, **_bare(each)}
            for name, each in self.resources.items()
        ]


def _bare(resource: Resource) -> Resource:
    return {key: value for key, value in resource.items() if key != "resourceType"}


def of(measured: measured_module.Measured, style: Style) -> Made:
    """Return all that is handed on of a measurement in a target's style."""
    made, around, kinds = [], {}, []
    shared = _shared(measured, style)
    seen: dict[str, int] = {}
    for draft in observation.observations(measured, style):
        if measured.entered is not None and not _says_something(draft.resource):
            continue  # what nobody wrote on the form is not missing
        number = seen[draft.kind] = seen.get(draft.kind, 0) + 1
        kind = draft.kind if number == 1 else f"{draft.kind}-{number}"
        mine = _with_metric(measured, draft.resource, shared, style)
        made.append(_whole(measured, draft.resource, kind, mine, style))
        kinds.append(kind)
        if not mine.is_contained:
            around.update({identifier.full_url(each): each for each in mine.resources.values()})
    return Made(made, list(around.values()), kinds)


def _says_something(draft: Resource) -> bool:
    return any("valueQuantity" in each for each in (draft, *draft.get("component", ())))


def _shared(measured: measured_module.Measured, style: Style) -> _Around:
    """The devices and the coincident time, the same for all Observations of a measurement."""
    found = _Around({_SENSOR: device.of_thing(measured, style)}, style.is_contained)
    hub = device.of_hub(measured, style)
    if hub is not None:
        found.resources[_HUB] = hub
    of_sensor, of_hub = found.reference(_SENSOR), found.reference(_HUB)
    if of_sensor is not None and of_hub is not None:
        pair = coincident.of(measured, of_sensor, of_hub, style)
        if pair is not None:
            found.resources[_COINCIDENT] = pair
    return found


def _with_metric(
    measured: measured_module.Measured, draft: Resource, shared: _Around, style: Style
) -> _Around:
    sensor = shared.resources[_SENSOR]
    source = shared.reference(_SENSOR) or ""
    metric = device_metric.of(measured, draft["code"], sensor, source, style)
    added = {} if metric is None else {_METRIC: metric}
    return _Around({**shared.resources, **added}, shared.is_contained)


def _whole(
    measured: measured_module.Measured, draft: Resource, kind: str, around: _Around, style: Style
) -> Resource:
    """Return an Observation with all that is known around what was measured."""
    known_as = [identifier.own(measured, kind, style), identifier.by_recipe(measured, draft)]
    pair = around.reference(_COINCIDENT)
    is_withdrawn = measured.entered is not None and measured.entered.is_withdrawn
    whole: dict[str, Any] = {
        **draft,
        "status": _IN_ERROR if is_withdrawn else draft["status"],
        "meta": _meta(draft, style),
        "contained": around.contained(),
        "extension": [
            *draft.get("extension", []), *cuff.of_pressure(measured, draft, style),
            *_extensions(measured, around, style),
        ],
        "identifier": [each for each in known_as if each is not None],
        "category": _category(draft, style),
        "subject": _subject(measured, draft, around, style),
        **time.effective(measured),
        "device": coded.without_nothing({
            "reference": around.reference(_SENSOR), "type": "Device",
            "display": device.display(measured),
        }),
        "note": [*draft.get("note", []), *remarks.of(measured, style)],
        "derivedFrom": [{"reference": pair, "type": "Observation"}] if pair else [],
    }  # fmt: skip
    return coded.without_nothing(whole)


def _meta(draft: Resource, style: Style) -> Resource:
    claims = profile.claims(draft, style.target)
    return coded.without_nothing({"profile": claims, **draft.get("meta", {})})


def _category(draft: Resource, style: Style) -> list[Resource]:
    mine = [profile.PHD_CATEGORY] if style.target == PHD else []
    return [*draft.get("category", []), *mine]


def _subject(
    measured: measured_module.Measured, draft: Resource, around: _Around, style: Style
) -> Resource:
    """Test data is of the device, all else of whoever has the loan."""
    if measured_module.TEST in measured.marks or profile.is_of_device(draft):
        return {"reference": around.reference(_SENSOR), "type": subject.DEVICE}
    return subject.of_loan(measured.loan_id, style)


def _extensions(
    measured: measured_module.Measured, around: _Around, style: Style
) -> list[Resource]:
    found = [time.extension(measured, style)]
    hub, pair = around.reference(_HUB), around.reference(_COINCIDENT)
    if hub is not None:
        found.append({"url": GATEWAY, "valueReference": {"reference": hub, "type": "Device"}})
    if pair is not None and style.target == PHD:
        referred = {"reference": pair, "type": "Observation"}
        found.append({"url": coincident.REFERENCE, "valueReference": referred})
    if measured.standing is not None:
        metric = around.reference(_METRIC)
        found.append(device_metric.extension(measured.standing, style, metric))
    return found
