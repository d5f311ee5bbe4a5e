"""Dataclasses of exact values as plain JSON values, and back with everything checked.

A decimal is written as text, so that 149.50 stays what was read; there are no floats. What is
None or empty is left out and has no second spelling: a null, a text for a number, a key that is
not known are refused. The classes' own annotations are the shape.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import types
import typing
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeVar

MAX_TEXT = 400
"""A sentence or two, in any field."""
MAX_LIST = 2000
"""Twenty minutes of a pressure sampled each second fits; the record's 64 KiB end it before."""
MAX_INT = 1 << 53
"""Where other programs' JSON numbers stop being exact; a moment in milliseconds is far below."""

_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,59})(\.[0-9]{1,60})?")

T = TypeVar("T")


class Malformed(ValueError):  # noqa: N818 reads as what happened
    """Not of the class's shape: `where` is the path of the field at fault, `why` in one word."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where = where[:200]
        self.why = why[:200]


def plain(value: Any) -> Any:
    """Return `value` as JSON values; a dataclass as a dict without what is None or empty."""
    if dataclasses.is_dataclass(value):
        pairs = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {name: plain(inner) for name, inner in pairs if inner is not None and inner != ()}
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, tuple):
        return [plain(inner) for inner in value]
    return value


def decimal_text(value: Decimal) -> str:
    """Return `value` in plain digits, all that it has; ValueError (ours) where it is no number."""
    if not value.is_finite():
        raise ValueError(f"{value} is no number")
    return format(value, "f")


def built(kind: type[T], value: object, where: str = "") -> T:
    """Return a dataclass from the plain values of `plain`; Malformed, with the field at fault."""
    if not isinstance(value, Mapping):
        raise Malformed(where, "object")
    hints = _hints(typing.cast(Any, kind))
    unknown = sorted(str(name)[:40] for name in value if name not in hints)
    if unknown:
        raise Malformed(_under(where, unknown[0]), "unknown")
    given = {}
    for field in dataclasses.fields(typing.cast(Any, kind)):
        at = _under(where, field.name)
        if field.name in value:
            given[field.name] = _value(hints[field.name], value[field.name], at)
        elif isinstance(hints[field.name], types.UnionType):
            given[field.name] = None
        elif field.default != ():
            raise Malformed(at, "missing")
    try:
        return kind(**given)
    except (ValueError, TypeError) as error:
        raise Malformed(where, str(error)) from None


@functools.cache
def _hints(kind: type[object]) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _value(hint: Any, value: object, where: str) -> Any:
    if isinstance(hint, types.UnionType):
        (hint,) = (inner for inner in typing.get_args(hint) if inner is not type(None))
    if typing.get_origin(hint) is tuple:
        return _tuple(typing.get_args(hint)[0], value, where)
    if dataclasses.is_dataclass(hint):
        return built(typing.cast("type[Any]", hint), value, where)
    return _SCALARS[hint](value, where)


def _tuple(hint: Any, value: object, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= MAX_LIST:
        raise Malformed(where, "list")
    return tuple(_value(hint, inner, f"{where}[{index}]") for index, inner in enumerate(value))


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT or not value.isprintable():
        raise Malformed(where, "text")
    return value


def _decimal(value: object, where: str) -> Decimal:
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise Malformed(where, "decimal")
    return Decimal(value)


def _int(value: object, where: str) -> int:
    if type(value) is not int or not -MAX_INT <= value <= MAX_INT:
        raise Malformed(where, "integer")
    return value


def _bool(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise Malformed(where, "truth")
    return value


_SCALARS: dict[Any, Any] = {str: _text, Decimal: _decimal, int: _int, bool: _bool}


def _under(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name
