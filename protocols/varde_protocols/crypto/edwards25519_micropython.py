# mypy: disable-error-code="return"
"""The curve edwards25519 for MicroPython, on the field machine of field25519_micropython.

This is the secret side: multiples of the base point, for signing. Multiples of public keys are in
edwards25519_public_micropython.

Points are (X : Y : Z) with T = X * Y / Z left as its two factors E and H (T = E * H): a doubling
needs no T, so only an addition multiplies it out. Formulas: RFC 8032 section 5.1.4. The second
summand of an addition, a table entry, is M = (y - x) / 2, P = (y + x) / 2, C = d * x * y.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from . import field25519_micropython as field
from .ed25519_comb import COMB
from .ed25519_look_up_micropython import look_up
from .field25519_run_micropython import run

if TYPE_CHECKING:
    from . import viper as micropython
    from .viper import ptr8

L = (1 << 252) + 27742317777372353535851937790883648493
_HALF_MODULO_L = (L + 1) // 2

# The comb, laid out as told in ed25519_comb.
_TEETH = const(5)
_BLOCKS = const(4)
_COLUMNS = const(13)
_SPACING = const(52)
_DIGITS = const(260)
_DIGIT_BYTES = const(33)
_BLOCK_BYTES = const(16 * 96)
_ALL_DIGITS = (1 << 260) - 1

_MUL = const(0)
_ADD = const(1)
_SUB = const(2)
_CARRY = const(3)

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
SLOTS = const(14)

# fmt: off
_TAKE_ENTRY = bytes((
    _SUB, _E, _P, _M,
    _ADD, _H, _P, _M,
    _CARRY, _E, _E, _E,
    _CARRY, _H, _H, _H,
    _CARRY, _X, _E, _E,
    _CARRY, _Y, _H, _H,
))

_ADD_ENTRY = bytes((
    _MUL, _G, _E, _H,
    _MUL, _C, _G, _C,
    _SUB, _A, _Y, _X,
    _MUL, _A, _A, _M,
    _ADD, _B, _Y, _X,
    _MUL, _B, _B, _P,
    _SUB, _E, _B, _A,
    _ADD, _H, _B, _A,
    _SUB, _F, _Z, _C,
    _ADD, _G, _Z, _C,
    _MUL, _X, _E, _F,
    _MUL, _Y, _G, _H,
    _MUL, _Z, _F, _G,
))

DOUBLE = bytes((
    _MUL, _A, _X, _X,
    _MUL, _B, _Y, _Y,
    _MUL, _C, _Z, _Z,
    _ADD, _E, _X, _Y,
    _MUL, _E, _E, _E,
    _ADD, _H, _A, _B,
    _SUB, _E, _H, _E,
    _SUB, _G, _A, _B,
    _ADD, _F, _C, _C,
    _ADD, _F, _F, _G,
    _CARRY, _F, _F, _F,
    _MUL, _X, _E, _F,
    _MUL, _Y, _G, _H,
    _MUL, _Z, _F, _G,
))

_TO_AFFINE = bytes((
    _MUL, _X, _X, _Z,
    _MUL, _Y, _Y, _Z,
))

_TO_U_FRACTION = bytes((
    _ADD, _X, _Z, _Y,
    _SUB, _Z, _Z, _Y,
))
# fmt: on


@micropython.viper
def _is_aligned(data: ptr8) -> int:
    return int((int(data) & 3) == 0)


# Constants of a .mpy lie on the heap and are aligned; in a file system that is mapped into memory
# they may not be, and the ESP32 cannot read a word across its bounds.
_comb = COMB if _is_aligned(COMB) else bytearray(COMB)


@micropython.viper
def _comb_indices(digits: ptr8, indices: ptr8) -> object:
    """For each column, from the last to the first, and each block: 5 bits for `look_up`."""
    column = _COLUMNS
    while column:
        column -= 1
        block = 0
        while block < _BLOCKS:
            index = 0
            place = _DIGITS + block * _COLUMNS + column
            while place >= _SPACING:
                place -= _SPACING
                index = index << 1 | digits[place >> 3] >> (place & 7) & 1
            indices[0] = index
            indices = ptr8(int(indices) + 1)
            block += 1


def multiply_base(words: bytearray, scalar: int) -> None:
    """Put scalar * B into X, Y, Z (and E, H); the same steps for every scalar."""
    # With bits t for digits 2 * t - 1 the digits are worth 2 * t - (2^260 - 1).
    digits = ((scalar + _ALL_DIGITS) * _HALF_MODULO_L % L).to_bytes(_DIGIT_BYTES, "little")
    indices = bytearray(_BLOCKS * _COLUMNS)
    _comb_indices(digits, indices)
    blocks = [memoryview(_comb)[i * _BLOCK_BYTES :] for i in range(_BLOCKS)]
    operand = memoryview(words)[_M * field.SLOT_BYTES :]
    look_up(blocks[0], 0, indices[0], words, operand)
    field.execute(words, _TAKE_ENTRY)
    field.set_one(words, _Z)
    for i in range(1, _BLOCKS * _COLUMNS):
        if i & 3 == 0:
            run(0, 0, words, DOUBLE, len(DOUBLE) >> 2)
        look_up(blocks[i & 3], 0, indices[i], words, operand)
        run(0, 0, words, _ADD_ENTRY, len(_ADD_ENTRY) >> 2)


def encode(words: bytearray) -> bytes:
    """Section 5.1.2: the point in X, Y, Z as 32 bytes."""
    field.invert(words, _Z)
    field.execute(words, _TO_AFFINE)
    x = field.store(words, _X)
    y = field.store(words, _Y)
    y[31] |= (x[0] & 1) << 7
    return bytes(y)


def encode_as_u(words: bytearray) -> bytes:
    """RFC 7748 section 4.1: the u coordinate (Z + Y) / (Z - Y) of the point on curve25519."""
    field.execute(words, _TO_U_FRACTION)
    field.invert(words, _Z)
    field.execute(words, _TO_AFFINE)
    return bytes(field.store(words, _X))
