"""Gives a key to the one who shall hold it: a copy under a passphrase that only they know."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from varde_host import errors
from varde_host.site import files, new_file, passphrases, proof, sealed_key


def copy(key: Path, out: Path, old: passphrases.Secrets, new: passphrases.Secrets) -> bytes:
    """Write a key anew under a passphrase of `new`, read it back, and return its public half.

    The old file stays as it is; one that is with its site is tried first. Raises InputRefused
    `key-kind`, `file-exists`, and as `files.read_private`, `proof.prove_file` and `Secrets.new`;
    WorldFailed `file-write`.
    """
    private = _known(files.read_private(key, old), key)
    if (key.parent / files.DESCRIPTION).exists():
        proof.prove_file(files.load(key.parent, old), key.name)
    pem = sealed_key.write(private, new.new(str(out)))
    part = out.with_name(out.name + new_file.PART)
    try:
        new_file.make_directory(out.parent)
        part.unlink(missing_ok=True)
        new_file.write(part, pem)
        again = _known(files.read_private(part, new), part)
        if _public(again) != _public(private):
            raise errors.WorldFailed("file-write", str(part), reason="read back: differs")
        new_file.appear(part, out)
    except FileExistsError as error:
        raise errors.InputRefused("file-exists", str(out)) from error
    except OSError as error:
        raise errors.WorldFailed("file-write", str(out), reason=error.strerror) from error
    return _public(private)


def _known(key: object, path: Path) -> sealed_key.PrivateKey:
    kinds = (ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey, x25519.X25519PrivateKey)
    if not isinstance(key, kinds):
        raise errors.InputRefused("key-kind", str(path), wanted="Ed25519, X25519, P-256")
    return key


def _public(key: sealed_key.PrivateKey) -> bytes:
    """Return the public half: 32 bytes, of a P-256 key its DER."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return key.public_key().public_bytes_raw()
