"""Write the straight-line viper code of the hub's curve arithmetic.

    python tools/make_curve25519_kernels.py FOLDER     (protocols/varde_protocols/crypto)

writes field25519_run_micropython.py and ed25519_look_up_micropython.py there. A test runs `render`
and compares it with the committed files. Viper has few registers and no
optimiser: a loop with array indices costs twice the instructions of the same work with every limb
in a variable of its own. Those lines come from here, so that nobody has to read them twice.

The product of a (two limbs x, y at a time) and b keeps the 19 columns above the two finished ones
in t0..t18 and moves them down by writing t[k] = x * b[k + 2] + y * b[k + 1] + t[k + 2]. The order
of the terms matters: the sum so far is in the machine register that the next addition wants.
"""

import pathlib
import sys
from collections.abc import Iterator

LIMBS = 20
LIMB_BITS = 13
ENTRY_WORDS = 24
NUMBER_WORDS = 8

RUN_HEADER = '''# mypy: disable-error-code="return"
# ruff: noqa: PLR0915
"""The field machine of field25519_micropython, in straight lines. Generated: do not edit.

Written by tools/make_curve25519_kernels.py, which a test holds this file to. What `run` does and
why it is right is told in field25519_micropython.
"""

from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from . import viper as micropython
    from .viper import ptr8, ptr32

_MUL = const(0)
_ADD = const(1)
_CARRY = const(3)

_SLOT_BYTES = const(80)
_STEP_BYTES = const(4)
_FOLD = const(608)  # 2^260 = 19 * 2^5 (mod p)
_CARRY_BITS = const(0x7FFFF)  # what is left of 32 bits after a shift by 13
_TOP_BIAS = const(0x40000)  # 2^31 / 2^13
'''

LOOK_UP_HEADER = '''# mypy: disable-error-code="return"
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
'''

RUN_HEAD = '''

@micropython.viper
def run(x: int, y: int, words: ptr32, program: ptr8, steps: int) -> object:
    """Run `steps` instructions; x and y are dummies, the first variables stay in registers."""
    one = 1
    bias = one << 31
    next_bias = bias - _TOP_BIAS
    while steps:
        operation = program[0]
        d = ptr32(int(words) + program[1] * _SLOT_BYTES)
        a = ptr32(int(words) + program[2] * _SLOT_BYTES)
        b = ptr32(int(words) + program[3] * _SLOT_BYTES)
        program = ptr8(int(program) + _STEP_BYTES)
        steps -= 1
        if operation == _MUL:
'''


def product() -> Iterator[str]:
    """The 39 columns of a * b: 0..19 in the scratch at `words`, 20..38 in t0..t18."""
    for i in range(LIMBS):
        yield f"b{i} = b[{i}]"
    for k in range(LIMBS - 1):
        yield f"t{k} = 0"
    yield "low = words"
    yield "n = 10"
    yield "while n:"
    yield "    x = a[0]"
    yield "    y = a[1]"
    yield "    a = ptr32(int(a) + 8)"
    yield "    low[0] = x * b0 + t0"
    yield "    low[1] = x * b1 + y * b0 + t1"
    yield "    low = ptr32(int(low) + 8)"
    for k in range(LIMBS - 3):
        yield f"    t{k} = x * b{k + 2} + y * b{k + 1} + t{k + 2}"
    yield f"    t{LIMBS - 3} = x * b{LIMBS - 1} + y * b{LIMBS - 2}"
    yield f"    t{LIMBS - 2} = y * b{LIMBS - 1}"
    yield "    n -= 1"


def reduction() -> Iterator[str]:
    """Carry the upper columns, fold them onto the lower ones, carry those into d."""
    yield "y = bias"
    for k in range(LIMBS - 1):
        yield f"x = t{k} + y"
        yield f"t{k} = x & 8191"
        yield "y = (x >> 13 & _CARRY_BITS) + next_bias"
    yield f"t{LIMBS - 1} = y - bias"
    yield "y = bias + 4096"
    yield "next_bias += 4096"
    for k in range(LIMBS):
        yield f"x = t{k} * _FOLD + words[{k}] + y"
        yield f"d[{k}] = (x & 8191) - 4096"
        yield "y = (x >> 13 & _CARRY_BITS) + next_bias"
    yield from close("y - bias - 4096")
    yield "next_bias -= 4096"


def close(above: str) -> Iterator[str]:
    """Fold what stands above limb 19 onto the lowest three limbs."""
    yield f"x = ({above}) * _FOLD + d[0] + bias + 4096"
    yield "d[0] = (x & 8191) - 4096"
    yield "x = (x >> 13 & _CARRY_BITS) + d[1] + next_bias"
    yield "d[1] = (x & 8191) - 4096"
    yield "d[2] = (x >> 13 & _CARRY_BITS) + d[2] - _TOP_BIAS"


