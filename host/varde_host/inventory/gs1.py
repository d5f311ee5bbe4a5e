"""GS1 element strings: (01) what it is, (21) which one, (10) of which lot, (11) and (17) dates.

In the bars, identifiers and values stand one after the other without parentheses. Values of some
identifiers have a length of their own (GS1 General Specifications, figure 7.8.5-2; sections here
are as numbered in release 22). Any other ends at a separator, FNC1 in the bars and GS (ASCII 29)
on its way here, or at the end. Keyboard-wedge scanners lose that character, as a keyboard has no
key for it. What is left can then often be cut in several ways, each of them a legal code, so
`readings` returns all of them, and `barcode` lets none pass that is not the only one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from varde_host.inventory import scanned, wedge
from varde_host.inventory.scanned import Scanned

SEPARATOR = wedge.SEPARATOR

GTIN_DIGITS = 14
# A code that holds no GTIN is a pallet's or a carton's, and no thing of ours.
GTIN, LOT, MADE, EXPIRES, SERIAL = "01", "10", "11", "17", "21"

# Figure 7.8.5-2: identifiers by their first two digits, and how long they are with their values.
_WHOLE = {
    "00": 20, "01": 16, "02": 16, "03": 16, "04": 18, "11": 8, "12": 8, "13": 8, "14": 8, "15": 8,
    "16": 8, "17": 8, "18": 8, "19": 8, "20": 4, "31": 10, "32": 10, "33": 10, "34": 10, "35": 10,
    "36": 10, "41": 16,
}  # fmt: skip
# Digits of the identifier itself, by its first two, where those are not all (figure 7.8.2-1).
_LONGER = {
    **dict.fromkeys(("23", "24", "25", "40", "41", "42", "43", "71", "72", "73", "74"), 3),
    **dict.fromkeys(("31", "32", "33", "34", "35", "36", "39", "70", "80", "81", "82"), 4),
}
_KNOWN = {*_WHOLE, *_LONGER, "10", "21", "22", "30", "37", *map(str, range(90, 100))}
_MOST = {"10": 20, "21": 20, "22": 20, "30": 8, "37": 8, "240": 30, "241": 30, "250": 30}
_MOST_OTHERWISE = 90
_DATES = {"11", "12", "13", "15", "16", "17"}
# Of the invariant set of 82 characters (figure 7.11-1).
_VALUE = re.compile(r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]+")

# Where a separator may have been lost, only these are looked for: the ones on things of ours, and
# each once in a code (section 4.13). More readings than this are no help.
_LOOKED_FOR = {"01", "10", "11", "17", "21", "240"}
MOST_READINGS = 20

_BRACKETED = re.compile(r"\((\d{2,4})\)([^()]+)")


def is_gtin(digits: str) -> bool:
    """Tell if 8, 12, 13 or 14 digits have the right check digit (section 7.9.1)."""
    if not scanned.is_number(digits) or len(digits) not in {8, 12, 13, GTIN_DIGITS}:
        return False
    weighed = zip(reversed(digits), (1, 3) * 7, strict=False)
    return sum(int(digit) * weight for digit, weight in weighed) % 10 == 0


def of_gtin(digits: str) -> Scanned:
    """Return what a bare article number says: the model, and nothing of this thing."""
    return Scanned(scanned.GS1, code=f"gtin:{digits:0>{GTIN_DIGITS}}")


def readings(text: str, year: int, *, keeps_separators: bool) -> list[Scanned]:
    """Return all that the element string may say, the one without losses first.

    `year` is this year, for the century of dates. With `keeps_separators` no separator has been
    lost. An empty list is no element string; at most MOST_READINGS are returned.
    """
    bracketed = _bracketed(text)
    if bracketed is not None:
        made = _scanned(bracketed, year)
        return [made] if made else []
    for stand_in in wedge.STAND_INS:
        text = text.replace(stand_in, SEPARATOR)
    text = text.removeprefix(SEPARATOR)
    may_be_lost = not keeps_separators and SEPARATOR not in text
    found: list[Scanned] = []
    for elements in _elements(text, {}, may_be_lost=may_be_lost):
        made = _scanned(elements, year)
        if made is not None and made not in found:
            found.append(made)
        if len(found) >= MOST_READINGS:
            break
    return found


def _bracketed(text: str) -> dict[str, str] | None:
    """Return the elements of the human-readable form, (01)...(21)...; None if it is not that."""
    found = _BRACKETED.findall(text)
    whole = "".join(f"({key}){value}" for key, value in found)
    elements = dict(found)
    return elements if found and whole == text and len(elements) == len(found) else None


def _elements(
    text: str, before: Mapping[str, str], *, may_be_lost: bool
) -> Iterator[dict[str, str]]:
    """Return the ways to cut what is left, those with longer values first."""
    if not text:
        yield dict(before)
        return
    start = text[:2]
    key = text[: _LONGER.get(start, 2)]
    if start not in _KNOWN or not scanned.is_number(key) or key in before:
        return
    for end in _ends(text, key, may_be_lost=may_be_lost):
        value = text[len(key) : end]
        if _is_value(key, value):
            rest = text[end:].removeprefix(SEPARATOR)
            yield from _elements(rest, {**before, key: value}, may_be_lost=may_be_lost)


def _ends(text: str, key: str, *, may_be_lost: bool) -> Iterator[int]:
    """Return where the first element may end."""
    if key[:2] in _WHOLE:
        yield _WHOLE[key[:2]]
        return
    separator = text.find(SEPARATOR)
    end = len(text) if separator < 0 else separator
    most = len(key) + _MOST.get(key, _MOST_OTHERWISE)
    if end <= most:
        yield end
    if may_be_lost:
        for cut in range(min(most, end - 1), len(key), -1):
            if text[cut : cut + 2] in _LOOKED_FOR or text[cut : cut + 3] in _LOOKED_FOR:
                yield cut


def _is_value(key: str, value: str) -> bool:
    if not _VALUE.fullmatch(value):
        return False
    if key[:2] in _WHOLE and len(key) + len(value) != _WHOLE[key[:2]]:
        return False
    if key in _WHOLE and not scanned.is_number(value):
        return False
    return key not in {GTIN, "02"} or is_gtin(value)


def _scanned(elements: Mapping[str, str], year: int) -> Scanned | None:
    """Return the elements as facts; None if a value is not what its identifier says."""
    if GTIN not in elements or not all(_is_value(*element) for element in elements.items()):
        return None
    dates = {key: _date(elements[key], year) for key in _DATES & set(elements)}
    if None in dates.values():
        return None
    used = {GTIN, LOT, MADE, EXPIRES, SERIAL}
    return Scanned(
        scanned.GS1,
        f"gtin:{elements[GTIN]}",
        elements.get(SERIAL),
        elements.get(LOT),
        dates.get(MADE),
        dates.get(EXPIRES),
        {key: value for key, value in elements.items() if key not in used},
    )


def _date(digits: str, year: int) -> str | None:
    """Read YYMMDD; the century is the one that brings it nearest (section 7.12)."""
    short = int(digits[:2])
    full = year - year % 100 + short
    apart = short - year % 100
    if apart >= 51:
        full -= 100
    elif apart <= -50:
        full += 100
    return scanned.date(full, int(digits[2:4]), int(digits[4:6]))
