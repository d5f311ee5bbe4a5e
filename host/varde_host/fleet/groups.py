"""Which group and ring each hub is in: `fleet/groups.toml`, a line a hub, made for git.

    [hubs]
    "07d1c3e5a9b2f480" = {group = "nord", ring = "bench"}

A group says where hubs belong (an area, a ward), a ring when they get something new. Both are
words for the people who run hubs and hold nothing about those who live with one: letters, digits
and hyphens, no birth number, no room for an address. "" is none.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from varde_host import errors
from varde_host.fleet import desk
from varde_host.inventory import birth_number

HUB_ID = re.compile(r"[0-9a-f]{16}")
MAX_RING_BYTES: Final = 16  # what an assignment has room for (`assignment`, key 10)
MAX_GROUP_BYTES: Final = 32
MAX_FILE_BYTES: Final = 16 << 20  # 100,000 hubs take 8 MB

_NAME = re.compile(r"[^\W_]+(-[^\W_]+)*")
_SHOWN_CHARACTERS = 40
_FIELDS = {"group": MAX_GROUP_BYTES, "ring": MAX_RING_BYTES}
_HEAD = """\
# Which group and ring each hub is in, written by «varde config groups». No person and no address.

[hubs]
"""


@dataclass(frozen=True, slots=True)
class Member:
    """Where a hub belongs; "" for none. Raises InputRefused `group-name`, `birth-number`."""

    group: str = ""
    ring: str = ""

    def __post_init__(self) -> None:
        for name, most in _FIELDS.items():
            check_name(getattr(self, name), name, most)


@dataclass(frozen=True, slots=True)
class Groups:
    """All hubs that belong somewhere, by their ids in hex. Others are in no group and no ring."""

    hubs: Mapping[str, Member] = field(default_factory=dict)

    def of(self, hub_id: str) -> Member:
        """Return where a hub belongs."""
        return self.hubs.get(hub_id, Member())

    def in_group(self, name: str) -> list[str]:
        """Return the ids of a group's hubs, ascending."""
        return sorted(hub for hub, member in self.hubs.items() if member.group == name)

    def in_ring(self, name: str) -> list[str]:
        """Return the ids of a ring's hubs, ascending."""
        return sorted(hub for hub, member in self.hubs.items() if member.ring == name)

    def names(self, kind: str) -> list[str]:
        """Return all names of a `kind`, "group" or "ring"."""
        return sorted({getattr(member, kind) for member in self.hubs.values()} - {""})


def check_name(text: str, kind: str, most_bytes: int) -> None:
    """Raise InputRefused `group-name`, `birth-number` unless it may be the name of a `kind`."""
    birth_number.refuse_any(text, kind)
    if text and (not _NAME.fullmatch(text) or len(text.encode()) > most_bytes):
        shown = repr(text[:_SHOWN_CHARACTERS])
        raise errors.InputRefused("group-name", f"{kind} {shown}", most=most_bytes)


def load(site: Path) -> Groups:
    """Return the groups of a site's directory, none if it has no file yet.

    Raises InputRefused `groups-file`, `file-read`, and as `Member`.
    """
    path = desk.folder(site) / desk.GROUPS
    try:
        data = path.read_bytes()
        if len(data) > MAX_FILE_BYTES:
            raise _bad(path, f"{len(data)} B")
        told = tomllib.loads(data.decode())
    except FileNotFoundError:
        return Groups()
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _bad(path, error) from error
    except OSError as error:
        raise errors.InputRefused("file-read", str(path), reason=error.strerror) from error
    hubs = told.pop("hubs", {})
    if told or not isinstance(hubs, dict):
        raise _bad(path, next(iter(told), "hubs"))
    return Groups({hub: _member(path, hub, said) for hub, said in hubs.items()})


def encode(groups: Groups) -> bytes:
    """Return the file's content: sorted, so that two people's changes merge."""
    lines = [
        f'"{hub}" = {{group = "{member.group}", ring = "{member.ring}"}}\n'
        for hub, member in sorted(groups.hubs.items())
        if member != Member()
    ]
    return (_HEAD + "".join(lines)).encode()


def assign(
    site: Path, hubs: Iterable[str], *, group: str | None = None, ring: str | None = None
) -> Groups:
    """Put hubs into a group, a ring or both, and return all groups; None leaves, "" takes out.

    Raises as `load`, `Member`, `desk.held` and `desk.write`.
    """
    with desk.held(site) as place:
        all_hubs = dict(load(site).hubs)
        for hub in hubs:
            old = all_hubs.get(hub, Member())
            all_hubs[hub] = Member(
                old.group if group is None else group, old.ring if ring is None else ring
            )
        groups = Groups({hub: member for hub, member in all_hubs.items() if member != Member()})
        desk.write(place / desk.GROUPS, encode(groups))
    return groups


def _member(path: Path, hub: str, said: Any) -> Member:
    if not HUB_ID.fullmatch(hub):
        raise _bad(path, ascii(hub[:_SHOWN_CHARACTERS]))
    is_table = isinstance(said, dict) and set(said) <= set(_FIELDS)
    if not is_table or not all(isinstance(name, str) for name in said.values()):
        raise _bad(path, hub)
    return Member(**said)


def _bad(path: Path, reason: object) -> errors.InputRefused:
    return errors.InputRefused("groups-file", str(path), reason=reason)
