"""By which name was this server called? Against DNS rebinding: a page of another site whose name
is made to point here would else be this server's own page to the browser, and read all it shows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]{2,45}\]|[a-z0-9.-]{1,253})(?::(?P<port>[0-9]{1,5}))?")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def is_ours(
    raw_host: str, allowed: Sequence[str], scheme: str, listening_port: int | None
) -> bool:
    """Tell if a Host header names this server.

    A name with its port is taken as it stands; a name alone goes with the port we listen at.
    """
    host = raw_host.lower()
    match = _HOST.fullmatch(host)
    if match is None:
        return False
    port = int(match["port"]) if match["port"] else _DEFAULT_PORTS[scheme]
    known = {name.lower() for name in allowed}
    if host in known:
        return True
    return match["name"] in known and listening_port in (None, port)
