"""A sensor of a hub's config as a person writes it: `slot=1,service=1822,chars=2A5E+2A5F,name=A`.

Besides: `address=public/AA:BB:CC:DD:EE:FF`, `model=and-ua651`, `bond=none|plain|passkey`,
`verification=16 HEX DIGITS` (which one stands for it), and where secrets may stand
`passkey=123456` and `user=INDEX/CODE`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from varde_host import errors
from varde_host.commands import patient_limits
from varde_host.sensor import models
from varde_protocols import assigned, hub_config

_ADDRESS = re.compile(r"(public|random)/((?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2})")
_ADDRESS_TYPES = {"public": 0, "random": 1}
_SHOWN_CHARACTERS = 40
_BONDS = {
    "none": hub_config.BOND_NONE,
    "plain": hub_config.BOND_PLAIN,
    "passkey": hub_config.BOND_AUTHENTICATED,
}
_MUST = ("slot", "service", "chars")
_SECRETS = ("passkey", "user")


def parse(text: str, where: str, *, secrets: bool) -> hub_config.Sensor:
    """Return the sensor of `text`; `where` it stands is for errors.

    Raises InputRefused `sensor` (names the part at fault), `patient-limit`, `sensor-model`,
    `sensor-secret`, and ConfigError for values that no hub may run with.
    """
    pairs = {key.strip(): value for key, _, value in _split(text)}
    for key in (*_MUST, *pairs):
        patient_limits.refuse(key, where)
        if key not in pairs or key not in _READERS:
            raise errors.InputRefused("sensor", f"{where}: {key[:_SHOWN_CHARACTERS]!a}")
    if not secrets and set(pairs) & set(_SECRETS):
        raise errors.InputRefused("sensor-secret", where)
    values = {key: _value(key, text, where) for key, text in pairs.items()}
    return hub_config.Sensor(
        slot=values["slot"],
        address=values.get("address"),
        name_prefix=values.get("name"),
        service=values["service"],
        characteristics=values["chars"],
        model=values.get("model", ""),
        bond=values.get("bond", hub_config.BOND_NONE),
        passkey=values.get("passkey"),
        user=values.get("user"),
        verification=values.get("verification", b""),
    )


def _split(text: str) -> list[tuple[str, str, str]]:
    return [part.partition("=") for part in text.split(",")]


def _value(key: str, text: str, where: str) -> Any:
    try:
        return _READERS[key](text)
    except (ValueError, KeyError):
        shown = key if key in _SECRETS else ascii(f"{key}={text}"[:_SHOWN_CHARACTERS])
        raise errors.InputRefused("sensor", f"{where}: {shown}") from None


def _address(text: str) -> bytes:
    match = _ADDRESS.fullmatch(text)
    if match is None:
        raise ValueError("address")
    return bytes([_ADDRESS_TYPES[match[1]]]) + bytes.fromhex(match[2].replace(":", ""))


def _characteristics(text: str) -> list[int]:
    return [assigned.by_name(char) for char in text.split("+")]


def _user(text: str) -> list[int]:
    index, code = text.split("/")
    return [int(index), int(code)]


_READERS: dict[str, Callable[[str], Any]] = {
    "slot": int,
    "service": assigned.by_name,
    "chars": _characteristics,
    "name": str,
    "address": _address,
    "model": lambda text: models.known(text).name,
    "bond": lambda text: _BONDS[text],
    "passkey": int,
    "user": _user,
    "verification": bytes.fromhex,
}
