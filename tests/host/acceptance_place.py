"""What the acceptance's tests share: a hub's records as a collector has them."""

from __future__ import annotations

from typing import Any

from host.virtual_hub import VirtualHub
from varde_host.acceptance import at_collector
from varde_host.receiver import verified_log
from varde_protocols import assigned, cose, records, test_readings

NOW_MS = 1_800_000_000_000  # 2027-01-15
RECEIVER = bytes(range(33, 65))
GOOD = {
    records.FACT_CONFIG_NUMBER: 3,
    records.FACT_SLOT: "a",
    records.FACT_RELEASE: 0,
    records.FACT_LINK: records.LINK_WIFI,
    records.FACT_SIGNAL_DBM: -55,
    records.FACT_SENSORS: [[1, 4, 80, -60]],
}
ARMED = {
    "state": 0, "slot": "a", "release": 0, "spare": None, "interpreters": 2,
    "supervisor": dict.fromkeys(("/boot.py", "/choice.py", "/main.py"), "ab" * 32),
    "can": {"battery": False, "modem": False, "light": True, "buzzer": True, "button": True},
}  # fmt: skip


class Log:
    """A hub that runs, and what came of it at a collector; a second of uptime is one of UTC."""

    def __init__(self, number: int = 1, off_ms: int = 0) -> None:
        self.hub = VirtualHub(number, RECEIVER)
        self.off_ms = off_ms
        """By how much the hub is wrong about the time."""
        self.now_ms = NOW_MS
        self.rows: list[verified_log.Delivered] = []
        self.held: dict[int, bytes] = {}
        self.start()

    def start(self) -> None:
        self.take(self.hub.start())
        self.take(self.hub.anchor(self.now_ms + self.off_ms))

    def wait(self, ms: int) -> None:
        self.hub.uptime_ms += ms
        self.now_ms += ms

    def take(self, raw: bytes, late_ms: int = 300) -> int:
        seq = records.decode(cose.Sign1.parse(raw).unverified_payload).seq
        self.rows.append(verified_log.Delivered(seq, self.now_ms + late_ms, raw))
        return seq

    def report(self, **changes: Any) -> int:
        facts = {**GOOD, **{int(key): value for key, value in changes.items()}}
        kept = {key: value for key, value in facts.items() if value is not None}
        hub = self.hub
        return self.take(hub.sign(records.Report(hub.take_seq(), hub.boot, hub.uptime_ms, kept)))

    def begin_test(self) -> int:
        detail = test_readings.COUNT << 8 | test_readings.BY_BENCH
        return self.take(self.hub.event(detail, code=records.EVENT_TEST))

    def test_reading(self, number: int, late_ms: int = 300, *, arrives: bool = True) -> int:
        value = test_readings.value(bytes(16), number)
        raw = self.hub.reading(value, assigned.TEST, test_readings.SLOT)
        seq = self.hub.next_seq - 1
        self.held[seq] = raw
        if arrives:
            self.take(raw, late_ms)
        return seq

    def test_run(self, count: int = test_readings.COUNT) -> None:
        self.begin_test()
        for number in range(1, count + 1):
            self.wait(2000)
            self.test_reading(number)

    @property
    def heard(self) -> at_collector.Heard:
        return at_collector.of_rows(self.hub.hub_id, self.hub.public, self.rows)

    def made_ms(self) -> dict[int, int | None]:
        heard = self.heard
        return {each.record.seq: heard.when(each.record).utc_ms for each in heard.tests}
