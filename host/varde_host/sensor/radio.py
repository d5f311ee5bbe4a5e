"""Which radio a command uses: the machine's own, or another that an installed package offers.

A package offers one by an entry point of the group `varde.radio`: a function that takes the text
after the colon of `--radio NAME:TEXT` and returns an object with `scanner` and `client`, the
classes that bleak takes as `backend`. So this toolkit knows no simulator
(docs/decisions/0014-radios-by-entry-points.md).
"""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass

from bleak.backends.client import BaseBleakClient
from bleak.backends.scanner import BaseBleakScanner

from varde_host import errors

ENTRY_POINTS = "varde.radio"


@dataclass(frozen=True)
class Radio:
    """What bleak's `backend` arguments take; None is the machine's own."""

    scanner: type[BaseBleakScanner] | None = None
    client: type[BaseBleakClient] | None = None


def chosen(option: str | None) -> Radio:
    """Return the radio of `--radio`; InputRefused `radio-unknown`."""
    if not option:
        return Radio()
    name, _, rest = option.partition(":")
    offered = importlib.metadata.entry_points(group=ENTRY_POINTS)
    if name not in offered.names:
        known = ", ".join(sorted(offered.names)) or "-"
        raise errors.InputRefused("radio-unknown", ascii(option[:40]), known=known)
    backends = offered[name].load()(rest)
    return Radio(backends.scanner, backends.client)
