"""`socket`: the interpreter's own. Only names are looked up in the world, whose network they are
names of: it answers with where the hub's own wire to that host begins. A look-up that nobody
answers blocks, as on the chip."""

import time

import _air
import usocket as _native
from usocket import *  # noqa: F403


def getaddrinfo(host, port, *hints):
    if not _air.is_connected():
        return _native.getaddrinfo(host, port, *hints)
    address, real_port, blocked_ms = _air.call("net.resolve", host, port)
    if blocked_ms:
        time.sleep_ms(blocked_ms)
    if real_port is None:
        raise OSError(address)
    return _native.getaddrinfo(address, real_port, *hints)
