"""What nobody may set: a hub knows no limits for a patient's values.

It would have to know whose they are, and somebody would have to be there for what it found. What
is measured is judged where it is used. Every setting that is unknown is refused; those that look
like a limit are told why.
"""

from __future__ import annotations

import re

from varde_host import errors

_WORDS = frozenset(
    {"limit", "limits", "min", "max", "minimum", "maximum", "threshold", "alarm", "alert", "low",
     "high", "lower", "upper", "above", "below", "range", "reference", "target",
     "grense", "grenser", "grenseverdi", "terskel", "varsel", "referanse", "referanseverdi",
     "referanseverdier", "lav", "høy", "høg", "under", "over", "mål"}
)  # fmt: skip


def refuse(name: str, where: str) -> None:
    """Raise InputRefused `patient-limit` if a setting of this name would be one."""
    words = re.split(r"[^a-zæøå]+", name.lower())
    if _WORDS.intersection(words):
        raise errors.InputRefused("patient-limit", f"{where}: {name[:40]!a}")
