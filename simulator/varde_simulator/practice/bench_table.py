"""All that lies on a practice bench: lines that hands and exercises say, and how it looks.

    table.say("load scale 40 front-left")     a hand; HandError, WordError
    table.plant("fault cuff refuses-clock")   an exercise
    table.look()                              what is to be told, if it has changed

`when` of what is planted: `start`; `EVENT THING`, as `bonded scale`, `unplugged board-1`,
`cut board-1`, `measured cuff`, once each.
"""

import asyncio
from collections.abc import Callable, Sequence

from varde_simulator.practice.cables import Cables
from varde_simulator.practice.hand import Hand, HandError, Seen
from varde_simulator.practice.hose import LABEL as HOSE
from varde_simulator.practice.hose import Hose
from varde_simulator.practice.plan import Planted
from varde_simulator.practice.table_sensors import TableOximeter, TableSensor
from varde_simulator.sensor_stand import News
from varde_simulator.world import World

NETWORK = "network"
START = "start"
LOOK_EVERY_S = 0.3
"""As often as a person sees a display change."""
_OFF, _ON = Hand("switch-off"), Hand("switch-on")


class BenchTable:
    """See above."""

    def __init__(
        self,
        world: World,
        cables: Cables,
        sensors: Sequence[TableSensor],
        hose: Hose,
        planted: Sequence[Planted],
        tell: Callable[[News], None],
    ) -> None:
        self.world = world
        self.cables = cables
        self.sensors = {each.thing.label: each for each in sensors}
        self.hose = hose
        self._planted = list(planted)
        self._tell = tell
        self._told: dict[str, Seen] = {}
        self._bonded: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def things(self) -> list[Seen]:
        """As they look now."""
        sensors: list[Seen] = []
        for each in self.sensors.values():
            sensors.append(each.seen)
            if isinstance(each, TableOximeter):
                sensors.append(each.beside)
        hose = [self.hose.seen] if self.hose.is_used else []
        return [*self.cables.seen, *sensors, *hose, *self._networks]

    @property
    def _networks(self) -> list[Seen]:
        """None where there is nothing to be connected."""
        if not self.cables.stand.cables:
            return []
        is_up = all(point.is_up for point in self.world.access_points)
        lies, hand = ("on", _OFF) if is_up else ("off", _ON)
        return [Seen(NETWORK, "network", lies=lies, hands=(hand,))]

    async def say(self, line: str) -> None:
        """Raises HandError, WordError."""
        word, label, rest = _parts(line)
        if label in self.sensors:
            self.sensors[label].say(word, rest)
        elif label == HOSE:
            self.hose.say(word, rest)
        elif label == NETWORK and word in {_OFF.word, _ON.word}:
            self.world.set_wifi(word == _ON.word)
        elif label.startswith("board-"):
            await self.cables.say(word, label, rest)
        else:
            raise HandError(f"{label!r} does not lie here; {', '.join(self._labels())} do")

    def _labels(self) -> list[str]:
        return [each.label for each in self.things if each.hands]

    async def plant(self, line: str) -> None:
        """What an exercise does: `say`'s lines too. Raises HandError, WordError."""
        word, label, rest = _parts(line)
        if word in {"fault", "off"} and label in self.sensors:
            self.sensors[label].spoil(word, rest)
        elif label == HOSE and word not in {hand.word for hand in self.hose.seen.hands}:
            self.hose.spoil(word, rest)
        elif word == "cut" and label.startswith("board-"):
            await self.cables.stand.say(f"cut {label.removeprefix('board-')} {rest}".strip())
        else:
            await self.say(line)

    async def happened(self, what: str) -> None:
        """Plant what waits for this; once."""
        due = [row for row in self._planted if row.when == what]
        self._planted = [row for row in self._planted if row.when != what]
        for row in due:
            await self.plant(row.do)

    def hear(self, news: News) -> None:
        """News of boards and sensors: what was planted for it, and the ports there are now."""
        event = str(news.get("event"))
        if "board" in news:
            if event == "cut":
                self.cables.write_ports()
            self._happens(f"{event} board-{news['board']}")
        elif "sensor" in news:
            self._happens(f"{event} {news['sensor']}")

    def _happens(self, what: str) -> None:
        if any(row.when == what for row in self._planted):
            task = asyncio.ensure_future(self.happened(what))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def look(self) -> None:
        """Tell how things look that have changed."""
        self.hose.look()
        for label, each in self.sensors.items():
            if label not in self._bonded and _has_bonded(each):
                self._bonded.add(label)
                self._happens(f"bonded {label}")
        changed = [each for each in self.things if self._told.get(each.label) != each]
        if changed:
            self._told |= {each.label: each for each in changed}
            self._tell({"event": "table", "things": [each.told() for each in changed]})

    async def watch(self) -> None:
        """Look until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_EVERY_S)


def _has_bonded(each: TableSensor) -> bool:
    bonding = each.sensor.bonding
    return bonding is not None and any(one.bonded and not one.status for one in bonding.changes)


def _parts(line: str) -> tuple[str, str, str]:
    word, _, rest = line.strip().partition(" ")
    label, _, more = rest.strip().partition(" ")
    return word, label, more.strip()
