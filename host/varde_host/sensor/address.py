"""A sensor's address: six bytes on Linux and Windows, a UUID of its own making on macOS."""

from __future__ import annotations

import re
import uuid

from varde_host import errors

_SIX_BYTES = re.compile(r"[0-9A-F]{12}", re.ASCII)
_SHOWN_CHARACTERS = 60


def normalised(text: str) -> str:
    """Return the address as bleak writes it: AA:BB:CC:DD:EE:FF, or an upper-case UUID.

    Takes either case, and colons, dashes or nothing between the bytes. Raises InputRefused
    `sensor-address`.
    """
    # As `varde hub assignment` and its hubs write it, with the type in front.
    bare = re.sub(r"^(public|random)/", "", text.strip())
    digits = re.sub(r"[:-]", "", bare).upper()
    if _SIX_BYTES.fullmatch(digits):
        return ":".join(digits[at : at + 2] for at in range(0, 12, 2))
    try:
        return str(uuid.UUID(bare)).upper()
    except ValueError:
        raise errors.InputRefused("sensor-address", ascii(text[:_SHOWN_CHARACTERS])) from None
