"""Proves that a site's private keys are what its public description says, by using them.

A key that signs is made to sign, and what it made is checked under the public half that hubs
know, by the verifier that hubs have; the receiver's key is made to agree on a secret. Nothing is
believed for its name, date or length.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import verification

from varde_host import errors
from varde_host.site import (
    certificates,
    files,
    keys,
    new_file,
    passphrases,
    sealed_key,
    token_uri,
    trust_documents,
)
from varde_protocols.crypto import ed25519, x25519
from varde_protocols.errors import WireError

PROVEN: Final = "proven"
NOT_HERE: Final = "not-here"
NOT_OPENED: Final = "not-opened"
REFUSED: Final = "refused"

COLLECTOR: Final = "collector"
RECEIVER: Final = "receiver"
ROOT: Final = "root"
SERVER: Final = "server"

STATES: Final = (PROVEN, NOT_HERE, NOT_OPENED, REFUSED)
FINDINGS: Final = (
    "key-refused", "certificate-unread", "certificate-early", "certificate-expired",
    "certificate-expires-soon", "certificate-unsigned", "certificate-chain", "mode", "key-unnamed",
    "key-of-old-readings", "trust-broken", "trust-behind",
)  # fmt: skip

# Time to get a new certificate into every hub's trust, those on summer holiday included.
EXPIRES_SOON: Final = dt.timedelta(days=90)
_CHALLENGE_BYTES = 32
# What keeps a key shut says nothing about the key; anything else does.
_SHUT: Final = {
    "passphrase-needed", "passphrase-wrong", "passphrase-text", "token-missing", "token-module",
    "token-pin", "token-locked", "token-failed", "secret-open", "pin-needed",
}  # fmt: skip


class KeyProof(NamedTuple):
    """What is known of one private key: `state`, and why it is not PROVEN."""

    role: str
    place: str
    state: str
    reason: str = ""
    fields: Mapping[str, object] = MappingProxyType({})  # what the reason's text fills in


class Finding(NamedTuple):
    """Something to do something about; `is_problem` if the site cannot be relied on with it."""

    what: str
    where: str
    is_problem: bool
    detail: str = ""


class Checked(NamedTuple):
    """All that was tried."""

    keys: list[KeyProof]
    findings: list[Finding]

    @property
    def problems(self) -> list[Finding]:
        """What makes the site unfit."""
        return [finding for finding in self.findings if finding.is_problem]

    @property
    def is_whole(self) -> bool:
        """If nothing that was tried failed. Keys that were not opened were not tried."""
        return not self.problems


def check(site: files.Site, now: dt.datetime) -> Checked:
    """Try all of a site that is here; raises nothing about a key, but says it."""
    proofs = [_tried(site, trial) for trial in _trials(site)]
    findings = [
        Finding("key-refused", proof.place, is_problem=True, detail=proof.reason)
        for proof in proofs
        if proof.state == REFUSED
    ]
    findings += _certificates(site, now)
    findings += _modes(site.directory)
    findings += _unnamed(site)
    findings += _trust(site)
    return Checked(proofs, findings)


def admit(site: files.Site, part: str, checked: Checked) -> None:
    """Give a site read from its description's `part` that file's name: now it is a site.

    Raises InputRefused `site-unproven` naming the first problem of what was `checked`, OSError.
    """
    if not checked.is_whole:
        raise unproven(checked)
    new_file.appear(site.directory / part, site.directory / files.DESCRIPTION)


def unproven(checked: Checked) -> errors.InputRefused:
    """Return the error that names the first problem."""
    first = checked.problems[0]
    reason = f"{first.what} {first.detail}".strip()
    return errors.InputRefused("site-unproven", first.where, reason=reason)


def prove_signer(signer: keys.Signer) -> None:
    """Let a signer sign something new. Raises InputRefused `key-mismatch`."""
    try:
        _verify(signer.public, signer.sign)
    except InvalidSignature as error:
        raise errors.InputRefused("key-mismatch", signer.kid.hex()) from error


class _Trial(NamedTuple):
    role: str
    place: str
    attempt: Callable[[], None]


def prove_file(site: files.Site, file: str) -> None:
    """Try the key that the description expects in a file; one that it does not name is not tried.

    Raises InputRefused `key-mismatch`, and as the key's reader does.
    """
    for trial in _trials(site):
        if trial.place == file:
            try:
                trial.attempt()
            except InvalidSignature as error:
                raise errors.InputRefused("key-mismatch", str(site.directory / file)) from error


def _trials(site: files.Site) -> Iterator[_Trial]:
    yield _Trial(COLLECTOR, site.described.collector.place, lambda: _collector(site))
    yield _Trial(RECEIVER, site.described.receiver.place, lambda: _receiver(site))
    for name, role in site.roles.items():
        for key in role.keys:
            yield _Trial(name, key.place, _signing(site, key))
    stems = [(ROOT, Path(file).stem) for file in site.root_files]
    for role_name, stem in [*stems, (SERVER, files.SERVER)]:
        yield _Trial(role_name, f"{stem}.key", _certified(site, stem))


def _tried(site: files.Site, trial: _Trial) -> KeyProof:
    role, place, attempt = trial
    is_file = not token_uri.is_token_uri(place)
    if place == keys.ELSEWHERE or (is_file and not (site.directory / place).exists()):
        return KeyProof(role, place, NOT_HERE)
    if is_file and not (site.directory / place).is_file():
        return KeyProof(role, place, REFUSED, "file-read", {"reason": "not a file"})
    try:
        attempt()
    except (errors.InputRefused, errors.WorldFailed) as error:
        state = NOT_OPENED if error.code in _SHUT else REFUSED
        return KeyProof(role, place, state, error.code, error.fields)
    except InvalidSignature:
        return KeyProof(role, place, REFUSED, "key-mismatch")
    return KeyProof(role, place, PROVEN)


def _signing(site: files.Site, key: keys.RoleKey) -> Callable[[], None]:
    return lambda: _verify(key.public, site.open_key(key).sign)


def _collector(site: files.Site) -> None:
    _verify(site.collector_public, ed25519.SigningKey(site.collector_seed()).sign)


def _verify(public: bytes, sign: Callable[[bytes], bytes]) -> None:
    challenge = os.urandom(_CHALLENGE_BYTES)
    if not ed25519.VerifyKey(public).verify(challenge, sign(challenge)):
        raise InvalidSignature


def _receiver(site: files.Site) -> None:
    private = site.receiver_private()
    other = os.urandom(_CHALLENGE_BYTES)
    ours = x25519.shared(private, x25519.public_key(other))
    if ours != x25519.shared(other, site.receiver_public):
        raise InvalidSignature


def _certified(site: files.Site, stem: str) -> Callable[[], None]:
    def attempt() -> None:
        key = files.read_private(site.directory / f"{stem}.key", site.secrets)
        certificate = files.read_certificate(site.directory / f"{stem}.pem")
        public = certificate.public_key()
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise errors.InputRefused("key-kind", stem, wanted="EC P-256")
        if not isinstance(public, ec.EllipticCurvePublicKey):
            raise InvalidSignature
        challenge = os.urandom(_CHALLENGE_BYTES)
        algorithm = ec.ECDSA(hashes.SHA256())
        public.verify(key.sign(challenge, algorithm), challenge, algorithm)

    return attempt


def _certificates(site: files.Site, now: dt.datetime) -> Iterator[Finding]:
    read: list[x509.Certificate] = []
    for file in [*site.root_files, site.server_certificate.name]:
        try:
            read.append(files.read_certificate(site.directory / file))
        except errors.InputRefused as error:
            yield Finding("certificate-unread", file, is_problem=True, detail=error.code)
            continue
        yield from _dates(read[-1], file, now)
    if len(read) != len(site.root_files) + 1:
        return
    *roots, server = read
    for root, file in zip(roots, site.root_files, strict=True):
        try:
            root.verify_directly_issued_by(root)
        except (ValueError, TypeError, InvalidSignature):
            yield Finding("certificate-unsigned", file, is_problem=True)
    for name in site.server_names:
        if not _chains(server, roots, name, now):
            file = site.server_certificate.name
            yield Finding("certificate-chain", file, is_problem=True, detail=name)


def _dates(certificate: x509.Certificate, file: str, now: dt.datetime) -> Iterator[Finding]:
    if now < certificate.not_valid_before_utc:
        yield Finding("certificate-early", file, is_problem=True)
    if now > certificate.not_valid_after_utc:
        yield Finding("certificate-expired", file, is_problem=True)
    elif now + EXPIRES_SOON > certificate.not_valid_after_utc:
        yield Finding("certificate-expires-soon", file, is_problem=False)


def _chains(
    server: x509.Certificate, roots: list[x509.Certificate], name: str, now: dt.datetime
) -> bool:
    """Tell if a client that pins the roots takes the server for `name`.

    At a moment within its life: what is wrong with the dates is said by itself.
    """
    moment = min(max(now, server.not_valid_before_utc), server.not_valid_after_utc)
    builder = verification.PolicyBuilder().store(verification.Store(roots)).time(moment)
    try:
        subject = certificates.general_name(name)
        builder.build_server_verifier(subject).verify(server, [])
    except (verification.VerificationError, ValueError):
        return False
    return True


def _unnamed(site: files.Site) -> Iterator[Finding]:
    """Name private keys that the site does not use: replaced ones, and those of other places.

    A replaced receiver's key is the only one that opens what was sealed to it.
    """
    named = {trial.place for trial in _trials(site)}
    for path in _key_files(site.directory):
        if path.name not in named:
            what = "key-of-old-readings" if path.name.startswith(RECEIVER) else "key-unnamed"
            yield Finding(what, path.name, is_problem=False)


def _trust(site: files.Site) -> Iterator[Finding]:
    """See that the signed trusts follow each other, and that the last says what the site does."""
    where = trust_documents.path(site, 1).name
    try:
        last = trust_documents.newest(site)
        if last is not None:
            trust, where = last[0], trust_documents.path(site, last[0].epoch).name
            if trust_documents.described(site, trust.epoch, trust.signed_ms) != trust:
                yield Finding("trust-behind", where, is_problem=False)
    except (WireError, errors.InputRefused) as error:
        yield Finding("trust-broken", where, is_problem=True, detail=error.code)


def _modes(directory: Path) -> Iterator[Finding]:
    """Name the keys that others than their owner may read; under a passphrase it is a warning."""
    for path in _key_files(directory):
        mode = passphrases.open_mode(path.stat())
        if mode is not None:
            yield Finding("mode", path.name, is_problem=not _is_shut(path), detail=mode)


def _is_shut(path: Path) -> bool:
    """Tell if a key's file is under a passphrase, or nothing that we may read."""
    try:
        return sealed_key.is_encrypted(files.read(path, sealed_key.MAX_FILE_BYTES))
    except errors.InputRefused:
        return True


def _key_files(directory: Path) -> list[Path]:
    return sorted(path for path in directory.glob("*.key") if path.is_file())
