"""Keys of a client for the tests of HelseID, and how they stand in a receiver's folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from joserfc import jwk

KEYS = {
    "PS256": jwk.RSAKey.generate_key(2048, {"kid": "of tests"}, private=True),
    "ES384": jwk.ECKey.generate_key("P-384", {"kid": "of tests"}, private=True),
}


def written(path: Path, key: Any, mode: int = 0o600, **more: Any) -> Path:
    path.write_text(json.dumps({**key.as_dict(private=True), **more}))
    path.chmod(mode)
    return path


def tables(path: Path, **more: Any) -> dict[str, Any]:
    named = {"issuer": "https://issuer.example/", "client_id": "x", "key_file": path.name, **more}
    return {"test": named}
