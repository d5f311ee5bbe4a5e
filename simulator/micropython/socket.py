"""`socket`: the interpreter's own. Only names are looked up in the world, whose network they are
names of: it answers with where the hub's own wire to that host begins."""

import _air
import usocket as _native
from usocket import *  # noqa: F403


def getaddrinfo(host, port, *hints):
    if not _air.is_connected():
        return _native.getaddrinfo(host, port, *hints)
    address, real_port = _air.call("wifi.resolve", host, port)
    return _native.getaddrinfo(address, real_port, *hints)
