"""Which serial ports there are, and which of them a board is on.

A port is what pyserial opens: `/dev/ttyACM0`, `COM5`, `rfc2217://host:port`, `socket://host:port`,
or a pseudo-terminal. Its name is the operating system's and may be another after the
next plugging-in, so a board is known by its chip's id and a name is only where to look. Where
Linux names a port by its device (`/dev/serial/by-id`), that name is stable and is preferred.
"""

from __future__ import annotations

import errno
import glob
import os
import re
import socket
import urllib.parse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from serial.tools import list_ports  # type: ignore[import-untyped]  # pyserial has no types

BY_ID = Path("/dev/serial/by-id")

# Espressif's own USB (the S3's built-in port has the chip's MAC for its serial number), and the
# bridges that boards carry: WCH, Silicon Labs, FTDI.
ESPRESSIF = 0x303A
BRIDGES = {ESPRESSIF, 0x1A86, 0x10C4, 0x0403}

FIRST_WAIT_S, LONGEST_WAIT_S = 0.25, 3.0
CONNECT_TIMEOUT_S = 2.0
MAX_PORTS = 64
"""A tray has eight; a file of a thousand names is a mistake."""

_MAC = re.compile(r"(?:[0-9A-Fa-f]{2}:?){5}[0-9A-Fa-f]{2}")


@dataclass(frozen=True)
class Port:
    """`chip_id` is "" unless the device's serial number tells it (Espressif's own USB)."""

    name: str
    description: str = ""
    chip_id: str = ""


def scan() -> list[Port]:
    """Return the ports at which a board may be, by name."""
    found = [port for port in list_ports.comports() if port.vid in BRIDGES]
    stable = _stable_names()
    return sorted(
        (
            Port(
                stable.get(os.path.realpath(port.device), port.device),
                str(port.description or ""),
                chip_id_of(port.vid, port.serial_number),
            )
            for port in found
        ),
        key=lambda port: port.name,
    )


def _stable_names() -> dict[str, str]:
    if not BY_ID.is_dir():
        return {}
    return {os.path.realpath(link): str(link) for link in sorted(BY_ID.iterdir())}


def chip_id_of(vendor: int | None, serial_number: str | None) -> str:
    """Return the chip's id if a device's serial number is one, else ""."""
    if vendor != ESPRESSIF or not _MAC.fullmatch(serial_number or ""):
        return ""
    return str(serial_number).replace(":", "").lower()


def has_lines(name: str) -> bool:
    """Tell if DTR and RTS reach the board: not through a pseudo-terminal or a plain socket."""
    if "://" in name:
        return not name.startswith(("socket://", "loop://"))
    return not os.path.realpath(name).startswith("/dev/pts/")


def is_there(name: str) -> bool:
    """Tell if somebody could open this port now, without opening a serial one.

    Opening one moves its lines, which resets some boards. A port over the network is asked
    whether it takes a connection.
    """
    if "://" not in name:
        return os.name == "nt" or Path(name).exists()
    address = urllib.parse.urlsplit(name)
    if address.hostname is None or address.port is None:
        return True
    try:
        socket.create_connection((address.hostname, address.port), CONNECT_TIMEOUT_S).close()
    except OSError as error:
        # Taken is there as well: RFC 2217 has one client.
        return error.errno not in (errno.ECONNREFUSED, errno.ENETUNREACH, errno.EHOSTUNREACH)
    return True


def backoff_s() -> Iterable[float]:
    """Yield waits between looks: 0.25 s, growing by half to 3 s, without end."""
    wait_s = FIRST_WAIT_S
    while True:
        yield wait_s
        wait_s = min(wait_s * 1.5, LONGEST_WAIT_S)


def candidates(wanted: Sequence[str]) -> Callable[[], list[Port]]:
    """Return who looks up the ports each time: the named ones, else all with a board."""
    if not wanted:
        return scan
    return lambda: [Port(name) for name in named(list(wanted))]


def named(patterns: Iterable[str]) -> list[str]:
    """Return the ports that are named now, in order, each once.

    A name stands for itself; one with `*` or `?` for the files that fit; `@FILE` for the lines of
    a file. All are looked up anew each time, since ports come and go. A link keeps its name, which
    stands for one device where the kernel's may be another's next; of two names for one device the
    first counts.
    """
    found: dict[str, str] = {}
    for pattern in patterns:
        for name in _named(pattern):
            found.setdefault(name if "://" in name else os.path.realpath(name), name)
    return list(found.values())


def _named(pattern: str) -> list[str]:
    if pattern.startswith("@"):
        try:
            lines = Path(pattern[1:]).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return []  # whoever writes it may do so later
        return [line.strip() for line in lines if line.strip()][:MAX_PORTS]
    if "*" in pattern or ("?" in pattern and "://" not in pattern):
        return sorted(glob.glob(pattern))[:MAX_PORTS]
    return [pattern]
