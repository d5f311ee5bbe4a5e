"""What lies on the disk of a verification that was begun: gone on with, or put aside.

The file is the bench's own, but it may have been cut short by a full disk, copied from another
thing, or be of a time when another procedure stood. It is taken only if it is of this thing and
if all its answers can be judged; else `--anew` puts it aside as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import DecimalException
from pathlib import Path

from varde_host import errors
from varde_host.site import new_file
from varde_host.verification import procedure

from . import finishing, session, state_file


def went_on(
    path: Path, item_id: str, known: Mapping[str, procedure.Procedure]
) -> session.Session | None:
    """Return the session that goes on, None if none was begun; `known` by hash.

    Raises InputRefused `verify-state`, `verify-procedure-gone`, `file-read`.
    """
    state = state_file.load(path)
    if state is None:
        return None
    fixed, entries = state
    if fixed.device.item_id != item_id:
        raise errors.InputRefused("verify-state", str(path), field=fixed.device.item_id)
    used = known.get(fixed.procedure.sha256)
    if used is None or used.name != fixed.procedure:
        raise errors.InputRefused("verify-procedure-gone", fixed.procedure.id)
    try:
        work = session.Session(used, fixed, entries)
        work.question()
        work.judged()
    except (DecimalException, ValueError, TypeError, KeyError, IndexError) as error:
        raise errors.InputRefused("verify-state", str(path), field="entries") from error
    return work


def put_aside(path: Path, now_ms: int) -> None:
    """Put what was begun aside, whatever it holds; nothing is deleted. WorldFailed `file-write`.

    A document that was signed and never came into the inventory goes first: alone it would pass
    for one that did (`finishing.tidy`).
    """
    if not path.exists():
        return
    left = f"left-{now_ms}"
    document = path.with_suffix(finishing.DOCUMENT)
    try:
        if document.exists():
            folder = path.parent / state_file.DONE
            new_file.make_directory(folder)
            document.replace(folder / f"{path.stem}-{left}{finishing.DOCUMENT}")
            new_file.sync_directory(folder)
    except OSError as error:
        raise errors.WorldFailed("file-write", str(document), reason=error.strerror) from error
    state_file.put_away(path, left)
