"""Sensors that lie on a table, in real time: they measure on a schedule and when told by a word.

    stand.put(sensor, "cuff")          await stand.watch()          stand.say("measure cuff")

What happens to them is told as *news*, one dict an event, read off their ledgers: the ledger is
the truth of what a sensor measured, sent and saw confirmed, whoever is on the other side.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from varde_protocols import assigned
from varde_simulator.sensors import faults, samples
from varde_simulator.sensors.ledger import Reading
from varde_simulator.sensors.virtual_sensor import VirtualSensor

# What happens on the air takes milliseconds; who reads the news does not need it sooner.
LOOK_EVERY_S = 0.05
ALL = "all"

News = dict[str, object]
Tell = Callable[[News], None]


class WordError(Exception):
    """A word that the stand does not know; says which there are."""


class Stand:
    """`tell(news)` hears of everything; `seed` decides what the sensors measure; each has the
    faults `always`. Raises WordError for one that does not exist."""

    def __init__(self, tell: Tell, seed: int = 0, always: Sequence[str] = ()) -> None:
        self.sensors: dict[str, VirtualSensor] = {}
        self.tell = tell
        for name in always:
            if name not in faults.NAMES:
                raise WordError(f"no fault {name!r}; there are {', '.join(faults.NAMES)}")
        self._always = always
        self._random = random.Random(seed)  # noqa: S311  replayable, not secret
        self._seen: dict[str, _Seen] = {}
        self._words: dict[str, Callable[[VirtualSensor], object]] = {
            "measure": lambda sensor: samples.measure(sensor, self._random),
            "wake": lambda sensor: sensor.press_button(),
            "pair": lambda sensor: sensor.hold_button(),
            "hang-up": lambda sensor: sensor.hang_up(),
            "change-batteries": lambda sensor: sensor.change_batteries(),
            "battery-out": lambda sensor: sensor.battery_out(),
            "heal": lambda sensor: sensor.faults.clear(),
        }

    @property
    def words(self) -> tuple[str, ...]:
        """All that `say` knows: deeds, then faults by name."""
        return (*self._words, *faults.NAMES)

    def put(self, sensor: VirtualSensor, where: str) -> None:
        """One more sensor, started already; `where` is its place for the news."""
        label = sensor.label
        self.sensors[label] = sensor
        self._seen[label] = _Seen()
        for name in self._always:
            sensor.faults.set(name)
        address = sensor.address
        self._report(
            label,
            "ready",
            name=sensor.model.name,
            address=":".join(f"{byte:02X}" for byte in address[1:]),
            address_type="random" if address[0] else "public",
            where=where,
        )

    def say(self, line: str) -> None:
        """A word, and for which sensor (all, if none is named). WordError if there is no such."""
        word, _, label = line.strip().partition(" ")
        label = label.strip() or ALL
        if label != ALL and label not in self.sensors:
            raise WordError(f"no sensor {label!r}; there are {', '.join(self.sensors)}")
        if word not in self.words:
            raise WordError(f"no word {word!r}; there are {', '.join(self.words)}")
        if label != ALL and self.sensors[label].is_dead:
            raise WordError(f"the battery of {label!r} is out for good")
        for name, sensor in self.sensors.items():
            if label in {ALL, name} and not sensor.is_dead:
                self._do(word, name, sensor)

    def _do(self, word: str, label: str, sensor: VirtualSensor) -> None:
        deed = self._words.get(word)
        if deed is not None:
            deed(sensor)
        else:
            sensor.faults.set(word, times=1)
        self._report(label, "fault" if deed is None else "told", word=word)

    def tell_of_node(self, node: str, joined: bool) -> None:
        """A hub, or another program, joined the air of these sensors, or left it."""
        self._report(None, "node-joined" if joined else "node-left", node=node)

    async def measure_every(self, seconds: float) -> None:
        """Everybody measures now, and again after each interval."""
        while True:
            self.say("measure")
            await asyncio.sleep(seconds)

    async def watch(self) -> None:
        """Tells the news until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    def look(self) -> None:
        """Tells what has happened since the last look."""
        for label, sensor in self.sensors.items():
            for event, more in self._seen[label].news_of(sensor):
                self._report(label, event, **more)

    def _report(self, label: str | None, event: str, **more: object) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        who = {} if label is None else {"sensor": label}
        self.tell({"time": now, **who, "event": event, **more})


class _Seen:
    """How much of one sensor's ledger has been told."""

    def __init__(self) -> None:
        self.readings = 0
        self.notifications = 0
        self.sent: dict[int, int] = {}
        self.confirmed: set[int] = set()
        self.is_advertising = False
        self.is_connected = False
        self.shown: int | None = None

    def news_of(self, sensor: VirtualSensor) -> list[tuple[str, News]]:
        return [
            *self._state(sensor),
            *self._readings(sensor),
            *self._notifications(sensor),
        ]

    def _state(self, sensor: VirtualSensor) -> list[tuple[str, News]]:
        news: list[tuple[str, News]] = []
        if sensor.is_connected != self.is_connected:
            self.is_connected = sensor.is_connected
            news.append(("connected" if self.is_connected else "disconnected", {}))
        if sensor.is_advertising != self.is_advertising:
            self.is_advertising = sensor.is_advertising
            news.append(("advertising" if self.is_advertising else "silent", {}))
        shown = None if sensor.bonding is None else sensor.bonding.shown
        if shown != self.shown:
            self.shown = shown
            if shown is not None:
                news.append(("shows", {"passkey": f"{shown:06}"}))
        return news

    def _readings(self, sensor: VirtualSensor) -> list[tuple[str, News]]:
        readings = sensor.ledger.readings
        news = [("measured", _reading(reading)) for reading in readings[self.readings :]]
        self.readings = len(readings)
        for reading in readings:
            more = reading.sent - self.sent.get(reading.number, 0)
            news.extend([("sent", _reading(reading))] * more)
            self.sent[reading.number] = reading.sent
            if reading.is_confirmed and reading.number not in self.confirmed:
                self.confirmed.add(reading.number)
                news.append(("confirmed", {"reading": reading.number}))
        return news

    def _notifications(self, sensor: VirtualSensor) -> list[tuple[str, News]]:
        sent = sensor.ledger.notifications[self.notifications :]
        self.notifications += len(sent)
        return [("notified", _value(each.characteristic, each.value)) for each in sent]


def _value(characteristic: int, value: bytes) -> News:
    return {"characteristic": assigned.name(characteristic), "value": value.hex()}


def _reading(reading: Reading) -> News:
    return {**_value(reading.characteristic, reading.value), "reading": reading.number}
