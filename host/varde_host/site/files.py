"""Read a site's directory. The public description is read at once, private keys when asked for."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, x25519

from varde_host import errors
from varde_host.site import description, keys, passphrases, sealed_key, token_uri

DESCRIPTION: Final = "site.json"
COLLECTOR_KEY: Final = "collector.key"
RECEIVER_KEY: Final = "receiver.key"
ROOTS: Final = ("root-1", "root-2")
SERVER: Final = "server"
DATABASE: Final = "collector.sqlite"


@dataclass(frozen=True)
class Site:
    """The public half of a site, and the way to the rest."""

    directory: Path
    described: description.Description
    secrets: passphrases.Secrets = field(compare=False)
    _opened: dict[bytes, keys.Signer] = field(default_factory=dict, compare=False, repr=False)

    @property
    def name(self) -> str:
        """The site's name, for people."""
        return self.described.name

    @property
    def site_id(self) -> bytes:
        """What the site's documents belong to, 8 bytes."""
        return self.described.site_id

    @property
    def server_names(self) -> tuple[str, ...]:
        """Names and addresses of the collector's certificate."""
        return self.described.server_names

    @property
    def collector_public(self) -> bytes:
        """The collector's Ed25519 public key, 32 bytes."""
        return self.described.collector.public

    @property
    def receiver_public(self) -> bytes:
        """The receiver's X25519 public key, 32 bytes."""
        return self.described.receiver.public

    @property
    def root_files(self) -> tuple[str, ...]:
        """The files of the pinned roots, below the directory."""
        return self.described.roots

    @property
    def roles(self) -> dict[str, keys.Role]:
        """The public keys of each role, and how many must sign."""
        return self.described.roles

    @property
    def database(self) -> Path:
        """Where the collector keeps its database unless told otherwise."""
        return self.directory / DATABASE

    @property
    def server_certificate(self) -> Path:
        """PEM file of the collector's TLS certificate."""
        return self.directory / f"{SERVER}.pem"

    @property
    def server_key(self) -> Path:
        """PEM file of the collector's TLS private key."""
        return self.directory / f"{SERVER}.key"

    def roots_der(self) -> list[bytes]:
        """Return the pinned roots; raises as `load` does."""
        certificates = [read_certificate(self.directory / file) for file in self.root_files]
        return [made.public_bytes(serialization.Encoding.DER) for made in certificates]

    def collector_seed(self) -> bytes:
        """Return the collector's Ed25519 seed (32 bytes); raises as `read_private` does."""
        path = self.directory / self.described.collector.place
        return _read_signing(path, self.collector_public, self.secrets).private_bytes_raw()

    def receiver_private(self, path: Path | None = None) -> bytes:
        """Return the receiver's X25519 key (32 bytes).

        From `path` it may be an older one, for what was sealed to that; else raises `key-mismatch`
        for one that is not the site's.
        """
        file = path or self.directory / self.described.receiver.place
        key = read_private(file, self.secrets)
        if not isinstance(key, x25519.X25519PrivateKey):
            raise errors.InputRefused("key-kind", str(file), wanted="X25519")
        if path is None and key.public_key().public_bytes_raw() != self.receiver_public:
            raise errors.InputRefused("key-mismatch", str(file))
        return key.private_bytes_raw()

    def signer(self, role: str) -> keys.Signer:
        """Return the signer of the first of the role's keys that is here; as `signers`."""
        return self.signers(role, count=1)[0]

    def signers(
        self,
        role: str,
        count: int | None = None,
        places: Sequence[str | Path] = (),
        former: Collection[bytes] = (),
    ) -> list[keys.Signer]:
        """Return as many of a role's signers as its documents need, or `count`.

        `places` are files and `pkcs11:` URIs of keys that are not kept with the site; they come
        first. Those of them whose public half is `former`, of a key that has left the role, come
        on top of the count. Raises InputRefused `key-elsewhere` if there are too few,
        `key-mismatch` for one that is not the role's, else as `read_private` and
        `token_signer.open_signer` do.
        """
        wanted = self.roles[role].threshold if count is None else count
        found = [self._signer_at(role, place, former) for place in places]
        wanted += sum(signer.public in former for signer in found)
        have = {signer.public for signer in found}
        if len(have) != len(found):
            raise errors.InputRefused("key-repeated", ", ".join(map(str, places)))
        for key in self.roles[role].keys:
            if len(found) < wanted and key.public not in have and self._is_here(key):
                found.append(self._opened.setdefault(key.public, self._open_once(key)))
        if len(found) < wanted:
            raise errors.InputRefused(
                "key-elsewhere", str(self.directory), role=role, here=len(found), wanted=wanted
            )
        return found[:wanted]

    def open_key(self, key: keys.RoleKey) -> keys.Signer:
        """Return the signer of one key of the description; raises as `signers` does."""
        place = key.place if token_uri.is_token_uri(key.place) else self.directory / key.place
        return open_signer(place, key.public, self.secrets)

    def _open_once(self, key: keys.RoleKey) -> keys.Signer:
        """Open a key when it is first wanted: opening takes time, and a token has few sessions."""
        return self._opened.get(key.public) or self.open_key(key)

    def _is_here(self, key: keys.RoleKey) -> bool:
        if key.place == keys.ELSEWHERE or token_uri.is_token_uri(key.place):
            return key.place != keys.ELSEWHERE
        return (self.directory / key.place).is_file()

    def _signer_at(self, role: str, place: str | Path, former: Collection[bytes]) -> keys.Signer:
        signer = open_signer(place, None, self.secrets)
        if signer.public not in {*self.roles[role].publics, *former}:
            raise errors.InputRefused("key-mismatch", str(place))
        return signer


