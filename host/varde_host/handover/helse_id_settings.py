"""The tables `[helseid.NAME]` of receiver.toml, and the private key that one names.

[helseid.test]
issuer = "https://helseid-sts.test.nhn.no"
client_id = "..."
key_file = "helseid.jwk"       # private, as HelseID Selvbetjening gives it, or PEM; mode 0600
# key_id = "..."               # for PEM; a JWK has its own
# algorithm = "PS256"          # if neither the JWK nor its kind says it
# organisation = "..."         # number of the unit, for a client of one organisation
# ca_file = "..."              # roots of a server that the machine's own do not vouch for
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from joserfc import jwk
from joserfc.errors import JoseError

from varde_host import errors
from varde_host.handover import adapter_settings, dpop, helse_id
from varde_host.site import passphrases

TABLE: Final = "helseid"
MAX_KEY_BYTES: Final = 64 * 1024
_ORGANISATION: Final = "urn:oid:2.16.578.1.12.4.1.4.101"
_PEM: Final = b"-----BEGIN "


def client(
    tables: object, name: str, scopes: tuple[str, ...], folder: Path
) -> tuple[helse_id.Client, Path | None]:
    """Return the client of that name, and the file of roots for its issuer.

    Raises InputRefused `target-setting`, `secret-open`, `file-read`, `key-malformed`, `key-kind`.
    """
    if not isinstance(tables, Mapping) or name not in tables:
        raise errors.InputRefused("target-setting", f"{TABLE}.{name[:30]}")
    reading = adapter_settings.Settings(f"{TABLE}.{name[:30]}", tables[name], folder)
    issuer, client_id = reading.address("issuer"), reading.text("client_id")
    path, kid = reading.must_file("key_file"), reading.text_or_none("key_id")
    algorithm, unit = reading.text_or_none("algorithm"), reading.text_or_none("organisation")
    roots = reading.file("ca_file")
    reading.finish()
    signer = _signer(path, kid, algorithm)
    details = None if unit is None else _details(unit)
    return helse_id.Client(issuer, client_id, scopes, signer, details), roots


def _details(unit: str) -> dict[str, Any]:
    """Which unit of the organisation asks (NHN: HelseIdAuthorizationClaimUtil)."""
    identifier = {"system": _ORGANISATION, "type": "ENH", "value": unit}
    return {
        "type": "helseid_authorization",
        "practitioner_role": {"organization": {"identifier": identifier}},
    }


def _signer(path: Path, kid: str | None, algorithm: str | None) -> dpop.Signer:
    data = _secret(path)
    try:
        with warnings.catch_warnings():  # of a short key, which `fits` refuses
            warnings.simplefilter("ignore")
            found = _key(data, kid)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        # what the library says may hold a part of the key
        raise errors.InputRefused("key-malformed", str(path)) from None
    chosen = algorithm or found.alg or dpop.usual_algorithm(found)
    if not found.is_private or not dpop.fits(found, chosen):
        raise errors.InputRefused("key-kind", str(path), wanted="RSA 2048+, P-256, P-384, P-521")
    return dpop.Signer(found, chosen)


def _key(data: bytes, kid: str | None) -> dpop.Key:
    named: jwk.KeyParameters = {"kid": kid} if kid else {}
    if data.lstrip().startswith(_PEM):
        found: object = _from_pem(data, named)
    else:
        raw = json.loads(data)
        # `use` and `key_ops` say what the issuer may do with the public half
        bare = {key: value for key, value in raw.items() if key not in ("use", "key_ops")}
        found = jwk.import_key({**bare, "kid": kid} if kid else bare)
    if not isinstance(found, jwk.RSAKey | jwk.ECKey):
        raise TypeError("kind")
    return found


def _from_pem(data: bytes, named: jwk.KeyParameters) -> dpop.Key:
    try:
        return jwk.RSAKey.import_key(data, named)
    except (JoseError, ValueError, TypeError):
        return jwk.ECKey.import_key(data, named)


def _secret(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            mode = passphrases.open_mode(os.fstat(file.fileno()))
            data = file.read(MAX_KEY_BYTES)
    except OSError as error:
        raise errors.InputRefused("file-read", str(path), reason=error.strerror) from error
    if mode is not None:
        raise errors.InputRefused("secret-open", str(path), mode=mode)
    return data
