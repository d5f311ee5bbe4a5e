"""A week of air for the scanner: sensors that advertise, sessions that come to something or not.

No radio and no session is simulated here, only what the scanner hears of them and does. Sensors
are known by index. Time is in ms.
"""

from __future__ import annotations

import heapq
import itertools
import random
from typing import Any

from varde_firmware.core import backoff, decider, scanner
from varde_firmware.core import scanner_words as air
from varde_firmware.core import sensor_words as words

DAY_MS = 86_400_000
WEEK_MS = 7 * DAY_MS
MINUTE_MS = 60_000


class Sensor:
    """`kind` is one of

    burst     advertises for five seconds after each measurement, and is gone
    keeper    advertises for half a minute, and again hourly while it has something
    stream    is worn for hours a day, sends all the time
    stuck     advertises for ever and has nothing to say
    storm     advertises for ever, connects, and drops the link at once
    deaf      advertises for ever and never connects
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.advertises_until_ms = WEEK_MS if kind in ("stuck", "storm", "deaf") else 0
        self.worn_until_ms = 0
        self.waiting = 0  # measurements not yet delivered
        self.measured = 0
        self.delivered = 0
        self.sessions = 0
        self.is_muted = False
        self.is_connected = False


class AirWeek:
    """`run` plays it. `faults` is how often a day the radio fails, in one way or another."""

    def __init__(self, kinds: list[str], seed: int, faults: float = 0.0) -> None:
        self.random = random.Random(seed)
        self.sensors = [Sensor(kind) for kind in kinds]
        delays = backoff.Backoff(1_000, 60_000, backoff.Jitter(seed))
        self.scanner = scanner.Scanner(delays, [10_000] * len(kinds))
        self.now_ms = 0
        self.restarts = 0
        self.most_open = 0
        self.deaf_ms = 0  # longest without a scan or a session being set up
        self._listening_ms = 0
        self._scan = 0  # number of the scan that runs, 0: none
        self._is_dead = False  # the radio no longer tells of anything
        self._scans = itertools.count(1)
        self._order = itertools.count()
        self._queue: list[tuple[int, int, Any, tuple[Any, ...]]] = []
        self._sessions: dict[int, int] = {}  # sensor: number of its session
        for at_ms in self._moments(faults):
            self._at(at_ms, self._fault)
        for index, sensor in enumerate(self.sensors):
            for at_ms in self._moments(6 if sensor.kind in ("burst", "keeper") else 1):
                self._at(at_ms, self._measure, index)

    def _moments(self, per_day: float) -> list[int]:
        count = int(per_day * 7)
        return [self.random.randrange(WEEK_MS - 2 * 3_600_000) for _ in range(count)]

    def _at(self, at_ms: int, what: Any, *args: Any) -> None:
        heapq.heappush(self._queue, (at_ms, next(self._order), what, args))

    def _soon(self, low_ms: int, high_ms: int, what: Any, *args: Any) -> None:
        self._at(self.now_ms + self.random.randint(low_ms, high_ms), what, *args)

    def run(self) -> None:
        self._tell(air.SwitchOn())
        while self.now_ms < WEEK_MS:
            due_ms = self.scanner.deadline_ms
            next_ms = self._queue[0][0] if self._queue else WEEK_MS
            if due_ms is not None and due_ms <= next_ms:
                self._go_to(max(due_ms, self.now_ms))
                self._tell(decider.Expired())
            elif self._queue:
                at_ms, _, what, args = heapq.heappop(self._queue)
                self._go_to(at_ms)
                what(*args)
            else:
                return

    def _go_to(self, at_ms: int) -> None:
        self.now_ms = at_ms
        is_listening = self._scan and not self._is_dead
        if is_listening or self.scanner.state == scanner.SETTING_UP:
            self._listening_ms = at_ms
        self.deaf_ms = max(self.deaf_ms, at_ms - self._listening_ms)

    def _tell(self, event: Any) -> None:
        for action in self.scanner.handle(event, self.now_ms):
            getattr(self, "_" + type(action).__name__)(action)

    # What the scanner does

    def _StartScan(self, action: air.StartScan) -> None:
        self._scan = next(self._scans)
        self._at(self.now_ms + action.duration_ms, self._scan_over, self._scan)
        for index in range(len(self.sensors)):
            self._soon(1, 900, self._advertise, index, self._scan)

    def _StopScan(self, _action: air.StopScan) -> None:
        self._scan = 0

    def _OpenSession(self, action: air.OpenSession) -> None:
        self._scan = 0
        sensor = self.sensors[action.index]
        number = self._sessions[action.index] = next(self._order)
        self.most_open = max(self.most_open, len(self._sessions))
        sensor.sessions += 1
        if sensor.kind == "deaf" or not self._is_on_air(sensor):
            self._soon(10_000, 10_000, self._end, action.index, number, words.NO_CONNECTION)
        else:
            self._soon(30, 900, self._connected, action.index, number)

    def _StopSession(self, action: air.StopSession) -> None:
        number = self._sessions[action.index]
        self._soon(50, 800, self._end, action.index, number, words.STOPPED)

    def _StopSessions(self, _action: air.StopSessions) -> None:
        for index, number in list(self._sessions.items()):
            self._soon(50, 800, self._end, index, number, words.STOPPED)

    def _Mute(self, action: air.Mute) -> None:
        self.sensors[action.index].is_muted = True

    def _Unmute(self, action: air.Unmute) -> None:
        self.sensors[action.index].is_muted = False
        self._soon(1, 900, self._advertise, action.index, self._scan)

    def _RestartRadio(self, _action: air.RestartRadio) -> None:
        self.restarts += 1
        self._is_dead = False
        for index, number in list(self._sessions.items()):
            self._end(index, number, words.LOST)

    # What the world does

    def _is_on_air(self, sensor: Sensor) -> bool:
        return not sensor.is_connected and self.now_ms < sensor.advertises_until_ms

    def _advertise(self, index: int, scan: int) -> None:
        """One advertisement, if the scan that it was meant for still runs."""
        sensor = self.sensors[index]
        if not scan or scan != self._scan or sensor.is_muted or not self._is_on_air(sensor):
            return
        if not self._is_dead:
            self._tell(air.Sighted(index))
        self._soon(100, 900, self._advertise, index, scan)

    def _scan_over(self, scan: int) -> None:
        if scan == self._scan and not self._is_dead:
            self._scan = 0
            self._tell(air.ScanEnded())

    def _measure(self, index: int) -> None:
        sensor = self.sensors[index]
        sensor.measured += 1
        sensor.waiting += 1
        lasts_ms = {"burst": 5_000, "keeper": 30_000}.get(sensor.kind, 2 * 3_600_000)
        sensor.worn_until_ms = self.now_ms + lasts_ms
        self._wake(index, lasts_ms)

    def _wake(self, index: int, lasts_ms: int) -> None:
        sensor = self.sensors[index]
        if sensor.kind == "keeper":
            if not sensor.waiting:
                return
            self._at(self.now_ms + 3_600_000, self._wake, index, lasts_ms)
        elif sensor.kind == "burst":
            sensor.waiting = 1  # it keeps none
        sensor.advertises_until_ms = max(sensor.advertises_until_ms, self.now_ms + lasts_ms)
        self._soon(1, 900, self._advertise, index, self._scan)

    def _connected(self, index: int, number: int) -> None:
        if self._sessions.get(index) != number:
            return
        sensor = self.sensors[index]
        if sensor.kind == "storm":
            self._end(index, number, words.LOST)
            return
        sensor.is_connected = True
        self._soon(200, 1_500, self._subscribed, index, number)

    def _subscribed(self, index: int, number: int) -> None:
        if self._sessions.get(index) != number or self.scanner.state == scanner.BROKEN:
            return
        self._tell(air.SetUp(index))
        sensor = self.sensors[index]
        if sensor.kind == "stuck":
            self._soon(60_000, 60_000, self._end, index, number, words.NO_VALUES)
        elif sensor.kind == "stream":
            self._send(index, number)
        else:
            self._tell(air.ValueCame(index))
            sensor.delivered += sensor.waiting
            sensor.waiting = 0
            self._soon(1_000, 2_000, self._end, index, number, words.DONE)

    def _send(self, index: int, number: int) -> None:
        """A value a second, for as long as it is worn."""
        if self._sessions.get(index) != number or self.scanner.state == scanner.BROKEN:
            return
        sensor = self.sensors[index]
        self._tell(air.ValueCame(index))
        sensor.delivered += sensor.waiting
        sensor.waiting = 0
        if self.now_ms >= sensor.worn_until_ms:
            self._end(index, number, words.DONE)
        else:
            self._soon(1_000, 4_000, self._send, index, number)

    def _end(self, index: int, number: int, outcome: str) -> None:
        if self._sessions.get(index) == number:
            del self._sessions[index]
            self.sensors[index].is_connected = False
            self._tell(air.SessionEnded(index, outcome))

    def _fault(self) -> None:
        """The radio fails: silently, or in a call, or so that events are lost."""
        if self.random.random() < 0.5:
            self._is_dead = True
        else:
            self._tell(air.RadioFailed())
