"""No limb of the hub's field arithmetic can overflow, whatever the numbers are.

The machine of field25519_micropython leaves sums uncarried. Here its programs run on bounds in
place of numbers, in every order in which the hub runs them, until the bounds grow no more.
"""

from __future__ import annotations

import pytest

from protocols.crypto_hub import HUB, SOURCE, ask

MUL, ADD, SUB, CARRY = range(4)
LIMBS = 20
CARRIED = 4099  # +-4096, and up to 3 more on limb 2 when the top is folded
LOADED = 8191 + 18  # 13 bits, and what negating a table entry takes off
COLUMN_LIMIT = 2**31 - 2**20  # a signed word, less a carry of 2^18 and the rounding
FOLDED = 608 * 8191  # an upper column, carried, times 2^260 mod p
Program = list[tuple[int, int, int, int]]
Bounds = dict[int, int]

pytestmark = pytest.mark.skipif(not HUB.exists(), reason="no hub interpreter: make setup")


def execute(program: Program, bounds: Bounds) -> Bounds:
    """The largest magnitude of a limb in each slot after `program`."""
    bounds = dict(bounds)
    for operation, target, left, right in program:
        if operation == MUL:
            column = LIMBS * bounds[left] * bounds[right]
            assert column + FOLDED < COLUMN_LIMIT, (program, target)
            bounds[target] = CARRIED
        elif operation == CARRY:
            assert bounds[left] < 2**17  # what stands above limb 19 is a few units
            bounds[target] = CARRIED
        else:
            bounds[target] = bounds[left] + bounds[right]
    return bounds


def settle(programs: list[Program], bounds: Bounds) -> None:
    """Run the programs in every order until no bound grows; `execute` asserts on the way."""
    while True:
        grown = dict(bounds)
        for program in programs:
            for slot, bound in execute(program, grown).items():
                grown[slot] = max(grown.get(slot, 0), bound)
        if grown == bounds:
            return
        bounds = grown


@pytest.fixture(scope="module")
def programs() -> dict[str, Program]:
    (found,) = ask(SOURCE, [["programs"]])
    assert isinstance(found, dict)
    return {
        name: [tuple(step) for step in zip(*[iter(bytes.fromhex(text))] * 4, strict=True)]
        for name, text in found.items()
    }


SECRET = "edwards25519_micropython."
PUBLIC = "edwards25519_public_micropython."
X, Y, Z, E, H = range(2, 7)
ENTRY = dict.fromkeys((11, 12, 13), LOADED)


def test_multiples_of_the_base_point(programs: dict[str, Program]) -> None:
    start = execute(programs[SECRET + "_TAKE_ENTRY"], ENTRY) | {Z: 1}
    loop = [programs[SECRET + "_ADD_ENTRY"], programs[SECRET + "DOUBLE"]]
    # The entry is loaded anew before each addition.
    settle(loop, start | ENTRY)
    inverted = {X: CARRIED, Y: CARRIED, Z: LOADED}
    execute(programs[SECRET + "_TO_AFFINE"], inverted)
    fraction = execute(programs[SECRET + "_TO_U_FRACTION"], {Y: CARRIED, Z: CARRIED})
    execute(programs[SECRET + "_TO_AFFINE"], fraction | {Z: LOADED, Y: CARRIED})


def test_multiples_of_public_points(programs: dict[str, Program]) -> None:
    loaded = {X: LOADED, Y: LOADED, Z: 1, 15: LOADED}
    start = execute(programs[PUBLIC + "_CARRY_AFFINE"], loaded)
    start = execute(programs[PUBLIC + "_MAKE_SUMMAND"], start)
    names = ["_ADD_SUMMAND", "_SUBTRACT_SUMMAND", "_MAKE_SUMMAND"]
    settle([programs[PUBLIC + name] for name in names] + [programs[SECRET + "DOUBLE"]], start)


def test_the_montgomery_ladder(programs: dict[str, Program]) -> None:
    step = programs["x25519_micropython._STEP"]
    x2, z2, x3, z3, x1, a24 = range(2, 8)
    first = execute(step, {x2: LOADED, z2: 1, x3: LOADED, z3: 1, x1: LOADED, a24: LOADED})
    settle([step], first)
    execute(programs["x25519_micropython._DIVIDE"], {2: CARRIED, 3: LOADED})


def test_a_program_too_daring_is_found() -> None:
    with pytest.raises(AssertionError):
        execute([(ADD, 4, 2, 2), (ADD, 4, 4, 2), (MUL, 5, 4, 4)], {2: CARRIED})
