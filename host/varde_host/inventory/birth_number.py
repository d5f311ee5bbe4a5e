"""Keep birth numbers out: what looks like one is refused wherever a person can write freely.

A Norwegian birth number or D-number has eleven digits: day, month and year of birth, three digits
that tell people of one day apart, and two control digits, each by modulus 11 (skatteetaten.no,
"Fødselsnummer" and "Ny fødselsnummerserie fra 2032"). D-numbers have 4 added to the first digit;
numbers for testing have 40, 65 or 80 added to the month. From 2032 on the first control digit may
have other remainders, so a date and the second one are enough here to call a number true.
"""

from __future__ import annotations

import re

from varde_host import errors

# Eleven digits, as people part them: 01 01 90 12345, 010190-12345, 01.01.90.12345.
_ANY = re.compile(r"(?<!\d)\d(?:[ \t.\-/]?\d){10}(?!\d)")
_SECOND_WEIGHTS = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
_STARS = "*" * 11
_DAYS, _MONTHS = 31, 12
_D_NUMBER, _TEST_MONTHS = 40, (0, 40, 65, 80)


def refuse_any(text: str, where: str) -> None:
    """Raise InputRefused `birth-number` for eleven digits in a row, parted or not."""
    if _ANY.search(text):
        raise errors.InputRefused("birth-number", where)


def refuse_true(text: str, where: str) -> None:
    """Raise InputRefused `birth-number` for one that is true: a serial may have eleven digits."""
    for found in _ANY.findall(text):
        if is_true(re.sub(r"\D", "", found)):
            raise errors.InputRefused("birth-number", where)


def masked(text: str) -> str:
    """Return a text with what may be a birth number starred: what it is all of, or a true one.

    For what a scanner read: other numbers of eleven digits stand in makers' codes.
    """
    if _ANY.fullmatch(text.strip()):
        return _STARS
    return _ANY.sub(
        lambda found: _STARS if is_true(re.sub(r"\D", "", found[0])) else found[0], text
    )


def is_true(digits: str) -> bool:
    """Tell if eleven digits have a date in front and the last control digit behind."""
    numbers = [int(digit) for digit in digits]
    day, month = int(digits[:2]), int(digits[2:4])
    has_day = 1 <= day <= _DAYS or 1 <= day - _D_NUMBER <= _DAYS
    has_month = any(1 <= month - added <= _MONTHS for added in _TEST_MONTHS)
    total = sum(weight * number for weight, number in zip(_SECOND_WEIGHTS, numbers, strict=True))
    return has_day and has_month and total % 11 == 0
