"""Puts an assignment on a hub: signed here, judged there by the hub's own code."""

from __future__ import annotations

from varde_host.bench import faults, prompt
from varde_host.bench.work import Work
from varde_host.site import keys
from varde_protocols import assignment, documents, hub_config


async def assign(work: Work, old: assignment.Assignment, config: hub_config.HubConfig) -> int:
    """Give the hub at its prompt this config in place of the old one's; return the number.

    Raises Fault `documents-refused`, `read-back-differs`, InputRefused as `files.Site.signers`.
    """
    site, now_ms = work.settings.site, work.bench.utc_ms()
    given = assignment.Assignment(
        old.site_id, old.number + 1, old.hub_id, config, old.release, now_ms
    )
    data = documents.sign(documents.ASSIGNMENT, given.encode(), site.signers(keys.ASSIGNMENT))
    await prompt.place(work, prompt.ASSIGNMENT, data)
    said = await prompt.answer(work, "documents")
    if said.get("assignment") != given.number:
        raise faults.Fault("documents-refused", said=str(said.get("assignment")))
    return given.number
