"""The end of a verification: signed, in the inventory, and its state put away; steps that last.

Each step leaves something on the disk, and is not done again where it is found: the signed
document beside the state, the record in the inventory (the same one again changes nothing), the
state in `done`. Whoever is cut off in between runs the command once more, and there is one record.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from varde_host import errors
from varde_host.bench_record import form, opening, signing
from varde_host.inventory import records, store
from varde_host.inventory.who import Who
from varde_host.site import files, new_file
from varde_host.verification import judgement, procedure

from . import gathering, session, state_file

DOCUMENT = ".cose"
PRACTICE = "practice"


@dataclass(frozen=True, slots=True)
class Finished:
    """What came of it; `path` is where the state lies now, `document` the signed file."""

    judged: judgement.Judgement
    path: Path
    document: Path | None = None
    put: records.Put | None = None


def valid_until(
    used: procedure.Procedure, judged: judgement.Judgement, measured_on: str
) -> str | None:
    """Return the last day that a good verification holds; None for any other."""
    if not judged.may_hand_out:
        return None
    days = used.interval_days * judged.interval_percent // 100
    return (dt.date.fromisoformat(measured_on) + dt.timedelta(days=days)).isoformat()


def signed(site: files.Site, done: session.Session, path: Path, by: Who) -> form.Signed:
    """Return the signed record of this state, made now or when it was first tried.

    Raises as `signing.sign` and `opening.opened`, WorldFailed `file-write`.
    """
    place, seen, judged = path.with_suffix(DOCUMENT), done.seen(), done.judged()
    if place.exists():
        tried = opening.opened(place.read_bytes(), site)
        if tried.content["measured"] == seen.as_json():
            return tried  # else it was refused, and something was answered otherwise since
    ended_ms = max([done.fixed.began_ms, *(one.at_ms for one in done.entries)])
    body = {
        "measured": seen.as_json(),
        "judgement": judged.as_json(),
        "valid_until": valid_until(done.used, judged, gathering.day(ended_ms)),
        "kit": done.fixed.kit,
    }
    made = signing.sign(
        site, form.VERIFICATION, body, by=by, began_ms=done.fixed.began_ms, ended_ms=ended_ms,
        place=done.fixed.place,
    )  # fmt: skip
    try:
        new_file.replace(place, made.document)
    except OSError as error:
        raise errors.WorldFailed("file-write", str(place), reason=error.strerror) from error
    return made


def finish(
    site: files.Site,
    inventory: store.Inventory,
    done: session.Session,
    path: Path,
    by: Who,
    now_ms: int,
) -> Finished:
    """Sign, put into the inventory, put away. Raises as `signed` and `records.put`."""
    made = signed(site, done, path, by)
    put = inventory.write(lambda connection: records.put(connection, made, by, now_ms))
    # While the state is there the document is of it, and both are tried again; so it goes first.
    kept = state_file.put_away(path, str(made.content["number"]))
    return Finished(done.judged(), kept, put_document_away(path, made), put)


def is_practice(done: session.Session) -> bool:
    """Tell if a reference was past its day: then nothing of it is signed (REF-01)."""
    return bool(done.past_due(done.seen().measured_on))


def end(
    site: files.Site,
    inventory: store.Inventory,
    done: session.Session,
    path: Path,
    by: Who,
    now_ms: int,
) -> Finished:
    """Sign and put away what was verified, or put away what was only practised."""
    if is_practice(done):
        return practised(done, path, now_ms)
    return finish(site, inventory, done, path, by, now_ms)


def practised(done: session.Session, path: Path, now_ms: int) -> Finished:
    """Put away what was only practised: no record is made of it, so nobody can mistake it for one.

    Raises WorldFailed `file-write`.
    """
    return Finished(done.judged(), state_file.put_away(path, f"{PRACTICE}-{now_ms}"))


def tidy(path: Path, site: files.Site) -> None:
    """Put away the document of a verification that was cut off after all else was done."""
    place = path.with_suffix(DOCUMENT)
    if place.exists() and not path.exists():
        put_document_away(path, opening.opened(place.read_bytes(), site))


def put_document_away(path: Path, made: form.Signed) -> Path:
    """Move the document to the finished states; it is in the inventory, too."""
    folder = path.parent / state_file.DONE
    place = folder / f"{made.content['number']}{DOCUMENT}"
    try:
        path.with_suffix(DOCUMENT).replace(place)
        new_file.sync_directory(folder)
    except OSError as error:
        raise errors.WorldFailed("file-write", str(place), reason=error.strerror) from error
    return place
