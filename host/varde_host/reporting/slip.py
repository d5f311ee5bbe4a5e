"""The QR code of a report: what the record comes to, signed, and small enough to scan.

    VARDE1 || base32 of COSE_Sign1([1, kind, number, subject, outcome, level, valid until,
                                    day, SHA-256 of the record])

The record itself is too large for a code, and its signature covers all of it. So the bench's
service key signs this line of it as well, under a context of its own (`external_aad`), and a
printed copy on which somebody has made "failed" into "passed" is found with the site's public
key alone. Base32 has no letter that a scanner on another keyboard layout damages.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from varde_host import errors
from varde_host.bench_record import form
from varde_host.site import files, keys, trust_documents
from varde_protocols import cbor, cose, trust
from varde_protocols.crypto import ed25519
from varde_protocols.errors import WireError

PREFIX: Final = "VARDE1"
FORM: Final = 1
WIPE: Final = "wipe"
KINDS: Final = (*form.NUMBERS, WIPE)
MAX_LETTERS: Final = 1200
MAX_BYTES: Final = 750
_AAD: Final = b"varde report slip 1"
_FIELDS: Final = 9
Source = files.Site | trust.Trust


@dataclass(frozen=True)
class Slip:
    """What the code says. `day` is when the work ended (UTC); `sha256` in hexadecimal."""

    kind: str
    number: str
    subject: str
    outcome: str | None
    level: int | None
    valid_until: str | None
    day: str
    sha256: str


def of(signed: form.Signed) -> Slip:
    """Return what stands on the slip of a record."""
    ended = dt.datetime.fromtimestamp(signed.content["ended_ms"] / 1000, dt.UTC)
    return Slip(
        signed.kind, str(signed.content["number"]), signed.subject, signed.outcome, signed.level,
        signed.valid_until, ended.date().isoformat(), signed.sha256,
    )  # fmt: skip


def text(slip: Slip, signer: keys.Signer) -> str:
    """Return the code's letters; the same slip and key always give the same."""
    row = [FORM, slip.kind, slip.number, slip.subject, slip.outcome, slip.level, slip.valid_until,
           slip.day, bytes.fromhex(slip.sha256)]  # fmt: skip
    signed = cose.sign1(signer, cose.key_id(signer.public), cbor.encode(row), _AAD)
    return PREFIX + base64.b32encode(signed).decode("ascii").rstrip("=")


def opened(code: str, publics: Iterable[bytes]) -> Slip:
    """Return the slip of a code that one of these keys signed.

    Raises InputRefused `slip-form` for what is no code of a report, `slip-signature` if nobody of
    them signed it (or a letter was altered).
    """
    raw = _raw(code)
    try:
        parsed = cose.Sign1.parse(raw)
    except WireError as error:
        raise errors.InputRefused("slip-form", code[:12]) from error
    for public in publics:
        if cose.key_id(public) != parsed.unverified_kid:
            continue
        try:
            return _decoded(parsed.verify(ed25519.VerifyKey(public), _AAD))
        except WireError:
            break
    raise errors.InputRefused("slip-signature", code[:12])


def key_id(code: str) -> str:
    """Return the id of the key that a code says it is signed with, in hexadecimal."""
    try:
        return cose.Sign1.parse(_raw(code)).unverified_kid.hex()
    except WireError as error:
        raise errors.InputRefused("slip-form", code[:12]) from error


def service_keys(source: Source) -> list[bytes]:
    """Return the service keys that count: of now, and at a site also those of former trusts."""
    if isinstance(source, trust.Trust):
        return list(source.keys(trust.ROLE_SERVICE))
    found = list(source.roles[keys.SERVICE].publics)
    for each, _ in trust_documents.chain(source):
        found += [public for public in each.keys(trust.ROLE_SERVICE) if public not in found]
    return found


def looks_like(code: str) -> bool:
    """Tell if a text may be a code of a report."""
    return code.strip().upper().startswith(PREFIX)


def _raw(code: str) -> bytes:
    letters = "".join(code.split()).upper()
    if not letters.startswith(PREFIX) or len(letters) > MAX_LETTERS:
        raise errors.InputRefused("slip-form", code[:12])
    body = letters.removeprefix(PREFIX)
    try:
        raw = base64.b32decode(body + "=" * (-len(body) % 8))
    except (binascii.Error, ValueError) as error:
        raise errors.InputRefused("slip-form", code[:12]) from error
    if len(raw) > MAX_BYTES:
        raise errors.InputRefused("slip-form", code[:12])
    return raw


def _decoded(payload: bytes) -> Slip:
    row: Any = cbor.decode(payload, max_bytes=MAX_BYTES)
    if type(row) is not list or len(row) != _FIELDS or row[0] != FORM or row[1] not in KINDS:
        raise errors.InputRefused("slip-form", "slip")
    texts, level, digest = [row[1], row[2], row[3], row[7]], row[5], row[8]
    optional = [row[4], row[6]]
    good = all(isinstance(one, str) for one in texts)
    good = good and all(one is None or isinstance(one, str) for one in optional)
    good = good and (level is None or type(level) is int) and isinstance(digest, bytes)
    if not good:
        raise errors.InputRefused("slip-form", "slip")
    return Slip(row[1], row[2], row[3], row[4], level, row[6], row[7], digest.hex())
