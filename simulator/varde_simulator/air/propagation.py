"""Distance: who hears whom, and how strong.

The log-distance model with log-normal fading, as usual for a home (Rappaport, Wireless
Communications, 4.9): `at 1 m - 10 * exponent * log10(distance) + fading`. The mean decides who
hears whom, so that a connection does not come and go with the fading; what is reported fades.
"""

import math
import random

from varde_simulator.air.controller import VirtualController
from varde_simulator.air.link import DEFAULT_RSSI_DBM, Air
from varde_simulator.air.station import Station

AT_ONE_METER_DBM = -59  # of a sensor that sends with 0 dBm
EXPONENT = 2.7  # walls and furniture; 2 is free space
SENSITIVITY_DBM = -94  # an ESP32's at 1 Mbit/s is a little better
FADING_DB = 4.0
NEAREST_M = 0.1


class Propagation:
    """`place` stations; those without a place are in the same room as everybody."""

    def __init__(self, air: Air, seed: int = 0, fading_db: float = FADING_DB) -> None:
        self.fading_db = fading_db
        self._air = air
        self._random = random.Random(seed)  # noqa: S311  replayable, not secret
        self._places: dict[VirtualController, tuple[float, float]] = {}
        air.signal_dbm = self.signal_dbm

    def place(self, station: Station, x_m: float, y_m: float = 0.0) -> None:
        """Puts it there, or carries it there."""
        self._places[station.controller] = (x_m, y_m)
        self._air.range_changed()

    def signal_dbm(self, sender: VirtualController, receiver: VirtualController) -> int | None:
        """One reception; None out of range."""
        here, there = self._places.get(sender), self._places.get(receiver)
        if here is None or there is None:
            return DEFAULT_RSSI_DBM
        distance_m = max(math.dist(here, there), NEAREST_M)
        mean_dbm = AT_ONE_METER_DBM - 10 * EXPONENT * math.log10(distance_m)
        if mean_dbm < SENSITIVITY_DBM:
            return None
        faded_dbm = mean_dbm + self._random.gauss(0, self.fading_db)
        return round(max(faded_dbm, SENSITIVITY_DBM))

    def range_m(self) -> float:
        """How far one hears."""
        return float(10 ** ((AT_ONE_METER_DBM - SENSITIVITY_DBM) / (10 * EXPONENT)))
