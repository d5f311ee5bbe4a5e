"""Sensors on a practice bench: what stands on their displays, and hands for each kind.

A display errs as the exercise wants (`spoil`), and what is sent is what is shown: a scale that is
wrong sends wrong weights, too. Nothing is measured unless a hand does it.
"""

from collections.abc import Callable

from varde_simulator.practice.hand import Hand, HandError, Seen
from varde_simulator.practice.plan import SensorThing
from varde_simulator.sensors import faults, meaning
from varde_simulator.sensors.virtual_sensor import VirtualSensor

MIDDLE = "middle"
CORNERS = ("front-left", "front-right", "back-left", "back-right")
FINGER_S = 10
HEALTHY_SPO2, HEALTHY_PULSE = 97, 71
NO_FINGER = "--"
REST = meaning.Pressure(128, 79, 95, 66)
MOST_KG, MOST_KG_OFF = 150.0, 5.0

_PAIR = Hand("hold-button")
_BATTERIES = Hand("change-batteries")
_LOAD = Hand("load", "kg", 0, MOST_KG, 20, (MIDDLE, *CORNERS))
_STEP_ON = Hand("step-on", "kg", 0, MOST_KG, 70)


class TableSensor:
    """One of them. `say(word, rest)` is a hand; `spoil(word, rest)` what an exercise plants."""

    hands: tuple[Hand, ...] = (_PAIR, _BATTERIES)

    def __init__(self, thing: SensorThing, sensor: VirtualSensor) -> None:
        self.thing = thing
        self.sensor = sensor
        self.display = ""
        self._deeds: dict[str, Callable[[str], None]] = {
            "hold-button": lambda _rest: sensor.hold_button(),
            "change-batteries": lambda _rest: self._change_batteries(),
        }

    @property
    def seen(self) -> Seen:
        """How it looks now."""
        bonding = self.sensor.bonding
        shown = bonding.shown if bonding is not None else None
        display = self.display if shown is None else f"{shown:06}"
        lies = "connected" if self.sensor.is_connected else "on" if self._is_on else "off"
        return Seen(self.thing.label, self.thing.kind, display, lies, self.thing.code, self.hands)

    @property
    def _is_on(self) -> bool:
        return self.sensor.is_advertising

    def say(self, word: str, rest: str) -> None:
        """Raises HandError."""
        if word not in self._deeds:
            raise HandError(f"{word} {self.thing.label}: with it a hand can {self._known()}")
        self._deeds[word](rest)

    def _known(self) -> str:
        return ", ".join(hand.word for hand in self.hands)

    def spoil(self, word: str, rest: str) -> None:
        """`fault NAME [once]`. Raises HandError."""
        name, _, times = rest.partition(" ")
        if word != "fault" or name not in faults.NAMES or times not in {"", "once"}:
            raise HandError(
                f"{word} {self.thing.label} {rest}: there are {', '.join(faults.NAMES)}"
            )
        self.sensor.faults.set(name, times=1 if times else None)

    def _change_batteries(self) -> None:
        self.display = ""
        self.sensor.change_batteries()


class TableScale(TableSensor):
    """Weights are put on it, in the middle or in a corner; who steps on it is sent."""

    hands = (_LOAD, _STEP_ON, _PAIR, _BATTERIES)

    def __init__(self, thing: SensorThing, sensor: VirtualSensor) -> None:
        super().__init__(thing, sensor)
        self._off = dict.fromkeys((MIDDLE, *CORNERS), 0.0)  # kg at 40 kg, in proportion
        self.display = "0.0 kg"
        self._deeds |= {"load": self._load, "step-on": self._step_on}

    def spoil(self, word: str, rest: str) -> None:
        """`off PLACE KG`: so much too much at 40 kg, everywhere with `all`."""
        if word != "off":
            super().spoil(word, rest)
            return
        place, _, text = rest.partition(" ")
        off = Hand("off", "kg", -MOST_KG_OFF, MOST_KG_OFF).number(text)
        if place not in {*self._off, "all"}:
            raise HandError(
                f"off {self.thing.label} {place}: there are {', '.join(self._off)}, all"
            )
        for name in self._off if place == "all" else (place,):
            self._off[name] = off

    def _shows(self, kg: float, place: str) -> float:
        return round(kg * (1 + self._off[place] / 40), 1)

    def _load(self, rest: str) -> None:
        text, _, place = rest.partition(" ")
        kg = _LOAD.number(text)
        if place and place not in self._off:
            raise HandError(f"load {self.thing.label}: {place} is none of {', '.join(self._off)}")
        self._show(self._shows(kg, place or MIDDLE))

    def _step_on(self, rest: str) -> None:
        kg = self._shows(_STEP_ON.number(rest), MIDDLE)
        self._show(kg)
        self.sensor.take(meaning.Weight(kg))

    def _show(self, kg: float) -> None:
        self.display = f"{kg:.1f} kg"


class TableOximeter(TableSensor):
    """A finger is put in beside another oximeter on the same hand, the reference."""

    hands = (Hand("finger-in"), Hand("finger-out"), _BATTERIES)

    def __init__(self, thing: SensorThing, sensor: VirtualSensor) -> None:
        super().__init__(thing, sensor)
        self._off = 0
        self.reference = ""
        self._deeds |= {"finger-in": self._finger_in, "finger-out": self._finger_out}
        del self._deeds["hold-button"]

    def spoil(self, word: str, rest: str) -> None:
        """`off PERCENT`: so much too much."""
        if word != "off":
            super().spoil(word, rest)
            return
        self._off = round(Hand("off", "%", -20, 3).number(rest))

    def _finger_in(self, _rest: str) -> None:
        spo2 = HEALTHY_SPO2 + self._off
        now = meaning.OxygenNow(spo2, HEALTHY_PULSE, 6.0)
        live = [(second + 1.0, now) for second in range(FINGER_S)]
        self.display = _oxygen(spo2)
        self.reference = _oxygen(HEALTHY_SPO2)
        done = meaning.Oxygen(spo2, HEALTHY_PULSE, 6.0)
        self.sensor.take(done, live=live, duration_s=FINGER_S)

    def _finger_out(self, _rest: str) -> None:
        self.display = self.reference = NO_FINGER

    @property
    def beside(self) -> Seen:
        """The other oximeter on the same hand."""
        return Seen(f"{self.thing.label}-reference", "oximeter-reference", self.reference)


def _oxygen(spo2: int) -> str:
    return f"{spo2} %  {HEALTHY_PULSE}/min"


class TableCuff(TableSensor):
    """On an arm it measures; what stands on it while it hangs on a manometer's hose, that says."""

    hands = (Hand("measure"), _PAIR, _BATTERIES)

    def __init__(self, thing: SensorThing, sensor: VirtualSensor) -> None:
        super().__init__(thing, sensor)
        self._deeds["measure"] = self._measure

    def _measure(self, _rest: str) -> None:
        self.display = f"{REST.systolic:g}/{REST.diastolic:g}  {REST.pulse:g}/min"
        self.sensor.take(REST)


KINDS: dict[str, type[TableSensor]] = {
    "scale": TableScale,
    "oximeter": TableOximeter,
    "cuff": TableCuff,
}


def put(thing: SensorThing, sensor: VirtualSensor) -> TableSensor:
    """A started sensor, as it lies on the bench."""
    return KINDS[thing.kind](thing, sensor)
