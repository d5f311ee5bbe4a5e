"""Private keys as PEM files: PKCS #8, plain or under a passphrase.

Under a passphrase it is PBES2 (RFC 8018) with scrypt (RFC 7914 section 7.1) and AES-256-CBC, the
strongest that both `cryptography` and `openssl pkey` read. `BestAvailableEncryption`, which would
be less to write, takes 2048 rounds of PBKDF2: 0.3 ms a guess, where these parameters take some
150 ms and 16 MiB. Reading is left to `cryptography` altogether.

CBC tells of a wrong passphrase, and not of every altered byte: a damaged file may open as another
key. So whoever reads one compares its public half with what the site's description says.
"""

from __future__ import annotations

import base64
import contextlib
import secrets
from typing import Final

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import padding, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from varde_host import errors

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | x25519.X25519PrivateKey

# OWASP's password storage cheat sheet gives (2^17, 8, 1) and (2^14, 8, 5) as equals. OpenSSL gives
# scrypt no more than 32 MiB when it reads a key, so the second.
SCRYPT_COST: Final = 1 << 14
SCRYPT_BLOCK_SIZE: Final = 8
SCRYPT_PARALLELIZATION: Final = 5
SALT_BYTES: Final = 16
MAX_FILE_BYTES: Final = 16 * 1024  # a P-256 key under a passphrase has 400 bytes of PEM

_PBES2 = x509.ObjectIdentifier("1.2.840.113549.1.5.13")
_SCRYPT = x509.ObjectIdentifier("1.3.6.1.4.1.11591.4.11")
_AES_256_CBC = x509.ObjectIdentifier("2.16.840.1.101.3.4.1.42")
_AES_KEY_BYTES = 32
_AES_BLOCK_BYTES = 16
_PEM_LINE = 64
_ENCRYPTED = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"
_END = _ENCRYPTED.replace(b"BEGIN", b"END")
_SEQUENCE = 0x30
_LONGEST_HEAD = 4


@asn1.sequence
class _ScryptParameters:
    salt: bytes
    cost: int
    block_size: int
    parallelization: int


@asn1.sequence
class _Kdf:
    algorithm: x509.ObjectIdentifier
    parameters: _ScryptParameters


@asn1.sequence
class _Scheme:
    algorithm: x509.ObjectIdentifier
    initialization_vector: bytes


@asn1.sequence
class _Pbes2Parameters:
    key_derivation: _Kdf
    encryption: _Scheme


@asn1.sequence
class _Algorithm:
    algorithm: x509.ObjectIdentifier
    parameters: _Pbes2Parameters


@asn1.sequence
class _EncryptedPrivateKeyInfo:
    algorithm: _Algorithm
    data: bytes


def write(key: PrivateKey, passphrase: bytes | None) -> bytes:
    """Return the key's PEM, encrypted unless `passphrase` is None."""
    encoding = serialization.Encoding.PEM if passphrase is None else serialization.Encoding.DER
    plain = key.private_bytes(
        encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return plain if passphrase is None else _encrypted_pem(plain, passphrase)


def is_encrypted(pem: bytes) -> bool:
    """Tell if a passphrase is needed to read it."""
    return pem.lstrip().startswith(_ENCRYPTED)


def is_whole(pem: bytes) -> bool:
    """Tell if an encrypted key's PEM ends where it should: what passphrase opens it is open yet.

    A file that was cut off is known by this without its passphrase, an altered byte within is not.
    """
    body, end, _ = pem.lstrip().removeprefix(_ENCRYPTED).partition(_END)
    try:
        der = base64.b64decode(b"".join(body.split()), validate=True)
    except ValueError:
        return False
    # SEQUENCE, and a length of one to three bytes (X.690 8.1.3); MAX_FILE_BYTES needs no longer.
    if len(der) < _LONGEST_HEAD or der[0] != _SEQUENCE:
        return False
    more = der[1] & 0x7F if der[1] & 0x80 else 0
    length = int.from_bytes(der[2 : 2 + more], "big") if more else der[1]
    return bool(end) and more < _LONGEST_HEAD - 1 and len(der) == 2 + more + length


def read(pem: bytes, passphrase: bytes | None, where: str) -> object:
    """Return the private key, of whatever kind.

    Raises InputRefused `passphrase-wrong` for what the passphrase does not open, `key-malformed`.
    A wrong passphrase and a damaged file cannot be told apart.
    """
    if is_encrypted(pem) != (passphrase is not None) or len(pem) > MAX_FILE_BYTES:
        raise errors.InputRefused("key-malformed", where)
    # It raises ValueError, TypeError and what OpenSSL comes up with; none is passed on as a cause.
    with contextlib.suppress(Exception):
        return serialization.load_pem_private_key(pem, passphrase)
    if passphrase is None:
        raise errors.InputRefused("key-malformed", where)
    raise errors.InputRefused("passphrase-wrong", where)


def _encrypted_pem(plain: bytes, passphrase: bytes) -> bytes:
    salt = secrets.token_bytes(SALT_BYTES)
    vector = secrets.token_bytes(_AES_BLOCK_BYTES)
    parameters = _ScryptParameters(
        salt=salt,
        cost=SCRYPT_COST,
        block_size=SCRYPT_BLOCK_SIZE,
        parallelization=SCRYPT_PARALLELIZATION,
    )
    kdf = Scrypt(salt, _AES_KEY_BYTES, SCRYPT_COST, SCRYPT_BLOCK_SIZE, SCRYPT_PARALLELIZATION)
    cipher = Cipher(algorithms.AES(kdf.derive(passphrase)), modes.CBC(vector)).encryptor()
    padder = padding.PKCS7(8 * _AES_BLOCK_BYTES).padder()
    data = cipher.update(padder.update(plain) + padder.finalize()) + cipher.finalize()
    algorithm = _Algorithm(
        algorithm=_PBES2,
        parameters=_Pbes2Parameters(
            key_derivation=_Kdf(algorithm=_SCRYPT, parameters=parameters),
            encryption=_Scheme(algorithm=_AES_256_CBC, initialization_vector=vector),
        ),
    )
    der = asn1.encode_der(_EncryptedPrivateKeyInfo(algorithm=algorithm, data=data))
    return _pem(der)


def _pem(der: bytes) -> bytes:
    text = base64.b64encode(der)
    lines = [text[at : at + _PEM_LINE] for at in range(0, len(text), _PEM_LINE)]
    return b"\n".join([_ENCRYPTED, *lines, _END, b""])
