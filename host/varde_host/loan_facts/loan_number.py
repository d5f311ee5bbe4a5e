"""The number of a loan, as the inventory draws it: 16 digits."""

from __future__ import annotations

import re
from typing import Final

from varde_host import errors

DIGITS: Final = 16
_NUMBER: Final = re.compile(rf"[0-9]{{{DIGITS}}}")


def check(loan: str) -> str:
    """Return it. Raises InputRefused `loan-number`, which does not repeat what was typed: that
    may be a birth number."""
    if not _NUMBER.fullmatch(loan):
        raise errors.InputRefused("loan-number", digits=DIGITS)
    return loan
