# mypy: disable-error-code="return"
"""The curve edwards25519 for MicroPython, on the field machine of field25519_micropython.

Points are (X : Y : Z) with T = X * Y / Z left as its two factors E and H (T = E * H): a doubling
needs no T, so only an addition multiplies it out. Formulas: RFC 8032 section 5.1.4. The second
summand of an addition is kept as M = Y - X, P = Y + X, C = 2 * d * T and D = 2 * Z; that of a
table entry as M = (y - x) / 2, P = (y + x) / 2, C = d * x * y, which makes D = 1.
"""

from varde_protocols._compat import TYPE_CHECKING, const
from . import ed25519_comb as comb
from . import field25519_micropython as field

if TYPE_CHECKING:
    from . import viper as micropython
    from .viper import ptr8, ptr32, uint

P = (1 << 255) - 19
L = (1 << 252) + 27742317777372353535851937790883648493
D = 37095705934669439343138083508754565189542113879843219016388785533085940283555
_SQUARE_ROOT_OF_MINUS_1 = (
    19681161376707505956807079304988542015446066515923890162744021073123829784752
)
_HALF_MODULO_L = (L + 1) // 2
_ALL_DIGITS = (1 << (comb.TEETH * comb.BLOCKS * comb.COLUMNS)) - 1
_DIGIT_BYTES = const(33)

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
_D = const(14)
_K = const(15)
_TABLE = const(16)

SLOTS = const(52)  # nine summands of four slots behind the working ones
BASE_SLOTS = const(14)

_WINDOW_BITS = const(5)
_SUMMAND_SLOTS = const(4)
_SPARE_SUMMAND = const(8)

