"""The shape of a loan sheet: what was in a loan and when, for the receiver (docs/loans.md).

    kit, loan, from_ms, until_ms     the loan's span; until_ms null while it is out
    hubs       hub, from_ms, until_ms
    things     item, kind, measures, name, maker, serial, udi, lot, firmware, size, private,
               verifications, addresses, from_ms, until_ms
    slots      hub, slot, model, address, verification, item, from_ms, until_ms
    reminders  hub, local_time, reminders, from_ms, until_ms

Errors: InputRefused `bench-record-form` with the field, as all of `form`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from varde_host import errors
from varde_host.inventory import birth_number, evidence, kit_id, measuring_models, models
from varde_protocols import records

BODY: Final = frozenset(
    ("kit", "loan", "from_ms", "until_ms", "hubs", "things", "slots", "reminders")
)
MAX_ROWS: Final = 64
"""Of each list. A kit has 24 sensors at most, each may be swapped; 64 KiB hold no more."""
MAX_NAMES: Final = 32
"""Verifications of a thing, the newest: in a loan of years a few."""
MAX_REMINDERS: Final = 12
_MAX_SLOT: Final = 254
_DAY_MINUTES: Final = 1440
_ALL_DAYS: Final = 127

_Check = Callable[[Any], bool]


def _matches(pattern: str) -> _Check:
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and bool(compiled.fullmatch(value))


def _or_null(check: _Check) -> _Check:
    return lambda value: value is None or check(value)


def _whole(least: int, most: int) -> _Check:
    return lambda value: type(value) is int and least <= value <= most


def _each(check: _Check, most: int) -> _Check:
    return lambda rows: (
        isinstance(rows, list) and len(rows) <= most and all(check(row) for row in rows)
    )


def _one_of(*words: str) -> _Check:
    return lambda value: isinstance(value, str) and value in words


def _id(value: Any) -> bool:
    return isinstance(value, str) and kit_id.check(value) == value


def _text(value: Any) -> bool:
    return isinstance(value, str) and evidence.text(value, "text") == value


def _number_printed(value: Any) -> bool:
    """A maker's number; one of eleven digits may be, a birth number may not."""
    if not isinstance(value, str) or not re.fullmatch(r"[\x1d -~]{1,200}", value):
        return False
    birth_number.refuse_true(value, "things")
    return True


def _local_time(value: Any) -> bool:
    is_pair = isinstance(value, list) and len(value) == 2
    return is_pair and _whole(-720, 840)(value[0]) and _whole(0, 1)(value[1])


def _reminder(value: Any) -> bool:
    limits = (_whole(0, _DAY_MINUTES - 1), _whole(1, _ALL_DAYS), _whole(0, _MAX_SLOT))
    return (
        isinstance(value, list)
        and len(value) == len(limits)
        and all(check(each) for check, each in zip(limits, value, strict=True))
    )


_HEX16 = _matches("[0-9a-f]{16}")
_ADDRESS = _matches("(public|random)/([0-9A-F]{2}:){5}[0-9A-F]{2}")
_MOMENT = _whole(0, records.MAX_MS)
_SPAN: Final[Mapping[str, _Check]] = {"from_ms": _MOMENT, "until_ms": _or_null(_MOMENT)}
_HUB: Final[Mapping[str, _Check]] = {"hub": _HEX16, **_SPAN}
_THING: Final[Mapping[str, _Check]] = {
    "item": _id,
    "kind": _one_of(models.SENSOR, models.CUFF),
    "measures": _or_null(_one_of(*measuring_models.KINDS)),
    "name": _or_null(_text),
    "maker": _or_null(_text),
    "serial": _or_null(_number_printed),
    "udi": _or_null(_number_printed),
    "lot": _or_null(_number_printed),
    "firmware": _or_null(_text),
    "size": _or_null(_text),
    "private": lambda value: isinstance(value, bool),
    "verifications": _each(_HEX16, MAX_NAMES),
    "addresses": _each(_ADDRESS, MAX_ROWS),
    **_SPAN,
}
_SLOT: Final[Mapping[str, _Check]] = {
    "hub": _HEX16,
    "slot": _whole(0, _MAX_SLOT),
    "model": _matches("[a-z0-9-]{0,24}"),
    "address": _or_null(_ADDRESS),
    "verification": _matches("([0-9a-f]{16})?"),
    "item": _or_null(_id),
    **_SPAN,
}
_REMINDING: Final[Mapping[str, _Check]] = {
    "hub": _HEX16,
    "local_time": _local_time,
    "reminders": _each(_reminder, MAX_REMINDERS),
    **_SPAN,
}


def check(content: Mapping[str, Any]) -> None:
    """Raise InputRefused `bench-record-form` unless the body is a loan sheet's."""
    _require(_id(content["kit"]), "kit")
    _require(_matches(r"\d{16}")(content["loan"]), "loan")
    _check_row(content, _SPAN, "")
    for name, checks in (
        ("hubs", _HUB), ("things", _THING), ("slots", _SLOT), ("reminders", _REMINDING),
    ):  # fmt: skip
        rows = content[name]
        _require(isinstance(rows, list) and len(rows) <= MAX_ROWS, name)
        for row in rows:
            _require(isinstance(row, dict) and set(row) == set(checks), name)
            _check_row(row, checks, f"{name}.")


def _check_row(row: Mapping[str, Any], checks: Mapping[str, _Check], above: str) -> None:
    for name, is_good in checks.items():
        _require(is_good(row[name]), above + name)
    until_ms = row["until_ms"]
    _require(until_ms is None or row["from_ms"] <= until_ms, above + "until_ms")


def _require(condition: bool, where: str) -> None:
    if not condition:
        raise errors.InputRefused("bench-record-form", where)
