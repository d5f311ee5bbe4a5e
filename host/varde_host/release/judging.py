"""Holds a release against itself, its signers and a second build, and says what a hub would say.

Each finding stands alone: a release with two faults shows both. `NOT_DONE` is no good finding: it
says that nobody looked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from varde_host import errors
from varde_host.release import blocks, bundle, firmware, sbom, signing
from varde_host.release.folder import SBOM, Folder
from varde_host.release.holders import Holders
from varde_protocols import documents, release
from varde_protocols.errors import WireError

Seen = TypeVar("Seen")

GOOD: Final = "good"
BAD: Final = "bad"
NOT_DONE: Final = "not-done"
PAYLOAD: Final = "payload"
FILES: Final = "files"
BUNDLE: Final = "bundle"
BILL: Final = "sbom"
BUILD: Final = "build"
SIGNERS: Final = "signers"
SERVED: Final = "served"
CONTENT: Final = (PAYLOAD, FILES, BUNDLE, BILL, BUILD)
"""What a signer answers for."""

# What a hub says of an update: the closed list of reasons, as far as a release alone decides.
REASONS: Final = {
    "none": 0, "signature": 1, "rollback": 2, "floor": 3, "wrong-hash": 6, "no-room": 10,
    "not-for-target": 17, "unknown-key": 18,
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """`part` is one of the names above, `state` GOOD, BAD or NOT_DONE; `detail` is for experts."""

    part: str
    state: str
    detail: str = ""


@dataclass(frozen=True)
class HubState:
    """A hub as far as it decides what it takes: `runs` a release (0: none), above its `floor`."""

    runs: int = 0
    floor: int = 0
    target: str | None = None
    room_bytes: int = release.MAX_SIZE_BYTES


@dataclass(frozen=True)
class Judged:
    """All that was found; `given` and `files` as far as they could be read."""

    findings: list[Finding]
    given: release.Release | None
    files: Mapping[str, bytes] | None
    signed_by: list[bytes]

    @property
    def is_good(self) -> bool:
        """Tell if nothing is bad. What was not done is not counted."""
        return all(finding.state != BAD for finding in self.findings)

    def is_good_for_signing(self) -> bool:
        """Tell if the content is what it says."""
        return all(f.state != BAD for f in self.findings if f.part in CONTENT)


def judge(
    place: Folder, holders: Holders | None = None, built: Mapping[str, bytes] | None = None
) -> Judged:
    """Look at everything. Raises InputRefused `release-missing`, `file-read`."""
    payload = place.payload()
    found: list[Finding] = []
    given = _tried(found, PAYLOAD, lambda: release.decode(payload))
    files = None
    if given is not None:
        contents = {part.kind: place.served(part.sha256) for part in given.components}
        found.append(_files(place, given, contents))
        opened = contents.get(release.APPLICATION)
        if opened is not None:
            files = _tried(found, BUNDLE, lambda: _opened(given, opened))
        found.append(_bill(place, given, files or {}))
        found.append(_build(files, built))
    signed, finding = _signers(place, payload, holders)
    found += [finding, _served(place, payload, holders, len(signed))]
    return Judged(found, given, files, signed)


def _tried(found: list[Finding], part: str, look: Callable[[], Seen]) -> Seen | None:
    try:
        seen = look()
    except (WireError, errors.InputRefused) as error:
        found.append(Finding(part, BAD, _why(error)))
        return None
    found.append(Finding(part, GOOD))
    return seen


def _why(error: WireError | errors.InputRefused) -> str:
    said = error.where if isinstance(error, WireError) else error.fields.get("reason", "")
    return f"{error.code}: {said}" if said else str(error.code)


def _files(place: Folder, given: release.Release, contents: Mapping[int, bytes | None]) -> Finding:
    for part in given.components:
        data, listed = contents[part.kind], place.served(part.blocks_sha256)
        if data is None or listed is None:
            missing = part.sha256 if data is None else part.blocks_sha256
            return Finding(FILES, BAD, f"missing: {missing.hex()}")
        if hashlib.sha256(listed).digest() != part.blocks_sha256:
            return Finding(FILES, BAD, f"list of blocks: {part.blocks_sha256.hex()}")
        bad = blocks.first_bad(part, data, listed)
        if bad is not None:
            return Finding(FILES, BAD, f"block {bad} of {part.sha256.hex()}")
        if len(data) != part.size_bytes or hashlib.sha256(data).digest() != part.sha256:
            return Finding(FILES, BAD, f"size or SHA-256 of {part.sha256.hex()}")
    return Finding(FILES, GOOD)


def _opened(given: release.Release, data: bytes) -> dict[str, bytes]:
    """Return the bundle's files, if they are for the target that the release names."""
    files = bundle.decode(data)
    architecture = bundle.architecture(files)
    if firmware.contradicts(architecture, given.target):
        reason = f"{architecture} for {given.target}"
        raise errors.InputRefused("bundle-malformed", "bundle", reason=reason)
    return files


