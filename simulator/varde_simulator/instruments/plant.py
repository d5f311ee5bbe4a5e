"""A cuff on a T-piece: bulb, leak, and a pressure sensor that is a little wrong.

Gauge pressure in mmHg at a time in seconds, in closed form, so that it is the same however
often anybody looks. Pumping is a ramp. Air that was pumped is warm: a share of the step is lost
again as it cools, with a time constant of some seconds (and comes back after a release); that is
why a point is held before it is read. What leaks is proportional to the pressure, as through a
small hole at small pressures.

The cuff's own sensor errs by an offset, by a part of the reading, and by hysteresis: the
play operator, as in a gear with slack (Visintin, Differential Models of Hysteresis, 1994, III.2).
Rising it shows half the slack too little, falling half too much.
"""

import math

LEAK_AT_MMHG = 250.0
"""A leak is told as mmHg/min at this pressure."""
COOLING_S = 4.0
WARMTH = 0.006
PUMP_PER_S = 30.0
RELEASE_PER_S = 20.0


class Plant:
    """`leak_per_min` in mmHg/min at 250 mmHg; it may be changed (another cuff)."""

    def __init__(self, leak_per_min: float = 1.0) -> None:
        self._leak_per_min = leak_per_min
        self._start_s = self._end_s = 0.0
        self._start = self._target = 0.0
        self._excess = 0.0

    def pressure(self, now_s: float) -> float:
        """The pressure now; times never go back."""
        if now_s < self._end_s:
            share = (now_s - self._start_s) / (self._end_s - self._start_s)
            return self._start + share * (self._target - self._start)
        return self._held(now_s - self._end_s)

    def turning_s(self) -> float:
        """When the last ramp ends or ended: the pressure is monotone before and after."""
        return self._end_s

    def go_to(self, target: float, now_s: float) -> None:
        """Pump or release to a pressure, from where it is."""
        start = self.pressure(now_s)
        rate = PUMP_PER_S if target > start else RELEASE_PER_S
        self._start_s, self._end_s = now_s, now_s + abs(target - start) / rate
        self._start, self._target = start, target
        # Open air stays what it is.
        self._excess = WARMTH * (target - start) if target > 0 else 0.0

    def vent(self, now_s: float) -> None:
        """Pull the hose off: open air at once."""
        self._start_s = self._end_s = now_s
        self._start = self._target = self._excess = 0.0

    def change_leak(self, leak_per_min: float, now_s: float) -> None:
        """Another cuff or hose: goes on from the pressure there is."""
        self.go_to(self.pressure(now_s), now_s)
        self._leak_per_min = leak_per_min

    def _held(self, for_s: float) -> float:
        lost = math.exp(-for_s * self._leak_per_min / 60 / LEAK_AT_MMHG)
        settled = self._target - self._excess
        return (settled + self._excess * math.exp(-for_s / COOLING_S)) * lost


class CuffSensor:
    """What a cuff in manometer mode shows, in whole mmHg. `gain` 0.01 is 1 % too much."""

    def __init__(self, offset: float = 0.0, gain: float = 0.0, slack: float = 0.0) -> None:
        self.offset = offset
        self.gain = gain
        self.slack = slack
        self._played = 0.0

    def follow(self, plant: Plant, now_s: float) -> None:
        """Live through the time until now: to be called before the plant's course is changed."""
        if plant.turning_s() <= now_s:
            self._play(plant.pressure(plant.turning_s()))
        self._play(plant.pressure(now_s))

    def display(self, plant: Plant, now_s: float) -> int:
        """What stands on the display."""
        self.follow(plant, now_s)
        return round(self.offset + (1 + self.gain) * self._played)

    def _play(self, pressure: float) -> None:
        half = self.slack / 2
        self._played = min(max(self._played, pressure - half), pressure + half)