def load(
    directory: Path, secrets: passphrases.Secrets | None = None, file: str = DESCRIPTION
) -> Site:
    """Read `site.json`; raises InputRefused `site-missing`, `site-malformed`, `file-read`.

    `secrets` opens what is under a passphrase; by default the environment's file or the terminal.
    """
    path = directory / file
    if not path.exists():
        raise errors.InputRefused("site-missing", str(path))
    described = description.decode(read(path, description.MAX_BYTES), str(path))
    return Site(directory, described, secrets or passphrases.from_environment())


def open_signer(
    place: str | Path, public: bytes | None, secrets: passphrases.Secrets
) -> keys.Signer:
    """Return the signer of an Ed25519 key in a file or a token, whose public half may be known.

    Raises as `read_private`, with `key-kind` and `key-mismatch`, and as `token_signer` does.
    """
    if isinstance(place, str) and token_uri.is_token_uri(place):
        from varde_host.site import token_signer  # noqa: PLC0415 loads a driver few need

        return token_signer.open_signer(token_uri.parse(place), public, secrets)
    return keys.FileSigner(_read_signing(Path(place), public, secrets))


def read_private(path: Path, secrets: passphrases.Secrets) -> object:
    """Return a private key, of whatever kind.

    Raises InputRefused `file-read`, `key-malformed`, `key-open` for a key without a passphrase
    that others may read, and as `Secrets.open` does.
    """
    try:
        with path.open("rb") as file:
            pem = file.read(sealed_key.MAX_FILE_BYTES + 1)
            mode = passphrases.open_mode(os.fstat(file.fileno()))
    except OSError as error:
        raise errors.InputRefused("file-read", str(path), reason=error.strerror) from error
    if not sealed_key.is_encrypted(pem):
        if mode is not None:
            raise errors.InputRefused("key-open", str(path), mode=mode)
        return sealed_key.read(pem, None, str(path))
    if not sealed_key.is_whole(pem):
        raise errors.InputRefused("key-malformed", str(path))
    return secrets.open(str(path), lambda told: sealed_key.read(pem, told, str(path)))


def read_certificate(path: Path) -> x509.Certificate:
    """Return a certificate; raises InputRefused `certificate-malformed`, `file-read`."""
    try:
        return x509.load_pem_x509_certificate(read(path, sealed_key.MAX_FILE_BYTES))
    except ValueError as error:
        raise errors.InputRefused("certificate-malformed", str(path)) from error


def read(path: Path, most: int) -> bytes:
    """Return a file's content, and one byte more than `most` of a larger one.

    Raises InputRefused `file-read`, also for what is no file: a pipe would be waited for.
    """
    if path.exists() and not path.is_file():
        raise errors.InputRefused("file-read", str(path), reason="not a file")
    try:
        with path.open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise errors.InputRefused("file-read", str(path), reason=error.strerror) from error


def _read_signing(
    path: Path, public: bytes | None, secrets: passphrases.Secrets
) -> ed25519.Ed25519PrivateKey:
    key = read_private(path, secrets)
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise errors.InputRefused("key-kind", str(path), wanted="Ed25519")
    if public not in (None, key.public_key().public_bytes_raw()):
        raise errors.InputRefused("key-mismatch", str(path))
    return key
