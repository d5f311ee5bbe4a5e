"""Procedures shared between municipalities, and approved in each."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde_host import errors
from varde_host.site import certificates, creation, files, keys
from varde_host.verification import approved, package, procedure
from varde_protocols import cose, documents
from varde_protocols.crypto import ed25519

RAWS = [procedure.shipped_bytes(str(each.sha256)) or b"" for each in procedure.every_shipped()]
FROM = {
    "site": "0102030405060708", "municipality": "Eksempel kommune",
    "function": "fagansvarlig", "person": "f3", "at_ms": 1_790_000_000_000,
}  # fmt: skip
NOW = 1_790_000_000_000


class Key:
    """A key of a test."""

    def __init__(self, seed: int = 1) -> None:
        self._key = ed25519.SigningKey(bytes([seed]) * 32)
        self.public = self._key.public

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


DATA = package.build(RAWS, Key(), **FROM)


def refusal(data: bytes) -> errors.InputRefused:
    with pytest.raises(errors.InputRefused) as refused:
        package.opened(data)
    return refused.value


def rezipped(change: dict[str, bytes | None], method: int = zipfile.ZIP_STORED) -> bytes:
    with zipfile.ZipFile(io.BytesIO(DATA)) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    contents |= {name: data for name, data in change.items() if data is not None}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in contents.items():
            if change.get(name, b"") is not None:
                archive.writestr(name, data)
    return out.getvalue()


def test_what_comes_out_is_what_went_in_byte_for_byte():
    opened = package.opened(DATA)
    assert {used.sha256 for used, _ in opened.files} == {
        each.sha256 for each in procedure.every_shipped()
    }
    assert sorted(raw for _, raw in opened.files) == sorted(RAWS)
    assert opened.index.municipality == "Eksempel kommune"
    assert opened.key_id == cose.key_id(Key().public).hex()
    assert package.build(reversed(RAWS), Key(), **FROM) == DATA


def test_a_package_has_something_once():
    for raws in ([], [RAWS[0], RAWS[0]]):
        with pytest.raises(errors.InputRefused, match="package-form"):
            package.build(raws, Key(), **FROM)


def test_what_was_changed_on_the_way_is_refused():
    entry = package.opened(DATA).index.entry[0]
    assert refusal(rezipped({entry.file: RAWS[0] + b"#"})).code == "package-form"
    assert refusal(rezipped({entry.file: None})).code == "package-form"
    assert refusal(rezipped({"more.txt": b"x"})).code == "package-form"
    assert refusal(rezipped({"../../etc": b"x"})).code == "package-form"
    assert refusal(rezipped({"index.json": b"{}"})).code == "package-form"
    assert refusal(rezipped({"index.cose": None})).code == "package-signature"
    assert refusal(rezipped({}, zipfile.ZIP_DEFLATED)).fields["why"] == "zip"
    assert refusal(bytes(package.MAX_BYTES + 1)).code == "package-form"


def test_an_index_of_another_key_or_spelling_is_refused():
    index = package.opened(DATA).index
    other = dataclasses.replace(index, public=Key(2).public.hex())
    signed = documents.sign(package.KIND, package.canonical(_plain(other)), [Key()])
    assert refusal(rezipped({"index.cose": signed})).code == "package-signature"
    spelled = package.canonical(_plain(index)).replace(b",", b", ", 1)
    signed = documents.sign(package.KIND, spelled, [Key()])
    assert refusal(rezipped({"index.cose": signed})).fields["why"] == "spelling"
    for payload in (b"[]", b"\xff", b"{", package.canonical({**_plain(index), "form": 2})):
        signed = documents.sign(package.KIND, payload, [Key()])
        assert refusal(rezipped({"index.cose": signed, "index.json": payload}))


def _plain(index: package.Index) -> dict[str, object]:
    return dict(package.plain_form.plain(index))


@given(st.integers(0, len(DATA) - 1), st.binary(max_size=4), st.integers(0, 200))
def test_a_damaged_package_gives_nothing_or_the_same(at: int, put: bytes, cut: int):
    with contextlib.suppress(errors.InputRefused):
        opened = package.opened(DATA[:at] + put + DATA[at + cut :])
        assert opened == package.opened(DATA)


@given(st.binary(max_size=300))
def test_what_is_no_zip_is_refused(data: bytes):
    assert refusal(data).code in {"package-form", "package-signature"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> files.Site:
    folder = tmp_path_factory.mktemp("approved") / "site"
    return creation.create(folder, "Eksempel kommune", ["c.test"], certificates.Validity())


WHO = {"function": "fagansvarlig", "person": "f3"}


def version(number: int, limit: str) -> bytes:
    raw = next(raw for raw in RAWS if b'id = "cuff-static"' in raw)
    text = raw.decode().replace("version = 1", f"version = {number}", 1)
    return text.replace('value = "3"', f'value = "{limit}"').encode()


def test_what_is_in_use_is_what_was_approved_last(site: files.Site):
    assert approved.in_use(site) == procedure.shipped()
    assert approved.approvals(site) == ()
    for number, limit, at_ms in ((3, "2.5", NOW), (2, "2", NOW + 1)):
        said = approved.approve(site, version(number, limit), **WHO, at_ms=at_ms)
        assert approved.in_use(site)["cuff-static"].sha256 == said.sha256
    assert [each.version for each in approved.approvals(site)] == [3, 2]
    every = approved.known(site)
    assert len(every) == len(RAWS) + 2
    for sha256 in every:
        assert procedure.load(approved.raw_of(site, sha256) or b"").sha256 == sha256
    assert approved.raw_of(site, "0" * 64) is None
    with pytest.raises(errors.InputRefused, match="procedure-approved"):
        approved.approve(site, version(3, "2.5"), **WHO, at_ms=NOW)


def test_a_shipped_procedure_is_approved_as_any_other(site: files.Site):
    said = approved.approve(site, RAWS[0], **WHO, at_ms=NOW + 2)
    assert said in approved.approvals(site)
    assert approved.raw_of(site, said.sha256) == RAWS[0]


def test_an_approval_that_the_site_did_not_sign_is_none(site: files.Site, tmp_path: Path):
    said = approved.approve(site, version(9, "1"), **WHO, at_ms=NOW + 3)
    line = site.directory / approved.FOLDER / f"{said.sha256}.cose"
    raw = site.directory / approved.FOLDER / f"{said.sha256}.toml"
    signed, kept = line.read_bytes(), raw.read_bytes()
    stranger = documents.unverified(signed, approved.KIND)
    for changed in (
        documents.sign(approved.KIND, stranger, [Key()]), b"", signed[:-1],
        documents.sign(approved.KIND, b"{}", [site.signer(keys.SERVICE)]),
    ):  # fmt: skip
        line.write_bytes(changed)
        with pytest.raises(errors.InputRefused, match="approval-malformed"):
            approved.approvals(site)
    line.write_bytes(signed)
    other = line.with_name("0" * 64 + ".cose")
    other.write_bytes(signed)
    with pytest.raises(errors.InputRefused, match="approval-malformed"):
        approved.approvals(site)
    other.unlink()
    raw.write_bytes(kept + b"#")
    with pytest.raises(errors.InputRefused, match="approval-malformed"):
        approved.known(site)
    raw.write_bytes(kept)


def test_a_place_that_cannot_be_written_is_told(site: files.Site, monkeypatch: pytest.MonkeyPatch):
    def full(_path: Path, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(approved.new_file, "publish", full)
    with pytest.raises(errors.WorldFailed, match="procedure-write"):
        approved.approve(site, version(8, "1"), **WHO, at_ms=NOW)
