"""How a hub is, by its own newest signed report.

No key is needed: reports are signed, not sealed. What the collector's clock adds is when it came.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from varde_host import messages
from varde_host.receiver import update_text, verified_log
from varde_protocols import records
from varde_protocols.errors import WireError

NAMES = {
    records.FACT_APPLICATION: "application",
    records.FACT_INTERPRETER: "interpreter",
    records.FACT_SLOT: "slot",
    records.FACT_CONFIG_NUMBER: "config-number",
    records.FACT_RESET_CAUSE: "reset-cause",
    records.FACT_CRASHES: "crashes",
    records.FACT_TRIALS: "trials",
    records.FACT_PENDING: "pending",
    records.FACT_FIRST_SEQ: "first-seq",
    records.FACT_NEXT_SEQ: "next-seq",
    records.FACT_FREE_BYTES: "free-bytes",
    records.FACT_GIVEN_UP: "given-up",
    records.FACT_DAMAGE: "damage",
    records.FACT_BATTERY_MV: "battery-mv",
    records.FACT_EXTERNAL_POWER: "external-power",
    records.FACT_LINK: "link",
    records.FACT_SIGNAL_DBM: "signal-dbm",
    records.FACT_NETWORK: "network",
    records.FACT_FAILED_EXCHANGES: "failed-exchanges",
    records.FACT_LINK_SWITCHES: "link-switches",
    records.FACT_MONTH: "month",
    records.FACT_WIFI_BYTES: "wifi-bytes",
    records.FACT_MODEM_BYTES: "modem-bytes",
    records.FACT_RESERVE_PROVEN_MS: "reserve-proven-ms",
    records.FACT_BONDS: "bonds",
    records.FACT_SENSORS: "sensors",
    records.FACT_CLOCK: "clock",
    records.FACT_CLOCK_STEPS: "clock-steps",
    records.FACT_LEAST_HEAP: "least-heap",
    records.FACT_DROPPED: "dropped",
    records.FACT_RELEASE: "release",
    records.FACT_UPDATE: "update",
    records.FACT_REMINDERS: "reminders",
    records.FACT_TRUST_EPOCH: "trust-epoch",
}

# Facts that are a number of a list: the table of the catalogue that has its words.
WORDS = {records.FACT_RESET_CAUSE: "boot-cause", records.FACT_LINK: "link"}


class State(NamedTuple):
    """A hub's newest report that is really its own; `received_ms` by the collector's clock."""

    hub_id: bytes
    report: records.Report
    received_ms: int

    def named(self) -> dict[str, Any]:
        """Return the facts by name; those of a later version by their number."""
        facts = self.report.facts
        return {NAMES.get(key, str(key)): _plain(facts[key]) for key in sorted(facts)}

    def in_words(self) -> list[tuple[str, str]]:
        """Return (name, value) pairs in the language in use."""
        return [
            (_name(key), _words(key, self.report.facts[key])) for key in sorted(self.report.facts)
        ]


def newest(
    hub_id: bytes, public_key: bytes, delivered: Iterable[verified_log.Delivered]
) -> State | None:
    """Return the first of `delivered` (newest first) that the hub signed and that is a report."""
    log = verified_log.VerifiedLog(hub_id, public_key)
    for entry in delivered:
        try:
            record = records.decode(log.payload(entry))
        except WireError:
            continue
        if isinstance(record, records.Report):
            return State(hub_id, record, entry.received_ms)
    return None


def _name(key: int) -> str:
    return messages.text(f"fact.{NAMES[key]}") if key in NAMES else str(key)


def _words(key: int, value: Any) -> str:
    words = f"{WORDS.get(key)}.{value}"
    if messages.has(words):
        return messages.text(words)
    if key == records.FACT_SENSORS and _are_rows(value, 4):
        return "; ".join(_sensor(*row) for row in value) or "–"
    if key == records.FACT_CLOCK and _are_rows([value], 3):
        return _clock(*value)
    if key == records.FACT_REMINDERS and _are_rows([value], 3):
        due, silenced, missed = map(_shown, value)
        return messages.text("report.reminders", due=due, silenced=silenced, missed=missed)
    said = update_text.of_fact(value) if key == records.FACT_UPDATE else None
    return _shown(value) if said is None else said


def _are_rows(value: Any, width: int) -> bool:
    return isinstance(value, list) and all(
        isinstance(row, list) and len(row) == width for row in value
    )


def _sensor(slot: Any, age_s: Any, battery: Any, signal_dbm: Any) -> str:
    said = {"slot": slot, "age": _shown(age_s), "battery": _shown(battery)}
    return messages.text("report.sensor", signal=_shown(signal_dbm), **said)


def _clock(source: Any, uncertainty_ms: Any, age_ms: Any) -> str:
    named = f"time-source.{source}"
    where = messages.text(named) if messages.has(named) else _shown(source)
    said = {"uncertainty_ms": _shown(uncertainty_ms), "age_ms": _shown(age_ms)}
    return messages.text("report.clock", source=where, **said)


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return messages.text("report.yes" if value else "report.no")
    if isinstance(value, list):
        return ", ".join(_shown(each) for each in value) or "–"
    return value.hex() if isinstance(value, bytes) else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.hex() if isinstance(value, bytes) else value
