"""A loan sheet: what a loan had in it, when, and what its hub was told to expect.

The content is a record of the bench (`bench_record.form.LOAN_SHEET`); here are its values after it
was opened. A span is [from_ms, until_ms), None for one that goes on: Unix milliseconds by the
inventory's clock. All is of things; nothing is of a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from varde_host.fhir import measured

SENSOR: Final = "sensor"
CUFF_ALONE: Final = "cuff"
"""What the inventory calls an arm's cuff; the monitor beside it is a sensor that measures."""


@dataclass(frozen=True, slots=True)
class Span:
    """From a moment to another, which is not in it."""

    from_ms: int
    until_ms: int | None = None

    def holds(self, earliest_ms: int | None, latest_ms: int | None) -> bool:
        """Tell if all of an interval is surely within; an open end is never."""
        if earliest_ms is None or latest_ms is None or earliest_ms < self.from_ms:
            return False
        return self.until_ms is None or latest_ms < self.until_ms

    def may_hold(self, earliest_ms: int | None, latest_ms: int | None) -> bool:
        """Tell if some of an interval may be within."""
        if latest_ms is not None and latest_ms < self.from_ms:
            return False
        return self.until_ms is None or earliest_ms is None or earliest_ms < self.until_ms


@dataclass(frozen=True, slots=True)
class HubSpan:
    """A hub that was in a loan."""

    hub_id: bytes
    span: Span


@dataclass(frozen=True, slots=True)
class Lent:
    """A thing that was in a loan for a span; twice in the list if it left and came back.

    `measures` is what its model measures (a kind of `measured`), None for a model that nobody
    described; `verifications` are the names that a reading may give (8 bytes each), `addresses`
    those of its radio as far as a hub's config says them.
    """

    item_id: str
    kind: str
    measures: str | None
    span: Span
    name: str | None = None
    maker: str | None = None
    serial: str | None = None
    udi: str | None = None
    lot: str | None = None
    firmware: str | None = None
    size: str | None = None
    is_private: bool = False
    verifications: frozenset[bytes] = frozenset()
    addresses: frozenset[str] = frozenset()

    def fits(self, kind: str | None) -> bool:
        """Tell if it may have measured a value of that kind; None is any."""
        if self.kind != SENSOR:
            return False
        if kind is None or self.measures is None:
            return True
        return self.measures in (kind, measured.OTHER) or kind == measured.OTHER


@dataclass(frozen=True, slots=True)
class Slot:
    """What a hub was told of a slot, from when on. `item_id` is None where nobody can tell."""

    hub_id: bytes
    slot: int
    span: Span
    item_id: str | None
    model: str = ""
    address: str | None = None
    verification: bytes = b""


@dataclass(frozen=True, slots=True)
class Reminding:
    """What a hub reminds of, as its config has it (docs/reminders.md), from when on.

    `local_time` is [minutes ahead of UTC without summer time, rule], each reminder [local minute
    of the day, weekdays as bits, slot or 0 for any].
    """

    hub_id: bytes
    span: Span
    local_time: tuple[int, int]
    reminders: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One loan. `number` is the record's, `made_ms` when it was signed."""

    number: str
    made_ms: int
    kit_id: str
    loan_id: str
    span: Span
    hubs: tuple[HubSpan, ...]
    things: tuple[Lent, ...]
    slots: tuple[Slot, ...] = ()
    reminding: tuple[Reminding, ...] = ()


def of(content: Mapping[str, Any]) -> Sheet:
    """Return what a record says that has its shape (`bench_record.form.check`)."""
    return Sheet(
        content["number"],
        content["ended_ms"],
        content["kit"],
        content["loan"],
        _span(content),
        tuple(HubSpan(bytes.fromhex(row["hub"]), _span(row)) for row in content["hubs"]),
        tuple(_lent(row) for row in content["things"]),
        tuple(_slot(row) for row in content["slots"]),
        tuple(_reminding(row) for row in content["reminders"]),
    )


def _span(row: Mapping[str, Any]) -> Span:
    return Span(row["from_ms"], row["until_ms"])


def _lent(row: Mapping[str, Any]) -> Lent:
    return Lent(
        row["item"], row["kind"], row["measures"], _span(row), row["name"], row["maker"],
        row["serial"], row["udi"], row["lot"], row["firmware"], row["size"], row["private"],
        frozenset(bytes.fromhex(each) for each in row["verifications"]),
        frozenset(row["addresses"]),
    )  # fmt: skip


def _slot(row: Mapping[str, Any]) -> Slot:
    return Slot(
        bytes.fromhex(row["hub"]), row["slot"], _span(row), row["item"], row["model"],
        row["address"], bytes.fromhex(row["verification"]),
    )  # fmt: skip


def _reminding(row: Mapping[str, Any]) -> Reminding:
    offset, rule = row["local_time"]
    return Reminding(
        bytes.fromhex(row["hub"]), _span(row), (offset, rule),
        tuple((minute, days, slot) for minute, days, slot in row["reminders"]),
    )  # fmt: skip
