"""Heart Rate Service 1.0: measurement 0x2A37 and body sensor location 0x2A38.

`contact` is "detected", "not_detected" or "unsupported". RR intervals are in 1/1024 s, oldest
first, as many as the frame holds. The location is 0 other, 1 chest, 2 wrist, 3 finger, 4 hand,
5 ear lobe, 6 foot; others are reserved, given as sent.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from . import field, layout

if TYPE_CHECKING:
    from .layout import Fields, GivenFields

_FLAG_WIDE = const(0x01)
_FLAG_DETECTED = const(0x02)
_FLAG_CONTACT = const(0x04)
_FLAG_ENERGY = const(0x08)
_FLAG_RR = const(0x10)

_CONTACT_BITS = {
    "unsupported": 0,
    "not_detected": _FLAG_CONTACT,
    "detected": _FLAG_CONTACT | _FLAG_DETECTED,
}


def _measurement(rate_bytes: int) -> layout.Layout:
    rows = (
        (layout.ALWAYS, "heart_rate", field.Uint(rate_bytes)),
        (_FLAG_ENERGY, "energy_kj", field.Uint(2)),
        (_FLAG_RR, "rr_1024", field.Words()),
    )
    return layout.Layout("2A37", 1, rows, also=("contact",))


_NARROW = _measurement(1)
_WIDE = _measurement(2)
_LOCATION = layout.Layout("2A38", 0, ((layout.ALWAYS, "value", field.Uint(1)),))


def decode_measurement(value: bytes) -> "Fields":
    """Return heart_rate (per minute), energy_kj, rr_1024 (a list) and contact.

    Raises GattError: "truncated", "over-long".
    """
    is_wide = bool(value) and value[0] & _FLAG_WIDE != 0
    flags, fields = (_WIDE if is_wide else _NARROW).decode(value)
    if not flags & _FLAG_CONTACT:
        fields["contact"] = "unsupported"
    else:
        fields["contact"] = "detected" if flags & _FLAG_DETECTED else "not_detected"
    return fields


def encode_measurement(fields: "GivenFields") -> bytes:
    """Return the frame of `fields`, with a wide rate only where a byte is too small."""
    contact = fields.get("contact") or "unsupported"
    if not isinstance(contact, str) or contact not in _CONTACT_BITS:
        raise ValueError("contact %r is unknown" % (contact,))
    flags = _CONTACT_BITS[contact]
    rate = fields["heart_rate"]
    if isinstance(rate, int) and rate > 255:
        return _WIDE.encode(fields, flags | _FLAG_WIDE)
    return _NARROW.encode(fields, flags)


def decode_location(value: bytes) -> "Fields":
    """Return value. Raises GattError: "truncated", "over-long"."""
    return _LOCATION.decode(value)[1]


def encode_location(fields: "GivenFields") -> bytes:
    """Return the byte of `fields["value"]`."""
    return _LOCATION.encode(fields)
