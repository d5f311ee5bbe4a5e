"""Which procedures a municipality has said yes to: a signed line each, kept with the site.

    site/procedures/SHA256.toml    the file, byte for byte
    site/procedures/SHA256.cose    who approved it, when: COSE_Sign by the service key

A file is approved by its hash: another byte in it is another procedure. Of each id the version
approved last is in use; of an id that nobody has approved any version of, the newest that ships.
Older ones stay, so that an old record is judged by what stood then.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from varde_host import errors
from varde_host.site import files, keys, new_file, trust_documents
from varde_host.verification import package, plain_form, procedure
from varde_protocols import documents, trust
from varde_protocols.errors import WireError

KIND = 10
"""Of an approval among documents."""
FORM = 1
FOLDER = "procedures"

_FILE, _LINE = ".toml", ".cose"


@dataclass(frozen=True, slots=True)
class Approval:
    """One yes: of whom (function and short user id), when, to which file."""

    form: int
    site: str
    id: str
    version: int
    sha256: str
    function: str
    person: str
    at_ms: int


def approve(site: files.Site, raw: bytes, *, function: str, person: str, at_ms: int) -> Approval:
    """Keep a procedure with the site, and the signed line that it is approved.

    Raises InputRefused as `procedure.load` and `files.Site.signer`, `procedure-approved` if it
    already is; WorldFailed `procedure-write`.
    """
    loaded = procedure.load(raw)
    sha256 = loaded.sha256 or ""
    said = Approval(
        FORM, site.site_id.hex(), loaded.id, loaded.version, sha256, function, person, at_ms
    )
    payload = package.canonical(plain_form.plain(said))
    line = documents.sign(KIND, payload, [site.signer(keys.SERVICE)])
    folder = site.directory / FOLDER
    if (folder / (sha256 + _LINE)).exists():
        raise errors.InputRefused("procedure-approved", loaded.id, version=loaded.version)
    try:
        new_file.make_directory(folder)
        if not (folder / (sha256 + _FILE)).exists():
            new_file.publish(folder / (sha256 + _FILE), raw)
        new_file.publish(folder / (sha256 + _LINE), line)
    except OSError as error:
        raise errors.WorldFailed("procedure-write", str(folder), reason=error.strerror) from error
    return said


def approvals(site: files.Site) -> tuple[Approval, ...]:
    """Return every approval of this site, oldest first.

    Raises InputRefused `approval-malformed` for a line that no service key of the site has
    signed, or that says another hash than its name.
    """
    lines = sorted((site.directory / FOLDER).glob("*" + _LINE))
    publics = _service_keys(site) if lines else []
    read = (_approval(path, publics, site.site_id.hex()) for path in lines)
    return tuple(sorted(read, key=lambda each: (each.at_ms, each.sha256)))


def known(site: files.Site) -> dict[str, procedure.Procedure]:
    """Return every procedure that a record may name, by hash: shipped ever, or approved ever."""
    shipped = {each.sha256 or "": each for each in procedure.every_shipped()}
    return {**shipped, **{each.sha256: _loaded(site, each) for each in approvals(site)}}


def in_use(site: files.Site) -> dict[str, procedure.Procedure]:
    """Return the procedure to follow, by id: the one approved last, else the newest shipped."""
    last = {each.id: each for each in approvals(site)}
    return {**procedure.shipped(), **{name: _loaded(site, each) for name, each in last.items()}}


def raw_of(site: files.Site, sha256: str) -> bytes | None:
    """Return the file with this hash, shipped or approved; None if there is none."""
    shipped = procedure.shipped_bytes(sha256)
    path = site.directory / FOLDER / (sha256 + _FILE)
    if shipped is not None or sha256 not in known(site):
        return shipped
    return files.read(path, procedure.MAX_FILE_BYTES)


def _approval(path: Path, publics: list[bytes], site_id: str) -> Approval:
    data = files.read(path, documents.MAX_BENCH_RECORD_BYTES)
    try:
        said = plain_form.built(Approval, json.loads(documents.verify(data, KIND, publics, 1)))
    except (WireError, ValueError, RecursionError) as error:
        raise errors.InputRefused("approval-malformed", str(path)) from error
    if (said.form, said.site, said.sha256) != (FORM, site_id, path.stem):
        raise errors.InputRefused("approval-malformed", str(path))
    return said


def _loaded(site: files.Site, said: Approval) -> procedure.Procedure:
    path = site.directory / FOLDER / (said.sha256 + _FILE)
    loaded = procedure.load(files.read(path, procedure.MAX_FILE_BYTES), str(path))
    if loaded.sha256 != said.sha256:
        raise errors.InputRefused("approval-malformed", str(path))
    return loaded


def _service_keys(site: files.Site) -> list[bytes]:
    """Return the service keys of now and of earlier trusts: a yes outlives its key."""
    before = {
        public
        for each, _ in trust_documents.chain(site)
        for public in each.keys(trust.ROLE_SERVICE)
    }
    return sorted({*site.roles[keys.SERVICE].publics, *before})
