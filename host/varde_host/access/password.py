"""Passwords: what is kept of one, and which is good enough.

Argon2id with the second of the two recommended settings of RFC 9106 section 4 (64 MiB, three
passes, four lanes): a quarter of a second here, and as much memory again for each guess elsewhere.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from typing import Final

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from varde_host import errors

# NIST SP 800-63B-4 section 3.1.1.2 asks 8 of one that never stands alone; 12 leave room for the
# day somebody's second factor is lost together with the list of codes.
LEAST_CHARACTERS: Final = 12
MAX_BYTES: Final = 1024
LEAST_DIFFERENT: Final = 5
_SALT_BYTES: Final = 16
_LENGTH_BYTES: Final = 32
_PASSES: Final = 3
_LANES: Final = 4
_MEMORY_KIB: Final = 64 * 1024
# What everybody tries first, digits and signs taken away.
_GUESSED: Final = frozenset({
    "varde", "passord", "password", "kommune", "qwerty", "qwertyuiop", "velkommen", "welcome",
    "lagertekniker", "sommer", "vinter", "abcdefgh", "bench", "admin", "administrator", "letmein",
})  # fmt: skip


def refuse_weak(password: str, person: str, where: str) -> None:
    """Raise InputRefused `password-short`, `password-guessed`, `passphrase-text`."""
    text = _one_spelling(password)
    too_long = len(text.encode()) > MAX_BYTES
    if not text or too_long or any(unicodedata.category(each) == "Cc" for each in text):
        raise errors.InputRefused("passphrase-text", where, most=MAX_BYTES)
    if len(text) < LEAST_CHARACTERS:
        raise errors.InputRefused("password-short", where, least=LEAST_CHARACTERS)
    letters = re.sub(r"[\W\d_]+", "", text.casefold())
    is_repeated = len(set(text)) < LEAST_DIFFERENT
    if is_repeated or letters in _GUESSED or letters == re.sub(r"\d", "", person):
        raise errors.InputRefused("password-guessed", where)


def make(password: str) -> str:
    """Return what is kept of a password, in the PHC format of Argon2."""
    return _kdf(secrets.token_bytes(_SALT_BYTES)).derive_phc_encoded(_bytes(password))


def fits(password: str, kept: str) -> bool:
    """Tell if a password is the one that is kept; takes as long for `NOBODY`."""
    try:
        Argon2id.verify_phc_encoded(_bytes(password), kept or NOBODY)
    except InvalidKey:
        return False
    return bool(kept)


def _kdf(salt: bytes) -> Argon2id:
    return Argon2id(
        salt=salt, length=_LENGTH_BYTES, iterations=_PASSES, lanes=_LANES, memory_cost=_MEMORY_KIB
    )


def _bytes(password: str) -> bytes:
    """Return one spelling, and of too long a text what no password is."""
    data = _one_spelling(password).encode("utf-8", "surrogatepass")
    return data if len(data) <= MAX_BYTES else b""


def _one_spelling(password: str) -> str:
    """OpaqueString of RFC 8265 section 4.2: the same from every keyboard."""
    return unicodedata.normalize("NFC", password)


NOBODY: Final = (
    "$argon2id$v=19$m=65536,t=3,p=4$AAAAAAAAAAAAAAAAAAAAAA"
    "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)
"""For somebody whom we do not know: as slow as anybody's, and fits nothing."""
