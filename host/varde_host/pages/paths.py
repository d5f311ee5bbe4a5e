"""Where a page may send somebody: to another page of the same server, nowhere else."""

from __future__ import annotations

import re
import urllib.parse

_LOCAL = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")
_MAX_CHARACTERS = 500


def is_local(path: str) -> bool:
    """Tell if it is a path of this server: no scheme, no host, no line end, printable ASCII."""
    return len(path) <= _MAX_CHARACTERS and _LOCAL.fullmatch(path) is not None


def quoted(path: str) -> str:
    """Return a path with what no address can hold percent-encoded (RFC 3986 section 2)."""
    return urllib.parse.quote(path, safe="/?&=%#:@+,;~!$'()*[]")


def local(path: str, otherwise: str = "/") -> str:
    """Return `path` if it is one of this server's own, else `otherwise`."""
    return path if is_local(path) else otherwise
