"""Points of edwards25519 as numbers (RFC 8032 section 5.1), for what happens to a key once.

Public keys only: the time that big integers take tells what they are.
"""

from varde_protocols._compat import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Optional, Tuple

P = (1 << 255) - 19
D = 37095705934669439343138083508754565189542113879843219016388785533085940283555
_SQUARE_ROOT_OF_MINUS_1 = (
    19681161376707505956807079304988542015446066515923890162744021073123829784752
)
_SIGN_BIT = 1 << 255
_ORDER_8_Y = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
# The eight points whose order divides the cofactor: the identity, orders 2, 4 and 8.
_SMALL_ORDER_YS = (1, P - 1, 0, _ORDER_8_Y, P - _ORDER_8_Y)


def is_canonical(encoding: bytes) -> bool:
    """Section 5.1.3 steps 1 and 4: y below p, and no sign on x = 0 (there y is 1 or -1)."""
    number = int.from_bytes(encoding, "little")
    y = number & (_SIGN_BIT - 1)
    if y in (1, P - 1):
        return number == y
    return y < P


def has_small_order(encoding: bytes) -> bool:
    """Whether a canonical encoding is one of the eight points of small order."""
    return int.from_bytes(encoding, "little") & (_SIGN_BIT - 1) in _SMALL_ORDER_YS


def decode(encoding: bytes) -> "Optional[Tuple[int, int]]":
    """Section 5.1.3: the affine point of a canonical encoding, None if it is not on the curve."""
    y = int.from_bytes(encoding, "little")
    sign = y >> 255
    y &= _SIGN_BIT - 1
    u = y * y - 1
    v = D * y * y + 1
    x = u * v**3 * pow(u * v**7 % P, (P - 5) // 8, P) % P
    if (v * x * x - u) % P:
        x = x * _SQUARE_ROOT_OF_MINUS_1 % P
        if (v * x * x - u) % P:
            return None
    return (P - x if x & 1 != sign else x), y
