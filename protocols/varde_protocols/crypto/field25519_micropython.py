# mypy: disable-error-code="return"
"""Arithmetic modulo p = 2^255 - 19 for MicroPython: a machine with a handful of instructions.

An element is 20 limbs of 13 bits, least significant first, in 32-bit words. Limbs are signed: a
product comes out with limbs within +-4099 (call that 1 u), sums and differences are not carried, so
they have 2 u, 3 u and so on. A column of a product is a sum of 20 limb products and must stay in a
signed 32-bit word: the u's of the two factors may multiply to 6 at most (6 * 20 * 4099^2 < 2^31).
Elements are numbered *slots* of one bytearray; slots 0 and 1 are the scratch of the machine itself.

A *program* is a row of 4-byte instructions (operation, destination, left, right), so a whole point
addition is one call: a call costs as much as a tenth of a multiplication.

Nothing here branches or picks an address by an element's value. Viper's integers have 32 bits or, on
a 64-bit interpreter, 64; there a negative limb comes back from memory as a large positive number.
Only its low 32 bits mean anything, so carries are taken with a bias that makes the sum positive.
"""

import struct

from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from . import viper as micropython
    from .viper import ptr8, ptr32

MUL = const(0)
ADD = const(1)
SUB = const(2)
CARRY = const(3)

SLOT_BYTES = const(80)
ELEMENT_BYTES = const(32)
FREE_SLOT = const(2)

STEP_BYTES = const(4)
_TOP_BIAS = const(0x40000)  # 2^31 / 2^13
_FOLD = const(608)  # 2^260 = 19 * 2^5 (mod p)
_SMALL_BIAS = const(0x20000000)  # larger than any limb that is carried outside a product
_INVERSE_OF_P = const(5605)  # 1 / p modulo 2^13
_DIVSTEP_BATCHES = const(46)  # 46 * 13 >= 590 half-delta divsteps, enough for 256-bit numbers


@micropython.viper
def run(x: int, y: int, words: ptr32, program: ptr8, steps: int) -> object:
    """Run the first `steps` instructions of `program`; x and y are dummies (kept in registers)."""
    one = 1
    bias = (one << 31) + 4096
    next_bias = bias - _TOP_BIAS
    while steps:
        d = ptr32(int(words) + program[1] * SLOT_BYTES)
        a = ptr32(int(words) + program[2] * SLOT_BYTES)
        b = ptr32(int(words) + program[3] * SLOT_BYTES)
        operation = program[0]
        if operation == MUL:
            t = words
            n = 19
            while n:
                t[0] = 0
                t = ptr32(int(t) + 4)
                n -= 1
            b0 = b[0]
            b1 = b[1]
            b2 = b[2]
            b3 = b[3]
            b4 = b[4]
            b5 = b[5]
            b6 = b[6]
            b7 = b[7]
            b8 = b[8]
            b9 = b[9]
            b10 = b[10]
            b11 = b[11]
            b12 = b[12]
            b13 = b[13]
            b14 = b[14]
            b15 = b[15]
            b16 = b[16]
            b17 = b[17]
            b18 = b[18]
            b19 = b[19]
            t = words
            n = 10
            while n:
                x = a[0]
                y = a[1]
                a = ptr32(int(a) + 8)
                t[0] = t[0] + x * b0
                t[1] = t[1] + x * b1 + y * b0
                t[2] = t[2] + x * b2 + y * b1
                t[3] = t[3] + x * b3 + y * b2
                t[4] = t[4] + x * b4 + y * b3
                t[5] = t[5] + x * b5 + y * b4
                t[6] = t[6] + x * b6 + y * b5
                t[7] = t[7] + x * b7 + y * b6
                t[8] = t[8] + x * b8 + y * b7
                t[9] = t[9] + x * b9 + y * b8
                t[10] = t[10] + x * b10 + y * b9
                t[11] = t[11] + x * b11 + y * b10
                t[12] = t[12] + x * b12 + y * b11
                t[13] = t[13] + x * b13 + y * b12
                t[14] = t[14] + x * b14 + y * b13
                t[15] = t[15] + x * b15 + y * b14
                t[16] = t[16] + x * b16 + y * b15
                t[17] = t[17] + x * b17 + y * b16
                t[18] = t[18] + x * b18 + y * b17
                t[19] = x * b19 + y * b18
                t[20] = y * b19
                t = ptr32(int(t) + 8)
                n -= 1
            # The upper columns are carried first, so that they can be folded onto the lower ones.
            y = bias
            n = 19
            while n:
                x = t[0] + y
                t[0] = (x & 8191) - 4096
                y = ((x >> 13) & 0x7FFFF) + next_bias
                t = ptr32(int(t) + 4)
                n -= 1
            t[0] = y - bias
            t = words
            y = bias
            n = 20
            a = d
            while n:
                x = t[0] + t[20] * _FOLD + y
                a[0] = (x & 8191) - 4096
                y = ((x >> 13) & 0x7FFFF) + next_bias
                t = ptr32(int(t) + 4)
                a = ptr32(int(a) + 4)
                n -= 1
            x = d[0] + (y - bias) * _FOLD + bias
            d[0] = (x & 8191) - 4096
            x = d[1] + ((x >> 13) & 0x7FFFF) + next_bias
            d[1] = (x & 8191) - 4096
            d[2] = d[2] + ((x >> 13) & 0x7FFFF) - _TOP_BIAS
        elif operation == CARRY:
            y = bias
            n = 20
            while n:
                x = a[0] + y
                d[0] = (x & 8191) - 4096
                y = ((x >> 13) & 0x7FFFF) + next_bias
                a = ptr32(int(a) + 4)
                d = ptr32(int(d) + 4)
                n -= 1
            d = ptr32(int(d) - SLOT_BYTES)
            d[0] = d[0] + (y - bias) * _FOLD
        elif operation == ADD:
            n = 20
            while n:
                d[0] = a[0] + b[0]
                a = ptr32(int(a) + 4)
                b = ptr32(int(b) + 4)
                d = ptr32(int(d) + 4)
                n -= 1
        else:
            n = 20
            while n:
                d[0] = a[0] - b[0]
                a = ptr32(int(a) + 4)
                b = ptr32(int(b) + 4)
                d = ptr32(int(d) + 4)
                n -= 1
        program = ptr8(int(program) + STEP_BYTES)
        steps -= 1


