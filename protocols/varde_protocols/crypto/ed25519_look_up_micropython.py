# mypy: disable-error-code="return"
# ruff: noqa: PLR0915
"""Look-up in the table of ed25519_comb, in straight lines. Generated: do not edit.

Written by tools/make_curve25519_kernels.py, which a test holds this file to.
"""

from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from . import viper as micropython
    from .viper import ptr32, uint

_SLOT_BYTES = const(80)
_ENTRY_BYTES = const(96)
_ENTRIES = const(16)


@micropython.viper
def look_up(entry: ptr32, mask: int, index: int, found: ptr32, limbs: ptr32) -> object:
    """Spread entry `index` of a block's 16 over three slots; `mask` is a dummy in a register.

    Bits 0..3 of `index` are the signs of the lower teeth, bit 4 that of the last. All entries are
    read. `found` is scratch for the entry as it stands in the table.
    """
    negative = (index >> 4) - 1
    index = (index ^ negative) & 15
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
    while n < _ENTRIES:
        mask = ((n ^ index) - 1) >> 31
        w0 = entry[0] & mask | w0
        w1 = entry[1] & mask | w1
        w2 = entry[2] & mask | w2
        w3 = entry[3] & mask | w3
        w4 = entry[4] & mask | w4
        w5 = entry[5] & mask | w5
        w6 = entry[6] & mask | w6
        w7 = entry[7] & mask | w7
        w8 = entry[8] & mask | w8
        w9 = entry[9] & mask | w9
        w10 = entry[10] & mask | w10
        w11 = entry[11] & mask | w11
        w12 = entry[12] & mask | w12
        w13 = entry[13] & mask | w13
        w14 = entry[14] & mask | w14
        w15 = entry[15] & mask | w15
        w16 = entry[16] & mask | w16
        w17 = entry[17] & mask | w17
        w18 = entry[18] & mask | w18
        w19 = entry[19] & mask | w19
        w20 = entry[20] & mask | w20
        w21 = entry[21] & mask | w21
        w22 = entry[22] & mask | w22
        w23 = entry[23] & mask | w23
        entry = ptr32(int(entry) + _ENTRY_BYTES)
        n += 1
    mask = (w0 ^ w8) & negative
    found[0] = w0 ^ mask
    found[8] = w8 ^ mask
    found[16] = w16 ^ negative
    mask = (w1 ^ w9) & negative
    found[1] = w1 ^ mask
    found[9] = w9 ^ mask
    found[17] = w17 ^ negative
    mask = (w2 ^ w10) & negative
    found[2] = w2 ^ mask
    found[10] = w10 ^ mask
    found[18] = w18 ^ negative
    mask = (w3 ^ w11) & negative
    found[3] = w3 ^ mask
    found[11] = w11 ^ mask
    found[19] = w19 ^ negative
    mask = (w4 ^ w12) & negative
    found[4] = w4 ^ mask
    found[12] = w12 ^ mask
    found[20] = w20 ^ negative
    mask = (w5 ^ w13) & negative
    found[5] = w5 ^ mask
    found[13] = w13 ^ mask
    found[21] = w21 ^ negative
    mask = (w6 ^ w14) & negative
    found[6] = w6 ^ mask
    found[14] = w14 ^ mask
    found[22] = w22 ^ negative
    mask = (w7 ^ w15) & negative
    found[7] = w7 ^ mask
    found[15] = w15 ^ mask
    found[23] = w23 ^ negative
    n = 3
    while n:
        v0 = uint(found[0])
        v1 = uint(found[1])
        v2 = uint(found[2])
        v3 = uint(found[3])
        v4 = uint(found[4])
        v5 = uint(found[5])
        v6 = uint(found[6])
        v7 = uint(found[7])
        limbs[0] = int(v0 & 8191)
        limbs[1] = int(v0 >> 13 & 8191)
        limbs[2] = int((v0 >> 26 | v1 << 6) & 8191)
        limbs[3] = int(v1 >> 7 & 8191)
        limbs[4] = int((v1 >> 20 | v2 << 12) & 8191)
        limbs[5] = int(v2 >> 1 & 8191)
        limbs[6] = int(v2 >> 14 & 8191)
        limbs[7] = int((v2 >> 27 | v3 << 5) & 8191)
        limbs[8] = int(v3 >> 8 & 8191)
        limbs[9] = int((v3 >> 21 | v4 << 11) & 8191)
        limbs[10] = int(v4 >> 2 & 8191)
        limbs[11] = int(v4 >> 15 & 8191)
        limbs[12] = int((v4 >> 28 | v5 << 4) & 8191)
        limbs[13] = int(v5 >> 9 & 8191)
        limbs[14] = int((v5 >> 22 | v6 << 10) & 8191)
        limbs[15] = int(v6 >> 3 & 8191)
        limbs[16] = int(v6 >> 16 & 8191)
        limbs[17] = int((v6 >> 29 | v7 << 3) & 8191)
        limbs[18] = int(v7 >> 10 & 8191)
        limbs[19] = int(v7 >> 23 & 255)
        found = ptr32(int(found) + 32)
        limbs = ptr32(int(limbs) + _SLOT_BYTES)
        n -= 1
    limbs = ptr32(int(limbs) - _SLOT_BYTES)
    limbs[0] = limbs[0] - (18 & negative)
