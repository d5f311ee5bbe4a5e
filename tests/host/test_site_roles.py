"""Who may sign what: every role's keys on every kind of document, as a hub judges them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from host import soft_token
from varde_host import errors
from varde_host.site import (
    certificates,
    creation,
    files,
    keys,
    passphrases,
    release_keys,
    token_signer,
    token_uri,
    trust_documents,
)
from varde_protocols import documents, trust
from varde_protocols.errors import WireError

PHRASES = [f"words of holder number {number}" for number in range(3)]
KINDS = {
    keys.TRUST: documents.TRUST,
    keys.RELEASE: documents.RELEASE,
    keys.ASSIGNMENT: documents.ASSIGNMENT,
    keys.SERVICE: documents.WIPE_RECORD,
}
PAYLOAD = b"\xa1\x01\x02"


@pytest.fixture(scope="module")
def holders(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest):
    """A site whose service key is in a token, where there is one, and release keys apart."""
    folder = tmp_path_factory.mktemp("site")
    secrets = passphrases.Secrets()
    tokens = {}
    if soft_token.found() is not None:
        made = request.getfixturevalue("soft_tokens")
        pin = folder / "pin"
        pin.write_text(soft_token.PIN)
        pin.chmod(0o600)
        uri = token_uri.parse(made.uri("bench", **{"pin-source": str(pin)}))
        token_signer.make_key(uri, secrets)
        tokens = {keys.SERVICE: [uri]}
    plan = creation.Plan(tokens=tokens)
    site = creation.create(folder / "s", "s", ["x"], certificates.Validity(), plan, secrets)
    sticks = [folder / name / "varde" for name in "abc"]
    for number, phrase in enumerate(PHRASES):
        file = folder / f"phrase-{number}"
        file.write_text(phrase)
        file.chmod(0o600)
        secrets._passphrase_files.append(file)
    made_keys = release_keys.make(sticks, secrets, site.directory)
    site = release_keys.take_up(site, release_keys.role_of([key.public for key in made_keys]))
    believed, _ = trust_documents.issue(site, 1_800_000_000_000)
    signers = {role: site.signers(role, 1) for role in keys.ROLES if role != keys.RELEASE}
    places = [key.file for key in made_keys]
    signers[keys.RELEASE] = site.signers(keys.RELEASE, places=places)
    return believed, signers


@pytest.mark.parametrize("role", keys.ROLES)
@pytest.mark.parametrize("kind", sorted(KINDS.values()))
def test_each_role_signs_its_own_kind_and_no_other(holders, role: str, kind: int):
    believed, signers = holders
    data = documents.sign(kind, PAYLOAD, signers[role])
    if kind == KINDS[role]:
        assert believed.open(data, kind) == PAYLOAD
        return
    with pytest.raises(WireError):
        believed.open(data, kind)


@pytest.mark.parametrize("kind", sorted(KINDS.values()))
def test_a_document_does_not_stand_for_another(holders, kind: int):
    believed, signers = holders
    for role, signed_kind in KINDS.items():
        if signed_kind == kind:
            continue
        data = documents.sign(signed_kind, PAYLOAD, signers[role])
        with pytest.raises(WireError):
            believed.open(data, kind)


def test_one_release_key_releases_nothing(holders):
    believed, signers = holders
    for signer in signers[keys.RELEASE]:
        data = documents.sign(documents.RELEASE, PAYLOAD, [signer])
        with pytest.raises(WireError):
            believed.open(data, documents.RELEASE)
    everybody = [signer for role in keys.ROLES if role != keys.RELEASE for signer in signers[role]]
    data = documents.sign(documents.RELEASE, PAYLOAD, [*everybody, signers[keys.RELEASE][0]])
    with pytest.raises(WireError):
        believed.open(data, documents.RELEASE)


def test_trust_numbers_are_the_kinds():
    assert {trust_documents.NUMBERS[role]: role for role in keys.ROLES} == {
        kind: role for role, kind in KINDS.items()
    }
    assert KINDS[keys.SERVICE] == trust.ROLE_SERVICE


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_modes_do_not_depend_on_the_umask(tmp_path: Path, umask: int):
    before = os.umask(umask)
    try:
        place = tmp_path / "new" / "deeper" / "site"
        creation.create(place, "s", ["x"], certificates.Validity())
    finally:
        os.umask(before)
    folders = [place, place.parent, place.parent.parent]
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in place.iterdir()} == {0o600}


def test_a_key_of_one_role_is_none_of_another(tmp_path: Path):
    site = creation.create(tmp_path / "s", "s", ["x"], certificates.Validity())
    with pytest.raises(errors.InputRefused, match="key-mismatch"):
        site.signers(keys.ASSIGNMENT, places=[site.directory / "service.key"])
    loaded = files.load(site.directory, passphrases.Secrets())
    assert loaded == site
    assert "BEGIN" not in repr(loaded)
    assert repr(loaded.secrets) == "Secrets()"
