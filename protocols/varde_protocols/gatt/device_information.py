"""Device Information Service 1.1: what a sensor says of itself.

The six strings (0x2A24 to 0x2A29) may be padded with NUL, and are given without; a serial number
and the System ID are the stable identity of a sensor, its address is not. The regulatory list
0x2A2A is a certificate of another standard: passed on, not read.
"""

from varde_protocols._compat import TYPE_CHECKING
from varde_protocols.errors import GattError

from . import field, frame, layout

if TYPE_CHECKING:
    from typing import Callable, Tuple

    from .layout import Fields, GivenFields

_SYSTEM_ID = layout.Layout(
    "2A23",
    0,
    (
        (layout.ALWAYS, "manufacturer_id", field.Uint(5)),
        (layout.ALWAYS, "oui", field.Uint(3)),
    ),
)
_PNP_ID = layout.Layout(
    "2A50",
    0,
    (
        (layout.ALWAYS, "vendor_source", field.Choice((1, 2))),  # Bluetooth SIG, USB
        (layout.ALWAYS, "vendor_id", field.Uint(2)),
        (layout.ALWAYS, "product_id", field.Uint(2)),
        (layout.ALWAYS, "product_version", field.Uint(2)),
    ),
)
_REGULATORY = layout.Layout("2A2A", 0, ((layout.ALWAYS, "data_hex", field.Rest()),))


def decode_text(value: bytes, name: str) -> "Fields":
    """Return text, without the NULs at its end.

    Raises GattError: "bad-text" (not UTF-8), "over-long" (something behind a NUL).
    """
    length = len(value)
    while length and value[length - 1] == 0:
        length -= 1
    at = value[:length].find(b"\x00")
    if at >= 0:
        hint = "%d more behind the NUL; keep the bytes" % (length - at - 1)
        raise GattError("over-long", "%s text at byte %d" % (name, at), hint)
    try:
        text = value[:length].decode()
    except UnicodeError:
        where = "%s text" % name
        raise GattError("bad-text", where, "not UTF-8; keep the bytes") from None
    return {"text": text}


def encode_text(fields: "GivenFields") -> bytes:
    """Return the bytes of `fields["text"]`, unpadded."""
    frame.check_keys("a string", fields, ("text",))
    text = fields["text"]
    if not isinstance(text, str) or "\x00" in text:
        raise ValueError("%r is no text without NUL" % (text,))
    return text.encode()


def _named(name: str) -> "Tuple[Callable[[bytes], Fields], Callable[[GivenFields], bytes]]":
    """Return both directions of one of the strings, its number in errors."""
    return lambda value: decode_text(value, name), encode_text


decode_model_number, encode_model_number = _named("2A24")
decode_serial_number, encode_serial_number = _named("2A25")
decode_firmware_revision, encode_firmware_revision = _named("2A26")
decode_hardware_revision, encode_hardware_revision = _named("2A27")
decode_software_revision, encode_software_revision = _named("2A28")
decode_manufacturer_name, encode_manufacturer_name = _named("2A29")


def decode_system_id(value: bytes) -> "Fields":
    """Return manufacturer_id (40 bits) and oui (24 bits).

    Raises GattError: "truncated", "over-long".
    """
    return _SYSTEM_ID.decode(value)[1]


def encode_system_id(fields: "GivenFields") -> bytes:
    """Return the eight bytes of `fields`."""
    return _SYSTEM_ID.encode(fields)


def decode_pnp_id(value: bytes) -> "Fields":
    """Return vendor_source (1 SIG, 2 USB), vendor_id, product_id and product_version.

    Raises GattError: "truncated", "over-long", "out-of-range".
    """
    return _PNP_ID.decode(value)[1]


def encode_pnp_id(fields: "GivenFields") -> bytes:
    """Return the seven bytes of `fields`."""
    return _PNP_ID.encode(fields)


def decode_regulatory(value: bytes) -> "Fields":
    """Return data_hex, the bytes as they are."""
    return _REGULATORY.decode(value)[1]


def encode_regulatory(fields: "GivenFields") -> bytes:
    """Return the bytes of `fields["data_hex"]`."""
    return _REGULATORY.encode(fields)