@micropython.viper
def load(words: ptr32, slot: int, data: ptr8) -> object:
    """Unpack 32 little-endian bytes, without the top bit; the limbs have up to 2 u."""
    d = ptr32(int(words) + slot * SLOT_BYTES)
    held = 0
    held_bits = 0
    n = 19
    while n:
        while held_bits < 13:
            held |= data[0] << held_bits
            data = ptr8(int(data) + 1)
            held_bits += 8
        d[0] = held & 8191
        held >>= 13
        held_bits -= 13
        d = ptr32(int(d) + 4)
        n -= 1
    d[0] = held | (data[0] & 127) << held_bits


@micropython.viper
def _carry_unsigned(limbs: ptr32, carry: int) -> int:
    """Add `carry` at the bottom, make every limb 0..8191; returns what stands above bit 255."""
    n = 19
    while n:
        carry += limbs[0] + _SMALL_BIAS
        limbs[0] = carry & 8191
        carry = ((carry >> 13) & 0x7FFFF) - (_SMALL_BIAS >> 13)
        limbs = ptr32(int(limbs) + 4)
        n -= 1
    carry += limbs[0] + _SMALL_BIAS
    limbs[0] = carry & 255
    return ((carry >> 8) & 0xFFFFFF) - (_SMALL_BIAS >> 8)


def freeze(words: bytearray, slot: int) -> None:
    """Bring the element in `slot` to the one spelling with unsigned limbs and a value below p."""
    view = memoryview(words)[slot * SLOT_BYTES :]
    above = _carry_unsigned(view, 0)
    above = _carry_unsigned(view, 19 * above)
    _carry_unsigned(view, 19 * above)
    is_over_p = _carry_unsigned(view, 19)
    _carry_unsigned(view, 19 * is_over_p - 19)


@micropython.viper
def _pack(words: ptr32, slot: int, data: ptr8) -> object:
    a = ptr32(int(words) + slot * SLOT_BYTES)
    held = 0
    held_bits = 0
    n = 32
    while n:
        if held_bits < 8:
            held |= a[0] << held_bits
            a = ptr32(int(a) + 4)
            held_bits += 13
        data[0] = held
        held >>= 8
        held_bits -= 8
        data = ptr8(int(data) + 1)
        n -= 1


def store(words: bytearray, slot: int) -> bytearray:
    """Freeze the element in `slot` and give its 32 little-endian bytes."""
    freeze(words, slot)
    data = bytearray(ELEMENT_BYTES)
    _pack(words, slot, data)
    return data


