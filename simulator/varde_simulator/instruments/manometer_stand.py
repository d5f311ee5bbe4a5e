"""The manometer, the cuff and the bulb on one table: a serial device, and words for the hands.

    stand.start()    stand.say("pump 150")    stand.say("display")    stand.stop()

The serial device is a pseudo terminal. Time is the running loop's, so that a clock that leaps
while the instrument measures makes minutes pass in a moment, and everybody sees the same.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

from varde_simulator.instruments import manometer
from varde_simulator.instruments.plant import CuffSensor, Plant
from varde_simulator.usb.pty_link import PtyLink

MAX_PRESSURE = 320.0

News = dict[str, object]


class StandError(Exception):
    """A word that is not understood; says which there are."""


class ManometerStand:
    """`path` is the device that programs open. `tell` hears what happens."""

    def __init__(
        self,
        folder: Path,
        plant: Plant,
        cuff: CuffSensor,
        tell: Callable[[News], None],
        *,
        error: float = 0.0,
        seed: int = 1,
    ) -> None:
        self.plant = plant
        self.cuff = cuff
        self.manometer = manometer.VirtualManometer(
            lambda: plant.pressure(self._now_s()), error=error, seed=seed
        )
        self._tell = tell
        self._link = PtyLink(folder, "manometer")
        self._link.on_data = self._receive
        self._received = b""
        self._lines: asyncio.Queue[bytes] = asyncio.Queue()
        self._answering: asyncio.Task[None] | None = None
        self.is_measuring = False
        self._words: dict[str, Callable[[str], None]] = {
            "pump": self._go,
            "release": self._go,
            "vent": lambda _rest: self._vent(),
            "display": lambda _rest: self._show(),
            "leak": self._leak,
            "unplug": lambda _rest: self.stop(),
            "plug": lambda _rest: self.start(),
            "heal": lambda _rest: self.manometer.heal(),
        }

    @property
    def path(self) -> str:
        """The serial device, "" while it is unplugged."""
        return self._link.path

    @property
    def words(self) -> tuple[str, ...]:
        """All that `say` knows."""
        return (*self._words, *manometer.FAULTS)

    def start(self) -> None:
        """Plug in; on the running loop."""
        if not self._link.path:
            self._link.start()
            self._answering = asyncio.ensure_future(self._answer())
            self._tell({"event": "manometer", "port": self.path})

    def stop(self) -> None:
        """Pull the cable."""
        if self._answering is not None:
            self._answering.cancel()
            self._answering = None
        self._link.stop()
        self.is_measuring = False

    def say(self, line: str) -> None:
        """Do what a word says. Raises StandError."""
        word, _, rest = line.strip().partition(" ")
        if word in manometer.FAULTS:
            self.manometer.put_fault(word)
        elif word in self._words:
            self._words[word](rest)
        else:
            raise StandError(f"{word[:30]!r} is none of: {', '.join(self.words)}")

    def display(self) -> int:
        """What stands on the cuff's display now."""
        return self.cuff.display(self.plant, self._now_s())

    def _go(self, rest: str) -> None:
        target = _number(rest, MAX_PRESSURE)
        self.cuff.follow(self.plant, self._now_s())
        self.plant.go_to(target, self._now_s())

    def _vent(self) -> None:
        self.cuff.follow(self.plant, self._now_s())
        self.plant.vent(self._now_s())

    def _leak(self, rest: str) -> None:
        self.cuff.follow(self.plant, self._now_s())
        self.plant.change_leak(_number(rest, 1000.0), self._now_s())

    def _show(self) -> None:
        self._tell({"event": "display", "value": str(self.display()), "unit": "mmHg"})

    def _receive(self, data: bytes) -> None:
        *lines, self._received = (self._received + data).split(b"\n")
        self._received = self._received[-manometer.MAX_LINE_BYTES :]
        for line in lines:
            self._lines.put_nowait(line)

    async def _answer(self) -> None:
        while True:
            line = await self._lines.get()
            if self.manometer.measures(line):
                self.is_measuring = True
                await asyncio.sleep(manometer.CONVERSION_S)
                self.is_measuring = False
            self._link.send(self.manometer.answer(line))

    @staticmethod
    def _now_s() -> float:
        return asyncio.get_running_loop().time()


def _number(text: str, most: float) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= most:
        raise StandError(f"{text[:20]!r}: say a number from 0 to {most:g}")
    return number
