"""Record Access Control Point 0x2A52: a host's requests and the sensor's answers.

By the Glucose Service 1.0.1 (3.4) and the others that use it. Operators: 0 null, 1 all, 2 at
most, 3 at least, 4 range, 5 first, 6 last. An operand begins with its filter type (1 sequence
number, 2 user facing time; Omron 4 sequence number) and is given raw. Responses: 1 success, 2 op
code not supported, 3 invalid operator, 4 operator not supported, 5 invalid operand, 6 no records
(a normal end), 7 abort failed, 8 not completed, 9 operand not supported.

Omron adds op codes 0x10, "which is your latest record", and 0x11, the answer (StanfordSpezi/
SpeziDevices, Sources/SpeziOmron/Characteristic/RecordAccessOpCode+Omron.swift).

The hub talks to sensors with this, so it keeps clear of the layout tables.
"""

import binascii

from varde_protocols._compat import TYPE_CHECKING, const

from . import frame

if TYPE_CHECKING:
    from .layout import Fields, GivenFields

REPORT = const(1)
DELETE = const(2)
ABORT = const(3)
COUNT = const(4)
COUNT_RESPONSE = const(5)
RESPONSE = const(6)
REPORT_COMBINED = const(7)  # Generic Health Sensor Service 1.0
COMBINED_RESPONSE = const(8)
OMRON_LATEST = const(0x10)
OMRON_LATEST_RESPONSE = const(0x11)

NULL = const(0)
ALL = const(1)
AT_MOST = const(2)
AT_LEAST = const(3)
WITHIN = const(4)
FIRST = const(5)
LAST = const(6)

SUCCESS = const(1)
NO_RECORDS = const(6)

BY_SEQUENCE = const(1)  # filter type of an operand
OMRON_BY_SEQUENCE = const(4)

REPORT_ALL = bytes((REPORT, ALL))
COUNT_ALL = bytes((COUNT, ALL))
DELETE_ALL = bytes((DELETE, ALL))
ABORT_REQUEST = bytes((ABORT, NULL))
OMRON_LATEST_REQUEST = bytes((OMRON_LATEST, NULL))

_REQUESTS = (REPORT, DELETE, COUNT, REPORT_COMBINED)
_COUNTS = (COUNT_RESPONSE, COMBINED_RESPONSE)
_SPECIFIED = (REPORT, DELETE, ABORT, COUNT, COUNT_RESPONSE, RESPONSE, REPORT_COMBINED,
              COMBINED_RESPONSE)  # fmt: skip
_OMRON = _SPECIFIED + (OMRON_LATEST, OMRON_LATEST_RESPONSE)
_KEYS = ("opcode", "operator", "operand_hex", "count", "sequence", "request_opcode", "response")


def report_from(sequence: int, filter_type: int = BY_SEQUENCE) -> bytes:
    """Return the request for all records from `sequence` (0 to 65535) on."""
    number = frame.checked_int("sequence", sequence, 0, 0xFFFF)
    return bytes((REPORT, AT_LEAST, filter_type)) + number.to_bytes(2, "little")


def decode_point(value: bytes) -> "Fields":
    """Return opcode, operator, operand_hex, count, sequence, request_opcode and response.

    What the op code has no use for is None. Raises GattError: "truncated", "over-long",
    "out-of-range" (op code or operator).
    """
    return _decode(value, _SPECIFIED)


def decode_omron(value: bytes) -> "Fields":
    """Return the same for a value with Omron's op codes; `sequence` is its latest record."""
    return _decode(value, _OMRON)


def encode_point(fields: "GivenFields") -> bytes:
    """Return the value of `fields`, keyed as `decode_point` returns them."""
    return _encode(fields, _SPECIFIED)


def encode_omron(fields: "GivenFields") -> bytes:
    """Return the value of `fields`, with Omron's op codes too."""
    return _encode(fields, _OMRON)


def _decode(value: bytes, known: "tuple[int, ...]") -> "Fields":
    if len(value) < 2:
        raise frame.truncated("2A52", len(value), 2 - len(value), 0)
    opcode, operator = value[0], value[1]
    if opcode not in known:
        raise frame.reserved("2A52 opcode", 0, opcode)
    if operator > (LAST if opcode in _REQUESTS else NULL):
        raise frame.reserved("2A52 operator", 1, operator)
    fields: "Fields" = dict.fromkeys(_KEYS)
    fields["opcode"], fields["operator"] = opcode, operator
    operand = value[2:]
    if opcode in _REQUESTS:
        fields["operand_hex"] = binascii.hexlify(operand).decode() if operand else None
    elif opcode in _COUNTS:
        fields["count"] = _count(operand)
    elif opcode == RESPONSE:
        frame.check_size(value, "2A52", 4)
        fields["request_opcode"], fields["response"] = operand[0], operand[1]
    elif opcode == OMRON_LATEST_RESPONSE:
        frame.check_size(value, "2A52", 4)
        fields["sequence"] = int.from_bytes(operand, "little")
    else:
        frame.check_size(value, "2A52", 2)
    return fields


def _count(operand: bytes) -> int:
    """Return the count; its size is the service's choice, and devices differ in one service."""
    if len(operand) > 4:
        raise frame.over_long("2A52", 6, len(operand) - 4)
    if len(operand) not in (1, 2, 4):
        raise frame.truncated("2A52 count", 2, 4 if operand else 1, len(operand))
    return int.from_bytes(operand, "little")


def _encode(fields: "GivenFields", known: "tuple[int, ...]") -> bytes:
    frame.check_keys("2A52", fields, _KEYS)
    opcode, operator = fields["opcode"], fields["operator"]
    if not isinstance(opcode, int) or opcode not in known:
        raise ValueError("%r is no op code" % (opcode,))
    most = LAST if opcode in _REQUESTS else NULL
    head = bytes((opcode, frame.checked_int("operator", operator, 0, most)))
    if opcode in _REQUESTS:
        operand = fields.get("operand_hex")
        return head + (binascii.unhexlify(operand) if isinstance(operand, str) else b"")
    if opcode in _COUNTS:
        count = frame.checked_int("count", fields.get("count"), 0, 0xFFFFFFFF)
        return head + count.to_bytes(2 if count <= 0xFFFF else 4, "little")
    if opcode == RESPONSE:
        request, response = fields.get("request_opcode"), fields.get("response")
        return head + bytes(
            (
                frame.checked_int("request_opcode", request, 0, 255),
                frame.checked_int("response", response, 0, 255),
            )
        )
    if opcode == OMRON_LATEST_RESPONSE:
        sequence = frame.checked_int("sequence", fields.get("sequence"), 0, 0xFFFF)
        return head + sequence.to_bytes(2, "little")
    return head
