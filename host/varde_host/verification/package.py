"""Procedures to share: one zip, the same bytes for the same content, signed by who sends it.

    index.json                     what is in it, from whom, one line of canonical JSON
    index.cose                     the same bytes as payload of a COSE_Sign by the service key
    procedures/ID.VERSION.toml     the files, byte for byte, so that a hash stays what it was

The signature tells that nothing was changed since a key signed it, and the index which key. Whose
key that is, a person sees by comparing its id with what the sender says on another way; until
then it is some key's. A procedure that came so is used only after one's own municipality has
approved it (`approved`).
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from varde_host import errors
from varde_host.verification import plain_form, procedure
from varde_protocols import cose, documents
from varde_protocols.errors import WireError

KIND = 9
"""Of a package among documents; the hub knows none above 4, and the bench's records end at 8."""
FORM = 1
MAX_FILES = 64
MAX_BYTES = 4 * 1024 * 1024
"""All procedures that ship are 40 kB."""

_INDEX, _SIGNED, _FOLDER = "index.json", "index.cose", "procedures/"
_WHEN = (1980, 1, 1, 0, 0, 0)
"""The zip format's earliest moment: a file has no other time than the index's."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One procedure of a package."""

    id: str
    version: int
    sha256: str

    @property
    def file(self) -> str:
        """Return its place in the zip."""
        return f"{_FOLDER}{self.id}.{self.version}.toml"


@dataclass(frozen=True, slots=True)
class Index:
    """What a package says of itself: `site` and `public` in hexadecimal, `by` who sent it."""

    form: int
    site: str
    municipality: str
    public: str
    function: str
    person: str
    at_ms: int
    entry: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Package:
    """A package whose signature and hashes were found good; `key_id` in hexadecimal."""

    index: Index
    key_id: str
    files: tuple[tuple[procedure.Procedure, bytes], ...]


def build(
    raws: Iterable[bytes],
    signer: documents.Signer,
    *,
    site: str,
    municipality: str,
    function: str,
    person: str,
    at_ms: int,
) -> bytes:
    """Return the zip with these procedure files, signed.

    Raises InputRefused as `procedure.load`, and `package-form` for none or too many of them, or
    two of one id and version.
    """
    loaded = sorted(
        ((procedure.load(raw), raw) for raw in raws), key=lambda each: each[0].name_in_order
    )
    entries = tuple(Entry(each.id, each.version, each.sha256 or "") for each, _ in loaded)
    index = Index(FORM, site, municipality, signer.public.hex(), function, person, at_ms, entries)
    _refuse_unless_whole(index)
    payload = canonical(plain_form.plain(index))
    signed = documents.sign(KIND, payload, [signer])
    contents = [(_INDEX, payload), (_SIGNED, signed)]
    contents += [(entry.file, raw) for entry, (_, raw) in zip(entries, loaded, strict=True)]
    return _zipped(contents)


def opened(data: bytes) -> Package:
    """Return what a package holds, if nothing in it was changed since it was signed.

    Raises InputRefused `package-form` (why), `package-signature`, and as `procedure.load`.
    """
    contents = _unzipped(data)
    signed = contents.pop(_SIGNED, b"")
    index = _index(signed)
    _refuse_unless_whole(index)
    names = {_INDEX, *(entry.file for entry in index.entry)}
    if set(contents) != names or contents[_INDEX] != canonical(plain_form.plain(index)):
        raise errors.InputRefused("package-form", _INDEX, why="files")
    files = tuple(_file(entry, contents[entry.file]) for entry in index.entry)
    return Package(index, cose.key_id(bytes.fromhex(index.public)).hex(), files)


def canonical(value: Any) -> bytes:
    """Return the one JSON text of a value without floats."""
    return json.dumps(
        value, ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False
    ).encode("ascii")


def _index(signed: bytes) -> Index:
    try:
        payload = documents.unverified(signed, KIND)
        index = plain_form.built(Index, json.loads(payload))
        documents.verify(signed, KIND, [bytes.fromhex(index.public)], 1)
    except (WireError, ValueError, RecursionError) as error:
        raise errors.InputRefused("package-signature", _SIGNED) from error
    if canonical(plain_form.plain(index)) != payload:
        raise errors.InputRefused("package-form", _INDEX, why="spelling")
    return index


def _refuse_unless_whole(index: Index) -> None:
    names = [entry.file for entry in index.entry]
    if index.form != FORM or not 0 < len(set(names)) == len(names) <= MAX_FILES:
        raise errors.InputRefused("package-form", _INDEX, why="procedures")


def _file(entry: Entry, raw: bytes) -> tuple[procedure.Procedure, bytes]:
    loaded = procedure.load(raw, entry.file)
    if (loaded.id, loaded.version, loaded.sha256) != (entry.id, entry.version, entry.sha256):
        raise errors.InputRefused("package-form", entry.file, why="sha256")
    return loaded, raw


def _zipped(contents: list[tuple[str, bytes]]) -> bytes:
    """Stored, not packed: the same on every zlib, and a few tens of kilobytes anyway."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in contents:
            info = zipfile.ZipInfo(name, _WHEN)
            info.create_system, info.external_attr = 3, 0o644 << 16
            archive.writestr(info, data)
    return out.getvalue()


def _unzipped(data: bytes) -> dict[str, bytes]:
    """Read a zip that somebody sent: stored members only, so nothing grows when it is opened."""
    if len(data) > MAX_BYTES:
        raise errors.InputRefused("package-form", "", why=f"> {MAX_BYTES}")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            plain = all(each.compress_type == zipfile.ZIP_STORED for each in members)
            names = {each.filename for each in members}
            if len(members) > MAX_FILES + 2 or len(names) != len(members) or not plain:
                raise errors.InputRefused("package-form", "", why="zip")
            return {each.filename: _member(archive, each) for each in members}
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise errors.InputRefused("package-form", "", why="zip") from error


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    with archive.open(info) as file:
        return file.read(procedure.MAX_FILE_BYTES + 1)
