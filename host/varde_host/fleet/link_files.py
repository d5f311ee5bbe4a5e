"""Files of what a hub's links need: WiFi, `ssid:password` a line, and a subscription to 4G.

No secret stands on the command line, where other users and the shell's history see it; and no
refusal repeats a line of these.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from varde_host import errors
from varde_host.fleet import desired
from varde_protocols import hub_config
from varde_protocols.errors import WireError

_STANDARD_INPUT = Path("-")


def networks(text: str, where: str) -> list[hub_config.Network]:
    """Return the networks of `ssid:password` lines; `\\:` is a colon within the ssid.

    Raises InputRefused `wifi-line`, `config-refused`; neither repeats the line.
    """
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        parts = re.split(r"(?<!\\):", line, maxsplit=1)
        if len(parts) != 2:
            raise errors.InputRefused("wifi-line", f"{where}:{number}")
        with at(f"{where}:{number}"):
            found.append(hub_config.Network(parts[0].replace("\\:", ":"), parts[1]))
    return found


def subscription(text: str, where: str) -> hub_config.Modem:
    """Return the modem of lines `apn=NAME`, and if needed `user=`, `password=`, `pin=`.

    Raises InputRefused `modem-line`, `config-refused`; neither repeats the line.
    """
    fields = {"apn": "", "user": "", "password": "", "pin": ""}
    for number, line in enumerate(text.splitlines(), 1):
        name, separator, value = line.partition("=")
        if line.strip() and (not separator or name.strip() not in fields):
            raise errors.InputRefused("modem-line", f"{where}:{number}")
        if line.strip():
            fields[name.strip()] = value.strip() if name.strip() != "password" else value
    with at(where):
        return hub_config.Modem(**fields)


@contextlib.contextmanager
def at(where: str) -> Iterator[None]:
    """Say of a value that no hub may run with where it stands, and not what it is."""
    try:
        yield
    except WireError as error:
        raise desired.refused(error, where) from error


def networks_in(file: Path | None) -> list[hub_config.Network]:
    """Return the networks of a file, none without one."""
    return [] if file is None else networks(text_of(file), str(file))


def subscription_in(file: Path | None) -> hub_config.Modem | None:
    """Return the modem of a file, None without one."""
    return None if file is None else subscription(text_of(file), str(file))


def text_of(path: Path) -> str:
    try:
        if path == _STANDARD_INPUT:
            return sys.stdin.read()
        return path.read_text(encoding="utf-8-sig")  # some editors put a mark in front
    except UnicodeDecodeError as error:
        raise errors.InputRefused("file-encoding", str(path)) from error
    except OSError as error:
        raise errors.InputRefused("file-read", str(path), reason=error.strerror) from error
