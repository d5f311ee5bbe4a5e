"""Which hubs a command is about: `--hub HEX`, `--group NAME`, `--ring NAME` or `--all`.

One kind of word a command, any number of that kind: whether a group *and* a ring would be those
in both or those in either, nobody should have to guess before many hubs change.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from varde_host import errors
from varde_host.fleet.groups import Groups

_PREFIX = re.compile(r"[0-9a-f]{1,16}")
_SHOWN_CHARACTERS = 40


@dataclass(frozen=True, slots=True)
class Selection:
    """What was asked for. `hubs` are ids in hex or the beginnings of some."""

    hubs: Sequence[str] = ()
    groups: Sequence[str] = ()
    rings: Sequence[str] = ()
    everything: bool = False

    def of(self, known: Collection[str], assigned: Groups) -> list[str]:
        """Return the ids of the hubs meant, ascending, all of them `known` ones.

        What else stands in a group, a hub that was revoked, is left out. Raises InputRefused
        `selection-none`, `selection-mixed`, `selection-empty`, `hub-prefix`, `hub-unknown`.
        """
        asked = [bool(self.hubs), bool(self.groups), bool(self.rings), self.everything]
        if not any(asked):
            raise errors.InputRefused("selection-none")
        if sum(asked) > 1:
            raise errors.InputRefused("selection-mixed")
        found = set(known) if self.everything else set()
        found |= {_one(prefix, known) for prefix in self.hubs}
        for kind, names in (("group", self.groups), ("ring", self.rings)):
            for name in names:
                found |= _named(kind, name, known, assigned)
        if not found:
            raise errors.InputRefused("selection-empty", "--all")
        return sorted(found)


def _one(prefix: str, known: Collection[str]) -> str:
    asked = prefix.lower()
    shown = ascii(prefix[:_SHOWN_CHARACTERS])
    found = [hub for hub in known if hub.startswith(asked)] if _PREFIX.fullmatch(asked) else []
    if not found:
        raise errors.InputRefused("hub-unknown", shown)
    if len(found) > 1:
        raise errors.InputRefused("hub-prefix", shown, count=len(found))
    return found[0]


def _named(kind: str, name: str, known: Collection[str], assigned: Groups) -> set[str]:
    members = {hub for hub, at in assigned.hubs.items() if getattr(at, kind) == name}
    found = members & set(known) if name else set()
    if not found:
        shown = f"--{kind} {name[:_SHOWN_CHARACTERS]!r}"
        raise errors.InputRefused("selection-empty", shown)
    return found
