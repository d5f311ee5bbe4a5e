"""By which name was this server called? Against DNS rebinding: a page of another site whose name
is made to point here would else be this server's own page to the browser, and read all it shows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]{2,45}\]|[a-z0-9.-]{1,253})(?::(?P<port>[0-9]{1,5}))?")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def is_ours(
    raw_host: str, allowed: Sequence[str], scheme: str, listening_port: int | None
) -> bool:
    """Tell if a Host header names this server.

    A name with its port is taken as it stands; a name alone goes with the port we listen at.
    """
    called = _parted(raw_host, scheme)
    if called is None:
        return False
    for each in allowed:
        ours = _parted(each, scheme)
        assert ours is not None, f"no name of a host: {each}"
        port = ours.port if each.endswith(f":{ours.port}") else listening_port or called.port
        if called == (ours.name, port):
            return True
    return False


class _Called(NamedTuple):
    name: str
    port: int


def _parted(raw_host: str, scheme: str) -> _Called | None:
    match = _HOST.fullmatch(raw_host.lower())
    if match is None:
        return None
    return _Called(match["name"], int(match["port"] or _DEFAULT_PORTS[scheme]))
