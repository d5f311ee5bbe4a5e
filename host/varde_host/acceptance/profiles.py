"""What is in a kit of a profile, as the site has written it down: `kit-profiles.toml`.

    [standard]
    and-ua651 = 1            # a model, or a kind of thing (cuff, battery, charger, ...)
    nonin-3230 = 1
    cuff = 2

A profile that the file does not name, or no file, asks for nothing but that a kit is not empty.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from varde_host import errors
from varde_host.inventory import items
from varde_host.site import toml_file

FILE: Final = "kit-profiles.toml"
MAX_FILE_BYTES: Final = 64 * 1024
MOST: Final = 32
"""Of one model in a kit."""

Profile = Mapping[str, int]


def load(site: Path) -> Mapping[str, Profile]:
    """Return the site's profiles by name; none without a file.

    Raises InputRefused `kit-profiles` (names the profile and the line), `file-read`.
    """
    path = site / FILE
    tables = toml_file.tables(path, "kit-profiles", MAX_FILE_BYTES)
    for name, profile in tables.items():
        _check(path, name, profile)
    return tables


def _check(path: Path, name: str, profile: object) -> None:
    if not isinstance(profile, dict):
        raise errors.InputRefused("kit-profiles", str(path), what=name[:40])
    for what, count in profile.items():
        if type(count) is not int or not 0 < count <= MOST:
            raise errors.InputRefused("kit-profiles", str(path), what=f"{name}.{what}"[:40])


def lacking(profile: Profile, inside: Iterable[items.Item]) -> dict[str, int]:
    """Return what a kit with these things lacks of its profile: how many, by model or kind."""
    things = list(inside)
    there = Counter(item.model for item in things) + Counter(item.kind for item in things)
    return {what: n - there[what] for what, n in profile.items() if there[what] < n}
