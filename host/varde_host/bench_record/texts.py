"""The one JSON text of a record: ASCII, keys sorted, no blanks, no floats.

Numbers are whole and exact in every reader of JSON (53 bits); decimals are texts, so that 149.50
stays what was read.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from varde_host import errors
from varde_host.inventory import audit

MAX_INTEGER = 1 << 53
MAX_DEPTH = 12
"""The deepest is a row of a budget in a finding of a judgement, at 7."""


def encode(content: dict[str, Any]) -> bytes:
    """Return the text. Raises InputRefused `bench-record-value` for what a record may not hold."""
    _refuse_unless_plain(content, "record", 0)
    return audit.canonical(content).encode("ascii")


def decode(payload: bytes) -> dict[str, Any]:
    """Return what a text says; InputRefused `bench-record-text` for any spelling but the one."""
    try:
        found = json.loads(payload.decode("ascii"), parse_float=_refuse, parse_constant=_refuse)
        if isinstance(found, dict) and encode(found) == payload:
            return found
    except (ValueError, RecursionError):
        pass
    raise errors.InputRefused("bench-record-text", f"{len(payload)} bytes")


def _refuse(text: str) -> NoReturn:
    raise ValueError(text)


def _refuse_unless_plain(value: object, where: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise errors.InputRefused("bench-record-value", where[:60])
    if isinstance(value, dict):
        for key, each in value.items():
            if not isinstance(key, str):
                raise errors.InputRefused("bench-record-value", where[:60])
            _refuse_unless_plain(each, f"{where}.{key}", depth + 1)
    elif isinstance(value, list | tuple):
        for each in value:
            _refuse_unless_plain(each, where, depth + 1)
    elif isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise errors.InputRefused("bench-record-value", where[:60])
    elif not (value is None or isinstance(value, str)):
        raise errors.InputRefused("bench-record-value", where[:60])
