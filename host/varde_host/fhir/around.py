"""What a measurement's Observations refer to: where it stands, and what it is called there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from varde_host.fhir import coded, identifier
from varde_host.fhir.style import CONTAINED, NAMED, Resource

# What the resources inside an Observation are called in it.
SENSOR: Final = "sensor"
HUB: Final = "hub"
METRIC: Final = "metric"
COINCIDENT: Final = "coincident"


@dataclass(frozen=True, slots=True)
class Around:
    """Resources by what they are called; `place` is one of style.AROUNDS."""

    resources: dict[str, Resource]
    place: str

    def reference(self, name: str) -> str | None:
        """Return the address of one, None if there is none, or it is only named."""
        found = self.resources.get(name)
        if found is None or self.place == NAMED:
            return None
        return f"#{name}" if self.place == CONTAINED else identifier.full_url(found)

    def refer(self, name: str, display: str | None = None) -> Resource | None:
        """Return a Reference to one: by its address, or by its identifier if it is only named."""
        found = self.resources.get(name)
        if found is None:
            return None
        system, value = identifier.of(found)
        return coded.without_nothing({
            "reference": self.reference(name),
            "type": found["resourceType"],
            "identifier": {"system": system, "value": value} if self.place == NAMED else None,
            "display": display,
        })  # fmt: skip

    def contained(self) -> list[Resource]:
        """Return what goes inside an Observation."""
        if self.place != CONTAINED:
            return []
        return [
            {"resourceType": each["resourceType"], "id": name, **_bare(each)}
            for name, each in self.resources.items()
        ]

    def beside(self) -> list[Resource]:
        """Return what are resources of their own."""
        return [] if self.place in (CONTAINED, NAMED) else list(self.resources.values())


def _bare(resource: Resource) -> Resource:
    return {key: value for key, value in resource.items() if key != "resourceType"}
