"""`VARDE_AIR=PATH python -m varde_simulator.bleak_backend SCRIPT [ARGUMENTS]`.

Runs a bleak program as it is, on the simulated air: the backends that bleak would choose for this
operating system are replaced before the program starts.
"""

import os
import runpy
import sys

import bleak
import bleak.backends.client
import bleak.backends.scanner

from varde_simulator.bleak_backend import VirtualClient, VirtualScanner


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit("usage: VARDE_AIR=PATH python -m varde_simulator.bleak_backend SCRIPT [...]")
    _replace("get_platform_scanner_backend_type", (VirtualScanner, "varde"))
    _replace("get_platform_client_backend_type", (VirtualClient, "varde"))
    del sys.argv[0]
    if not os.path.isfile(sys.argv[0]):
        sys.exit(f"{sys.argv[0]}: there is no such program")
    runpy.run_path(sys.argv[0], run_name="__main__")


def _replace(chooser: str, chosen: tuple[type, str]) -> None:
    """Where it is defined, and where bleak has imported it to."""
    for module in (bleak, bleak.backends.scanner, bleak.backends.client):
        if hasattr(module, chooser):
            setattr(module, chooser, lambda: chosen)


if __name__ == "__main__":
    main()
