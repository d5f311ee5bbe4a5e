"""The indicators once more: plain SQL, plain Python, and nothing of `varde_host.benefit`.

Signatures are verified by `cryptography`, CBOR is read by `cbor2`, time zones are Python's own.
Readings are dated by the nearest anchor of their start. Nothing is hidden here: what may be told
is for the test to judge.
"""

from __future__ import annotations

import base64
import bisect
import collections
import datetime as dt
import json
import math
import statistics
import zoneinfo
from typing import Any

import cbor2
import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

OSLO = zoneinfo.ZoneInfo("Europe/Oslo")
TYPES = {0x2A35: "blood-pressure", 0x2A9D: "weight", 0x2A5E: "oxygen"}
DAY, HOUR = 86_400_000, 3_600_000
Key = tuple[str, str, str]
"""Indicator, group and month, "total" for the year."""


def month_of(ms: float) -> str:
    return dt.datetime.fromtimestamp(ms / 1000, OSLO).strftime("%Y-%m")


class ByHand:
    """`values` has each figure, `behind` how many loans, kits or things it is about."""

    def __init__(self, inventory: sa.Connection, collector: sa.Connection, now: int) -> None:
        self.inventory, self.collector, self.now = inventory, collector, now
        self.counts: collections.Counter[Key] = collections.Counter()
        self.who: dict[Key, set[Any]] = collections.defaultdict(set)
        self.lists: dict[Key, list[float]] = collections.defaultdict(list)
        self._loans()
        self._readings()
        self._plans()
        self._rest()

    def add(self, what: str, ms: float, who: Any, group: str = "", by: float = 1) -> None:
        for month in (month_of(ms), "total"):
            if month == "total" and month_of(ms)[:4] != "2025":
                continue
            self.counts[what, group, month] += by
            self.who[what, group, month].add(who)

    def keep(self, what: str, ms: float, value: float) -> None:
        self.lists[what, "", month_of(ms)].append(value)
        if month_of(ms)[:4] == "2025":
            self.lists[what, "", "total"].append(value)

    def ask(self, connection: sa.Connection, text: str) -> list[Any]:
        return list(connection.execute(sa.text(text)))

    def _loans(self) -> None:
        """Hubs by loan, with the id that a hub had when the loan began."""
        said: dict[str, list[tuple[int, str]]] = collections.defaultdict(list)
        for at, detail in self.ask(
            self.inventory, "SELECT at_ms, detail FROM audit ORDER BY number"
        ):
            for table, key, values in json.loads(detail).get("rows", ()):
                if table == "items" and values.get("hub_id"):
                    said[key[0]].append((at, values["hub_id"]))
        self.stays: dict[str, list[tuple[int, int, str]]] = collections.defaultdict(list)
        self.loans = self.ask(
            self.inventory,
            "SELECT l.loan_id, l.handed_out_ms, l.returned_ms, i.item_id FROM loans l "
            "JOIN loan_items p ON p.loan_id = l.loan_id JOIN items i ON i.item_id = p.item_id "
            "WHERE i.kind = 'hub'",
        )
        for loan, begin, end, item in self.loans:
            hub = [hub_id for at, hub_id in said[item] if at <= begin][-1]
            self.stays[hub].append((begin, end or self.now, loan))
            self.add("loans", begin, loan)
            night = dt.datetime.fromtimestamp(begin / 1000, OSLO).date()
            while True:
                night += dt.timedelta(days=1)
                at = int(dt.datetime(*night.timetuple()[:3], tzinfo=OSLO).timestamp() * 1000)
                if at >= (end or self.now):
                    break
                self.add("days", at, loan)

    def _readings(self) -> None:
        self.made: dict[tuple[str, str], list[int]] = collections.defaultdict(list)
        hubs = self.ask(self.collector, "SELECT number, hub_id, public_key FROM hubs")
        for number, hub_id, public_key in hubs:
            rows = self.ask(
                self.collector,
                f"SELECT received_ms, record FROM records WHERE hub = {number} ORDER BY seq",
            )
            key = Ed25519PublicKey.from_public_bytes(bytes(public_key))
            anchors: dict[int, list[tuple[int, int, int]]] = collections.defaultdict(list)
            readings, last = [], collections.Counter[int]()
            for received, raw in rows:
                record = _verified(key, bytes(raw))
                if record is None:
                    continue
                last[record[3]] = max(last[record[3]], record[4])
                if record[1] == 2:
                    anchors[record[3]].append((record[4], record[5][1], record[5][3]))
                if record[1] == 1 and record[5][1] != 255:
                    readings.append((record[3], record[4], TYPES[record[5][2]], received))
            self._dated(bytes(hub_id).hex(), readings, anchors)
            self._ran(bytes(hub_id).hex(), last, anchors)

    def _dated(self, hub: str, readings: list[Any], anchors: dict[int, list[Any]]) -> None:
        for boot, uptime, type_, received in readings:
            near = min(anchors[boot], key=lambda each: abs(each[0] - uptime), default=None)
            made = received if near is None else near[1] + uptime - near[0]
            stay = next((each for each in self.stays[hub] if each[0] <= made < each[1]), None)
            if stay is None:
                continue
            self.add("received", made, stay[2], type_)
            self.add("readings", made, stay[2])
            if near is not None and near[2] <= 60_000:
                self.add("good-clock", made, stay[2])
                self.keep("delay", made, received - made)
                self.made[hub, type_].append(made)

    def _ran(self, hub: str, last: dict[int, int], anchors: dict[int, list[Any]]) -> None:
        """How much of each month a hub was out, and ran."""
        spans = []
        for boot, uptime in last.items():
            if anchors[boot]:
                at, utc, _ = min(anchors[boot], key=lambda each: abs(each[0] - uptime))
                spans.append((utc - at, utc - at + uptime))
        for begin, end, _loan in self.stays[hub]:
            for month in range(1, 13):
                first = int(dt.datetime(2025, month, 1, tzinfo=OSLO).timestamp() * 1000)
                after = (2025 + month // 12, month % 12 + 1)
                last_ms = int(dt.datetime(*after, 1, tzinfo=OSLO).timestamp() * 1000)
                low, high = max(begin, first), min(end, last_ms)
                if low < high:
                    self.keep("out", low, high - low)
                    ran = sum(max(0, min(high, b) - max(low, a)) for a, b in spans)
                    self.keep("on", low, ran)

    def _plans(self) -> None:
        query = (
            "SELECT h.hub_id, a.published_ms, a.document FROM assignments a "
            "JOIN hubs h ON h.number = a.hub ORDER BY h.number, a.number"
        )
        given: dict[str, list[tuple[int, bytes]]] = collections.defaultdict(list)
        for hub_id, published, document in self.ask(self.collector, query):
            given[bytes(hub_id).hex()].append((published, bytes(document)))
        for hub, rows in given.items():
            ends = [published for published, _ in rows[1:]] + [self.now]
            for (published, document), end in zip(rows, ends, strict=True):
                if document:
                    config = cbor2.loads(cbor2.loads(document).value[2])[4]
                    for begin, until, loan in self.stays[hub]:
                        span = (max(begin, published), min(until, end))
                        self._planned(hub, loan, config, *span)

    def _planned(self, hub: str, loan: str, config: Any, begin: int, end: int) -> None:
        types = {row[0]: TYPES[row[4][0]] for row in config[5]}
        day = dt.datetime.fromtimestamp(begin / 1000, OSLO)
        while begin < end and day.timestamp() * 1000 < end + DAY:
            for minute, weekdays, slot in config[12]:
                due = day.replace(hour=minute // 60, minute=minute % 60, second=0, microsecond=0)
                ms = int(due.timestamp() * 1000)
                if weekdays >> due.weekday() & 1 and begin <= ms and ms + HOUR <= end:
                    self.add("planned", ms, loan, types[slot])
                    made = sorted(self.made[hub, types[slot]])
                    place = bisect.bisect_left(made, ms - 2 * HOUR)
                    if place == len(made) or made[place] > ms + HOUR:
                        self.add("missed", ms, loan, types[slot])
            day += dt.timedelta(days=1)
            night = int(day.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)
            if begin <= night < end:
                self.add("days-with-plan", night, loan)

    def _rest(self) -> None:
        for about, opened, closed in self.ask(
            self.inventory, "SELECT subject, opened_ms, closed_ms FROM notes"
        ):
            self.add("faults", opened, about)
            if closed is not None:
                self.add("repaired", closed, about)
                self.keep("repair", closed, closed - opened)
        back: dict[str, int] = {}
        for kit, after, at in self.ask(
            self.inventory,
            "SELECT kit_id, after, at_ms FROM moves ORDER BY number",
        ):
            if after == "returned":
                back[kit] = at
            if after == "ready":
                self.add("made-ready", at, kit)
                if kit in back:
                    self.add("turned-round", at, kit)
                    self.keep("turn", at, at - back.pop(kit))
        for at, detail in self.ask(
            self.inventory, "SELECT at_ms, detail FROM audit WHERE what = 'bench.step'"
        ):
            took = json.loads(json.loads(detail)["rows"][0][2]["evidence"])["took"]
            self.keep("hands", at, took["hands_ms"])
            self.keep("machine", at, took["machine_ms"])
        for item, at, document in self.ask(
            self.inventory,
            "SELECT b.subject, b.at_ms, b.document FROM bench_records b WHERE kind = "
            "'verification' AND EXISTS (SELECT 1 FROM loan_items p WHERE p.item_id = b.subject "
            "AND p.from_ms < b.began_ms)",
        ):
            said = json.loads(cbor2.loads(base64.b64decode(document)).value[2])
            self.add("found", at, item, said["measured"]["device"]["kind"])
            if said["judgement"]["as_found_outcome"].startswith("passed"):
                self.add("found-good", at, item, said["measured"]["device"]["kind"])

    def figure(self, key: str, group: str, month: str) -> float | None:
        """Return an indicator's value, None where there is nothing to divide by."""

        def count(what: str, of: str = "") -> float:
            return self.counts[what, of, month]

        def values(what: str) -> list[float]:
            return sorted(self.lists[what, "", month])

        days = 365 if month == "total" else _days(month)
        kit_months = count("days") / (365.25 / 12)
        made: dict[str, Any] = {
            "kits-out": lambda: count("days") / days,
            "good-clock-share": lambda: 100 * count("good-clock") / count("readings"),
            "missed-share": lambda: 100 * count("missed", group) / count("planned", group),
            "found-good-share": lambda: 100 * count("found-good", group) / count("found", group),
            "delay-median": lambda: statistics.median(values("delay")) / 1000,
            "delay-95": lambda: values("delay")[math.ceil(0.95 * len(values("delay"))) - 1] / 1000,
            "uptime": lambda: 100 * sum(values("on")) / sum(values("out")),
            "faults-rate": lambda: 100 * count("faults") / kit_months,
            "repair-time": lambda: statistics.mean(values("repair")) / HOUR,
            "turn-round-time": lambda: statistics.median(values("turn")) / DAY,
            "bench-hands": lambda: sum(values("hands")) / 60_000 / count("made-ready"),
            "bench-machine": lambda: sum(values("machine")) / 60_000 / count("made-ready"),
            "cost": lambda: (
                1450 / 60 + 900 / 48 + 14.5 + 49
                + 620 * sum(values("hands")) / HOUR / kit_months
            ),
        }  # fmt: skip
        if key not in made:
            return count(key, group)
        try:
            return made[key]()
        except (ZeroDivisionError, statistics.StatisticsError):
            return None


def _days(month: str) -> int:
    first = dt.date.fromisoformat(f"{month}-01")
    return ((first + dt.timedelta(days=32)).replace(day=1) - first).days


def _verified(key: Ed25519PublicKey, raw: bytes) -> Any:
    """Return a record's map, None for one that the hub has not signed (RFC 9052, 4.4)."""
    protected, _unprotected, payload, signature = cbor2.loads(raw)
    try:
        key.verify(signature, cbor2.dumps(["Signature1", protected, b"", payload]))
    except InvalidSignature:
        return None
    found = cbor2.loads(payload)
    # kind, number, boot, uptime, body as 1 to 5 (protocols/cddl/record.cddl)
    return {1: found[1], 3: found[3], 4: found[4], 5: found[5]}
