"""Step 5: the assignment, signed for this hub alone, verified by the hub's own code.

The hub's script judges the document as the hub will at home (`on_hub/documents.py`), puts it in
place, and says the hash of what then stands there, which must be that of what was signed here.
Then it stands as published for the hub (`published`).
"""

from __future__ import annotations

import hashlib
from typing import Any

from varde_host.bench import faults
from varde_host.bench.cable import prompt
from varde_host.bench.making import published
from varde_host.bench.settings import Settings
from varde_host.bench.work import Evidence, Work
from varde_host.site import keys
from varde_protocols import assignment, documents, hub_config

_UNTOLD: dict[str, Any] = {
    "sensors": [],
    "data_budget_kib": 0,
    "local_time": list(hub_config.NORWAY),
    "reminders": [],
    "quiet": None,
}
"""What of a config a bench has no setting for, as a new hub has it."""


async def run(work: Work) -> Evidence:
    """Put what the technician asked for in place; sensors that are paired stay."""
    await prompt.reach(work, work.finished["identity"]["hub"])
    old = await in_place(work)
    return await ensure(work, old, wanted(work.settings, old))


def wanted(settings: Settings, old: assignment.Assignment | None) -> hub_config.HubConfig:
    """Return the config that the hub shall have. Raises ConfigError.

    What a bench is not asked about stays as it is: sensors, and what IT has set.
    """
    stays = _UNTOLD if old is None else {name: getattr(old.config, name) for name in _UNTOLD}
    return hub_config.HubConfig(
        networks=list(settings.networks),
        collector_host=settings.collector_host,
        collector_port=settings.collector_port,
        heartbeat_s=settings.heartbeat_s,
        ntp_host=settings.ntp_host,
        ntp_port=settings.ntp_port,
        board=settings.board,
        modem=settings.modem,
        **stays,
    )


async def in_place(work: Work) -> assignment.Assignment | None:
    """Return what the hub at its prompt has now, None if nothing; unverified."""
    data = (await prompt.documents(work)).get(prompt.ASSIGNMENT)
    return None if data is None else assignment.unverified(data)


async def ensure(
    work: Work, old: assignment.Assignment | None, config: hub_config.HubConfig
) -> Evidence:
    """Give the hub at its prompt this config, unless it has it; return what it says of it.

    Raises Fault `documents-refused`, `read-back-differs`.
    """
    hub_id = bytes.fromhex(work.finished["identity"]["hub"])
    site, now_ms = work.settings.site, work.bench.utc_ms()
    if old is not None and old.config == config and old.hub_id == hub_id:
        said = judged(await _judge(work), old.number, None)
        data = (await prompt.documents(work))[prompt.ASSIGNMENT]
        return {**said, "published": published.publish(work.settings, data, now_ms)}
    held = 0 if old is None else old.number
    number = max(held, published.highest(work.settings, hub_id)) + 1
    given = assignment.Assignment(
        site.site_id, number, hub_id, config, None, now_ms,
        window=None, allowance_kib=None, source=None, ring="",
    )  # fmt: skip
    data = documents.sign(documents.ASSIGNMENT, given.encode(), site.signers(keys.ASSIGNMENT))
    await prompt.place(work, prompt.ASSIGNMENT, data)
    said = judged(await _judge(work), number, data)
    return {**said, "published": published.publish(work.settings, data, now_ms)}


async def _judge(work: Work) -> Evidence:
    try:
        return await work.on_hub("documents")
    except faults.Fault as fault:
        if fault.code != "script-failed":
            raise
        raise faults.Fault("documents-refused", said=fault.fields["said"]) from fault


def judged(said: Evidence, number: int, data: bytes | None) -> Evidence:
    """Return the evidence of what the hub said of its documents.

    `data` is what must stand there. Raises Fault `documents-refused`, `read-back-differs`.
    """
    hashes = said.get("sha256")
    if said.get("assignment") != number or said.get("for_hub") is not True:
        raise faults.Fault("documents-refused", said=str(said.get("assignment")))
    if not isinstance(hashes, dict) or not isinstance(hashes.get(prompt.ASSIGNMENT), str):
        raise faults.Fault("answer-malformed", said="sha256")
    found = hashes[prompt.ASSIGNMENT]
    if data is not None and found != hashlib.sha256(data).hexdigest():
        raise faults.Fault("read-back-differs", said=prompt.ASSIGNMENT)
    return {
        "number": number,
        "sha256": found,
        "trust": str(hashes.get(prompt.TRUST)),
        "epoch": said.get("epoch"),
        "site": str(said.get("site")),
        "service_keys": said.get("service_keys"),
    }
