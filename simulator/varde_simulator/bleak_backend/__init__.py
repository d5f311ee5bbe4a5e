"""bleak on the simulated air: any program written for bleak meets the virtual sensors.

    bleak.BleakScanner(backend=VirtualScanner), bleak.BleakClient(device, backend=VirtualClient)

with the world's socket in VARDE_AIR; or `python -m varde_simulator.bleak_backend SCRIPT`, which
runs a program that knows nothing of this. `radio(path)` gives both for one path: what the toolkit
finds by the entry point "sim" (docs/decisions/0014).

    scanner.py, client.py   bleak's two interfaces
    connection.py           GATT procedures of one connection, by ops and events of the channel
    laptop_radio.py         what all scanners and clients of a program share: one radio
    bond_file.py            bonds, kept over programs as an operating system keeps them
    advertising.py          AD structures as bleak shows them
    channel_client.py       the hub's end of the channel, in CPython
"""

from dataclasses import dataclass

from bleak.backends.client import BaseBleakClient
from bleak.backends.scanner import BaseBleakScanner

from varde_simulator.bleak_backend.client import VirtualClient
from varde_simulator.bleak_backend.scanner import VirtualScanner


@dataclass(frozen=True)
class Backends:
    """What bleak's `backend` arguments take."""

    scanner: type[BaseBleakScanner]
    client: type[BaseBleakClient]


def radio(path: str) -> Backends:
    """bleak's backends in the world that serves the socket `path`."""
    return Backends(
        type("VirtualScannerAtPath", (VirtualScanner,), {"path": path}),
        type("VirtualClientAtPath", (VirtualClient,), {"path": path}),
    )


__all__ = ["Backends", "VirtualClient", "VirtualScanner", "radio"]
