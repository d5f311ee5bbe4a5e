"""JSON with every number exact: no value passes through a binary float on its way out.

The standard library's writer knows only int and float for numbers. A measured 100.0 (mantissa
1000, exponent -1) must not become 100, and 0.005 must not become a float that is nearly that.
"""

from __future__ import annotations

import json.encoder
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from varde_protocols import gatt

_quoted = json.encoder.encode_basestring_ascii


def dumps(value: object) -> str:
    """Return `value` as one line of ASCII JSON, numbers with the digits they have.

    Raises TypeError (ours) for a float or any type without an exact JSON text, and ValueError
    for a Decimal that is no number: special values are strings by the time they come here.
    """
    write = _WRITERS.get(type(value))
    if write is None:
        raise TypeError(f"{type(value).__name__} has no exact JSON text")
    return write(value)


def _null(_value: None) -> str:
    return "null"


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _decimal(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError(f"{value} is no JSON number")
    return str(value)


def _object(value: Mapping[str, object]) -> str:
    # `dumps` written out: decoders give ten small values an object, a hundred thousand a second.
    try:
        parts = [
            _quoted(key) + ": " + _WRITERS[type(inner)](inner) for key, inner in value.items()
        ]
    except KeyError as error:
        raise TypeError(f"{error} has no exact JSON text") from None
    return "{" + ", ".join(parts) + "}"


def _array(value: Sequence[object]) -> str:
    return "[" + ", ".join([dumps(inner) for inner in value]) + "]"


_WRITERS: dict[type, Callable[[Any], str]] = {
    str: _quoted,
    int: str,
    bool: _boolean,
    type(None): _null,
    Decimal: _decimal,
    gatt.Sfloat: gatt.Sfloat.text,
    gatt.Float: gatt.Float.text,
    gatt.Scaled: gatt.Scaled.text,
    dict: _object,
    list: _array,
    tuple: _array,
}
