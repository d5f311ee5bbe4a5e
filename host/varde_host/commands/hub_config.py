"""`varde hub config`: write a hub's `config.cbor` from the site and what the home needs.

Passwords never stand on the command line, where other users and the shell's history see them: the
WiFi networks are read from a file or from standard input, one `ssid:password` a line.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from varde_host import errors, messages, output
from varde_host.collector import answer
from varde_host.commands import options
from varde_host.site import files
from varde_protocols import assigned, hub_config

_STANDARD_INPUT = Path("-")
NTP_PORT = 123
_ADDRESS = re.compile(r"(public|random)/((?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2})")
_ADDRESS_TYPES = {"public": 0, "random": 1}
_SHOWN_CHARACTERS = 80
_SENSOR_KEYS = {
    "slot", "service", "chars", "name", "address", "model", "bond", "passkey", "user",
}  # fmt: skip
_BONDS = {
    "none": hub_config.BOND_NONE,
    "plain": hub_config.BOND_PLAIN,
    "passkey": hub_config.BOND_AUTHENTICATED,
}


def config(
    *,
    host: Annotated[str, typer.Option(metavar="NAME")],
    wifi: Annotated[Path, typer.Option(metavar="FILE|-")],
    out: Annotated[Path, typer.Option(metavar="FILE")],
    port: Annotated[int, typer.Option()] = 8443,
    sensor: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE,...")] = None,
    number: Annotated[int, typer.Option()] = 1,
    heartbeat_s: Annotated[int, typer.Option("--heartbeat", metavar="SECONDS")] = (
        answer.DEFAULT_HEARTBEAT_S
    ),
    ntp_host: Annotated[str, typer.Option(metavar="NAME")] = "pool.ntp.org",
    ntp_port: Annotated[int, typer.Option()] = NTP_PORT,
    board: Annotated[str, typer.Option(metavar="NAME")] = "generic",
    site: options.SiteDirectory = options.DEFAULT_SITE,
    json: options.Json = False,
) -> None:
    """Write the file; an existing one is refused."""
    site_files = files.load(site)
    made = hub_config.HubConfig(
        number=number,
        networks=networks(_read(wifi), str(wifi)),
        collector_host=host,
        collector_port=port,
        roots=site_files.roots_der(),
        collector_public=site_files.collector_public,
        receiver_public=site_files.receiver_public,
        heartbeat_s=heartbeat_s,
        sensors=[parse_sensor(text) for text in sensor or []],
        ntp_host=ntp_host,
        ntp_port=ntp_port,
        board=board,
    )
    encoded = made.encode()
    _write(out, encoded)
    if json:
        output.as_json({"file": str(out), "bytes": len(encoded), "number": number})
    else:
        output.line(messages.text("hub.config-written", file=out))


def networks(text: str, where: str) -> list[hub_config.Network]:
    """Return the networks of `ssid:password` lines; `\\:` is a colon within the ssid."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        parts = re.split(r"(?<!\\):", line, maxsplit=1)
        if len(parts) != 2:
            raise errors.InputRefused("wifi-line", f"{where}:{number}")
        found.append(hub_config.Network(parts[0].replace("\\:", ":"), parts[1]))
    return found


def parse_sensor(text: str) -> hub_config.Sensor:
    """Return the sensor of `slot=1,service=1822,chars=2A5E+2A5F,name=...,address=public/...`.

    Besides: `model=and-ua651`, `bond=none|plain|passkey`, `passkey=123456`, `user=INDEX/CONSENT`.

    Raises InputRefused `sensor`, and ConfigError for values that no hub may run with.
    """
    pairs = dict(part.partition("=")[::2] for part in text.split(","))
    if not {"slot", "service", "chars"} <= set(pairs) <= _SENSOR_KEYS:
        raise errors.InputRefused("sensor", text[:_SHOWN_CHARACTERS])
    try:
        return hub_config.Sensor(
            slot=int(pairs["slot"]),
            address=_address(pairs["address"]) if "address" in pairs else None,
            name_prefix=pairs.get("name"),
            service=assigned.by_name(pairs["service"]),
            characteristics=[assigned.by_name(char) for char in pairs["chars"].split("+")],
            model=pairs.get("model", ""),
            bond=_BONDS[pairs.get("bond", "none")],
            passkey=int(pairs["passkey"]) if "passkey" in pairs else None,
            user=[int(part) for part in pairs["user"].split("/")] if "user" in pairs else None,
        )
    except (ValueError, KeyError) as error:
        raise errors.InputRefused("sensor", text[:_SHOWN_CHARACTERS]) from error


def _address(text: str) -> bytes:
    match = _ADDRESS.fullmatch(text)
    if match is None:
        raise ValueError("address")
    return bytes([_ADDRESS_TYPES[match[1]]]) + bytes.fromhex(match[2].replace(":", ""))


def _read(path: Path) -> str:
    try:
        if path == _STANDARD_INPUT:
            return sys.stdin.read()
        return path.read_text(encoding="utf-8-sig")  # some editors put a mark in front
    except UnicodeDecodeError as error:
        raise errors.InputRefused("file-encoding", str(path)) from error
    except OSError as error:
        raise errors.InputRefused("file-read", str(path), reason=error.strerror) from error


def _write(path: Path, data: bytes) -> None:
    """Write for the owner's eyes only: the file holds passwords."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
    except FileExistsError as error:
        raise errors.InputRefused("file-exists", str(path)) from error
    except OSError as error:
        raise errors.WorldFailed("file-write", str(path), reason=error.strerror) from error
