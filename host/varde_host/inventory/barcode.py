"""Read a maker's barcode: GS1 or HIBC, with or without the scanner's own prefix.

`parse` gives the one thing that a code says, or an error that tells what is wrong with it: a
character (`barcode-check`), the scanner's keyboard layout (`barcode-layout`), a separator that
may have been lost (`barcode-ambiguous`), or that it is no such code (`barcode-form`). Nothing is
guessed. ISO/IEC 15424 has the prefixes: `]`, a letter for the symbology, a digit.
"""

from __future__ import annotations

import re

from varde_host import errors
from varde_host.inventory import gs1, hibc, scanned, wedge
from varde_host.inventory.scanned import Scanned

MAX_CHARACTERS = 200
"""More than any label of a thing has; GS1 allows 48 in bars, and HIBC 110 in a matrix."""

_PREFIX = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_ENDS = "\r\n\t\0"
"""What scanners send behind a code. A space is not among them: it may be HIBC's check."""


def parse(
    text: str, year: int, *, keeps_separators: bool = False, choice: int | None = None
) -> Scanned:
    """Return what a code says. `year` is this year, `choice` one of several readings, from 1.

    With `keeps_separators` the scanner has been seen to send GS (`wedge.damage`). Raises
    InputRefused as above.
    """
    found = readings(text, year, keeps_separators=keeps_separators)
    if choice is not None and 1 <= choice <= len(found):
        return found[choice - 1]
    if len(found) > 1:
        choices = "; ".join(f"{number}: {said(each)}" for number, each in enumerate(found, 1))
        raise errors.InputRefused("barcode-ambiguous", _shown(text), choices=choices)
    return found[0]


def readings(text: str, year: int, *, keeps_separators: bool = False) -> list[Scanned]:
    """Return all that a code may say, at least one; raises as `parse`."""
    code = _PREFIX.sub("", text.strip(_ENDS), count=1).strip(_ENDS)
    if not 0 < len(code) <= MAX_CHARACTERS:
        raise errors.InputRefused("barcode-form", _shown(text))
    if wedge.is_foreign(code):
        raise errors.InputRefused("barcode-layout", _shown(text))
    starred = code.strip("*")
    if starred.startswith("+"):
        return [_hibc(starred)]
    if scanned.is_number(code) and len(code) <= gs1.GTIN_DIGITS:
        if not gs1.is_gtin(code):
            raise errors.InputRefused("barcode-check", _shown(text))
        return [gs1.of_gtin(code)]
    found = gs1.readings(code, year, keeps_separators=keeps_separators)
    if not found:
        raise errors.InputRefused(_why_not(code), _shown(text))
    return found


def pair(first: str, second: str, year: int) -> Scanned:
    """Return what an HIBC label in two codes says, in either order.

    Raises InputRefused `barcode-pair` if the two do not belong together, and as `parse`.
    """
    texts = [_PREFIX.sub("", each.strip(_ENDS), count=1).strip("*") for each in (first, second)]
    found = [parse(each, year) for each in texts]
    for this, other in ((0, 1), (1, 0)):
        whole = hibc.join(found[this], found[other], texts[this][-1:])
        if whole is not None:
            return whole
    raise errors.InputRefused("barcode-pair", _shown(second))


def said(found: Scanned) -> str:
    """Return the facts of a code in one line, as people compare them with the label."""
    facts = {
        "serial": found.serial, "lot": found.lot, "made": found.made_on,
        "expires": found.expires_on, **found.others,
    }  # fmt: skip
    return " ".join(f"{name}={value}" for name, value in facts.items() if value) or "-"


def _hibc(code: str) -> Scanned:
    if not hibc.is_checked(code):
        raise errors.InputRefused("barcode-check", _shown(code))
    found = hibc.parse(code)
    if found is None:
        raise errors.InputRefused("barcode-form", _shown(code))
    return found


def _why_not(code: str) -> str:
    """Return the error for what is no element string."""
    digits = re.match(r"\(?01\)?([0-9]{14})", code)
    return "barcode-check" if digits and not gs1.is_gtin(digits[1]) else "barcode-form"


def _shown(text: str) -> str:
    """Return the start of what was scanned, fit for a terminal."""
    return "".join(each if each.isprintable() else "\u241d" for each in text)[:60]
