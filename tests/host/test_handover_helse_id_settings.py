"""The tables of HelseID in receiver.toml, and the keys that they name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from host.helse_id_keys import KEYS, tables, written
from varde_host import errors
from varde_host.handover import helse_id_settings

SCOPE = "nhn:tests/write"


def test_a_key_is_read_as_jwk_or_pem(tmp_path: Path) -> None:
    as_jwk = written(tmp_path / "a.jwk", KEYS["PS256"], alg="RS512", use="sig", key_ops=["sign"])
    client, roots = helse_id_settings.client(tables(as_jwk), "test", (SCOPE,), tmp_path)
    assert (client.issuer, client.signer.algorithm, roots) == (
        "https://issuer.example",
        "RS512",
        None,
    )
    assert client.signer.key.kid == "of tests"
    assert "sign" in client.signer.jwt({}, {}) or client.signer.jwt({}, {}).count(".") == 2
    for name, algorithm in (("PS256", "PS256"), ("ES384", "ES384")):
        pem = tmp_path / f"{name}.pem"
        pem.write_bytes(KEYS[name].private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ))  # fmt: skip
        pem.chmod(0o600)
        client, _ = helse_id_settings.client(
            tables(pem, key_id="mine"), "test", (SCOPE,), tmp_path
        )
        assert (client.signer.algorithm, client.signer.key.kid) == (algorithm, "mine")


def test_a_key_that_may_not_be_used_is_refused(tmp_path: Path) -> None:
    good = KEYS["ES384"]
    short = rsa.generate_private_key(65537, 1024).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (tmp_path / "short.pem").write_bytes(short)
    (tmp_path / "short.pem").chmod(0o600)
    public = tmp_path / "public.jwk"
    public.write_text(json.dumps(good.as_dict(private=False)))
    public.chmod(0o600)
    (tmp_path / "no.jwk").write_text('{"kty":"EC"}')
    (tmp_path / "no.jwk").chmod(0o600)
    cases = [
        (written(tmp_path / "open.jwk", good, 0o644), {}, "secret-open"),
        (tmp_path / "short.pem", {}, "key-kind"),
        (written(tmp_path / "hs.jwk", good), {"algorithm": "HS256"}, "key-kind"),
        (written(tmp_path / "none.jwk", good), {"algorithm": "none"}, "key-kind"),
        (written(tmp_path / "curve.jwk", good), {"algorithm": "ES256"}, "key-kind"),
        (public, {}, "key-kind"),
        (tmp_path / "no.jwk", {}, "key-malformed"),
        (tmp_path / "missing.jwk", {}, "file-read"),
        (written(tmp_path / "a.jwk", good), {"secret": "x"}, "target-setting"),
        (
            written(tmp_path / "b.jwk", good),
            {"issuer": "http://issuer.example"},
            "target-setting",
        ),
    ]
    for path, more, code in cases:
        with pytest.raises(errors.InputRefused) as caught:
            helse_id_settings.client(tables(path, **more), "test", (SCOPE,), tmp_path)
        assert caught.value.code == code, path.name
        assert good.as_dict(private=True)["d"] not in str(caught.value)


@given(st.binary(max_size=200))
def test_whatever_stands_in_a_key_file_is_refused(tmp_path_factory: Any, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.jwk"
    path.write_bytes(data)
    path.chmod(0o600)
    with pytest.raises(errors.InputRefused) as caught:
        helse_id_settings.client(tables(path), "test", (SCOPE,), path.parent)
    assert caught.value.code in ("key-malformed", "key-kind")
