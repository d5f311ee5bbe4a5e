"""FHIR's JSON with every digit: what is measured as 80.50 is written 80.50, and read as that.

FHIR R4 (2.6.1.0.1, *Primitive elements*): a decimal's digits count, trailing zeros among them, and
whoever reads it keeps them. No number passes through a binary float on either way. The text of one
resource is the same each time: `resourceType` and `id` first, other keys by their names, UTF-8.
"""

from __future__ import annotations

import json
import json.encoder
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from varde_host.fhir.style import Resource

_FIRST: Final = {"resourceType": 0, "id": 1}
_quoted: Final[Callable[[str], str]] = json.encoder.encode_basestring


def dumps(resource: Mapping[str, Any]) -> bytes:
    """Return one line of JSON.

    Raises TypeError (ours) for a float or another type that is not JSON's, and ValueError for a
    Decimal that is no number, and for text that is none (half of a surrogate pair).
    """
    return _text(resource).encode()


def pretty(resource: Mapping[str, Any]) -> bytes:
    """Return the same on many lines, for people, with a line end."""
    return ("".join(_indented(resource, "\n")) + "\n").encode()


def loads(data: bytes | str) -> Any:
    """Return what a JSON text says: numbers are int or Decimal, with the digits they have.

    Raises ValueError for what is no JSON, and for NaN, infinities and a key that comes twice.
    """
    return json.loads(
        data, parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=_without_doubles
    )


def _text(value: object) -> str:
    write = _WRITERS.get(type(value))
    if write is None:
        raise TypeError(f"{type(value).__name__} has no exact JSON text")
    return write(value)


def _decimal(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError("this Decimal is no number: it has a dataAbsentReason instead")
    return str(value)


def _in_order(value: Mapping[str, object]) -> Iterable[str]:
    return sorted(value, key=lambda key: (_FIRST.get(key, 2), key))


def _object(value: Mapping[str, object]) -> str:
    parts = [f"{_quoted(key)}:{_text(value[key])}" for key in _in_order(value)]
    return "{" + ",".join(parts) + "}"


def _array(value: Sequence[object]) -> str:
    return "[" + ",".join([_text(inner) for inner in value]) + "]"


_WRITERS: Final[dict[type, Callable[[Any], str]]] = {
    str: _quoted,
    int: str,
    bool: lambda value: "true" if value else "false",
    Decimal: _decimal,
    dict: _object,
    list: _array,
}
"""FHIR has no null: what has no value is not there (`coded.without_nothing`)."""


def _indented(value: object, line: str) -> Iterable[str]:
    """Yield the pieces of a value; `line` is a line end and the indentation so far."""
    deeper = line + "  "
    if isinstance(value, dict) and value:
        for number, key in enumerate(_in_order(value)):
            yield ("," if number else "{") + deeper + _quoted(key) + ": "
            yield from _indented(value[key], deeper)
        yield line + "}"
    elif isinstance(value, list) and value:
        for number, inner in enumerate(value):
            yield ("," if number else "[") + deeper
            yield from _indented(inner, deeper)
        yield line + "]"
    else:
        yield _text(value)


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def _without_doubles(pairs: list[tuple[str, Any]]) -> Resource:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key comes twice")
    return found
