"""Sign a record with the site's service key, and believe it only after it was opened again."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from varde_host import errors
from varde_host.bench.taking_back import wipe_papers
from varde_host.bench_record import form, number, opening, texts
from varde_host.inventory.who import Who
from varde_host.site import files, keys
from varde_protocols import documents


def sign(
    site: files.Site,
    kind: str,
    body: Mapping[str, Any],
    *,
    by: Who,
    began_ms: int,
    ended_ms: int,
    place: str,
    municipality: str | None = None,
    approved: Who | None = None,
    random: Callable[[int], int] = secrets.randbelow,
) -> form.Signed:
    """Return the signed record of a kind (`form.VERIFICATION` ...) with the content `body`.

    `body` has the fields that `form` names for the kind; the head is made here. `began_ms` is when
    the first of it was done and `ended_ms` when the last was (Unix ms, UTC); each step of an
    acceptance lies between them. `place` is the bench's, in words. The municipality is the site's
    name unless it is given, `approved` who has looked at it and agreed.

    Raises InputRefused as `opening.opened` (a record that could not be opened is not made),
    `bench-record-large`, and as `files.Site.signer`.
    """
    record = number.new(random, ended_ms)
    head = {
        "form": form.FORM,
        "kind": kind,
        "number": record,
        "site": site.site_id.hex(),
        "municipality": municipality or site.name,
        "place": place,
        "began_ms": began_ms,
        "ended_ms": ended_ms,
        "by": [by.function, by.person],
        "approved": None if approved is None else [approved.function, approved.person],
        "tool": wipe_papers.tool_version(),
    }
    payload = texts.encode({**body, **head})
    signer = site.signer(keys.SERVICE)
    try:
        document = documents.sign(form.NUMBERS[kind], payload, [signer])
    except ValueError as error:
        most = documents.MAX_BENCH_RECORD_BYTES
        raise errors.InputRefused("bench-record-large", record, most=most) from error
    return opening.opened(document, site)
