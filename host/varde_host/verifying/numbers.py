"""Numbers as people type them: comma or point, a sign, a unit behind; and nothing guessed.

149,5   149.5   -0,3   −0.3   149,5 mmHg
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from varde_host import errors

MAX_PIECES = 60
_NUMBER = re.compile(r"([+-]?)([0-9]{1,6})(?:[.,]([0-9]{1,4}))?")
_PIECE = re.compile(r"(?:([0-9]{1,2}) ?[x×*] ?)?([0-9]{1,3}(?:[.,][0-9]{1,3})?)")


def parse(text: str, unit: str | None) -> Decimal:
    """Return a typed number; what stands behind it may only be its unit.

    Raises InputRefused `verify-number`. `1.234,5` is none: who writes points between thousands
    and who writes them before decimals cannot be told apart.
    """
    given = text.strip().replace("−", "-").replace(" ", "").replace("\u00a0", "")
    bare_unit = (unit or "").replace(" ", "")
    if bare_unit and given.lower().endswith(bare_unit.lower()):
        given = given[: -len(bare_unit)]
    found = _NUMBER.fullmatch(given)
    if found is None:
        raise errors.InputRefused("verify-number", text.strip()[:20])
    sign, whole, decimals = found.groups()
    number = f"{sign}{whole}" + (f".{decimals}" if decimals else "")
    return Decimal(number)


def pieces(text: str) -> tuple[Decimal, ...]:
    """Return a set of weights as it is typed: `4x20 2x10 5`, the heaviest first.

    Raises InputRefused `verify-pieces`.
    """
    found: list[Decimal] = []
    for word in re.split(r"[;\s]+|,\s+", re.sub(r"\s*([x×*])\s*", r"\1", text.strip())):
        match = _PIECE.fullmatch(word)
        if match is None:
            raise errors.InputRefused("verify-pieces", text.strip()[:40])
        found += [Decimal(match[2].replace(",", "."))] * int(match[1] or 1)
    if not 0 < len(found) <= MAX_PIECES or not all(found):
        raise errors.InputRefused("verify-pieces", text.strip()[:40])
    return tuple(sorted(found, reverse=True))


def put_together(owned: Sequence[Decimal], load: Decimal) -> tuple[Decimal, ...] | None:
    """Return the fewest weights that are `load` together, heaviest first; None if there are none.

    `owned` is sorted, heaviest first.
    """
    best: dict[Decimal, tuple[Decimal, ...]] = {Decimal(0): ()}
    for piece in owned:
        for total, chosen in list(best.items()):
            heavier = total + piece
            known = best.get(heavier)
            if heavier <= load and (known is None or len(known) > len(chosen) + 1):
                best[heavier] = (*chosen, piece)
    return best.get(load)
