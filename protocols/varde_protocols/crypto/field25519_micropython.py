# mypy: disable-error-code="return"
"""Arithmetic modulo p = 2^255 - 19 for MicroPython: a machine with a handful of instructions.

An element is 20 limbs of 13 bits, least significant first, in 32-bit words. Limbs are signed: a
product comes out with limbs within +-4099 (call that 1 u), a sum or difference is not carried, so
it has the u's of both terms. A column of a product is a sum of 20 limb products and must fit in a
signed 32-bit word: the u's of the two factors may multiply to 6 (6 * 20 * 4099^2 < 2^31). A test
walks through every program with these bounds. Elements are numbered *slots* of one bytearray;
slots 0 and 1 are the machine's own scratch.

A *program* is a row of 4-byte instructions (operation, destination, left, right), so that a whole
point addition is one call of `run`: a call costs a fifth of a multiplication.

Nothing here branches or forms an address by an element's value. Viper's integers have 32 bits or,
on a 64-bit interpreter, 64; there a negative limb comes back from memory as a large positive
number. Only its low 32 bits mean anything, so carries are taken with a bias that makes the sum
positive in those.
"""

import struct

from varde_protocols._compat import TYPE_CHECKING, const

from .field25519_run_micropython import run

if TYPE_CHECKING:
    from . import viper as micropython
    from .viper import ptr8, ptr32

P = (1 << 255) - 19

SLOT_BYTES = const(80)
STEP_BYTES = const(4)
ELEMENT_BYTES = const(32)

_LIMBS = const(20)
_SMALL_BIAS = const(0x20000000)  # 2^29: above any limb that is carried outside a product
_FREEZE_PASSES = const(5)
_INVERSE_OF_P = const(5605)  # 1 / p modulo 2^13
_DIVSTEP_BATCHES = const(46)  # 46 * 13 >= 590 half-delta divsteps, enough for 256-bit numbers

_P_LIMBS = struct.pack("<20I", *([8192 - 19] + [8191] * 18 + [255]))
_ZERO = bytes(SLOT_BYTES)
_ONE = struct.pack("<20I", *([1] + [0] * 19))


