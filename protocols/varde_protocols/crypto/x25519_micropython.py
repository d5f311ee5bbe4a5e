# mypy: disable-error-code="return"
"""X25519 back end for MicroPython: the Montgomery ladder on the field machine.

The ladder's steps and addresses are the same for every private key; the swap is done by masks.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from . import edwards25519_micropython as edwards
from . import field25519_micropython as field
from .field25519_run_micropython import run

if TYPE_CHECKING:
    from . import viper as micropython
    from .viper import ptr32

_MUL = const(0)
_ADD = const(1)
_SUB = const(2)

# (X2 : Z2) and (X3 : Z3) lie side by side, so that one loop swaps both numbers of the pairs.
_X2 = const(2)
_Z2 = const(3)
_X3 = const(4)
_Z3 = const(5)
_X1 = const(6)
_A24 = const(7)
_A = const(8)
_B = const(9)
_C = const(10)
_D = const(11)
_AA = const(12)
_BB = const(13)
_E = const(14)
_SLOTS = const(15)

_A24_VALUE = const(121665)  # (486662 - 2) / 4, section 5
_PAIR_WORDS = const(40)

# fmt: off
_STEP = bytes((
    _ADD, _A, _X2, _Z2,
    _SUB, _B, _X2, _Z2,
    _ADD, _C, _X3, _Z3,
    _SUB, _D, _X3, _Z3,
    _MUL, _AA, _A, _A,
    _MUL, _BB, _B, _B,
    _MUL, _D, _D, _A,
    _MUL, _C, _C, _B,
    _SUB, _E, _AA, _BB,
    _ADD, _X3, _D, _C,
    _MUL, _X3, _X3, _X3,
    _SUB, _Z3, _D, _C,
    _MUL, _Z3, _Z3, _Z3,
    _MUL, _Z3, _Z3, _X1,
    _MUL, _X2, _AA, _BB,
    _MUL, _Z2, _E, _A24,
    _ADD, _Z2, _Z2, _AA,
    _MUL, _Z2, _Z2, _E,
))

_DIVIDE = bytes((_MUL, _X2, _X2, _Z2))
# fmt: on


@micropython.viper
def _swap(words: ptr32, is_swap: int) -> object:
    mask = 0 - is_swap
    pair = ptr32(int(words) + _X2 * 80)
    n = _PAIR_WORDS
    while n:
        change = (pair[0] ^ pair[_PAIR_WORDS]) & mask
        pair[0] = pair[0] ^ change
        pair[_PAIR_WORDS] = pair[_PAIR_WORDS] ^ change
        pair = ptr32(int(pair) + 4)
        n -= 1


def _clamp(private: bytes) -> bytearray:
    """decodeScalar25519 of section 5."""
    scalar = bytearray(private)
    scalar[0] &= 248
    scalar[31] = (scalar[31] & 127) | 64
    return scalar


def _load_number(words: bytearray, slot: int, number: int) -> None:
    field.load(words, slot, number.to_bytes(field.ELEMENT_BYTES, "little"))


def public_key(private: bytes) -> bytes:
    """The base point 9 is the Ed25519 base point's u, and there the multiples come by table."""
    scalar = int.from_bytes(_clamp(private), "little") % edwards.L
    words = bytearray(edwards.SLOTS * field.SLOT_BYTES)
    edwards.multiply_base(words, scalar)
    return edwards.encode_as_u(words)


def multiply(private: bytes, public: bytes) -> bytes:
    """Section 5; raises ValueError for a result of zeros."""
    scalar = _clamp(private)
    words = bytearray(_SLOTS * field.SLOT_BYTES)
    field.load(words, _X1, public)
    field.load(words, _X3, public)
    for slot, number in ((_X2, 1), (_Z3, 1), (_A24, _A24_VALUE)):
        _load_number(words, slot, number)
    steps = len(_STEP) // field.STEP_BYTES
    swapped = 0
    for place in range(254, -1, -1):
        bit = scalar[place >> 3] >> (place & 7) & 1
        _swap(words, swapped ^ bit)
        swapped = bit
        run(0, 0, words, _STEP, steps)
    _swap(words, swapped)
    field.invert(words, _Z2)
    field.execute(words, _DIVIDE)
    result = bytes(field.store(words, _X2))
    if result == bytes(field.ELEMENT_BYTES):
        raise ValueError("the X25519 public key has small order")
    return result
