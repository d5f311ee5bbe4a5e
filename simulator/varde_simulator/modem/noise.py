"""The fault `garbage`: what a poor line and an impolite modem make of an answer."""

import random

from varde_simulator.modem.faults import Faults

_URC = b'\r\n+CTZV: "26/03/02,08:00:00+04"\r\n'


class Noise:
    """Spoils some of what the modem says: hiss before, half a line, hiss within, a URC between."""

    def __init__(self, faults: Faults, seed: int) -> None:
        self._faults = faults
        self._dice = random.Random(f"noise {seed}")  # noqa: S311  replayable, not secret

    def spoil(self, data: bytes) -> bytes:
        """What arrives of it."""
        dice = self._dice
        if "garbage" not in self._faults or len(data) < 2:
            return data
        if dice.random() >= self._faults.value("garbage", "share"):
            return data
        at = dice.randrange(1, len(data))
        way = dice.randrange(4)
        if way == 0:
            return dice.randbytes(dice.randrange(1, 40)) + data
        if way == 1:
            return data[:at]
        if way == 2:
            return data[:at] + dice.randbytes(dice.randrange(1, 6)) + data[at + 1 :]
        return _URC + data if dice.random() < 0.5 else data[:at] + _URC + data[at:]