# fmt: off
_TAKE_ENTRY = bytes((
    _SUB, _E, _P, _M,
    _ADD, _H, _P, _M,
    _CARRY, _X, _E, _E,
    _CARRY, _Y, _H, _H,
    _CARRY, _H, _H, _H,
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

_DOUBLE = bytes((
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

# M and P change places and C its sign: the negative of a summand.
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

_TO_AFFINE = bytes((
    _MUL, _X, _X, _Z,
    _MUL, _Y, _Y, _Z,
))

_TO_U_FRACTION = bytes((
    _ADD, _X, _Z, _Y,
    _SUB, _Z, _Z, _Y,
))
# fmt: on


def _run(words: bytearray, program: bytes) -> None:
    field.run(0, 0, words, program, len(program) // field.STEP_BYTES)


@micropython.viper
def _comb_index(digits: ptr8, block: int, column: int) -> int:
    """Which entry (5 bits) and, as bit 5, whether it counts plus."""
    index = 0
    tooth = 6
    while tooth:
        tooth -= 1
        place = tooth * 44 + block * 11 + column
        index = index << 1 | (digits[place >> 3] >> (place & 7)) & 1
    return index


@micropython.viper
def _select(entry: ptr32, mask: int, index: int, found: ptr32) -> object:
    """Read all 32 entries of a block, keep the wanted one, swap its first two numbers if minus."""
    negative = (index >> 5) - 1
    index = (index ^ negative) & 31
    w0 = 0
    w1 = 0
    w2 = 0
    w3 = 0
    w4 = 0
    w5 = 0
    w6 = 0
    w7 = 0
    w8 = 0
    w9 = 0
    w10 = 0
    w11 = 0
    w12 = 0
    w13 = 0
    w14 = 0
    w15 = 0
    w16 = 0
    w17 = 0
    w18 = 0
    w19 = 0
    w20 = 0
    w21 = 0
    w22 = 0
    w23 = 0
    n = 0
    while n < 32:
        mask = ((n ^ index) - 1) >> 31
        w0 |= entry[0] & mask
        w1 |= entry[1] & mask
        w2 |= entry[2] & mask
        w3 |= entry[3] & mask
        w4 |= entry[4] & mask
        w5 |= entry[5] & mask
        w6 |= entry[6] & mask
        w7 |= entry[7] & mask
        w8 |= entry[8] & mask
        w9 |= entry[9] & mask
        w10 |= entry[10] & mask
        w11 |= entry[11] & mask
        w12 |= entry[12] & mask
        w13 |= entry[13] & mask
        w14 |= entry[14] & mask
        w15 |= entry[15] & mask
        w16 |= entry[16] & mask
        w17 |= entry[17] & mask
        w18 |= entry[18] & mask
        w19 |= entry[19] & mask
        w20 |= entry[20] & mask
        w21 |= entry[21] & mask
        w22 |= entry[22] & mask
        w23 |= entry[23] & mask
        entry = ptr32(int(entry) + 96)
        n += 1
    swap = (w0 ^ w8) & negative
    found[0] = w0 ^ swap
    found[8] = w8 ^ swap
    swap = (w1 ^ w9) & negative
    found[1] = w1 ^ swap
    found[9] = w9 ^ swap
    swap = (w2 ^ w10) & negative
    found[2] = w2 ^ swap
    found[10] = w10 ^ swap
    swap = (w3 ^ w11) & negative
    found[3] = w3 ^ swap
    found[11] = w11 ^ swap
    swap = (w4 ^ w12) & negative
    found[4] = w4 ^ swap
    found[12] = w12 ^ swap
    swap = (w5 ^ w13) & negative
    found[5] = w5 ^ swap
    found[13] = w13 ^ swap
    swap = (w6 ^ w14) & negative
    found[6] = w6 ^ swap
    found[14] = w14 ^ swap
    swap = (w7 ^ w15) & negative
    found[7] = w7 ^ swap
    found[15] = w15 ^ swap
    found[16] = w16
    found[17] = w17
    found[18] = w18
    found[19] = w19
    found[20] = w20
    found[21] = w21
    found[22] = w22
    found[23] = w23


@micropython.viper
def _unpack(found: ptr32, limbs: ptr32, negative: int) -> object:
    """Spread three numbers of 8 words over three slots; the third is negated for a minus."""
    sign = 0
    n = 3
    while n:
        if n == 1:
            sign = negative
        w0 = uint(found[0])
        w1 = uint(found[1])
        w2 = uint(found[2])
        w3 = uint(found[3])
        w4 = uint(found[4])
        w5 = uint(found[5])
        w6 = uint(found[6])
        w7 = uint(found[7])
        limbs[0] = (int(w0 & 8191) ^ sign) - sign
        limbs[1] = (int(w0 >> 13 & 8191) ^ sign) - sign
        limbs[2] = (int((w0 >> 26 | w1 << 6) & 8191) ^ sign) - sign
        limbs[3] = (int(w1 >> 7 & 8191) ^ sign) - sign
        limbs[4] = (int((w1 >> 20 | w2 << 12) & 8191) ^ sign) - sign
        limbs[5] = (int(w2 >> 1 & 8191) ^ sign) - sign
        limbs[6] = (int(w2 >> 14 & 8191) ^ sign) - sign
        limbs[7] = (int((w2 >> 27 | w3 << 5) & 8191) ^ sign) - sign
        limbs[8] = (int(w3 >> 8 & 8191) ^ sign) - sign
        limbs[9] = (int((w3 >> 21 | w4 << 11) & 8191) ^ sign) - sign
        limbs[10] = (int(w4 >> 2 & 8191) ^ sign) - sign
        limbs[11] = (int(w4 >> 15 & 8191) ^ sign) - sign
        limbs[12] = (int((w4 >> 28 | w5 << 4) & 8191) ^ sign) - sign
        limbs[13] = (int(w5 >> 9 & 8191) ^ sign) - sign
        limbs[14] = (int((w5 >> 22 | w6 << 10) & 8191) ^ sign) - sign
        limbs[15] = (int(w6 >> 3 & 8191) ^ sign) - sign
        limbs[16] = (int(w6 >> 16 & 8191) ^ sign) - sign
        limbs[17] = (int((w6 >> 29 | w7 << 3) & 8191) ^ sign) - sign
        limbs[18] = (int(w7 >> 10 & 8191) ^ sign) - sign
        limbs[19] = (int(w7 >> 23 & 255) ^ sign) - sign
        found = ptr32(int(found) + 32)
        limbs = ptr32(int(limbs) + 80)
        n -= 1


def _load_entry(words: bytearray, digits: bytes, block: int, column: int) -> None:
    index = _comb_index(digits, block, column)
    table = memoryview(comb.COMB)[block * comb.ENTRIES * comb.ENTRY_BYTES :]
    _select(table, 0, index, words)
    _unpack(words, memoryview(words)[_M * field.SLOT_BYTES :], (index >> 5) - 1)


def _load_number(words: bytearray, slot: int, number: int) -> None:
    field.load(words, slot, number.to_bytes(32, "little"))


def multiply_base(words: bytearray, scalar: int) -> None:
    """Put scalar * B into X, Y, Z (and E, H); the same steps for every scalar."""
    digits = ((scalar + _ALL_DIGITS) * _HALF_MODULO_L % L).to_bytes(_DIGIT_BYTES, "little")
    for column in range(comb.COLUMNS - 1, -1, -1):
        for block in range(comb.BLOCKS):
            _load_entry(words, digits, block, column)
            if block or column < comb.COLUMNS - 1:
                _run(words, _ADD_ENTRY)
            else:
                _run(words, _TAKE_ENTRY)
                _load_number(words, _Z, 1)
        if column:
            _run(words, _DOUBLE)


def encode(words: bytearray) -> bytes:
    """Section 5.1.2: the point in X, Y, Z as 32 bytes."""
    field.invert(words, _Z)
    _run(words, _TO_AFFINE)
    x = field.store(words, _X)
    y = field.store(words, _Y)
    y[31] |= (x[0] & 1) << 7
    return bytes(y)


def encode_as_u(words: bytearray) -> bytes:
    """RFC 7748 section 4.1: the u coordinate (Z + Y) / (Z - Y) of the point on curve25519."""
    _run(words, _TO_U_FRACTION)
    field.invert(words, _Z)
    _run(words, _TO_AFFINE)
    return bytes(field.store(words, _X))


def decode(encoding: bytes) -> "tuple[int, int] | None":
    """Section 5.1.3: the affine point of a canonical encoding, None if it is not on the curve."""
    y = int.from_bytes(encoding, "little")
    sign = y >> 255
    y &= (1 << 255) - 1
    u = y * y - 1
    v = D * y * y + 1
    x = u * v**3 * pow(u * v**7 % P, (P - 5) // 8, P) % P
    if (v * x * x - u) % P:
        x = x * _SQUARE_ROOT_OF_MINUS_1 % P
        if (v * x * x - u) % P:
            return None
    return (P - x if x & 1 != sign else x), y


@micropython.viper
def _signed_windows(scalar: ptr8, digits: ptr8) -> object:
    """Write 256 digits 0 or odd, -15..15 as bytes, at most one of any five not 0."""
    carry = 0
    i = 0
    while i < 256:
        width = 1
        if ((scalar[i >> 3] >> (i & 7)) & 1) != carry:
            window = carry
            width = 0
            while width < _WINDOW_BITS:
                place = i + width
                if place < 256:
                    window += ((scalar[place >> 3] >> (place & 7)) & 1) << width
                width += 1
            carry = window >> 4
            digits[i] = window - (carry << 5)
        i += width


def load_affine(words: bytearray, x: int, y: int) -> None:
    _load_number(words, _X, x)
    _load_number(words, _Y, y)
    _load_number(words, _Z, 1)
    _run(words, _CARRY_AFFINE)


def _summand(words: bytearray, number: int) -> memoryview:
    start = (_TABLE + number * _SUMMAND_SLOTS) * field.SLOT_BYTES
    return memoryview(words)[start : start + _SUMMAND_SLOTS * field.SLOT_BYTES]


def _keep_summand(words: bytearray, number: int) -> None:
    _run(words, _MAKE_SUMMAND)
    _summand(words, number)[:] = _operand(words)


def _operand(words: bytearray) -> memoryview:
    return memoryview(words)[_M * field.SLOT_BYTES : (_D + 1) * field.SLOT_BYTES]


def make_odd_multiples(words: bytearray, x: int, y: int) -> None:
    """Fill the table with 1, 3, 5 ... 15 times the affine point (x, y)."""
    _load_number(words, _K, 2 * D % P)
    load_affine(words, x, y)
    _run(words, _DOUBLE)
    _keep_summand(words, _SPARE_SUMMAND)
    load_affine(words, x, y)
    _keep_summand(words, 0)
    for number in range(1, _SPARE_SUMMAND):
        _operand(words)[:] = _summand(words, _SPARE_SUMMAND)
        _run(words, _ADD_SUMMAND)
        _keep_summand(words, number)


def multiply_public(words: bytearray, scalar: int) -> None:
    """Put scalar times the table's point into X, Y, Z; takes time by the scalar's digits."""
    digits = bytearray(256)
    _signed_windows(scalar.to_bytes(32, "little"), digits)
    _load_number(words, _X, 0)
    _load_number(words, _Y, 1)
    _load_number(words, _Z, 1)
    _run(words, _CARRY_AFFINE)
    is_started = False
    for place in range(255, -1, -1):
        digit = digits[place]
        if is_started:
            _run(words, _DOUBLE)
        if digit:
            is_started = True
            if digit < 128:
                _operand(words)[:] = _summand(words, digit >> 1)
                _run(words, _ADD_SUMMAND)
            else:
                _operand(words)[:] = _summand(words, (256 - digit) >> 1)
                _run(words, _SUBTRACT_SUMMAND)


def add_base_multiple(words: bytearray, scalar: int) -> None:
    """Add scalar * B to the point in X, Y, Z."""
    _keep_summand(words, _SPARE_SUMMAND)
    multiply_base(words, scalar)
    _operand(words)[:] = _summand(words, _SPARE_SUMMAND)
    _run(words, _ADD_SUMMAND)
