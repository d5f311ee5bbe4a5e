"""What is wrong with a hub now, from its own word and what it was told. Pure.

A report is a state, an event says that something happened. A fault by a report stands as long as
the newest report says so; one by an event until the hub says that it is over, or a week. A hub in
the store is switched off: of it only what it did wrong counts, not that nobody hears it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from varde_host import messages
from varde_host.fleet import config_state
from varde_host.fleet_view import clock_quality, fault_codes, silence
from varde_host.fleet_view.fault_codes import DAY_MS, Fault
from varde_host.fleet_view.hub_view import HubView, Seen, Terms
from varde_host.fleet_view.report_facts import Facts
from varde_host.receiver import reports
from varde_protocols import records, update_words

RECENT_MS: Final = 7 * DAY_MS
"""For so long an event counts that nothing undoes."""
LOSS_MS: Final = 14 * DAY_MS
"""For so long a loss is somebody's task; after that it is history (`varde hub events`)."""
BATTERY_LOW_MV: Final = 3_600
"""`update_rules.LOW_BATTERY_MV` of the hub: below it a hub takes no update."""
SENSOR_LOW_PERCENT: Final = 15
PENDING_MANY: Final = 200
"""Ten days' readings of a kit with twenty a day, or a WiFi that lets little through."""
CRASHES_MANY: Final = 3
BUDGET_PERCENT: Final = 100

_WHILE_STORED: Final = frozenset(
    {"pending", "damage", "crashes", "strange", "lost", "config", "refused"}
)


class _EventRule(NamedTuple):
    """An event that is a fault until one of `undone` comes, of the same slot if `is_by_slot`."""

    code: str
    undone: tuple[int, ...] = ()
    is_by_slot: bool = False
    lasts_ms: int = RECENT_MS


_EVENTS: Final[Mapping[int, _EventRule]] = {
    records.EVENT_BOND_LOST: _EventRule("bond-lost", (records.EVENT_PAIRED,), True, 60 * DAY_MS),
    records.EVENT_PAIRING_FAILED: _EventRule("pairing-failed", (records.EVENT_PAIRED,), True),
    records.EVENT_SENSOR_REFUSED: _EventRule("sensor-refused", (records.EVENT_PAIRED,), True),
    records.EVENT_CLOCK_REFUSED: _EventRule("sensor-clock", (), True),
    records.EVENT_HEAP_LOW: _EventRule("heap-low"),
    records.EVENT_SERVER_REFUSED: _EventRule("server-refused"),
    records.EVENT_SERVICE_REFUSED: _EventRule("service-refused"),
    records.EVENT_WIFI_FAILED: _EventRule("wifi", (records.EVENT_LINK_SWITCHED,)),
    records.EVENT_MODEM_FAILED: _EventRule("modem", (records.EVENT_LINK_SWITCHED,)),
    records.EVENT_RESERVE_PROOF: _EventRule("reserve"),
}
_NEEDS_PERSON: Final = frozenset(
    {config_state.RETURNED, config_state.REFUSED, config_state.FELL_BACK, config_state.STALLED}
)


