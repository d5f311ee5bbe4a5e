"""«Øvingsbevis»: which exercises somebody has done, when and with which help; signed by the bench.

A JSON text and a signature beside it, by the municipality's service key:

    {"certificate": {"form": 1, "municipality": ..., "site": ..., "function": ..., "person": ...,
                     "made_ms": ..., "exercises": [{"name", "kind", "done_ms", "hints"}, ...]},
     "kid": "<8 bytes>", "signature": "<64 bytes>"}

What is signed is a word of its own and the certificate as one line of JSON, so that nothing that
is signed here can be taken for a document or a slip of the site. Results of practice are a
person's own files: the certificate says what these say, and is worth what the municipality's
key on it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519

from varde_host import errors
from varde_host.inventory.who import Who
from varde_host.practice import exercises
from varde_host.practice.attempts import Attempt
from varde_host.site import keys
from varde_protocols import cose

FORM: Final = 1
MAX_BYTES: Final = 64 * 1024
_DOMAIN: Final = b"varde practice certificate 1\n"


def of(
    done: Sequence[Attempt], whose: Who, municipality: str, site_id: bytes, made_ms: int
) -> Mapping[str, Any]:
    """Return what a certificate says. Raises InputRefused `practice-none` for nothing done."""
    mine = [each for each in done if each.person == whose.person]
    if not mine:
        raise errors.InputRefused("practice-none", whose.person)
    return {
        "form": FORM, "municipality": municipality, "site": site_id.hex(),
        "function": whose.function, "person": whose.person, "made_ms": made_ms,
        "exercises": [
            {"name": each.exercise, "kind": exercises.find(each.exercise).kind,
             "done_ms": each.done_ms, "hints": each.hints}
            for each in mine
        ],
    }  # fmt: skip


def signed(said: Mapping[str, Any], signer: keys.Signer) -> bytes:
    """Return the file. Raises as the signer."""
    signature = signer.sign(_DOMAIN + _line(said))
    whole = {"certificate": said, "kid": signer.kid.hex(), "signature": signature.hex()}
    return json.dumps(whole, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def opened(data: bytes, publics: Iterable[bytes], where: str) -> Mapping[str, Any]:
    """Return what a certificate says, if one of these keys signed it.

    Raises InputRefused `practice-certificate`.
    """
    refused = errors.InputRefused("practice-certificate", where)
    if len(data) > MAX_BYTES:
        raise refused
    try:
        whole = json.loads(data)
        said, kid = whole["certificate"], bytes.fromhex(whole["kid"])
        signature = bytes.fromhex(whole["signature"])
        line = _line(said)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise refused from error
    for public in publics:
        if cose.key_id(public) == kid and _is_signed(public, signature, line):
            return dict(said)
    raise refused


def _is_signed(public: bytes, signature: bytes, line: bytes) -> bool:
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, _DOMAIN + line)
    except InvalidSignature:
        return False
    return True


def _line(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
