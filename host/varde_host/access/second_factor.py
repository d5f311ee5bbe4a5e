"""The second factor: a code of six digits that is new every half minute (RFC 6238), or one of the
codes on paper for the day the telephone is lost.

A code is taken once: the step of the newest that was used is kept, and no older counts (RFC 6238
section 5.2). Clocks may be apart by one step in either direction.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Final

import pyotp
import pyotp.utils

STEP_MS: Final = 30_000
_STEPS_APART: Final = 1
_SECRET_CHARACTERS: Final = 32  # 160 bits, as RFC 4226 section 4 recommends
_CODE = re.compile(r"[0-9]{6}")
RECOVERY_CODES: Final = 8
_RECOVERY_CHARACTERS: Final = 16
_GROUP: Final = 4
# Nobody reads one of them for another; 16 of these 26 are 75 bits.
_ALPHABET: Final = "0123456789ACEFHJKMNPRTVWXY"


def new_secret() -> str:
    """Return a new secret, in Base32 as apps take it."""
    return pyotp.random_base32(_SECRET_CHARACTERS)


def address(secret: str, person: str, site_name: str) -> str:
    """Return the `otpauth:` address that an app reads from a QR code: short id and site."""
    return pyotp.TOTP(secret).provisioning_uri(name=person, issuer_name=f"Varde {site_name}")


def used_step(secret: str, code: str, now_ms: int, last_step: int) -> int | None:
    """Return the time step of a code, None for one that is wrong, too old, or was used."""
    given = code.replace(" ", "")
    if not _CODE.fullmatch(given):
        return None
    now, one = now_ms // STEP_MS, pyotp.TOTP(secret)
    found = None
    for step in range(now - _STEPS_APART, now + _STEPS_APART + 1):
        is_right = pyotp.utils.strings_equal(given, one.generate_otp(max(0, step)))
        if is_right and step > last_step:
            found = step
    return found


def new_recovery_codes() -> list[str]:
    """Return codes to be written down, in groups of four."""
    return [_grouped(_draw()) for _ in range(RECOVERY_CODES)]


def recovery_hash(code: str) -> str:
    """Return what is kept of a recovery code; 75 random bits need no slow hash."""
    return hashlib.sha256(re.sub(r"[\s-]", "", code[:100]).upper().encode()).hexdigest()


def _draw() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_RECOVERY_CHARACTERS))


def _grouped(code: str) -> str:
    return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))