def carry() -> Iterator[str]:
    """As the end of a product, for a sum of a few u."""
    yield "y = bias + 4096"
    yield "next_bias += 4096"
    for k in range(LIMBS):
        yield f"x = a[{k}] + y"
        yield f"d[{k}] = (x & 8191) - 4096"
        yield "y = (x >> 13 & _CARRY_BITS) + next_bias"
    yield from close("y - bias - 4096")
    yield "next_bias -= 4096"


def limb_by_limb(operator: str) -> Iterator[str]:
    for k in range(LIMBS):
        yield f"d[{k}] = a[{k}] {operator} b[{k}]"


LOOK_UP_HEAD = '''

@micropython.viper
def look_up(entry: ptr32, mask: int, index: int, found: ptr32, limbs: ptr32) -> object:
    """Spread entry `index` of a block's 16 over three slots; `mask` is a dummy in a register.

    Bits 0..3 of `index` are the signs of the lower teeth, bit 4 that of the last. All entries are
    read. `found` is scratch for the entry as it stands in the table.
    """
    negative = (index >> 4) - 1
    index = (index ^ negative) & 15
'''


def selection() -> Iterator[str]:
    for j in range(ENTRY_WORDS):
        yield f"w{j} = 0"
    yield "n = 0"
    yield "while n < _ENTRIES:"
    yield "    mask = ((n ^ index) - 1) >> 31"
    for j in range(ENTRY_WORDS):
        yield f"    w{j} = entry[{j}] & mask | w{j}"
    yield "    entry = ptr32(int(entry) + _ENTRY_BYTES)"
    yield "    n += 1"


def negation() -> Iterator[str]:
    """Swap the first two numbers and turn the bits of the third, which makes it 18 - C."""
    for j in range(NUMBER_WORDS):
        other = j + NUMBER_WORDS
        yield f"mask = (w{j} ^ w{other}) & negative"
        yield f"found[{j}] = w{j} ^ mask"
        yield f"found[{other}] = w{other} ^ mask"
        yield f"found[{other + NUMBER_WORDS}] = w{other + NUMBER_WORDS} ^ negative"


def spreading() -> Iterator[str]:
    """Cut three numbers of 255 bits into limbs."""
    yield "n = 3"
    yield "while n:"
    for j in range(NUMBER_WORDS):
        yield f"    v{j} = uint(found[{j}])"
    for i in range(LIMBS):
        yield f"    limbs[{i}] = int({cut(i * LIMB_BITS)})"
    yield "    found = ptr32(int(found) + 32)"
    yield "    limbs = ptr32(int(limbs) + _SLOT_BYTES)"
    yield "    n -= 1"
    yield "limbs = ptr32(int(limbs) - _SLOT_BYTES)"
    yield "limbs[0] = limbs[0] - (18 & negative)"


def cut(bit: int) -> str:
    """The limb that starts at `bit` of v7..v0; the last one has only 8 bits below bit 255."""
    word, shift = divmod(bit, 32)
    if word == NUMBER_WORDS - 1:
        return f"v{word} >> {shift} & {255 if bit == (LIMBS - 1) * LIMB_BITS else 8191}"
    if shift + LIMB_BITS > 32:
        return f"(v{word} >> {shift} | v{word + 1} << {32 - shift}) & 8191"
    return f"v{word} >> {shift} & 8191" if shift else f"v{word} & 8191"


def block(lines: Iterator[str], indent: int) -> str:
    return "".join(f"{' ' * indent}{line}\n" for line in lines)


def render() -> dict[str, str]:
    """File names and texts."""
    run = (
        RUN_HEADER,
        RUN_HEAD,
        block(product(), 12),
        block(reduction(), 12),
        "        elif operation == _CARRY:\n",
        block(carry(), 12),
        "        elif operation == _ADD:\n",
        block(limb_by_limb("+"), 12),
        "        else:\n",
        block(limb_by_limb("-"), 12),
    )
    look_up = (
        LOOK_UP_HEADER,
        LOOK_UP_HEAD,
        block(selection(), 4),
        block(negation(), 4),
        block(spreading(), 4),
    )
    return {
        "field25519_run_micropython.py": "".join(run),
        "ed25519_look_up_micropython.py": "".join(look_up),
    }


if __name__ == "__main__":
    for name, text in render().items():
        (pathlib.Path(sys.argv[1]) / name).write_text(text)
