"""User Control Point 0x2A9F (User Data Service 1.1, 3.2): who stands on the scale.

Op codes: 1 register a new user (consent code), 2 consent (user index and code), 3 delete this
user's data, 4 list all users, 5 delete one user, 0x20 the answer. Responses: 1 success, 2 op code
not supported, 3 invalid parameter, 4 failed, 5 not authorised. A consent code is 0 to 9999.

The hub talks to scales with this, so it keeps clear of the layout tables.
"""

import binascii

from varde_protocols._compat import TYPE_CHECKING, const

from . import frame

if TYPE_CHECKING:
    from .layout import Fields, GivenFields

REGISTER = const(1)
CONSENT = const(2)
DELETE_DATA = const(3)
LIST_ALL = const(4)
DELETE_USER = const(5)
RESPONSE = const(0x20)

SUCCESS = const(1)
NOT_AUTHORISED = const(5)

MAX_CONSENT_CODE = const(9999)

_KEYS = ("opcode", "user_index", "consent_code", "request_opcode", "response", "parameter_hex")
_SIZES = {REGISTER: 3, CONSENT: 4, DELETE_DATA: 1, LIST_ALL: 1, DELETE_USER: 2}


def consent(user_index: int, code: int) -> bytes:
    """Return the request to act as `user_index` (0 to 255) with its consent code."""
    index = frame.checked_int("user_index", user_index, 0, 255)
    return bytes((CONSENT, index)) + _code(code)


def register(code: int) -> bytes:
    """Return the request for a new user with a consent code of one's own choice."""
    return bytes((REGISTER,)) + _code(code)


def decode_point(value: bytes) -> "Fields":
    """Return opcode, user_index, consent_code, request_opcode, response and parameter_hex.

    What the op code has no use for is None; `user_index` is also the new user in the answer to
    "register". Raises GattError: "truncated", "over-long", "out-of-range" (op code, code).
    """
    if not value:
        raise frame.truncated("2A9F", 0, 1, 0)
    fields: "Fields" = dict.fromkeys(_KEYS)
    fields["opcode"] = opcode = value[0]
    if opcode == RESPONSE:
        return _with_response(fields, value)
    if opcode not in _SIZES:
        raise frame.reserved("2A9F opcode", 0, opcode)
    frame.check_size(value, "2A9F", _SIZES[opcode])
    if opcode in (CONSENT, DELETE_USER):
        fields["user_index"] = value[1]
    if opcode in (REGISTER, CONSENT):
        code = value[-2] | value[-1] << 8
        if code > MAX_CONSENT_CODE:
            raise frame.reserved("2A9F consent_code", len(value) - 2, code)
        fields["consent_code"] = code
    return fields


def encode_point(fields: "GivenFields") -> bytes:
    """Return the value of `fields`, keyed as `decode_point` returns them."""
    frame.check_keys("2A9F", fields, _KEYS)
    opcode = fields["opcode"]
    if opcode == RESPONSE:
        return _response(fields)
    if not isinstance(opcode, int) or opcode not in _SIZES:
        raise ValueError("%r is no op code" % (opcode,))
    value = bytes((opcode,))
    if opcode in (CONSENT, DELETE_USER):
        value += bytes((frame.checked_int("user_index", fields.get("user_index"), 0, 255),))
    if opcode in (REGISTER, CONSENT):
        value += _code(fields.get("consent_code"))
    return value


def _code(code: object) -> bytes:
    return frame.checked_int("consent_code", code, 0, MAX_CONSENT_CODE).to_bytes(2, "little")


def _with_response(fields: "Fields", value: bytes) -> "Fields":
    if len(value) < 3:
        raise frame.truncated("2A9F", len(value), 3 - len(value), 0)
    fields["request_opcode"], fields["response"] = value[1], value[2]
    parameter = value[3:]
    if value[1] == REGISTER and len(parameter) == 1:
        fields["user_index"] = parameter[0]
    elif parameter:
        fields["parameter_hex"] = binascii.hexlify(parameter).decode()
    return fields


def _response(fields: "GivenFields") -> bytes:
    value = bytes(
        (
            RESPONSE,
            frame.checked_int("request_opcode", fields.get("request_opcode"), 0, 255),
            frame.checked_int("response", fields.get("response"), 0, 255),
        )
    )
    if fields.get("user_index") is not None:
        return value + bytes((frame.checked_int("user_index", fields["user_index"], 0, 255),))
    parameter = fields.get("parameter_hex")
    return value + (binascii.unhexlify(parameter) if isinstance(parameter, str) else b"")
