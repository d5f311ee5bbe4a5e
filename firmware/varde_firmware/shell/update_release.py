"""Has the release that an assignment names, holds it against this hub, and says what of it to try.

`stage` is the module ports.stage, `fetch` makes the way to the source. Loaded for an update.
"""

from varde_firmware.core import block_map, update_record
from varde_firmware.core.update_plan import FAILED, REFUSED, Stop
from varde_protocols import documents, release
from varde_protocols import update_words as words
from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.errors import WireError

if TYPE_CHECKING:
    from typing import Any, Callable, Tuple

    from varde_firmware.core.update_record import Record
    from varde_firmware.shell.block_fetch import BlockFetch
    from varde_protocols.release import Component, Release
    from varde_protocols.trust import Trust

    Fetch = Callable[[], BlockFetch]

_BLOCK_BYTES = const(4096)  # of the staging slot's sectors


async def have(digest: bytes, stage: "Any", trust: "Trust", fetch: "Fetch") -> bytes:
    """Return the document of this digest, from the file system or the source.

    What is on the file system was verified, as it is here. Other bytes than the assignment names
    are the source's fault, which may come to reason; bad signatures over the right ones are not.
    """
    data: bytes = stage.document(stage.RELEASE)
    if not data or _digest(data) != digest:
        data = await fetch().document(digest)
        if _digest(data) != digest:
            raise Stop(words.WRONG_HASH, FAILED)
        release.verify(data, trust)
        stage.put(stage.RELEASE, data)
    return data


def _digest(data: bytes) -> bytes:
    """Return the digest of a release's document; b"" if it is none."""
    try:
        return release.digest(documents.unverified(data, documents.RELEASE))
    except WireError:
        return b""


def judged(data: bytes, number: int, record: "Record", stage: "Any") -> "Release":
    """Return the release, which this hub may run; raises Stop if it may not."""
    given = release.decode(documents.unverified(data, documents.RELEASE))
    reason: int = words.NONE
    if given.number != number:
        reason = words.MALFORMED
    elif number < record.floor:
        reason = words.FLOOR
    elif given.target != stage.target():
        reason = words.WRONG_TARGET
    for component in given.components:
        if component.min_from > record.release or component.block_bytes != _BLOCK_BYTES:
            reason = reason or words.WRONG_TARGET
    if reason:
        raise Stop(reason, REFUSED)
    for component in given.components:
        place(component, stage)
    return given


def place(component: "Component", stage: "Any") -> "Tuple[int, int]":
    """Return the first sectors of a component and of its list; raises Stop if it does not fit."""
    is_bundle = component.kind == release.APPLICATION
    found = block_map.places(is_bundle, component.block_count(), stage.Stage().sectors)
    if found is None:
        raise Stop(words.NO_ROOM, REFUSED)
    return found


async def parts(given: "Release", stage: "Any", fetch: "Fetch") -> int:
    """Return what is to be put on trial; an interpreter that runs already is not fetched."""
    found: int = update_record.CONFIG
    for component in given.components:
        # one that is all of a release is installed in any case: its number counts
        if component.kind == release.INTERPRETER and len(given.components) > 1:
            runs = await fetch().digest_of(stage.Running(), 0, component.size_bytes)
            if runs == component.sha256:
                continue
        found |= component.kind << 1
    return found
