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
from varde_host.fhir.around import COINCIDENT, HUB, METRIC, SENSOR, Around
from varde_host.fhir.style import PHD, Resource, Style

GATEWAY: Final = "http://hl7.org/fhir/StructureDefinition/observation-gatewayDevice"

_IN_ERROR: Final = "entered-in-error"


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
        said = profile.kept(draft.resource)
        mine = _with_metric(measured, said, shared, style)
        made.append(_whole(measured, said, kind, mine, style))
        kinds.append(kind)
        around.update({identifier.full_url(each): each for each in mine.beside()})
    return Made(made, list(around.values()), kinds)


def _says_something(draft: Resource) -> bool:
    return any("valueQuantity" in each for each in (draft, *draft.get("component", ())))


def _shared(measured: measured_module.Measured, style: Style) -> Around:
    """The devices and the coincident time, the same for all Observations of a measurement."""
    found = Around({SENSOR: device.of_thing(measured, style)}, style.place)
    hub = device.of_hub(measured, style)
    if hub is not None:
        found.resources[HUB] = hub
    of_sensor, of_hub = found.reference(SENSOR), found.reference(HUB)
    if of_sensor is not None and of_hub is not None:
        pair = coincident.of(measured, of_sensor, of_hub, style)
        if pair is not None:
            found.resources[COINCIDENT] = pair
    return found


def _with_metric(
    measured: measured_module.Measured, draft: Resource, shared: Around, style: Style
) -> Around:
    source = shared.reference(SENSOR)
    if source is None:
        return shared
    sensor = shared.resources[SENSOR]
    metric = device_metric.of(measured, draft["code"], sensor, source, style)
    added = {} if metric is None else {METRIC: metric}
    return Around({**shared.resources, **added}, shared.place)


def _whole(
    measured: measured_module.Measured, draft: Resource, kind: str, around: Around, style: Style
) -> Resource:
    """Return an Observation with all that is known around what was measured."""
    known_as = [identifier.own(measured, kind, style), identifier.by_recipe(measured, draft)]
    pair = around.refer(COINCIDENT)
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
        "device": around.refer(SENSOR, device.display(measured)),
        "note": [*draft.get("note", []), *remarks.of(measured, style)],
        "derivedFrom": [pair] if pair else [],
    }  # fmt: skip
    return coded.without_nothing(whole)


def _meta(draft: Resource, style: Style) -> Resource:
    claims = profile.claims(draft, style.target)
    return coded.without_nothing({"profile": claims, **draft.get("meta", {})})


def _category(draft: Resource, style: Style) -> list[Resource]:
    mine = [profile.PHD_CATEGORY] if style.target == PHD else []
    return [*draft.get("category", []), *mine]


def _subject(
    measured: measured_module.Measured, draft: Resource, around: Around, style: Style
) -> Resource:
    """Test data is of the device, all else of whoever has the loan."""
    if measured_module.TEST in measured.marks or profile.is_of_device(draft):
        return around.refer(SENSOR) or {}
    return subject.of_loan(measured.loan_id, style)


def _extensions(
    measured: measured_module.Measured, around: Around, style: Style
) -> list[Resource]:
    found = [time.extension(measured, style)]
    hub, pair = around.refer(HUB), around.refer(COINCIDENT)
    if hub is not None:
        found.append({"url": GATEWAY, "valueReference": hub})
    if pair is not None and style.target == PHD:
        found.append({"url": coincident.REFERENCE, "valueReference": pair})
    if measured.standing is not None:
        metric = around.reference(METRIC)
        found.append(device_metric.extension(measured.standing, style, metric))
    return found