def execute(words: bytearray, program: bytes) -> None:
    """Run a whole program."""
    run(0, 0, words, program, len(program) // STEP_BYTES)


def set_one(words: bytearray, slot: int) -> None:
    words[slot * SLOT_BYTES : (slot + 1) * SLOT_BYTES] = _ONE


@micropython.viper
def load(words: ptr32, slot: int, data: ptr8) -> object:
    """Unpack 32 little-endian bytes, without the top bit; the limbs have up to 2 u."""
    d = ptr32(int(words) + slot * SLOT_BYTES)
    held = 0
    held_bits = 0
    n = _LIMBS - 1
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
def _freeze(words: ptr32, slot: int) -> object:
    """Bring an element to its one spelling with limbs 0..8191 and a value below p.

    Each pass carries and cuts off what stands above bit 255. Three passes fold it back as 19 times
    itself; the fourth adds 19, which overflows from p on; the fifth takes that back or not.
    """
    carry = 0
    step = 0
    while step < _FREEZE_PASSES:
        limbs = ptr32(int(words) + slot * SLOT_BYTES)
        n = _LIMBS - 1
        while n:
            carry += limbs[0] + _SMALL_BIAS
            limbs[0] = carry & 8191
            carry = (carry >> 13 & 0x7FFFF) - (_SMALL_BIAS >> 13)
            limbs = ptr32(int(limbs) + 4)
            n -= 1
        carry += limbs[0] + _SMALL_BIAS
        limbs[0] = carry & 255
        carry = 19 * ((carry >> 8 & 0xFFFFFF) - (_SMALL_BIAS >> 8))
        if step == 2:
            carry = 19
        elif step == 3:
            carry -= 19
        step += 1


@micropython.viper
def _pack(words: ptr32, slot: int, data: ptr8) -> object:
    a = ptr32(int(words) + slot * SLOT_BYTES)
    held = 0
    held_bits = 0
    n = ELEMENT_BYTES
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
    """The 32 little-endian bytes of the element in `slot`, canonical."""
    _freeze(words, slot)
    data = bytearray(ELEMENT_BYTES)
    _pack(words, slot, data)
    return data


@micropython.viper
def _divide_steps(x: int, y: int, numbers: ptr32) -> object:  # noqa: PLR0915  (straight lines)
    """Invert g by Bernstein and Yang, "Fast constant-time gcd computation and modular inversion".

    `numbers` holds f = p, g, d = 0 and e = 1. The steps bring g to 0 and f to +-1 and keep
    d = f / g and e = g / g (of the first g, mod p). Thirteen steps look only at the low 13 bits;
    what they do to the long numbers is a matrix (u v; q r) / 2^13. Limbs are 0..8191 but for the
    signed top one. The variant that starts with delta = 1/2 needs fewest steps.
    """
    zeta = -1
    batches = _DIVSTEP_BATCHES
    while batches:
        batches -= 1
        u = 1
        v = 0
        q = 0
        r = 1
        p = numbers
        x = p[0]
        y = p[20]
        n = 13
        while n:
            is_swap = zeta >> 31
            is_odd = 0 - (y & 1)
            y += ((x ^ is_swap) - is_swap) & is_odd
            q += ((u ^ is_swap) - is_swap) & is_odd
            r += ((v ^ is_swap) - is_swap) & is_odd
            is_swap &= is_odd
            zeta = (zeta ^ is_swap) - 1
            x += y & is_swap
            u = (q & is_swap) + u << 1
            v = (r & is_swap) + v << 1
            y >>= 1
            n -= 1
        # d and e may be negative: then p is added first, that is u or v (q or r) times p.
        x = ((p[59] + _SMALL_BIAS) >> 29 & 1) - 1
        y = ((p[79] + _SMALL_BIAS) >> 29 & 1) - 1
        d_times_p = (u & x) + (v & y)
        e_times_p = (q & x) + (r & y)
        x = p[0]
        y = p[20]
        f_sum = u * x + v * y >> 13
        g_sum = q * x + r * y >> 13
        x = p[40]
        y = p[60]
        d_sum = u * x + v * y
        e_sum = q * x + r * y
        # A multiple of p makes the low limb 0; p has the limbs -19, 0 ... 0 and 256.
        d_times_p -= (_INVERSE_OF_P * (d_sum & 8191) + d_times_p) & 8191
        e_times_p -= (_INVERSE_OF_P * (e_sum & 8191) + e_times_p) & 8191
        d_sum = d_sum - 19 * d_times_p >> 13
        e_sum = e_sum - 19 * e_times_p >> 13
        n = _LIMBS - 2
        while n:
            x = p[1]
            y = p[21]
            f_sum += u * x + v * y
            p[0] = f_sum & 8191
            f_sum >>= 13
            g_sum += q * x + r * y
            p[20] = g_sum & 8191
            g_sum >>= 13
            x = p[41]
            y = p[61]
            d_sum += u * x + v * y
            p[40] = d_sum & 8191
            d_sum >>= 13
            e_sum += q * x + r * y
            p[60] = e_sum & 8191
            e_sum >>= 13
            p = ptr32(int(p) + 4)
            n -= 1
        x = ((p[1] + _SMALL_BIAS) & 0x3FFFFFFF) - _SMALL_BIAS
        y = ((p[21] + _SMALL_BIAS) & 0x3FFFFFFF) - _SMALL_BIAS
        f_sum += u * x + v * y
        g_sum += q * x + r * y
        x = ((p[41] + _SMALL_BIAS) & 0x3FFFFFFF) - _SMALL_BIAS
        y = ((p[61] + _SMALL_BIAS) & 0x3FFFFFFF) - _SMALL_BIAS
        d_sum += u * x + v * y + 256 * d_times_p
        e_sum += q * x + r * y + 256 * e_times_p
        p[0] = f_sum & 8191
        p[1] = f_sum >> 13
        p[20] = g_sum & 8191
        p[21] = g_sum >> 13
        p[40] = d_sum & 8191
        p[41] = d_sum >> 13
        p[60] = e_sum & 8191
        p[61] = e_sum >> 13
    x = 1 - (numbers[0] & 2)  # f is 1, or -1 with 8191 for its low limb
    n = _LIMBS
    while n:
        numbers[40] = numbers[40] * x
        numbers = ptr32(int(numbers) + 4)
        n -= 1


def invert(words: bytearray, slot: int) -> None:
    """Put the inverse of the element in `slot` (0 for 0) there; its limbs have 2 u."""
    _freeze(words, slot)
    start = slot * SLOT_BYTES
    numbers = bytearray(_P_LIMBS + words[start : start + SLOT_BYTES] + _ZERO + _ONE)
    _divide_steps(0, 0, numbers)
    words[start : start + SLOT_BYTES] = numbers[2 * SLOT_BYTES : 3 * SLOT_BYTES]
