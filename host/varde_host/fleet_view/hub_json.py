"""A hub for programs: `varde fleet hubs --json`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from varde_host.fleet_view.fault_codes import Fault
from varde_host.fleet_view.hub_view import HubView


def of(hub: HubView, faults: Sequence[Fault] = ()) -> dict[str, Any]:
    """Return all of it, None for what the hub has not said."""
    known, use, clock = hub.known, hub.data_use, hub.clock
    return {
        "hub": hub.hub_id,
        "kit": hub.kit_id,
        "kit_state": known.home.state if known.home else None,
        "group": known.member.group,
        "ring": known.member.ring,
        "heard": {
            "state": hub.silence.state, "last_ms": hub.heard_ms, "due_ms": hub.silence.due_ms,
            "reported_ms": hub.reported_ms,
        },
        "runs": {
            "release": hub.runs, "application": hub.application, "interpreter": hub.interpreter,
            "config": hub.config.in_force, "trust": hub.trust_epoch,
        },
        "told": {
            "release": hub.told, "config": known.terms.number if known.terms else None,
            "trust": known.newest_trust,
        },
        "config": {"state": hub.config.state, "reason": hub.config.reason},
        "updates": [
            {"what": each.what, "number": each.number, "state": each.state,
             "reason": each.reason, "received_ms": each.received_ms}
            for each in hub.updates
        ],
        "link": {"link": hub.link, "signal_dbm": hub.signal_dbm},
        "power": {"battery_mv": hub.battery_mv, "external": hub.has_external_power},
        "pending": hub.pending,
        "lost": hub.lost,
        "refused": known.refused,
        "data": {
            "month": use.month if use else None,
            "wifi_bytes": use.wifi_bytes if use else None,
            "modem_bytes": use.modem_bytes if use else None,
            "budget_kib": known.terms.data_budget_kib if known.terms else None,
        },
        "clock": {
            "quality": hub.clock_quality,
            "source": clock.source if clock else None,
            "uncertainty_ms": clock.uncertainty_ms if clock else None,
            "age_ms": clock.age_ms if clock else None,
        },
        "strange": list(hub.facts.strange),
        "faults": [each.code for each in faults],
    }  # fmt: skip
