"""What a cause rests on: a name and its facts, in the language in use. No value, no person."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from varde_host import messages
from varde_host.receiver import wording

_MOMENTS: Final = "_ms"


class Evidence(NamedTuple):
    """`facts` are pairs in the order of their names; moments are Unix ms and end in `_ms`."""

    name: str
    facts: tuple[tuple[str, int | None], ...]

    @classmethod
    def of(cls, name: str, **facts: int | None) -> Evidence:
        """Return one."""
        return cls(name, tuple(sorted(facts.items())))

    def text(self) -> str:
        """Say it: `missed.evidence.NAME`, its moments without their `_ms`."""
        fields: dict[str, Any] = {}
        for name, value in self.facts:
            if name.endswith(_MOMENTS):
                fields[name.removesuffix(_MOMENTS)] = wording.moment(value)
            else:
                fields[name] = value
        return messages.text(f"missed.evidence.{self.name}", **fields)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {"name": self.name, **dict(self.facts)}
