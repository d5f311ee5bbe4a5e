"""Characteristic values of health sensors, both ways, by the Bluetooth service specifications.

`decode` takes a characteristic's number (its 16-bit UUID, or one of `assigned` from 0x10000 on),
its value as received and the sensor's model, and returns a dict of its fields; absent or unknown
ones are None. Numbers are exact: `Sfloat`, `Float` or `Scaled`, with `.text()`, or plain
integers; the special words of SFLOAT and FLOAT are the strings "NaN", "NRes", "+INF", "-INF" and
"reserved". `encode` is the way back, for virtual sensors and tests.

Without a model the decoders know the specifications and no vendor: what does not follow them is
refused with a GattError, and the bytes stay in the record. A model that departs from them has
rules of its own, looked up by its exact name (`registry`); every other model is read by the
specification.

A codec's module is loaded when it is first asked for. The hub decodes nothing: it imports single
small modules through this package (`record_access`, `clock`, `user_control`), so what stands
here is little, and the number types are named here for other interpreters only.
"""

from varde_protocols._compat import ON_MICROPYTHON, TYPE_CHECKING
from varde_protocols.errors import GattError

if TYPE_CHECKING or not ON_MICROPYTHON:
    from .float_type import Float
    from .number import Number
    from .registry import CHARACTERISTICS
    from .scaled import Scaled
    from .sfloat import Sfloat

if TYPE_CHECKING:
    from typing import Dict, Optional, Tuple

    from .layout import Fields, GivenFields
    from .registry import Codec

_loaded: "Dict[Tuple[int, str], Codec]" = {}  # bounded: only pairs that the registry knows


def decode(characteristic: int, value: bytes, model: str = "") -> "Fields":
    """Return the fields of `value`, as sent by a sensor of `model` for `characteristic`.

    Raises GattError: "unknown-characteristic", or what the characteristic's decoder says.
    """
    codec = _loaded.get((characteristic, model)) or _load(characteristic, model)
    if codec is None:
        from . import registry  # noqa: PLC0415 the hub never needs it

        where = "characteristic %04X" % characteristic
        raise GattError("unknown-characteristic", where, registry.hint(characteristic))
    return codec[0](value)


def encode(characteristic: int, fields: "GivenFields", model: str = "") -> bytes:
    """Return the value that `decode` turns into `fields`; optional fields may be left out.

    Raises ValueError, TypeError or KeyError (ours) for fields that make no legal frame.
    """
    codec = _load(characteristic, model)
    if codec is None:
        raise KeyError(characteristic)
    return codec[1](fields)


def _load(characteristic: int, model: str) -> "Optional[Codec]":
    """Return the pair of functions for a characteristic, loading their module; None: unknown."""
    from . import registry  # noqa: PLC0415 the hub never needs it

    if model not in registry.MODELS:
        model = ""
    codec = _loaded.get((characteristic, model)) or registry.load(characteristic, model)
    if codec is not None:
        _loaded[characteristic, model] = codec
    return codec


__all__ = ["CHARACTERISTICS", "Float", "Number", "Scaled", "Sfloat", "decode", "encode"]
