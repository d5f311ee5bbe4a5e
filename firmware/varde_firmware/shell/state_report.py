"""Writes the report: how the hub is, as one record. Loaded when one is due."""

from varde_firmware.core import update_record, version
from varde_protocols import records
from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Tuple

    from varde_firmware.core.recorder import Recorder
    from varde_firmware.ports import Ports
    from varde_firmware.shell.hub_time import HubTime
    from varde_firmware.shell.keeper import Keeper
    from varde_firmware.shell.link_task import LinkTask
    from varde_firmware.shell.sensor_task import SensorTask

# In a journal with less room readings come first.
ROOM_BYTES = const(16_384)


def write(now_ms: int, update: "Optional[List[int]]", ports: "Ports",
          runs: "Tuple[int, str, int]", recorder: "Recorder", keeper: "Keeper",
          sensors: "SensorTask", links: "LinkTask", hub_time: "HubTime") -> None:  # fmt: skip
    """Journal a report, unless there is little room, or the data budget is spent.

    `runs` is the number of the assignment, the name of the board and the trust's epoch. Not the
    documents themselves: an object keeps its module, which then stays in the heap. `update` is
    FACT_UPDATE while the task of updates knows more than the record, else None.
    """
    number, board_name, epoch = runs
    is_thrifty = links.meter.budget.is_thrifty(links.link)
    if is_thrifty or recorder.journal.free_bytes < ROOM_BYTES:
        return
    facts: "Dict[int, Any]" = {
        records.FACT_APPLICATION: version.VERSION,
        records.FACT_CONFIG_NUMBER: number,
        records.FACT_TRUST_EPOCH: epoch,
        records.FACT_DAMAGE: ports.store.damage_told(),
    }
    facts.update(ports.facts(board_name))
    facts.update(_of_updates(ports))
    if update is not None:
        facts[records.FACT_UPDATE] = update
    facts.update(links.facts())
    facts.update(hub_time.facts())
    facts.update(_of_sensors(sensors, now_ms))
    least = ports.spare_heap_bytes()
    facts[records.FACT_LEAST_HEAP] = min(least, sensors.least_heap or least)
    if keeper.reminders is None:
        keeper.write(_append, recorder, facts, now_ms)
        return
    counts = list(keeper.reminders.counts())
    facts[records.FACT_REMINDERS] = counts
    if keeper.write(_append, recorder, facts, now_ms):
        keeper.reminders.told(counts)


def _append(recorder: "Recorder", facts: "Dict[int, Any]", now_ms: int) -> None:
    """Journal it; the journal's own figures are those before it."""
    journal = recorder.journal
    facts[records.FACT_PENDING] = journal.pending_count
    oldest_seq = journal.oldest_pending()
    if oldest_seq is not None:
        facts[records.FACT_FIRST_SEQ] = oldest_seq
    facts[records.FACT_NEXT_SEQ] = journal.next_seq
    facts[records.FACT_FREE_BYTES] = journal.free_bytes
    facts[records.FACT_GIVEN_UP] = recorder.given_up
    recorder.report(now_ms, facts)


def _of_updates(ports: "Ports") -> "Dict[int, Any]":
    """Which code runs, and how the last update ended or how far this one is."""
    record = update_record.load(ports.for_updates("update_store").UpdateStore())
    found: "Dict[int, Any]" = {
        records.FACT_SLOT: "ab"[record.running_slot],
        records.FACT_TRIALS: record.starts,
        records.FACT_RELEASE: record.running_release,
    }
    if record.parts:
        found[records.FACT_UPDATE] = record.fact()
    return found


def _of_sensors(task: "SensorTask", now_ms: int) -> "Dict[int, Any]":
    bonded: "List[int]" = []
    heard: "List[Any]" = []
    for index in range(len(task._sensors)):
        sensor = task._sensors[index]
        address = sensor.address or task._sighted.get(index)
        if address is not None and task._keys.has(address):
            bonded.append(sensor.slot)
        heard_ms, signal_dbm = task.heard.get(sensor.slot, (None, None))
        age_s = None if heard_ms is None else (now_ms - heard_ms) // 1000
        heard.append([sensor.slot, age_s, task.batteries.get(sensor.slot), signal_dbm])
    return {
        records.FACT_BONDS: bonded,
        records.FACT_SENSORS: heard,
        records.FACT_DROPPED: task._radio.dropped + task._not_kept,
    }