def _bill(place: Folder, given: release.Release, files: Mapping[str, bytes]) -> Finding:
    try:
        said = sbom.facts(place.read(SBOM, sbom.MAX_BYTES))
    except errors.InputRefused as error:
        return Finding(BILL, BAD, _why(error))
    same = said == sbom.expected(given, files)
    return Finding(BILL, GOOD) if same else Finding(BILL, BAD, "of another release")


def _build(files: Mapping[str, bytes] | None, built: Mapping[str, bytes] | None) -> Finding:
    if built is None or files is None:
        return Finding(BUILD, NOT_DONE)
    differing = firmware.differing(files, built)
    if differing:
        return Finding(BUILD, BAD, f"{len(differing)}: {', '.join(differing[:3])}")
    return Finding(BUILD, GOOD, f"{len(files)}")


def _signers(
    place: Folder, payload: bytes, holders: Holders | None
) -> tuple[list[bytes], Finding]:
    data = place.document()
    if holders is None or data is None:
        return [], Finding(SIGNERS, NOT_DONE if holders is None else BAD, "0")
    try:
        if documents.unverified(data, documents.RELEASE) != payload:
            return [], Finding(SIGNERS, BAD, "of another payload")
        signed = sorted(given.public for given in signing.signed_by(data, holders))
        count = min(len(signed), holders.threshold)
        documents.verify(data, documents.RELEASE, list(holders.publics), count)
    except (WireError, errors.InputRefused) as error:
        return [], Finding(SIGNERS, BAD, _why(error))
    state = GOOD if len(signed) >= holders.threshold else BAD
    return signed, Finding(SIGNERS, state, f"{len(signed)}/{holders.threshold}")


def _served(place: Folder, payload: bytes, holders: Holders | None, count: int) -> Finding:
    """Hubs get a document if, and only if, enough have signed it."""
    data = place.served(release.digest(payload))
    if holders is None:
        return Finding(SERVED, NOT_DONE)
    if count < holders.threshold:
        return Finding(SERVED, NOT_DONE if data is None else BAD)
    same = data is not None and data == place.document()
    return Finding(SERVED, GOOD if same else BAD)


def hub_says(place: Folder, holders: Holders, hub: HubState) -> str:
    """Return the reason for which a hub refuses what it is served: a key of REASONS, "none" if it
    takes it. In a hub's order: whose it is, then whether it is for this hub, then the bytes."""
    payload = place.payload()
    data = place.served(release.digest(payload))
    if data is None:
        data = place.document() or b""
    reason, given = _believed(data, holders)
    if given is None:
        return reason
    if given.encode() != payload:
        return "wrong-hash"  # the assignment names the release by the SHA-256 of its payload
    for refuses, name in (
        (given.number <= hub.runs, "rollback"),
        (given.number < hub.floor, "floor"),
        (hub.target not in (None, given.target), "not-for-target"),
        (any(hub.runs < part.min_from for part in given.components), "not-for-target"),
        (any(part.size_bytes > hub.room_bytes for part in given.components), "no-room"),
    ):
        if refuses:
            return name
    contents = {part.kind: place.served(part.sha256) for part in given.components}
    return "none" if _files(place, given, contents).state == GOOD else "wrong-hash"


def _believed(data: bytes, holders: Holders) -> tuple[str, release.Release | None]:
    keys = list(holders.publics)
    try:
        payload = documents.verify(data, documents.RELEASE, keys, holders.threshold)
        return "none", release.decode(payload)
    except WireError as error:
        if error.code != "document-threshold":
            return "signature", None
    known = holders.by_kid()
    return "signature" if signing.signatures(data).keys() & known.keys() else "unknown-key", None
