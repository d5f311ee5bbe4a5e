"""What stands on a kit's label, and who may not be on it.

A label is for whoever holds the kit: which one it is, whom to call when it fails, that it is no
alarm, and how far it has been checked. It has no field for a name, a diagnosis or a secret, and
the code holds the kit id and nothing else, so a photograph of it says no more than the text.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from varde_host import errors, messages
from varde_host.paper import typeface

EMERGENCY = "113"
"""Medical emergency number in Norway."""
LEVELS = (
    "label.level-0", "label.level-1", "label.level-2", "label.level-3", "label.level-4",
)  # fmt: skip
"""Texts of the levels N0 to N4: identified, function checked, compared, verified, calibrated."""
MAX_MUNICIPALITY, MAX_PHONE, MAX_HOURS = 40, 20, 48
"""Letters that still fit a 62 mm label at a size that is read at arm's length."""
_PHONE = re.compile(r"\+?[0-9 ]{3,}")
_BIRTH_NUMBER = re.compile(r"(?<!\d)\d{6} ?\d{5}(?!\d)")


@dataclass(frozen=True)
class Label:
    """One label; raises InputRefused `label-empty`, `label-long`, `label-phone`, `label-person`,
    `label-level`, `paper-letter`. `level` is 0 to 4 for N0 to N4."""

    kit_id: str
    municipality: str
    fault_phone: str
    hours: str
    next_check: dt.date
    level: int

    def __post_init__(self) -> None:
        for name, most in (
            ("kit_id", MAX_PHONE),
            ("municipality", MAX_MUNICIPALITY),
            ("fault_phone", MAX_PHONE),
            ("hours", MAX_HOURS),
        ):
            _check(name, getattr(self, name), most)
        if not _PHONE.fullmatch(self.fault_phone):
            raise errors.InputRefused("label-phone", ascii(self.fault_phone))
        if not 0 <= self.level < len(LEVELS):
            raise errors.InputRefused("label-level", str(self.level))


def _check(name: str, text: str, most: int) -> None:
    if not text.strip():
        raise errors.InputRefused("label-empty", name)
    if len(text) > most:
        raise errors.InputRefused("label-long", name, most=most)
    if _BIRTH_NUMBER.search(text):
        raise errors.InputRefused("label-person", name)
    typeface.checked(text, name)


def speaker(language: str) -> messages.Speaker:
    """Return who words a page in that language, whatever the command line's is."""
    made = messages.Speaker()
    made.language = language
    return made


def lines(label: Label, language: str) -> list[str]:
    """Return the label's texts in their order, as a person reads them."""
    words = speaker(language)
    return [
        label.municipality,
        words.text("label.kit", kit=label.kit_id),
        words.text("label.fault", phone=label.fault_phone),
        words.text("label.hours", hours=label.hours),
        words.text("label.emergency", number=EMERGENCY),
        words.text(LEVELS[label.level]),
        words.text("label.next-check", date=label.next_check),
    ]