def of_report(facts: Facts, terms: Terms | None) -> dict[str, dict[str, Any]]:
    """Return what one report says is wrong: fields of the text by code. Asked of old ones, too."""
    found: dict[str, dict[str, Any]] = {}
    battery_mv = facts.number(records.FACT_BATTERY_MV)
    is_powered = facts.truth(records.FACT_EXTERNAL_POWER)
    if battery_mv is not None and 0 < battery_mv < BATTERY_LOW_MV and not is_powered:
        found["battery-low"] = {"battery": fault_codes.Volts(battery_mv)}
    counts = {
        "pending": (records.FACT_PENDING, PENDING_MANY),
        "damage": (records.FACT_DAMAGE, 1),
        "crashes": (records.FACT_CRASHES, CRASHES_MANY),
    }
    for code, (key, least) in counts.items():
        count = facts.number(key)
        if count is not None and count >= least:
            found[code] = {"count": count}
    low = [
        terms.sensor(each.slot) if terms else each.slot for each in facts.sensors or ()
        if each.battery_percent is not None and each.battery_percent <= SENSOR_LOW_PERCENT
    ]  # fmt: skip
    if low:
        found["sensor-battery"] = {"sensors": fault_codes.Listed(tuple(low))}
    use, budget_kib = facts.data_use, terms.data_budget_kib if terms else 0
    if use and budget_kib and (use.modem_bytes or 0) * 100 >= budget_kib * 1024 * BUDGET_PERCENT:
        found["budget"] = {"used": (use.modem_bytes or 0) // 1024, "budget": budget_kib}
    if facts.strange:
        names = tuple(f"fact.{reports.NAMES[key]}" for key in facts.strange)
        found["strange"] = {"facts": fault_codes.Said(names)}
    return found


def of_hub(hub: HubView, now_ms: int, begun: Mapping[str, int]) -> list[Fault]:
    """Return all that is wrong. `begun` says since when, of what `of_report` finds."""
    if hub.silence.state == silence.REVOKED:
        return []
    everything = [
        *_of_silence(hub),
        *_of_state(hub, begun),
        *_of_clock(hub),
        *_of_losses(hub, now_ms),
        *_of_events(hub, now_ms),
        *_of_published(hub, now_ms),
    ]
    if hub.silence.state == silence.STORED:
        return [each for each in everything if each.code in _WHILE_STORED]
    return everything


def _found(hub: HubView, code: str, since_ms: int, **fields: Any) -> Fault:
    return fault_codes.found(
        code, hub.hub_id, since_ms, hub_id=hub.hub_id, kit_id=hub.kit_id, **fields
    )


def _of_silence(hub: HubView) -> Iterator[Fault]:
    at = hub.silence
    if at.state == silence.SILENT and at.due_ms is not None:
        # In no kit there is no home to call: it was wiped under another id, exchanged or lost.
        yield _found(hub, "silent" if hub.known.home else "homeless", at.due_ms)
    if at.state == silence.NEVER and hub.known.home is not None:
        yield _found(hub, "never", max(hub.known.enrolled_ms, hub.known.home.since_ms))


def _of_state(hub: HubView, begun: Mapping[str, int]) -> Iterator[Fault]:
    if hub.reported_ms is None:
        return
    for code, fields in of_report(hub.facts, hub.known.terms).items():
        yield _found(hub, code, begun.get(code, hub.reported_ms), **fields)


def _of_clock(hub: HubView) -> Iterator[Fault]:
    if hub.clock_quality != clock_quality.BAD or hub.reported_ms is None:
        return
    age_ms = hub.clock.age_ms if hub.clock else 0
    since_ms = max(hub.reported_ms - max(0, age_ms - clock_quality.FREE_RUN_MS), 0)
    yield _found(hub, "clock", since_ms)


def _of_losses(hub: HubView, now_ms: int) -> Iterator[Fault]:
    """One fault of all that may be lost: since the first of them that is still recent."""
    gaps = [each.received_ms for each in hub.events if each.code is None]
    alarms = [each.received_ms for each in hub.truth.alarms]
    recent = [at_ms for at_ms in (*gaps, *alarms) if now_ms - at_ms <= LOSS_MS]
    if recent:
        yield _found(hub, "lost", min(recent), count=hub.lost)


def _of_events(hub: HubView, now_ms: int) -> Iterator[Fault]:
    told: set[tuple[str, int]] = set()
    for event in sorted(hub.events, key=lambda each: -each.seq):
        rule = _EVENTS.get(event.code) if event.code is not None else None
        if rule is None or now_ms - event.received_ms > rule.lasts_ms:
            continue
        slot = event.detail if rule.is_by_slot else 0
        if (rule.code, slot) in told:
            continue
        told.add((rule.code, slot))
        if _is_undone(hub, event, rule) or _is_good_news(event):
            continue
        terms = hub.known.terms
        name = terms.sensor(event.detail) if terms else event.detail
        yield _found(hub, rule.code, event.received_ms, sensor=name)


def _is_undone(hub: HubView, event: Seen, rule: _EventRule) -> bool:
    return any(
        later.seq > event.seq and later.code in rule.undone
        and (not rule.is_by_slot or later.detail == event.detail)
        for later in hub.events
    )  # fmt: skip


def _is_good_news(event: Seen) -> bool:
    return event.code == records.EVENT_RESERVE_PROOF and event.detail != 0


def _of_published(hub: HubView, now_ms: int) -> Iterator[Fault]:
    known, at = hub.known, hub.config
    if at.state in _NEEDS_PERSON:
        since_ms = at.since_ms or hub.reported_ms or known.enrolled_ms
        keys = [f"config-state.{at.state}"]
        if at.reason != update_words.NONE and messages.has(f"update-reason.{at.reason}"):
            keys.append(f"update-reason.{at.reason}")
        yield _found(hub, "config", since_ms, state=fault_codes.Said(tuple(keys)))
    epoch = hub.trust_epoch
    is_behind = epoch is not None and known.newest_trust is not None and epoch < known.newest_trust
    if is_behind and known.trust_ms is not None and now_ms - known.trust_ms > RECENT_MS:
        yield _found(hub, "trust", known.trust_ms, epoch=epoch, newest=known.newest_trust)
    if known.refused and known.refused_ms is not None and now_ms - known.refused_ms <= LOSS_MS:
        yield _found(hub, "refused", known.refused_ms, count=known.refused)
