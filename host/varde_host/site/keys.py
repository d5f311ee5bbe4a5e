"""Who may say what for a site, and what signs for it.

A *role* is what a key is good for. Roles of documents have numbers in the trust document
(`varde_protocols`) and are known to hubs; the collector's and the receiver's keys have places of
their own there.

    trust       may say whom a site's hubs believe: all other keys, and the next trust keys
    release     the code that a hub may run; two of three, and none of them is kept here
    assignment  which hub runs what with which config (municipal IT)
    service     opens a locked hub at the bench, signs what was wiped (technician)

A signer is the same to its caller whether its key is a file, a file under a passphrase or in a
token that never lets go of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric import ed25519

from varde_protocols import sealing

TRUST: Final = "trust"
RELEASE: Final = "release"
ASSIGNMENT: Final = "assignment"
SERVICE: Final = "service"
ROLES: Final = (TRUST, RELEASE, ASSIGNMENT, SERVICE)
"""The roles of documents, in the order of their numbers."""

THRESHOLDS: Final = {TRUST: 1, RELEASE: 2, ASSIGNMENT: 1, SERVICE: 1}
"""How many keys of a role must sign, unless a site is planned otherwise."""

PUBLIC_KEY_BYTES: Final = 32
ELSEWHERE: Final = ""
"""A key's place when it is not with the site."""


class Signer(Protocol):
    """Signs with Ed25519 (RFC 8032) for one public key."""

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""

    @property
    def kid(self) -> bytes:
        """The public key's id, 8 bytes."""

    def sign(self, message: bytes) -> bytes:
        """Return the signature, 64 bytes. Raises WorldFailed where a token does not answer."""


class FileSigner:
    """Signs with a key in memory."""

    def __init__(self, key: ed25519.Ed25519PrivateKey) -> None:
        self._key = key
        self.public = key.public_key().public_bytes_raw()
        self.kid = sealing.key_id(self.public)

    def sign(self, message: bytes) -> bytes:
        """Return the signature, 64 bytes."""
        return self._key.sign(message)


@dataclass(frozen=True)
class RoleKey:
    """A key of a role. `place` is a file beside the description, a `pkcs11:` URI, or ELSEWHERE."""

    public: bytes
    place: str


@dataclass(frozen=True)
class Role:
    """How many of its keys must sign, and which there are."""

    threshold: int
    keys: tuple[RoleKey, ...]

    @property
    def publics(self) -> tuple[bytes, ...]:
        """The public keys, in the order of the site's description."""
        return tuple(key.public for key in self.keys)
