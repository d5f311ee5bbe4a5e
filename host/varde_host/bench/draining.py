"""Lets a hub deliver what it still has, before anything is wiped (SLE-01).

The hub itself says what no collector has acknowledged (`on_hub/state.py`). It delivers
while its application runs, and can be asked only while it does not: so it is let run until the
collector has got something and nothing more comes, and is then asked again. Where the home's
network is out of reach the bench's own is put before the hub's others, by an assignment as any.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from varde_host import errors
from varde_host.bench import assignment, events, faults, prompt
from varde_host.bench.work import Evidence, Work
from varde_host.inventory.who import FOLLOW_UP, Who
from varde_host.site import keys
from varde_protocols import assignment as documents_format
from varde_protocols import documents, hub_config, hub_config_checks

LOOK_S = 2.0
QUIET_S = 10.0
"""Nothing new for so long: a hub that has more sends it at once after an answer."""
MAX_NETWORKS = hub_config_checks.MAX_NETWORKS
RUN_S = 60.0
"""It is asked again after this at the latest; starting and joining a network take 20 s of it."""


@dataclass(frozen=True)
class Decision:
    """The follow-up service lets unsent readings go, and says why.

    Raises InputRefused `decision-function`: it is nobody else's to decide.
    """

    by: Who
    reason: str

    def __post_init__(self) -> None:
        if self.by.function != FOLLOW_UP:
            raise errors.InputRefused("decision-function", self.by.function, wanted=FOLLOW_UP)

    def as_json(self) -> dict[str, str]:
        """As it stands in the evidence."""
        return {"function": self.by.function, "person": self.by.person, "reason": self.reason}


def unsent(state: Evidence) -> tuple[int, int]:
    """Return how many records, and how many readings among them, a state still holds.

    Raises Fault `answer-malformed`.
    """
    pending, readings = state.get("pending"), state.get("readings")
    if not isinstance(pending, int) or not isinstance(readings, dict):
        raise faults.Fault("answer-malformed", said="state")
    counts = list(readings.values())
    if not all(isinstance(count, int) and count >= 0 for count in counts):
        raise faults.Fault("answer-malformed", said="state")
    return max(pending, sum(counts)), sum(counts)


async def drain(
    work: Work,
    hub_id: str,
    state: Evidence,
    decision: Decision | None,
    delivered: Callable[[], int],
) -> Evidence:
    """Wait until no reading is left, or take the decision for what is.

    `state` is what the hub said last, at whose prompt we are; `delivered` counts its records at
    the collector. Raises Fault `sle-01` if readings are left after the limit and nobody decided.
    """
    began_s, at_first = time.monotonic(), unsent(state)
    records, readings = at_first
    limit_s = work.settings.limits.exchange_s
    while readings and decision is None:
        work.tell(events.PERSON, code="sle-01", readings=readings)
        if time.monotonic() - began_s > limit_s:
            raise faults.Fault("sle-01", readings=readings)
        await work.reset()
        await _let_run(delivered)
        await prompt.reach(work, hub_id)
        records, readings = unsent(await work.on_hub("state"))
    return {
        "at_first": {"records": at_first[0], "readings": at_first[1]},
        "unsent_records": records,
        "unsent_readings": readings,
        "decision": decision.as_json() if decision is not None and readings else None,
        "waited_s": round(time.monotonic() - began_s, 1),
    }


async def _let_run(delivered: Callable[[], int]) -> None:
    """Return when the collector has got something and then nothing more for a while."""
    end_s = time.monotonic() + RUN_S
    before = newest = await asyncio.to_thread(delivered)
    since_s = time.monotonic()
    while time.monotonic() < end_s:
        await asyncio.sleep(LOOK_S)
        now = await asyncio.to_thread(delivered)
        if now != newest:
            newest, since_s = now, time.monotonic()
        elif now > before and time.monotonic() - since_s > QUIET_S:
            return


async def use_networks(work: Work, ours: Sequence[hub_config.Network]) -> None:
    """Put the bench's networks before the hub's own, by an assignment; it is at its prompt.

    Raises Fault `documents-refused`, `read-back-differs`, InputRefused as `files.Site.signers`.
    """
    old = await assignment.in_place(work)
    if old is None:
        raise faults.Fault("documents-refused", said="no assignment")
    site, config = work.settings.site, with_networks(old.config, ours)
    given = documents_format.Assignment(
        old.site_id, old.number + 1, old.hub_id, config, old.release, work.bench.utc_ms()
    )
    data = documents.sign(documents.ASSIGNMENT, given.encode(), site.signers(keys.ASSIGNMENT))
    await prompt.place(work, prompt.ASSIGNMENT, data)
    said = await work.on_hub("documents")
    if said.get("assignment") != given.number:
        raise faults.Fault("documents-refused", said=str(said.get("assignment")))


def with_networks(
    config: hub_config.HubConfig, ours: Sequence[hub_config.Network]
) -> hub_config.HubConfig:
    """Return the config with the bench's networks before its own, as many as fit."""
    names = {network.ssid for network in ours}
    kept = [network for network in config.networks if network.ssid not in names]
    fields = {name: getattr(config, name) for name in hub_config.HubConfig.FIELDS}
    fields["networks"] = [*ours, *kept][:MAX_NETWORKS]
    return hub_config.HubConfig(**fields)
