"""The radio side: whether the modem is registered, how strong the signal is, what time it is told.

`stat` has the numbers of +CREG (3GPP TS 27.007, 7.2): 0 not searching, 1 home, 2 searching,
3 denied, 5 roaming.
"""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

from varde_simulator.clock import VirtualClock
from varde_simulator.modem.faults import Faults
from varde_simulator.modem.modem_clock import ModemClock

IDLE, HOME, SEARCHING, DENIED, ROAMING = 0, 1, 2, 3, 5
NITZ_S = (1.0, 4.0)  # after registration
DENIED_S = 8.0
NO_SIGNAL = 99
WEAK_SIGNAL = 2
USUAL_SIGNAL = 20


class Later(Protocol):
    """Runs something after so many seconds, unless the modem goes off before."""

    def __call__(self, delay_s: float, act: Callable[[], None]) -> None: ...


class Cell:
    """`on_change()`: the registration is another. `on_time()`: the operator tells the time."""

    def __init__(
        self, clock: VirtualClock, faults: Faults, dice: random.Random, later: Later
    ) -> None:
        self.stat = IDLE
        self.signal = USUAL_SIGNAL
        self.zone_quarters = 4
        self.register_s = (5.0, 60.0)
        self.on_change: Callable[[], None] = lambda: None
        self.on_time: Callable[[], None] = lambda: None
        self._clock = clock
        self._faults = faults
        self._dice = dice
        self._later = later
        self._search = 0  # counts searches: an older one's end means nothing

    @property
    def is_registered(self) -> bool:
        """A call can be made."""
        return self.stat in (HOME, ROAMING)

    @property
    def csq(self) -> int:
        """<rssi> of +CSQ."""
        if self.stat == IDLE or "no-network" in self._faults:
            return NO_SIGNAL
        return WEAK_SIGNAL if "weak" in self._faults else self.signal

    def start(self) -> None:
        """The radio is on and the SIM is open."""
        self._search += 1
        self._set(SEARCHING)
        if "no-network" in self._faults:
            return
        if "slow-registration" in self._faults:
            wait_s = self._faults.value("slow-registration", "register_s")
        elif "registration-denied" in self._faults:
            wait_s = DENIED_S
        else:
            wait_s = self._dice.uniform(*self.register_s)
        search = self._search
        self._later(wait_s, lambda: self._found(search))

    def stop(self) -> None:
        """The radio is off."""
        self._search += 1
        self._set(IDLE)

    def review(self) -> None:
        """The faults are others: what they change of the registration begins anew."""
        settled = self.stat not in (IDLE, SEARCHING)
        if (settled and self._outcome() != self.stat) or self.stat == SEARCHING:
            self.start()

    def _outcome(self) -> int:
        if "no-network" in self._faults:
            return SEARCHING
        if "registration-denied" in self._faults:
            return DENIED
        return ROAMING if "roams" in self._faults else HOME

    def _found(self, search: int) -> None:
        if search != self._search:
            return
        self._set(self._outcome())
        if self.is_registered and "no-time" not in self._faults:
            self._later(self._dice.uniform(*NITZ_S), self._tell_time)

    def _tell_time(self) -> None:
        if self.is_registered:
            self.on_time()

    def set_clock(self, modem_clock: ModemClock) -> None:
        """As the operator's NITZ says: whole seconds, and right, if it is."""
        wrong_s = self._faults.value("wrong-time", "by_s") if "wrong-time" in self._faults else 0
        utc = (self._clock.utc() + timedelta(seconds=wrong_s)).replace(microsecond=0)
        modem_clock.set_utc(utc, self.zone_quarters)

    def _set(self, stat: int) -> None:
        if stat != self.stat:
            self.stat = stat
            self.on_change()
