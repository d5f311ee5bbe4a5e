# mypy: disable-error-code="return"
"""SHA-512 (FIPS 180-4) for MicroPython, whose hashlib stops at SHA-256.

A 64-bit word is two 32-bit words in memory, low one first. Viper has no carry flag: the carry of
a 32-bit addition is `sum < summand`, unsigned. On a 64-bit interpreter viper's words have 64 bits:
sums and left shifts are cut to 32 bits by `mask` before they are compared or shifted right. There
`mask` is 0xFFFFFFFF, and on a 32-bit interpreter the same number arrives as all ones.

Viper keeps a function's first two variables in registers on some machines: therefore the busiest
two come first, as dummy arguments.
"""

import struct
from binascii import unhexlify

from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from . import viper as micropython
    from .viper import ptr8, ptr32, uint

_BLOCK_BYTES = const(128)
_LENGTH_BYTES = const(16)
_WORD_MASK = const(0xFFFFFFFF)


def _low_word_first(text: str) -> bytes:
    """Big-endian 64-bit words in hex as the pairs of machine words that viper reads."""
    words = struct.unpack(">%dI" % (len(text) // 8), unhexlify(text))
    pairs = []
    for i in range(0, len(words), 2):
        pairs += [words[i + 1], words[i]]
    return struct.pack("<%dI" % len(pairs), *pairs)


# Section 4.2.3: the fractions of the cube roots of the first 80 primes.
_ROUND_CONSTANTS = _low_word_first(
    "428a2f98d728ae227137449123ef65cdb5c0fbcfec4d3b2fe9b5dba58189dbbc3956c25bf348b538"
    "59f111f1b605d019923f82a4af194f9bab1c5ed5da6d8118d807aa98a303024212835b0145706fbe"
    "243185be4ee4b28c550c7dc3d5ffb4e272be5d74f27b896f80deb1fe3b1696b19bdc06a725c71235"
    "c19bf174cf692694e49b69c19ef14ad2efbe4786384f25e30fc19dc68b8cd5b5240ca1cc77ac9c65"
    "2de92c6f592b02754a7484aa6ea6e4835cb0a9dcbd41fbd476f988da831153b5983e5152ee66dfab"
    "a831c66d2db43210b00327c898fb213fbf597fc7beef0ee4c6e00bf33da88fc2d5a79147930aa725"
    "06ca6351e003826f142929670a0e6e7027b70a8546d22ffc2e1b21385c26c9264d2c6dfc5ac42aed"
    "53380d139d95b3df650a73548baf63de766a0abb3c77b2a881c2c92e47edaee692722c851482353b"
    "a2bfe8a14cf10364a81a664bbc423001c24b8b70d0f89791c76c51a30654be30d192e819d6ef5218"
    "d69906245565a910f40e35855771202a106aa07032bbd1b819a4c116b8d2d0c81e376c085141ab53"
    "2748774cdf8eeb9934b0bcb5e19b48a8391c0cb3c5c95a634ed8aa4ae3418acb5b9cca4f7763e373"
    "682e6ff3d6b2b8a3748f82ee5defb2fc78a5636f43172f6084c87814a1f0ab728cc702081a6439ec"
    "90befffa23631e28a4506cebde82bde9bef9a3f7b2c67915c67178f2e372532bca273eceea26619c"
    "d186b8c721c0c207eada7dd6cde0eb1ef57d4f7fee6ed17806f067aa72176fba0a637dc5a2c898a6"
    "113f9804bef90dae1b710b35131c471b28db77f523047d8432caab7b40c724933c9ebe0a15c9bebc"
    "431d67c49c100d4c4cc5d4becb3e42b6597f299cfc657e2a5fcb6fab3ad6faec6c44198c4a475817"
)

# Section 5.3.5: the fractions of the square roots of the first 8 primes.
_INITIAL_STATE = _low_word_first(
    "6a09e667f3bcc908bb67ae8584caa73b3c6ef372fe94f82ba54ff53a5f1d36f1"
    "510e527fade682d19b05688c2b3e6c1f1f83d9abfb41bd6b5be0cd19137e2179"
)

_SCRATCH_BYTES = const(704)  # 80 words of schedule, then the 8 words that the rounds give


@micropython.viper
def _schedule(lo: uint, hi: uint, block: ptr8, w: ptr32, mask: uint) -> object:
    """Section 6.4.2 step 1: the 80 words of one block's message schedule."""
    i = 0
    while i < 32:
        w[i ^ 1] = block[0] << 24 | block[1] << 16 | block[2] << 8 | block[3]
        block = ptr8(int(block) + 4)
        i += 1
    i = 64
    while i:
        xl = uint(w[2])
        xh = uint(w[3])
        lo = (xl >> 1 ^ xh << 31 ^ xl >> 8 ^ xh << 24 ^ xl >> 7 ^ xh << 25) & mask
        hi = xh >> 1 ^ xl << 31 ^ xh >> 8 ^ xl << 24 ^ xh >> 7
        xl = uint(w[0])
        lo = (lo + xl) & mask
        hi += uint(w[1]) + uint(lo < xl)
        xl = uint(w[18])
        lo = (lo + xl) & mask
        hi += uint(w[19]) + uint(lo < xl)
        xl = uint(w[28])
        xh = uint(w[29])
        hi += xh >> 19 ^ xl << 13 ^ xl >> 29 ^ xh << 3 ^ xh >> 6
        xl = (xl >> 19 ^ xh << 13 ^ xh >> 29 ^ xl << 3 ^ xl >> 6 ^ xh << 26) & mask
        lo = (lo + xl) & mask
        w[32] = int(lo)
        w[33] = int(hi + uint(lo < xl))
        w = ptr32(int(w) + 8)
        i -= 1


@micropython.viper
def _rounds(lo: uint, hi: uint, state: ptr32, w: ptr32, k: ptr32, mask: uint) -> object:  # noqa: PLR0915
    """Section 6.4.2 steps 2 and 3; the result lies behind the schedule."""
    al = uint(state[0])
    ah = uint(state[1])
    bl = uint(state[2])
    bh = uint(state[3])
    cl = uint(state[4])
    ch = uint(state[5])
    dl = uint(state[6])
    dh = uint(state[7])
    el = uint(state[8])
    eh = uint(state[9])
    fl = uint(state[10])
    fh = uint(state[11])
    gl = uint(state[12])
    gh = uint(state[13])
    hl = uint(state[14])
    hh = uint(state[15])
    i = 80
    while i:
        # The standard's T1: h + Sigma1(e) + Ch(e, f, g) + K + W.
        lo = (el >> 14 ^ eh << 18 ^ el >> 18 ^ eh << 14 ^ eh >> 9 ^ el << 23) & mask
        hi = eh >> 14 ^ el << 18 ^ eh >> 18 ^ el << 14 ^ el >> 9 ^ eh << 23
        lo = (lo + hl) & mask
        hi += hh + uint(lo < hl)
        hl = (fl ^ gl) & el ^ gl
        lo = (lo + hl) & mask
        hi += ((fh ^ gh) & eh ^ gh) + uint(lo < hl)
        hl = uint(k[0])
        lo = (lo + hl) & mask
        hi += uint(k[1]) + uint(lo < hl)
        hl = uint(w[0])
        lo = (lo + hl) & mask
        hi += uint(w[1]) + uint(lo < hl)
        k = ptr32(int(k) + 8)
        w = ptr32(int(w) + 8)
        hl = gl
        hh = gh
        gl = fl
        gh = fh
        fl = el
        fh = eh
        el = (dl + lo) & mask
        eh = (dh + hi + uint(el < lo)) & mask
        # Its T2, added to T1: Sigma0(a) + Maj(a, b, c).
        dl = (al & bl) | ((al | bl) & cl)
        lo = (lo + dl) & mask
        hi += ((ah & bh) | ((ah | bh) & ch)) + uint(lo < dl)
        dl = (al >> 28 ^ ah << 4 ^ ah >> 2 ^ al << 30 ^ ah >> 7 ^ al << 25) & mask
        lo = (lo + dl) & mask
        hi += (ah >> 28 ^ al << 4 ^ al >> 2 ^ ah << 30 ^ al >> 7 ^ ah << 25) + uint(lo < dl)
        dl = cl
        dh = ch
        cl = bl
        ch = bh
        bl = al
        bh = ah
        al = lo
        ah = hi & mask
        i -= 1
    w[0] = int(al)
    w[1] = int(ah)
    w[2] = int(bl)
    w[3] = int(bh)
    w[4] = int(cl)
    w[5] = int(ch)
    w[6] = int(dl)
    w[7] = int(dh)
    w[8] = int(el)
    w[9] = int(eh)
    w[10] = int(fl)
    w[11] = int(fh)
    w[12] = int(gl)
    w[13] = int(gh)
    w[14] = int(hl)
    w[15] = int(hh)


@micropython.viper
def _add_state(state: ptr32, w: ptr32, mask: uint) -> object:
    """Section 6.4.2 step 4: the intermediate hash value grows by the rounds' result."""
    w = ptr32(int(w) + 640)
    i = 0
    while i < 16:
        old = uint(state[i])
        lo = (old + uint(w[i])) & mask
        state[i] = int(lo)
        state[i + 1] = int(uint(state[i + 1]) + uint(w[i + 1]) + uint(lo < old))
        i += 2


def digest(data: bytes) -> bytes:
    """The 64-byte SHA-512 of `data`."""
    state = bytearray(_INITIAL_STATE)
    # Of this call alone: an interrupt handler may hash while a task does.
    scratch = bytearray(_SCRATCH_BYTES)
    whole_bytes = len(data) - len(data) % _BLOCK_BYTES
    last = data[whole_bytes:] + b"\x80"
    last += bytes(-(len(last) + _LENGTH_BYTES) % _BLOCK_BYTES + _LENGTH_BYTES - 8)
    last += struct.pack(">Q", len(data) * 8)
    for view in (memoryview(data)[:whole_bytes], memoryview(last)):
        for start in range(0, len(view), _BLOCK_BYTES):
            _schedule(0, 0, view[start:], scratch, _WORD_MASK)
            _rounds(0, 0, state, scratch, _ROUND_CONSTANTS, _WORD_MASK)
            _add_state(state, scratch, _WORD_MASK)
    words = struct.unpack("<16I", state)
    return struct.pack(">16I", *[words[i ^ 1] for i in range(16)])
