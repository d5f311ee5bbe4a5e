"""Step 9: the label, and the proof that it hangs on its kit: it is scanned back.

The label says no more than was done: a kit is "identified" until each of its sensors has brought a
reading through the hub over its own links, and then its "function is checked". What a verification
finds is printed by `varde kit label` afterwards.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

from varde_host import errors, messages
from varde_host.bench.making import kit_binding, label_facts, scan_back
from varde_host.bench.work import Evidence, Work
from varde_host.paper import label_pdf

FOLDER = "labels"
"""Its name in a site's folder."""


async def run(work: Work) -> Evidence:
    """Draw the label, and finish when its own kit's id has been scanned from it."""
    assert work.bench.inventory is not None, "the bench has no inventory"
    hub_id, now_ms = work.finished["identity"]["hub"], work.bench.utc_ms()
    kit = kit_binding.kit_of(
        work.bench.inventory, work.board.chip_id, hub_id, work.settings.by, now_ms,
        work.settings.kit,
    )  # fmt: skip
    directory = work.settings.site.directory
    today = dt.datetime.fromtimestamp(now_ms / 1000, dt.UTC).date()
    level = level_of(work.finished.get("sensors", {}), has_links="links" in work.finished)
    made = label_facts.load(directory).label(kit, level, today)
    pdf = label_pdf.roll(made, messages.speaker.language)
    path = directory / FOLDER / f"{kit.kit_id}.pdf"
    _write(path, pdf)
    scanned = await work.ask("labelling.scan", kit=kit.kit_id, file=str(path))
    return {
        "kit": scan_back.check(scanned, kit.kit_id),
        "level": level,
        "next_check": made.next_check.isoformat(),
        "pdf_sha256": hashlib.sha256(pdf).hexdigest(),
    }


def level_of(sensors: Evidence, *, has_links: bool) -> int:
    """Return the level that has been reached, and no higher one."""
    rows = sensors.get("sensors") or []
    has_all = bool(rows) and all(row.get("readings", 0) > 0 for row in rows)
    is_checked = has_all and has_links
    return label_facts.FUNCTION_CHECKED if is_checked else label_facts.IDENTIFIED


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise errors.WorldFailed("file-write", str(path), reason=error.strerror) from error
