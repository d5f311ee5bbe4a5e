"""Names that never change: of a measurement, its device, its verification, its clock.

A measurement's own identifier is a keyed digest (HMAC-SHA-256) of what makes it the one it is:

- a sensor with a whole date: its address, the characteristic, the stamp and the bytes sent, so
  that it is the same measurement through whichever hub it comes, and however often. Stamps alone
  do not do: many cuffs show minutes only;
- else the hub and the number of its record, which never come twice;
- what was typed: the entry.

The loan is not in it: who had a thing may become known later, or be put right. The key keeps
anybody from trying values until the digest fits. Beside it stands the identifier by the recipe of
the PHD guide (StructureDefinition-PhdBaseObservation-notes.md, "Conditional-create Identifier",
l. 12-24), for servers that know that one. It has no system, as that profile wants.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import uuid
from collections.abc import Mapping, Sequence
from typing import Final

from varde_host.fhir import coded
from varde_host.fhir.measured import Measured, Thing
from varde_host.fhir.style import Resource, Style
from varde_host.receiver import decoding, stamp
from varde_protocols.gatt import calendar

_READING: Final = "reading"
_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "urn:varde:fhir")
_DIGEST_BYTES: Final = 16
"""As many as a UUID has: two of 10^15 measurements share one with a chance of 10^-9."""
_OBSERVATION: Final = 0x2B8B
_STORED_OBSERVATION: Final = 0x2BDD
_RECORD_NUMBER_BYTES: Final = 4
SUPPLEMENTAL: Final = "68193"
"""MDC_ATTR_SUPPLEMENTAL_TYPES"""


def own(measured: Measured, kind: str, style: Style) -> Resource:
    """Return the identifier of a measurement's Observation of that kind."""
    said = "\n".join((*_makes_it_one(measured), kind))
    digest = hmac.new(style.secret, said.encode(), hashlib.sha256).digest()
    return {"system": style.system(_READING), "value": digest[:_DIGEST_BYTES].hex()}


def _makes_it_one(measured: Measured) -> tuple[str, ...]:
    if measured.entered is not None:
        return "entry", measured.entered.entry_id
    if stamp.is_dated(measured.fields) and measured.thing.address and measured.value_hex:
        shown = measured.stamp or stamp.of(measured.fields) or ""
        characteristic, sent_hex = _as_sent_live(measured)
        return "dated", measured.thing.address, str(characteristic), shown, sent_hex
    hub = "" if measured.hub_id is None else measured.hub_id.hex()
    return "record", hub, str(measured.seq)


def _as_sent_live(measured: Measured) -> tuple[int, str]:
    """Return the characteristic and the value without what a sensor's memory puts before it.

    A sensor may send a measurement at once and again out of its memory: 2B36 holds the whole of
    a 2A35, and 2BDD that of a 2B8B behind the number of its record.
    """
    fields, characteristic = measured.fields, measured.characteristic
    recorded, of_record = fields.get("recorded"), fields.get("uuid16")
    if isinstance(recorded, Mapping) and isinstance(of_record, int):
        return of_record, str(fields["data_hex"])
    body = decoding.body(characteristic, bytes.fromhex(measured.value_hex))
    if characteristic == _STORED_OBSERVATION and len(body) != len(measured.value_hex) // 2:
        return _OBSERVATION, body[_RECORD_NUMBER_BYTES:].hex()
    return characteristic, body.hex()


def by_recipe(measured: Measured, observation: Resource) -> Resource | None:
    """Return the PHD guide's identifier; None if the sensor gave no date, or of no loan."""
    device = _eui_48(measured.thing)
    shown = measured.stamp or stamp.of(measured.fields)
    if device is None or shown is None or measured.loan_id is None:
        return None
    seconds = calendar.seconds_of(shown) if stamp.is_dated(measured.fields) else None
    if seconds is None:
        return None
    since_2000 = str(seconds - calendar.SECONDS_TO_2000)
    parts = [device, measured.loan_id, _type(observation), since_2000]
    return {"value": "-".join([*parts, *_supplemental(observation)])}


def _type(observation: Resource) -> str:
    codings = observation["code"].get("coding", [])
    known = {each.get("system"): each.get("code") for each in reversed(codings)}
    return str(known.get(coded.MDC) or next(iter(known.values()), ""))


def _supplemental(observation: Resource) -> Sequence[str]:
    return [
        str(coding["code"])
        for component in observation.get("component", [])
        if any(each.get("code") == SUPPLEMENTAL for each in component["code"].get("coding", []))
        for coding in component.get("valueCodeableConcept", {}).get("coding", [])[:1]
    ]


def _eui_48(thing: Thing) -> str | None:
    kind, _, address = (thing.address or "").partition("/")
    return address.replace(":", "").upper() if kind == "public" else None


def of_thing(measured: Measured, style: Style) -> list[Resource]:
    """Return what a device is known by, the first its own for ever."""
    thing = measured.thing
    kind, _, address = (thing.address or "").partition("/")
    found: list[Resource] = []
    if kind == "public":
        found.append(_bluetooth(address))
    elif address:
        found.append({"system": style.system("sensor"), "value": f"{kind}-{_dashed(address)}"})
    if thing.item_id:
        found.append({"system": style.system("item"), "value": thing.item_id})
    if not found and thing.serial:
        value = f"{thing.maker or thing.model}|{thing.serial}"
        found.append({"system": style.system("serial"), "value": value})
    return found or [{"system": style.system("sensor"), "value": _nameless(measured)}]


def _nameless(measured: Measured) -> str:
    """Of a thing that nothing names: the hub's slot, or what somebody wrote on paper with."""
    if measured.hub_id is not None:
        return f"{measured.hub_id.hex()}-{measured.slot}"
    return f"{measured.loan_id or 'no-loan'}-{measured.thing.kind}"


def _bluetooth(address: str) -> Resource:
    kinds = "http://hl7.org/fhir/uv/phd/CodeSystem/ContinuaDeviceIdentifiers"
    return {
        "type": {"coding": [{"system": kinds, "code": "BTMAC"}]},
        "system": "http://hl7.org/fhir/sid/eui-48/bluetooth",
        "value": _dashed(address),
    }


def _dashed(address: str) -> str:
    return address.replace(":", "-").upper()


def of(resource: Resource) -> tuple[str, str]:
    """Return the system and value by which a resource of ours is known for ever."""
    first = resource["identifier"][0]
    return str(first["system"]), str(first["value"])


def full_url(resource: Resource) -> str:
    """Return the same `urn:uuid:` for the same resource each time, by its identifier."""
    return _urn(str(resource["resourceType"]), *of(resource))


@functools.lru_cache(maxsize=1024)  # a site's devices come with each of their readings
def _urn(kind: str, system: str, value: str) -> str:
    return uuid.uuid5(_NAMESPACE, f"{kind}|{system}|{value}").urn
