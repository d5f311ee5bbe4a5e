"""Bundles: what is sent at once, in the style that a target wants.

- *transaction*: all or nothing; devices and coincident times are resources of their own. What was
  measured is created only if nothing with its identifier is there (`ifNoneExist`).
- *batch*: each by itself, Observations alone with what they refer to inside (PMD's profile
  pmd-Bundle-Observation: type, fullUrl and request of POST or PUT, l. 10-15).
- *collection*: without requests, named, and tagged with the municipality's number (the same
  service's connectathon page of June 2026).

What is amended is put by its identifier, whatever the style's verb.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterable
from typing import Final, NamedTuple

from varde_host.fhir import coded, coincident, identifier
from varde_host.fhir.style import COLLECTION, POST, PUT, Resource, Style

CREATE: Final = "create"
AMEND: Final = "amend"

MUNICIPALITY: Final = (
    "https://register.geonorge.no/sosi-kodelister/inndelinger/inndelingsbase/kommunenummer"
)
"""The code system that PMD's tag is of."""

_BUNDLE: Final = "bundle"
_IN_PLACE: Final = "Device"
"""Devices get a name, a firmware; the newest word counts."""


class Entry(NamedTuple):
    """One resource as `of.of` made it, or an alert, and whether it is new or put right."""

    resource: Resource
    change: str = CREATE


def of(entries: Iterable[Entry], style: Style, *, name: str, made_ms: int) -> Resource:
    """Return the bundle; what comes twice (a device) stands once, as it came last.

    `name` is the bundle's own identifier, the same if it is sent again. `made_ms` is its time.
    """
    by_url = {identifier.full_url(each.resource): each for each in entries}
    is_collection = style.bundle == COLLECTION
    tag = {"system": MUNICIPALITY, "code": style.municipality}
    return coded.without_nothing({
        "resourceType": "Bundle",
        "meta": {"tag": [tag]} if is_collection else {},
        "identifier": {"system": style.system(_BUNDLE), "value": name},
        "type": style.bundle,
        "timestamp": coded.instant(made_ms),
        "entry": [
            coded.without_nothing({
                "fullUrl": url,
                "resource": each.resource,
                "request": None if is_collection else request(each, style),
            })
            for url, each in by_url.items()
        ],
    })  # fmt: skip


def request(entry: Entry, style: Style) -> Resource:
    """Return what a server is asked to do with one resource."""
    kind = entry.resource["resourceType"]
    wanted = search(entry.resource)
    is_for_ever = kind == "DeviceMetric" or coincident.is_one(entry.resource, style)
    is_put = entry.change == AMEND or (style.verb == PUT and kind == "Observation")
    if kind == _IN_PLACE or (is_put and not is_for_ever):
        return {"method": PUT, "url": f"{kind}?{wanted}"}
    return {"method": POST, "url": kind, "ifNoneExist": wanted}


def search(resource: Resource) -> str:
    """Return the search for exactly this resource, for If-None-Exist and conditional updates."""
    system, value = identifier.of(resource)
    return "identifier=" + urllib.parse.quote(f"{system}|{value}", safe="")
