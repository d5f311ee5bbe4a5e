"""Signs with a key that stays in a token: PKCS #11 by `python-pkcs11`, Ed25519 by CKM_EDDSA.

Section 2.3.14 of PKCS #11 3.0 (current mechanisms). The library that drives the token is named by
the URI's `module-path` or by VARDE_PKCS11_MODULE. A wrong PIN is tried once and never again, as
tokens lock themselves after some.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pkcs11
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519
from pkcs11.util.ec import encode_named_curve_parameters

from varde_host import errors
from varde_host.site import passphrases, token_uri
from varde_protocols import sealing

MODULE_VARIABLE: Final = "VARDE_PKCS11_MODULE"
PUBLIC_KEY_BYTES: Final = 32
_OCTET_STRING_HEAD = bytes([0x04, PUBLIC_KEY_BYTES])
_EDWARDS25519 = "1.3.101.112"
_CHALLENGE_BYTES = 32
_PIN_ERRORS = ("PinIncorrect", "PinInvalid", "PinLenRange", "PinExpired")


class TokenSigner:
    """Signs with one private key of an open token."""

    def __init__(self, private: Any, public: bytes, where: str) -> None:
        self._private = private
        self._lock = threading.Lock()  # a session does one thing at a time (PKCS #11 5.2)
        self._where = where
        self.public = public
        self.kid = sealing.key_id(public)

    def sign(self, message: bytes) -> bytes:
        """Return the signature, 64 bytes. Raises WorldFailed `token-failed`."""
        with self._lock, _errors(self._where):
            made: bytes = self._private.sign(message, mechanism=pkcs11.Mechanism.EDDSA)
            return made


def open_signer(
    uri: token_uri.TokenUri, public: bytes | None, secrets: passphrases.Secrets
) -> TokenSigner:
    """Return the signer of a key, after a trial under `public`, or its public key's own object.

    Raises InputRefused `token-module`, `token-missing`, `token-key`, `token-pin`, `token-locked`,
    `key-mismatch`, and as `Secrets.pin` does; WorldFailed `token-failed`.
    """
    where = str(uri)
    session = _open(uri, secrets, rw=False)
    with _errors(where):
        private = _only(session, uri, pkcs11.ObjectClass.PRIVATE_KEY)
        if public is None:
            public = _public_of(_only(session, uri, pkcs11.ObjectClass.PUBLIC_KEY), where)
    signer = TokenSigner(private, public, where)
    challenge = os.urandom(_CHALLENGE_BYTES)
    try:
        verifier = ed25519.Ed25519PublicKey.from_public_bytes(public)
        verifier.verify(signer.sign(challenge), challenge)
    except InvalidSignature as error:
        raise errors.InputRefused("key-mismatch", where) from error
    return signer


def make_key(uri: token_uri.TokenUri, secrets: passphrases.Secrets) -> bytes:
    """Let the token make an Ed25519 key that cannot leave it; return the public half.

    Raises InputRefused `token-key-exists`, and as `open_signer` does.
    """
    where = str(uri)
    session = _open(uri, secrets, rw=True)
    with _errors(where):
        if any(session.get_objects(_template(uri))):
            raise errors.InputRefused("token-key-exists", where)
        curve = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters(_EDWARDS25519)}
        parameters = session.create_domain_parameters(pkcs11.KeyType.EC_EDWARDS, curve, local=True)
        public, _private = parameters.generate_keypair(
            mechanism=pkcs11.Mechanism.EC_EDWARDS_KEY_PAIR_GEN,
            store=True,
            label=uri.object,
            id=uri.id,
        )
        return _public_of(public, where)


def _open(uri: token_uri.TokenUri, secrets: passphrases.Secrets, *, rw: bool) -> pkcs11.Session:
    token = _token(uri)
    pin = secrets.pin(uri.holder, uri.pin_source)
    try:
        with _errors(str(uri)):
            try:
                return token.open(rw=rw, user_pin=pin)
            except pkcs11.UserAlreadyLoggedIn:  # by another key of the same token
                return token.open(rw=rw)
    except errors.InputRefused:
        secrets.refuse_pin(uri.holder)
        raise


def _token(uri: token_uri.TokenUri) -> pkcs11.Token:
    named = uri.module or Path(os.environ.get(MODULE_VARIABLE, ""))
    if not named.is_absolute() or not named.is_file():
        raise errors.InputRefused("token-module", str(named), variable=MODULE_VARIABLE)
    with _errors(str(named)):
        slots = pkcs11.lib(str(named)).get_slots(token_present=True)
        found = [slot.get_token() for slot in slots if uri.slot_id in (None, slot.slot_id)]
        fitting = [token for token in found if _fits(token, uri)]
    if len(fitting) != 1:
        raise errors.InputRefused("token-missing", str(uri), count=len(fitting))
    return fitting[0]


def _fits(token: pkcs11.Token, uri: token_uri.TokenUri) -> bool:
    pairs = [
        (uri.token, token.label),
        (uri.serial, token.serial.decode("utf-8", "replace").strip()),
        (uri.model, token.model),
        (uri.manufacturer, token.manufacturer_id),
    ]
    return all(wanted in (None, found) for wanted, found in pairs)


def _template(uri: token_uri.TokenUri) -> dict[Any, Any]:
    template: dict[Any, Any] = {}
    if uri.object is not None:
        template[pkcs11.Attribute.LABEL] = uri.object
    if uri.id is not None:
        template[pkcs11.Attribute.ID] = uri.id
    return template


def _only(session: pkcs11.Session, uri: token_uri.TokenUri, kind: pkcs11.ObjectClass) -> Any:
    wanted = {
        **_template(uri),
        pkcs11.Attribute.CLASS: kind,
        pkcs11.Attribute.KEY_TYPE: pkcs11.KeyType.EC_EDWARDS,
    }
    found = list(session.get_objects(wanted))
    if len(found) != 1:
        raise errors.InputRefused("token-key", str(uri), count=len(found))
    return found[0]


def _public_of(key: Any, where: str) -> bytes:
    """Return the key's 32 bytes: alone (PKCS #11 3.0) or as an OCTET STRING (3.1, SoftHSM)."""
    point = bytes(key[pkcs11.Attribute.EC_POINT])
    if len(point) == len(_OCTET_STRING_HEAD) + PUBLIC_KEY_BYTES:
        point = point.removeprefix(_OCTET_STRING_HEAD)
    if len(point) != PUBLIC_KEY_BYTES:
        raise errors.InputRefused("key-kind", where, wanted="Ed25519")
    return point


@contextlib.contextmanager
def _errors(where: str) -> Iterator[None]:
    """Turn the token's errors into ours, by name only: their texts may hold anything."""
    try:
        yield
    except pkcs11.PKCS11Error as error:
        name = type(error).__name__
    except RuntimeError as error:  # a library that cannot be loaded
        name = type(error).__name__
    else:
        return
    if name in _PIN_ERRORS:
        raise errors.InputRefused("token-pin", where)
    if name == "PinLocked":
        raise errors.InputRefused("token-locked", where)
    raise errors.WorldFailed("token-failed", where, reason=name)