@micropython.viper
def _divide_steps(x: int, y: int, f: ptr32, g: ptr32, d: ptr32, e: ptr32) -> object:
    """Bernstein and Yang, "Fast constant-time gcd computation", with the half-delta variant.

    Brings g to 0 and f to +-1, keeping d = f / g0 and e = g / g0 (mod p), 13 steps at a time: the
    steps only look at the low 13 bits, their effect on the long numbers is a 2 by 2 matrix
    (u v; q r) / 2^13. A limb is 0..8191 but for the signed top one.
    """
    zeta = -1
    batches = _DIVSTEP_BATCHES
    while batches:
        u = 1
        v = 0
        q = 0
        r = 1
        x = f[0]
        y = g[0]
        n = 13
        while n:
            is_swap = zeta >> 31
            is_odd = -(y & 1)
            y += ((x ^ is_swap) - is_swap) & is_odd
            q += ((u ^ is_swap) - is_swap) & is_odd
            r += ((v ^ is_swap) - is_swap) & is_odd
            is_swap &= is_odd
            zeta = (zeta ^ is_swap) - 1
            x += y & is_swap
            u = (u + (q & is_swap)) << 1
            v = (v + (r & is_swap)) << 1
            y >>= 1
            n -= 1
        # The top limbs are signed: take their sign whatever the width of viper's integers.
        x = ((d[19] + _SMALL_BIAS) >> 29 & 1) - 1
        y = ((e[19] + _SMALL_BIAS) >> 29 & 1) - 1
        d_above = (u & x) + (v & y)
        e_above = (q & x) + (r & y)
        f_sum = u * f[0] + v * g[0] >> 13
        g_sum = q * f[0] + r * g[0] >> 13
        d_sum = u * d[0] + v * e[0]
        e_sum = q * d[0] + r * e[0]
        d_above -= (_INVERSE_OF_P * (d_sum & 8191) + d_above) & 8191
        e_above -= (_INVERSE_OF_P * (e_sum & 8191) + e_above) & 8191
        d_sum = d_sum - 19 * d_above >> 13
        e_sum = e_sum - 19 * e_above >> 13
        n = 1
        while n < 19:
            x = f[n]
            y = g[n]
            f_sum += u * x + v * y
            g_sum += q * x + r * y
            x = d[n]
            y = e[n]
            d_sum += u * x + v * y
            e_sum += q * x + r * y
            n -= 1
            f[n] = f_sum & 8191
            g[n] = g_sum & 8191
            d[n] = d_sum & 8191
            e[n] = e_sum & 8191
            f_sum >>= 13
            g_sum >>= 13
            d_sum >>= 13
            e_sum >>= 13
            n += 2
        x = ((f[19] + _SMALL_BIAS) & 0x3FFFFFFF) - _SMALL_BIAS
        y = ((g[19] + _SMALL_BIAS) & 0x3FFFFFFF) - _SMALL_BIAS
        f_sum += u * x + v * y
        g_sum += q * x + r * y
        x = ((d[19] + _SMALL_BIAS) & 0x3FFFFFFF) - _SMALL_BIAS
        y = ((e[19] + _SMALL_BIAS) & 0x3FFFFFFF) - _SMALL_BIAS
        d_sum += u * x + v * y + 256 * d_above
        e_sum += q * x + r * y + 256 * e_above
        f[18] = f_sum & 8191
        f[19] = f_sum >> 13
        g[18] = g_sum & 8191
        g[19] = g_sum >> 13
        d[18] = d_sum & 8191
        d[19] = d_sum >> 13
        e[18] = e_sum & 8191
        e[19] = e_sum >> 13
        batches -= 1
    x = 1 - (f[0] & 2)
    n = 0
    while n < 20:
        d[n] = d[n] * x
        n += 1


_P_LIMBS = struct.pack("<20I", *([8192 - 19] + [8191] * 18 + [255]))
_ZERO_LIMBS = bytes(SLOT_BYTES)
_ONE_LIMBS = struct.pack("<20I", *([1] + [0] * 19))


def invert(words: bytearray, slot: int) -> None:
    """Put the inverse of the element in `slot` (0 for 0) there; its limbs have 2 u."""
    freeze(words, slot)
    start = slot * SLOT_BYTES
    f = bytearray(_P_LIMBS)
    g = words[start : start + SLOT_BYTES]
    d = bytearray(_ZERO_LIMBS)
    e = bytearray(_ONE_LIMBS)
    _divide_steps(0, 0, f, g, d, e)
    words[start : start + SLOT_BYTES] = d
