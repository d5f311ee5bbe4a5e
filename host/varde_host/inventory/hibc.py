"""HIBC supplier labels (ANSI/HIBC 2.6): +LIC product unit, then date, lot and serial, then check.

    primary      + A123 BJC5D6E7 1 G             labeler, product, unit of measure, check
    secondary    + $$5 20015 10X3 G C            date, lot, link (the primary's check), check
    together     + A999 1234 5 /$$5 20015 10X3 /16D20111212 /S77DE1G45 -       one check at the end

A date comes first in the secondary part, and the digit before it says how it is written (table 2):
none MMYY, 2 MMDDYY, 3 YYMMDD, 4 YYMMDDHH, 5 YYJJJ, 6 YYJJJHH, 7 no date. In front of that, 8 has a
quantity of two digits and 9 one of five. `$$+` has a serial number where `$$` has a lot; `$` and
`$+` have one without a date; five digits alone are YYJJJ. Further parts begin with S (serial),
14D (expires) and 16D (made), YYYYMMDD.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from varde_host.inventory import scanned
from varde_host.inventory.scanned import Scanned

_CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"
"""In the order of their values (appendix B): 43 of them, the last two thirds of Code 39."""
_FLAG = "+"

_PRIMARY = re.compile(r"([A-Z][A-Z0-9]{3})([A-Z0-9]{1,18})([0-9])")
_SECONDARY = re.compile(r"(\$\$\+|\$\$|\$\+|\$|(?=[0-9]{5}))(.*)")
_QUANTITY = re.compile(r"8([0-9]{2})|9([0-9]{5})")
_NUMBER = re.compile(r"[A-Z0-9.-]{0,18}")
_CENTURY = 2000


class _Dated(NamedTuple):
    expires_on: str | None
    rest: str


def check_character(text: str) -> str:
    """Return the check character of a text in the set; ValueError for any other."""
    total = sum(_CHARACTERS.index(character) for character in text)
    return _CHARACTERS[total % len(_CHARACTERS)]


def is_checked(text: str) -> bool:
    """Tell if the last character checks those before it."""
    if len(text) < 3 or not set(text) <= set(_CHARACTERS):
        return False
    return check_character(text[:-1]) == text[-1]


def parse(text: str) -> Scanned | None:
    """Read a label whose check character has been found right; None if it is ill-formed."""
    body = text.removeprefix(_FLAG)[:-1]
    if _is_secondary(body):
        made = _secondary(Scanned(scanned.HIBC, link=body[-1:]), body[:-1])
    else:
        head, _, rest = body.partition("/")
        primary = _PRIMARY.fullmatch(head)
        if primary is None:
            return None
        labeler, product, unit = primary.groups()
        start = Scanned(scanned.HIBC, code=f"hibc:{labeler}{product}", others={"unit": unit})
        made = _secondary(start, rest) if rest else start
    return made


def join(primary: Scanned, secondary: Scanned, primary_check: str) -> Scanned | None:
    """Return two codes of one label as one; None if the second belongs to another first."""
    if secondary.link != primary_check or primary.code is None:
        return None
    return Scanned(
        scanned.HIBC, primary.code, secondary.serial, secondary.lot, secondary.made_on,
        secondary.expires_on, primary.others | secondary.others,
    )  # fmt: skip


def _is_secondary(body: str) -> bool:
    return body[:1] == "$" or body[:1].isdigit()


def _secondary(start: Scanned, text: str) -> Scanned | None:
    """Read date, lot and serial, and the parts behind them."""
    first, *parts = text.split("/")
    found = _SECONDARY.fullmatch(first)
    if found is None:
        return None
    flag, rest = found.groups()
    facts: dict[str, str | None] = {}
    others = dict(start.others)
    if flag.startswith("$$"):
        quantity = _QUANTITY.match(rest)
        if quantity:
            others["quantity"] = str(int(quantity[1] or quantity[2]))
            rest = rest[quantity.end() :]
    if not flag or flag.startswith("$$"):
        dated = _dated(rest if flag else "5" + rest) if rest else _Dated(None, "")
        if dated is None:
            return None
        facts["expires_on"], rest = dated
    if not _NUMBER.fullmatch(rest):
        return None
    facts["serial" if flag.endswith("+") else "lot"] = rest or None
    if not all(_part(part, facts, others) for part in parts):
        return None
    if not any(facts.values()) and others == start.others:
        return None  # nothing is said
    return Scanned(
        start.scheme, start.code, facts.get("serial"), facts.get("lot"), facts.get("made_on"),
        facts.get("expires_on"), others, start.link,
    )  # fmt: skip


def _dated(text: str) -> _Dated | None:
    """Read an expiry date and return it with what follows; None if it is no date."""
    flag = text[0]
    if flag == "7":
        return _Dated(None, text[1:])
    start, length = (
        (1, {"2": 6, "3": 6, "4": 8, "5": 5, "6": 7}[flag]) if flag in "23456" else (0, 4)
    )
    digits = text[start : start + length]
    if len(digits) != length or not scanned.is_number(digits):
        return None
    date = _date(flag, digits)
    return None if date is None else _Dated(date, text[start + length :])


def _date(flag: str, digits: str) -> str | None:
    pairs = [int(digits[at : at + 2]) for at in range(0, len(digits) - 1, 2)]
    if flag in "56":
        return scanned.date_of_year(_CENTURY + pairs[0], int(digits[2:5]))
    if flag == "2":
        return scanned.date(_CENTURY + pairs[2], pairs[0], pairs[1])
    if flag in "34":
        return scanned.date(_CENTURY + pairs[0], pairs[1], pairs[2])
    return scanned.date(_CENTURY + pairs[1], pairs[0], 0)  # MMYY: to the month's end


def _part(part: str, facts: dict[str, str | None], others: dict[str, str]) -> bool:
    """Read one further part into the facts; False if it is ill-formed."""
    for flag, name in (("14D", "expires_on"), ("16D", "made_on")):
        if part.startswith(flag):
            digits = part[3:]
            if len(digits) != 8 or not scanned.is_number(digits):
                return False
            facts[name] = scanned.date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
            return facts[name] is not None and digits[6:] != "00"
    if part.startswith("S") and len(part) > 1 and _NUMBER.fullmatch(part[1:]):
        facts["serial"] = part[1:]
        return True
    if not part:
        return False
    others[f"part {len(others)}"] = part
    return True
