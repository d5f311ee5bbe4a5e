"""What a scanner that types does to a code, and how to see it.

A keyboard-wedge scanner sends keys, not characters. Set to another keyboard layout than the
computer's, it presses the key that has `-` on its own keyboard and the computer reads `+`. And it
has no key at all for GS (ASCII 29), which parts the fields of a GS1 code. Digits and plain letters
come through, so a kit's id is of these alone. For makers' codes there is a code to scan first:
`TEST` holds the characters at risk, and `damage` tells from what arrives what the scanner does.
"""

from __future__ import annotations

import itertools
import unicodedata

SEPARATOR = "\x1d"
TEST = "VARDE1-/:;+_()*%.=$" + SEPARATOR + "aZ"
"""What the code for testing says, as plain text in a Data Matrix or QR code."""

LAYOUT = "layout"
LOST = "separator-lost"
WRITTEN = "separator-written"
CASE = "case"
OTHER = "other"
KINDS = (LAYOUT, LOST, WRITTEN, CASE, OTHER)

# What scanners write for a separator, where they do not send it. None of these is otherwise in a
# code, but for <GS>, which no maker has in a serial number.
STAND_INS = ("\u241d", "^]", "{GS}", "<GS>")

# Keys of a US keyboard, and what the same keys give with Windows' Norwegian layout: first alone,
# then with shift. Three of these are dead keys, which wait for a letter to stand on.
_PAIRS = (
    "`|", "-+", "=\\", "[å", "]¨", ";ø", "'æ", "\\'", "/-",
    "~§", "_?", "+`", "{Å", "}^", ":Ø", '"Æ', "|*", "<;", ">:", "?_",
    '@"', "$¤", "^&", "&/", "*(", "()", ")=",
)  # fmt: skip
_TO_NORWEGIAN = str.maketrans({pair[0]: pair[1] for pair in _PAIRS})
_TO_US = str.maketrans({pair[1]: pair[0] for pair in _PAIRS})
# The dead keys with the accents that they put on letters: grave, diaeresis, circumflex.
_ACCENTS = {"\u0300": "`", "\u0308": "¨", "\u0302": "^"}

# In no maker's code: GS1 has 82 characters, HIBC 43, and none of these is among them.
_FOREIGN = set("æøåÆØÅ¤§`¨")


def typed_in_norwegian(text: str) -> str:
    """Return what a computer with a Norwegian layout reads from a scanner set to a US one."""
    typed = text.translate(_TO_NORWEGIAN)
    for accent, key in _ACCENTS.items():
        for letter in set(typed) & set("AEIOUaeiou"):
            typed = typed.replace(key + letter, unicodedata.normalize("NFC", letter + accent))
    return typed


def undone(text: str) -> str:
    """Return what the code says, if that is how it was read."""
    return _apart(text).translate(_TO_US)


def is_foreign(text: str) -> bool:
    """Tell if there are characters in it that only a wrong keyboard layout can have put there."""
    return not _FOREIGN.isdisjoint(_apart(text))


def damage(received: str) -> tuple[str, ...]:
    """Return the kinds of damage that the code for testing came with; none if it is whole."""
    text = received.strip("\r\n\t")
    separators = [(SEPARATOR, ()), ("", (LOST,)), *((each, (WRITTEN,)) for each in STAND_INS)]
    for layout, case, (separator, kinds) in itertools.product(
        (False, True), (False, True), separators
    ):
        wanted = TEST.replace(SEPARATOR, separator)
        wanted = wanted.swapcase() if case else wanted
        wanted = typed_in_norwegian(wanted) if layout else wanted
        if text == wanted:
            return (LAYOUT,) * layout + kinds + (CASE,) * case
    return (OTHER,)


def _apart(text: str) -> str:
    """Part the letters from the accents of dead keys; å stays one letter."""
    parted = ""
    for character in text:
        parts = unicodedata.normalize("NFD", character)
        letter, accent = parts[:1], parts[1:2]
        parted += _ACCENTS[accent] + letter if accent in _ACCENTS else character
    return parted
