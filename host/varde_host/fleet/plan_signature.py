"""The signature under a plan: a COSE_Sign1 beside it, by one of the site's assignment keys.

    [ << {1: -8, 4: kid} >>, {}, payload, signature ]
    payload: {1: 1, 2: SHA-256 of the file, 3: [number, SHA-256 of the release's payload]}

`1: 1` is the kind: a rollout's plan. 3 is the release that the signer saw: a plan may name a
folder, and what lies in one can change. The signature also covers the text below, so that it is
none for anything else.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from varde_host import errors
from varde_host.fleet import plan_file
from varde_host.site import keys, new_file
from varde_protocols import cbor, cose
from varde_protocols.crypto import ed25519
from varde_protocols.errors import CborError, WireError

SUFFIX: Final = ".cose"
PLAN: Final = 1
AAD: Final = b"varde rollout plan 1"
MAX_BYTES: Final = 512  # it has 166

Release = tuple[int, bytes]
"""A release's number and the SHA-256 of its payload."""


def beside(plan: Path) -> Path:
    """Return where a plan's signature lies."""
    return plan.with_name(plan.name + SUFFIX)


def sign(plan: plan_file.Plan, release: Release, signer: keys.Signer) -> bytes:
    """Return the signature."""
    payload = cbor.encode({1: PLAN, 2: plan.sha256, 3: list(release)})
    return cose.sign1(signer, signer.kid, payload, AAD)


def write(path: Path, data: bytes) -> None:
    """Put a signature beside its plan, in the place of an older one; WorldFailed `file-write`."""
    try:
        new_file.replace(beside(path), data)
    except OSError as error:
        where = str(beside(path))
        raise errors.WorldFailed("file-write", where, reason=error.strerror) from error


def read(path: Path) -> bytes:
    """Return the signature beside a plan. Raises InputRefused `plan-unsigned`, `file-read`."""
    place = beside(path)
    try:
        with place.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise errors.InputRefused("plan-unsigned", str(path)) from error
    except OSError as error:
        raise errors.InputRefused("file-read", str(place), reason=error.strerror) from error


def verify(
    plan: plan_file.Plan, data: bytes, publics: Iterable[bytes], where: str
) -> tuple[Release, bytes]:
    """Return the release that was signed, and the public key that did.

    Raises InputRefused `plan-stranger` for a key that may not assign, `plan-tampered` for a plan
    that is not the signed one, `plan-signature` for what is no signature of a plan.
    """
    known = {cose.key_id(public): public for public in publics}
    try:
        message = cose.Sign1.parse(data)
        kid = message.unverified_kid
        if kid not in known:
            raise errors.InputRefused("plan-stranger", where, kid=kid.hex())
        fields = cbor.decode(message.verify(ed25519.VerifyKey(known[kid]), AAD))
        release = _release(fields)
    except WireError as error:
        raise errors.InputRefused("plan-signature", where, reason=error.code) from error
    if fields[2] != plan.sha256:
        raise errors.InputRefused("plan-tampered", where)
    return release, known[kid]


def _release(fields: object) -> Release:
    if isinstance(fields, dict) and list(fields) == [1, 2, 3] and fields[1] == PLAN:
        named = fields[3]
        if isinstance(named, list) and list(map(type, named)) == [int, bytes]:
            return named[0], named[1]
    raise CborError("plan-shape", "payload", "sign it again")
