"""Write the multiples of the Ed25519 base point that the hub's signing looks up.

    python tools/make_ed25519_comb.py > protocols/varde_protocols/crypto/ed25519_comb.py

A test runs `render` and compares it with the committed file. The layout is told in the text that
is written (HEADER); the arithmetic here is slow, affine and as plain as it can be.
"""

import sys

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
BASE_Y = 4 * pow(5, -1, P) % P
BASE_X = 0x216936D3CD6E53FEC0A4E231FDD6DC5C692CC7609525A7B2C9562D608F25D51A

TEETH = 5
BLOCKS = 4
COLUMNS = 13
ENTRIES = 1 << (TEETH - 1)
ROW_BYTES = 48  # half an entry

Point = tuple[int, int]

HEADER = '''"""Multiples of the Ed25519 base point B for a signed-digit comb. Generated: do not edit.

Written by tools/make_ed25519_comb.py, which a test holds this file to.

A scalar is {digits} digits +1 or -1. Digit TOOTH * {spacing} + BLOCK * {columns} + COLUMN is worth
2 to the power of its number. One look-up takes the {teeth} teeth of one block and column at once, from
{entries} entries for each block. Entry i holds the sum of +-2^(TOOTH * {spacing} + BLOCK * {columns}) * B, where
the sign of tooth j < {last} is bit j of i (1 is plus) and tooth {last} is plus; if its digit is -1, all
signs are turned and the point is negated. An entry is three 32-byte little-endian numbers modulo
2^255 - 19: (y - x) / 2, (y + x) / 2, d * x * y.

Why this size: a look-up reads every entry of its block, so that no address tells anything of the
key; more teeth save additions but make every look-up longer. {teeth} teeth and {blocks} blocks cost fewest
instructions of all tables up to 6 KB, and one of twice the size would save a tenth of a signature
(docs/crypto.md counts them): {size} bytes, {additions} additions, {doublings} doublings.
"""

COMB = (
'''  # noqa: E501  (shorter once the numbers stand in)


def add(left: Point, right: Point) -> Point:
    """RFC 8032 section 5.1.4, in affine coordinates."""
    (x1, y1), (x2, y2) = left, right
    product = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P
    y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P
    return x, y


def negate(point: Point) -> Point:
    return -point[0] % P, point[1]


def comb_entries() -> list[Point]:
    """All entries, block after block."""
    power = (BASE_X, BASE_Y)
    powers = []
    for _ in range(TEETH * BLOCKS * COLUMNS):
        powers.append(power)
        power = add(power, power)
    entries = []
    for block in range(BLOCKS):
        teeth = [powers[(tooth * BLOCKS + block) * COLUMNS] for tooth in range(TEETH)]
        for index in range(ENTRIES):
            total = teeth[-1]
            for tooth, point in enumerate(teeth[:-1]):
                total = add(total, point if index >> tooth & 1 else negate(point))
            entries.append(total)
    return entries


def encode(point: Point) -> bytes:
    x, y = point
    half = pow(2, -1, P)
    numbers = ((y - x) * half, (y + x) * half, D * x * y)
    return b"".join((number % P).to_bytes(32, "little") for number in numbers)


def render() -> str:
    """The text of ed25519_comb.py."""
    data = b"".join(encode(point) for point in comb_entries())
    header = HEADER.format(
        digits=TEETH * BLOCKS * COLUMNS,
        spacing=BLOCKS * COLUMNS,
        teeth=TEETH,
        last=TEETH - 1,
        blocks=BLOCKS,
        columns=COLUMNS,
        entries=ENTRIES,
        size=len(data),
        additions=BLOCKS * COLUMNS,
        doublings=COLUMNS - 1,
    )
    rows = [data[start : start + ROW_BYTES] for start in range(0, len(data), ROW_BYTES)]
    lines = ["".join(f"\\x{byte:02x}" for byte in row) for row in rows]
    return header + "".join(f'    b"{line}"\n' for line in lines) + ")\n"


if __name__ == "__main__":
    sys.stdout.write(render())
