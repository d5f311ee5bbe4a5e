# mypy: disable-error-code="return"
"""Multiples of public points on edwards25519, for verifying: the time they take tells the scalar.

The scalar is written with digits 0 or odd, -15..15, so that a point costs an addition for about
every sixth doubling and needs a table of 8 odd multiples. Summands are kept as M = Y - X,
P = Y + X, C = 2 * d * T and D = 2 * Z (RFC 8032 section 5.1.4), four slots each.

The table (2560 bytes) stays for as long as the key is known. What a verification works in is made
for it, in pieces of 1280 and 320 bytes: a heap that has been in use for weeks has few larger ones.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from . import edwards25519_micropython as edwards
from . import field25519_micropython as field
from .ed25519_point import D, P
from .edwards25519_micropython import DOUBLE
from .field25519_run_micropython import run

if TYPE_CHECKING:
    from . import viper as micropython
    from .viper import ptr8

_MUL = const(0)
_ADD = const(1)
_SUB = const(2)
_CARRY = const(3)

# Slots up to _C as in edwards25519_micropython.
_X = const(2)
_Y = const(3)
_Z = const(4)
_E = const(5)
_H = const(6)
_F = const(7)
_G = const(8)
_A = const(9)
_B = const(10)
_M = const(11)
_P = const(12)
_C = const(13)
_D = const(14)
_K = const(15)
_SLOTS = const(16)
_SUMMAND_BYTES = const(4 * 80)  # of field.SLOT_BYTES
_ODD_MULTIPLES = const(8)

_SCALAR_BITS = const(256)
_WINDOW_BITS = const(5)

# fmt: off
_ADD_SUMMAND = bytes((
    _MUL, _G, _E, _H,
    _MUL, _C, _G, _C,
    _SUB, _A, _Y, _X,
    _MUL, _A, _A, _M,
    _ADD, _B, _Y, _X,
    _MUL, _B, _B, _P,
    _MUL, _G, _Z, _D,
    _SUB, _E, _B, _A,
    _ADD, _H, _B, _A,
    _SUB, _F, _G, _C,
    _ADD, _G, _G, _C,
    _MUL, _X, _E, _F,
    _MUL, _Y, _G, _H,
    _MUL, _Z, _F, _G,
))

# The negative of a summand: M and P change places and C its sign.
_SUBTRACT_SUMMAND = bytes((
    _MUL, _G, _E, _H,
    _MUL, _C, _G, _C,
    _SUB, _A, _Y, _X,
    _MUL, _A, _A, _P,
    _ADD, _B, _Y, _X,
    _MUL, _B, _B, _M,
    _MUL, _G, _Z, _D,
    _SUB, _E, _B, _A,
    _ADD, _H, _B, _A,
    _ADD, _F, _G, _C,
    _SUB, _G, _G, _C,
    _MUL, _X, _E, _F,
    _MUL, _Y, _G, _H,
    _MUL, _Z, _F, _G,
))

_MAKE_SUMMAND = bytes((
    _MUL, _C, _E, _H,
    _MUL, _C, _C, _K,
    _SUB, _M, _Y, _X,
    _ADD, _P, _Y, _X,
    _ADD, _D, _Z, _Z,
))

_CARRY_AFFINE = bytes((
    _CARRY, _X, _X, _X,
    _CARRY, _Y, _Y, _Y,
    _CARRY, _E, _X, _X,
    _CARRY, _H, _Y, _Y,
))
# fmt: on


def _load_number(words: bytearray, slot: int, number: int) -> None:
    field.load(words, slot, number.to_bytes(field.ELEMENT_BYTES, "little"))


def _load_affine(words: bytearray, x: int, y: int) -> None:
    _load_number(words, _X, x)
    _load_number(words, _Y, y)
    field.set_one(words, _Z)
    field.execute(words, _CARRY_AFFINE)


def _operand(words: bytearray) -> memoryview:
    start = _M * field.SLOT_BYTES
    return memoryview(words)[start : start + _SUMMAND_BYTES]


def _multiple(table: bytearray, number: int) -> memoryview:
    return memoryview(table)[number * _SUMMAND_BYTES : (number + 1) * _SUMMAND_BYTES]


def _summand(words: bytearray) -> bytes:
    field.execute(words, _MAKE_SUMMAND)
    return bytes(_operand(words))


def _combine(words: bytearray, summand: "bytes | memoryview", program: bytes) -> None:
    _operand(words)[:] = summand
    field.execute(words, program)


def working_slots() -> bytearray:
    """A new set of slots, for one use."""
    words = bytearray(_SLOTS * field.SLOT_BYTES)
    _load_number(words, _K, 2 * D % P)
    return words


def odd_multiples(x: int, y: int) -> bytearray:
    """A table of 1, 3, 5 ... 15 times the affine point (x, y)."""
    words = working_slots()
    table = bytearray(_ODD_MULTIPLES * _SUMMAND_BYTES)
    _load_affine(words, x, y)
    field.execute(words, DOUBLE)
    twice = _summand(words)
    _load_affine(words, x, y)
    _multiple(table, 0)[:] = _summand(words)
    for number in range(1, _ODD_MULTIPLES):
        _combine(words, twice, _ADD_SUMMAND)
        _multiple(table, number)[:] = _summand(words)
    return table


@micropython.viper
def _signed_windows(scalar: ptr8, digits: ptr8) -> object:
    """Write the digits, one byte for each bit; of any five next to each other one is not 0."""
    carry = 0
    place = 0
    while place < _SCALAR_BITS:
        width = 1
        if (scalar[place >> 3] >> (place & 7) & 1) != carry:
            window = carry
            width = 0
            while width < _WINDOW_BITS:
                i = place + width
                if i < _SCALAR_BITS:
                    window += (scalar[i >> 3] >> (i & 7) & 1) << width
                width += 1
            carry = window >> 4
            digits[place] = window - (carry << 5)
        place += width


def multiply(words: bytearray, table: bytearray, scalar: int) -> None:
    """Put scalar times the table's point into X, Y, Z; the scalar is below 2^254."""
    digits = bytearray(_SCALAR_BITS)
    _signed_windows(scalar.to_bytes(32, "little"), digits)
    _load_affine(words, 0, 1)
    steps = len(DOUBLE) // field.STEP_BYTES
    is_started = False
    for place in range(_SCALAR_BITS - 1, -1, -1):
        if is_started:
            run(0, 0, words, DOUBLE, steps)
        digit = digits[place]
        if digit:
            is_started = True
            if digit < 128:
                _combine(words, _multiple(table, digit >> 1), _ADD_SUMMAND)
            else:
                _combine(words, _multiple(table, (256 - digit) >> 1), _SUBTRACT_SUMMAND)


def add_base_multiple(words: bytearray, scalar: int) -> None:
    """Add scalar * B to the point in X, Y, Z."""
    first = _summand(words)
    edwards.multiply_base(words, scalar)
    _combine(words, first, _ADD_SUMMAND)
