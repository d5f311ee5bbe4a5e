"""A kit's id: five characters drawn at random, and a sixth that checks them.

The check character is that of ISO/IEC 7064 MOD 37,36 (hybrid system, section 9): it finds every
single wrong character and nearly every two that changed places. The arithmetic is the standard's,
over 0-9 and A-Z. Of those we use only the ones that nobody takes for another, also as the check
character (an id whose own would be another is drawn again), and no punctuation: keyboard-wedge
scanners send it wrong where the keyboard's layout is not theirs.

    P := 36;  for each character c:  P := 2 * ((P + value(c)) mod 36, or 36 if that is 0) mod 37
    check character: the c with (P + value(c)) mod 36 = 1
"""

from __future__ import annotations

from collections.abc import Callable

from varde_host import errors

_CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # of the standard, in the order of values
_MODULUS = 36
# Without B D G I L O Q S U Z, which are read as 8 0 6 1 1 0 0 5 V 2.
ALPHABET = "0123456789ACEFHJKMNPRTVWXY"
RANDOM_CHARACTERS = 5
"""Twelve million ids: two kits of a municipality's some hundred seldom draw the same, and the
inventory then draws again."""
LENGTH = RANDOM_CHARACTERS + 1


def check_character(text: str) -> str:
    """Return the check character of characters 0-9, A-Z; ValueError for any other."""
    product = _MODULUS
    for character in text:
        total = (product + _CHARACTERS.index(character)) % _MODULUS or _MODULUS
        product = 2 * total % (_MODULUS + 1)
    return _CHARACTERS[(1 - product) % _MODULUS]


def new(random: Callable[[int], int]) -> str:
    """Draw an id; `random(n)` returns 0 to n-1 (`secrets.randbelow`)."""
    while True:
        drawn = "".join(ALPHABET[random(len(ALPHABET))] for _ in range(RANDOM_CHARACTERS))
        last = check_character(drawn)
        if last in ALPHABET:
            return drawn + last


def check(text: str) -> str:
    """Return the id that was typed or scanned, in capitals and without spaces at its ends.

    Raises InputRefused `kit-id` for any other length or character, `kit-id-check` for a character
    that was read or written wrong.
    """
    given = text.strip().upper()
    if len(given) != LENGTH or not set(given) <= set(ALPHABET):
        raise errors.InputRefused("kit-id", text[:20], length=LENGTH)
    if check_character(given[:-1]) != given[-1]:
        raise errors.InputRefused("kit-id-check", given)
    return given
