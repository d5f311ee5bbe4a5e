"""Where the simulated laptop keeps its bonds: beside the world's socket, as an operating system
keeps its own, so that what one program pairs the next one finds.

A secret is what MicroPython's security events pass: a kind, a key that begins with the peer's
address, and the bytes. A laptop of another name is another radio and has its own.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


class BondFile:
    """Read at each use: another program may have written meanwhile."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, own: bytes, kind: int, index: int, key: bytes | None) -> bytes | None:
        """The secret of `key`, or the `index`th of its kind if no key is given."""
        secrets = [s for s in self._load() if s["own"] == own.hex() and s["kind"] == kind]
        if key is not None:
            secrets = [s for s in secrets if s["key"] == bytes(key).hex()]
            index = 0
        return bytes.fromhex(secrets[index]["secret"]) if index < len(secrets) else None

    def put(self, own: bytes, kind: int, key: bytes, secret: bytes | None) -> bool:
        """Keeps a secret, or forgets it (None); False if there was nothing to forget."""
        place = {"own": own.hex(), "kind": kind, "key": bytes(key).hex()}
        before = self._load()
        kept = [s for s in before if any(s[name] != value for name, value in place.items())]
        if secret is not None:
            kept.append({**place, "secret": bytes(secret).hex()})
        self._save(kept)
        return secret is not None or len(kept) < len(before)

    def holds(self, own: bytes, peer: bytes) -> bool:
        """Is there a bond with the peer of this address (most significant byte first)?"""
        return any(s["own"] == own.hex() and _is_of(s, peer) for s in self._load())

    def forget(self, own: bytes, peer: bytes) -> None:
        """Removes what there is of this peer."""
        secrets = self._load()
        self._save([s for s in secrets if s["own"] != own.hex() or not _is_of(s, peer)])

    def _load(self) -> list[dict[str, Any]]:
        try:
            found: list[dict[str, Any]] = json.loads(self._path.read_text())
        except FileNotFoundError:
            return []
        return found

    def _save(self, secrets: list[dict[str, Any]]) -> None:
        new = self._path.with_name(self._path.name + ".new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(secrets, file)
        new.replace(self._path)


def _is_of(secret: dict[str, Any], peer: bytes) -> bool:
    """Stacks write an address with its least significant byte first."""
    return bytes(reversed(peer)).hex() in secret["key"] or peer.hex() in secret["key"]
