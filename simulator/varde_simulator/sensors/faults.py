"""What goes wrong with sensors in the field, by name; each alone, seeded, counted.

    sensor.faults.set("duplicate")                       always
    sensor.faults.set("vanish-mid-burst", chance=0.05)   now and then; the same for the same seed
    sensor.faults.set("lost-bond", times=1)              the next time it can, and then no more

`VirtualSensor` asks `strikes(name)` at the place where the fault can happen; faults of the value
itself are made here (`spoiled`). The ledger holds the bytes that the sensor really kept and sent.
"""

import random
from collections import Counter
from collections.abc import Callable, Mapping

from varde_simulator.sensors.ledger import Reading

NAMES: Mapping[str, str] = {
    "vanish-mid-burst": "goes silent after it sent a reading, before the confirmation",
    "wrong-clock": "its clock jumps before it stamps a measurement",
    "refuses-clock": "takes a time that is written and keeps its own",
    "nan-measurement": "the measurement failed: NaN (or 0xFFFF) where the numbers stand",
    "duplicate": "sends a confirmed reading a second time at once",
    "re-send": "sends a confirmed reading again on its next connection",
    "low-battery": "its battery level falls to 5 %",
    "lost-bond": "has forgotten its bonds when it wakes",
    "stuck-advertising": "advertises on and on, with nothing to give",
    "indication-without-cccd": "indicates at once after a connect, subscribed or not",
    "short-frame": "keeps and sends a value whose end is missing",
    "ghost-weight": "a small stable weight follows the real one, as the person steps off",
}

LOW_BATTERY_PERCENT = 5
# A jump of a clock: an hour (summer time), a day, some years back (a default date), an hour ahead.
CLOCK_JUMPS_S = (-3600, -86_400, -6 * 365 * 86_400, 3600)
_MAX_GHOST_KG = 5.0
_WEIGHT = 0x2A9D
_KG_COUNTS = 200  # of 0.005 kg, in a 2A9D
_IMPERIAL = 0x01

_SFLOAT_NAN = b"\xff\x07"
_FLOAT_NAN = b"\xff\xff\x7f\x00"
_UNSUCCESSFUL = b"\xff\xff"
# Characteristic: where its numbers stand, and the word that says "none" (see docs/decoders.md).
_NO_VALUE: Mapping[int, tuple[int, bytes]] = {
    0x2A35: (1, _SFLOAT_NAN * 3),
    0x2A36: (1, _SFLOAT_NAN * 3),
    0x2A5E: (1, _SFLOAT_NAN * 2),
    0x2A5F: (1, _SFLOAT_NAN * 2),
    0x2A1C: (1, _FLOAT_NAN),
    0x2A1E: (1, _FLOAT_NAN),
    0x2A9D: (1, _UNSUCCESSFUL),
    0x2A9C: (2, _UNSUCCESSFUL),
}


class Faults:
    """Which faults a sensor has. `struck` counts what has happened."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)  # noqa: S311  replayable, not secret
        self.struck: Counter[str] = Counter()
        self._chances: dict[str, float] = {}
        self._left: dict[str, int | None] = {}

    def set(self, name: str, chance: float = 1.0, times: int | None = None) -> None:
        """From now on it happens with this chance, at most so many times. ValueError if there is
        no such fault."""
        if name not in NAMES:
            raise ValueError(f"no fault {name!r}; there are {', '.join(NAMES)}")
        self._chances[name], self._left[name] = chance, times

    def clear(self) -> None:
        """None from now on."""
        self._chances.clear()

    def strikes(self, name: str) -> bool:
        """Whether it happens now."""
        chance = self._chances.get(name, 0.0)
        left = self._left.get(name)
        if not chance or left == 0 or self.random.random() >= chance:
            return False
        if left is not None:
            self._left[name] = left - 1
        self.struck[name] += 1
        return True

    def spoiled(self, values: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
        """What the sensor keeps of a measurement that would have given `values`."""
        kept = []
        for characteristic, measured in values:
            kept.append((characteristic, self._spoiled(characteristic, measured)))
            if characteristic == _WEIGHT and self.strikes("ghost-weight"):
                kept.append((characteristic, self._ghost(measured)))
        return kept

    def _spoiled(self, characteristic: int, value: bytes) -> bytes:
        if characteristic in _NO_VALUE and self.strikes("nan-measurement"):
            value = unsuccessful(characteristic, value)
        if len(value) > 1 and self.strikes("short-frame"):
            value = value[: self.random.randrange(1, len(value))]
        return value

    def _ghost(self, value: bytes) -> bytes:
        """The same frame with the weight of a foot that is about to leave."""
        counts = int(self.random.uniform(0.5, _MAX_GHOST_KG) * _KG_COUNTS)
        if value[0] & _IMPERIAL:
            counts = counts * 11 // 10  # 0.01 lb is 0.0045 kg
        return value[:1] + counts.to_bytes(2, "little") + value[3:]


class Repeats:
    """Readings that faults make a sensor send once more: `now` on this connection, or `later` on
    the next one."""

    def __init__(self, faults: Faults) -> None:
        self.now: list[Reading] = []
        self.later: list[Reading] = []
        self._faults = faults

    def connected(self) -> None:
        """A new connection."""
        self.now, self.later = self.later, []

    def confirmed(self, reading: Reading) -> None:
        """Once is enough: a reading that was sent twice is left alone."""
        if reading.sent == 1 and self._faults.strikes("duplicate"):
            self.now.append(reading)
        elif reading.sent == 1 and self._faults.strikes("re-send"):
            self.later.append(reading)

    def next(self, indicates: Callable[[int], bool]) -> Reading | None:
        """What to send again, if the host has asked for its kind."""
        found = next((r for r in self.now if indicates(r.characteristic)), None)
        if found is not None:
            self.now.remove(found)
        return found


def unsuccessful(characteristic: int, value: bytes) -> bytes:
    """`value` as the sensor sends it when it could not measure."""
    at, word = _NO_VALUE[characteristic]
    return value[:at] + word[: len(value) - at] + value[at + len(word) :]
