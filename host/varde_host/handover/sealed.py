"""Bodies at rest: what waits in the outbox, and what was handed on, opens with receiver.key alone.

The store may be a server's, with an owner and backups of its own. AES-256-GCM (NIST SP 800-38D)
under a key that HKDF-SHA256 (RFC 5869) makes from the receiver's; 96 random bits of nonce a body,
which is well for 2^32 bodies a key (section 8.3). What a body belongs to is authenticated with it,
so that none is taken for another's.
"""

from __future__ import annotations

import hmac
import os
import zlib
from typing import Final

from cryptography import exceptions
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import aead
from cryptography.hazmat.primitives.kdf import hkdf

from varde_host import errors

_INFO: Final = b"varde handover bodies 1"
_NONCE_BYTES: Final = 12
MAX_BODY_BYTES: Final = 4 << 20
"""A thousand times what an Observation with its devices has: memory is taken for no more."""


class Sealer:
    """Seals and opens with a key that follows from the receiver's (32 bytes)."""

    def __init__(self, receiver_private: bytes) -> None:
        derived = hkdf.HKDF(hashes.SHA256(), 64, salt=None, info=_INFO).derive(receiver_private)
        self._cipher = aead.AESGCM(derived[:32])
        self._mac_key = derived[32:]

    def digest(self, said: bytes) -> bytes:
        """Return 32 bytes that tell if two bodies say the same, and nothing else.

        A plain hash would tell what they say: there are not sixty saturations of oxygen to try.
        """
        return hmac.digest(self._mac_key, said, "sha256")

    def seal(self, body: bytes, belongs_to: bytes) -> bytes:
        """Return the nonce and the sealed body."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, zlib.compress(body), belongs_to)

    def open(self, sealed: bytes, belongs_to: bytes) -> bytes:
        """Return the body. Raises InputRefused `outbox-sealed` for another key's or an altered."""
        nonce, cut = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            packed = self._cipher.decrypt(nonce, cut, belongs_to)
            unpacking = zlib.decompressobj()
            body = unpacking.decompress(packed, MAX_BODY_BYTES)
        except (exceptions.InvalidTag, ValueError, zlib.error):
            raise errors.InputRefused("outbox-sealed") from None
        if not unpacking.eof:
            raise errors.InputRefused("outbox-sealed")
        return body
