"""Is the label that was just scanned the one of this kit?

A label counts when it has been read from where it hangs: a printer that says "printed" has said
nothing of the paper, and two labels swapped on the table are two kits that answer for each other.
"""

from __future__ import annotations

from varde_host import errors
from varde_host.bench import faults
from varde_host.inventory import kit_id, wedge


def check(scanned: str, wanted: str) -> str:
    """Return the kit id if the label that was scanned (or typed) is this kit's.

    Raises Fault `label-layout` if the scanner's keyboard is another one than the computer's,
    `label-unread` for a text that is no kit id, `label-other` for another kit's.
    """
    text = scanned.strip()
    if wedge.is_foreign(text):
        raise faults.Fault("label-layout", scanned=text[:40])
    try:
        found = kit_id.check(text)
    except errors.InputRefused as error:
        raise faults.Fault("label-unread", scanned=text[:40]) from error
    if found != wanted:
        raise faults.Fault("label-other", found=found, wanted=wanted)
    return found
