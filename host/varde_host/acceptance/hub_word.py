"""What a hub's own signed reports prove of its config, its way back, its clock and its batteries.

Each function takes verified records and returns the facts for the signed record, or raises the
Fault that says what is wrong. Nothing is believed that the hub has not said in the start that is
judged, and what it has not said is never taken for good.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from varde_host.acceptance.at_collector import Heard
from varde_host.bench import faults
from varde_host.bench.making.sensor_evidence import SensorSeen
from varde_protocols import records, update_words

CLOCK_LIMIT_MS: Final = 2_000
"""Of the hub's clock against the bench's (docs/verification.md, `clock.hub`)."""
LEAST_HUB_MV: Final = 3_600
"""Below this a hub takes no update (docs/update.md): a lithium cell with a fifth left."""
LEAST_SENSOR_PERCENT: Final = 20
"""Of a sensor's own battery level: a set of batteries must last a loan's first weeks."""

_AT_REST: Final = (
    0, update_words.CONFIRMED, update_words.RETURNED, update_words.REFUSED,
)  # fmt: skip
_UPDATE_NUMBERS: Final = 7
_STATE: Final = 2
_ARMED: Final = ("state", "slot", "release", "spare", "interpreters", "supervisor", "can")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
SUPERVISOR: Final = ("/boot.py", "/choice.py", "/main.py")
"""What counts the starts of a trial and takes it back; it lies beside the slots."""


def armed_of(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `on_hub/armed.py` has said, if it has the shape of it.

    What comes over a cable is anybody's. Raises Fault `answer-malformed`.
    """
    supervisor, can = said.get("supervisor"), said.get("can")
    are_counts = all(type(said.get(name)) is int for name in ("state", "release", "interpreters"))
    is_whole = (
        are_counts
        and said.get("slot") in ("a", "b")
        and (said.get("spare") is None or type(said.get("spare")) is int)
        and isinstance(supervisor, dict)
        and isinstance(can, dict)
        and all(_DIGEST.fullmatch(str(digest)) for digest in supervisor.values())
        and all(type(each) is bool for each in can.values())
    )
    if not is_whole:
        raise faults.Fault("answer-malformed", said="armed")
    return {name: said[name] for name in _ARMED}


def newest_report(heard: Heard) -> records.Report:
    """Return the newest report of the newest start. Raises Fault `no-exchange`."""
    reports = heard.in_boot(heard.boot).reports
    if not reports:
        raise faults.Fault("no-exchange", seconds=0, link="?")
    return reports[-1]


def config(heard: Heard, number: int) -> dict[str, Any]:
    """Return which assignment the hub says that it runs. Raises Fault `opp-01` for another."""
    runs = newest_report(heard).facts.get(records.FACT_CONFIG_NUMBER)
    if type(runs) is not int or runs != number:
        raise faults.Fault("opp-01", runs=runs, wanted=number)
    return {"number": number}


def rollback(heard: Heard, armed: Mapping[str, Any]) -> dict[str, Any]:
    """Return how the hub stands with updates; `armed` is what `on_hub/armed.py` has said.

    Raises Fault `opp-02` while a trial is under way, `opp-03` if what takes it back lacks.
    """
    facts = newest_report(heard).facts
    update = facts.get(records.FACT_UPDATE)
    state = 0
    if isinstance(update, list) and len(update) == _UPDATE_NUMBERS:
        state = update[_STATE]
    if state not in _AT_REST or armed.get("state") not in _AT_REST:
        raise faults.Fault("opp-02", state=state)
    lacks = [path for path in SUPERVISOR if path not in (armed.get("supervisor") or {})]
    if lacks or (armed.get("interpreters") or 0) < 2:
        raise faults.Fault("opp-03", said=lacks[0] if lacks else "ota")
    return {
        "state": state,
        "slot": facts.get(records.FACT_SLOT),
        "release": facts.get(records.FACT_RELEASE),
        "spare": armed.get("spare"),
        "supervisor": dict(armed["supervisor"]),
    }


def clock(heard: Heard, event: records.Event, told_ms: int) -> dict[str, Any]:
    """Return how far the hub's clock is from the bench's.

    The hub stamped `event` at the moment it told the bench of it over the cable, when the bench's
    clock showed `told_ms`. Raises Fault `tid-01`, also for a hub that does not know the time.
    """
    when = heard.when(event)
    if when.utc_ms is None or when.uncertainty_ms is None:
        raise faults.Fault("tid-01", off_s="?")
    off_ms = when.utc_ms - told_ms
    if abs(off_ms) > CLOCK_LIMIT_MS:
        raise faults.Fault("tid-01", off_s=round(off_ms / 1000, 1))
    return {"off_ms": off_ms, "uncertainty_ms": when.uncertainty_ms}


def sensor_clocks(seen: Mapping[int, SensorSeen], wanted: Mapping[int, int]) -> dict[str, Any]:
    """Return how far each sensor's clock is off, in seconds by slot.

    `wanted`: the tolerance in seconds of each slot whose model keeps a clock. Raises Fault
    `tid-02` for one that is wrong or could not be set, `sensor-measure` for one that was not read.
    """
    found: dict[str, Any] = {}
    for slot, off_s in wanted.items():
        sensor = seen.get(slot)
        clock = None if sensor is None else sensor.clock
        if clock is None or clock.off_s is None:
            raise faults.Fault("sensor-measure", slot=slot)
        assert sensor is not None
        is_refused = sensor.clock_refused is not None and sensor.clock_refused > clock.seq
        if is_refused or abs(clock.off_s) > off_s:
            raise faults.Fault("tid-02", slot=slot, off=f"{round(clock.off_s / 60)} min")
        found[str(slot)] = clock.off_s
    return found


def battery(
    reports: Sequence[records.Report], slots: Sequence[int], *, hub_measures: bool,
    told_before: Sequence[int],
) -> dict[str, Any]:  # fmt: skip
    """Return what hub and sensors say of their batteries, None for who says nothing.

    `hub_measures` tells that the hub's board can, `told_before` which slots did when they were
    paired: of these silence is a fault. Raises Fault `bat-01` (low), `bat-02`, `bat-03` (no
    word of a sensor, of the hub).
    """
    millivolts, has_power = None, False
    percents: dict[int, int] = {}
    for report in reports:
        millivolts = _count(report.facts.get(records.FACT_BATTERY_MV)) or millivolts
        has_power = report.facts.get(records.FACT_EXTERNAL_POWER) is True
        percents |= _percents(report.facts)
    if hub_measures and millivolts is None:
        raise faults.Fault("bat-03")
    if millivolts is not None and millivolts < LEAST_HUB_MV and not has_power:
        raise faults.Fault("bat-01", slot=0, value=f"{millivolts} mV", limit=LEAST_HUB_MV)
    for slot in slots:
        percent = percents.get(slot)
        if percent is None and slot in told_before:
            raise faults.Fault("bat-02", slot=slot)
        if percent is not None and percent < LEAST_SENSOR_PERCENT:
            raise faults.Fault(
                "bat-01", slot=slot, value=f"{percent} %", limit=LEAST_SENSOR_PERCENT
            )
    return {"hub_mv": millivolts, "sensors": {str(slot): percents.get(slot) for slot in slots}}


def _percents(facts: Mapping[int, Any]) -> dict[int, int]:
    rows = facts.get(records.FACT_SENSORS)
    found = {}
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, list) and len(row) >= 3 and type(row[0]) is int:
            percent = _count(row[2])
            if percent is not None and percent <= 100:
                found[row[0]] = percent
    return found


def _count(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None
