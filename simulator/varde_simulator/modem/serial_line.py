"""The serial line between the hub's UART and the modem: bytes at their pace, both ways.

A UART whose pins are not the modem's, or that is not open, is a line that nobody listens to. Two
ends at different speeds hear noise.
"""

import random
from collections.abc import Callable
from functools import partial

from varde_simulator.air.channel import Channel
from varde_simulator.clock import VirtualClock
from varde_simulator.modem.wiring import Wiring

_CHARACTER_BITS = 10  # start, eight, stop
_PIECE_BYTES = 1024  # in one frame to the hub
_US = 1_000_000


class SerialLine:
    """`receive(data)` is the modem's; `send(data)` is what it says to the hub."""

    def __init__(
        self, clock: VirtualClock, wiring: Wiring, receive: Callable[[bytes], None], seed: int
    ) -> None:
        self.baud = wiring.baud  # the modem's own
        self.up_bytes = 0
        self.down_bytes = 0
        self._clock = clock
        self._wiring = wiring
        self._receive = receive
        self._dice = random.Random(f"line {seed}")  # noqa: S311  replayable, not secret
        self._channel: Channel | None = None
        self._uart: int | None = None
        self._hub_baud = 0
        self._free_us = {True: 0, False: 0}  # when a direction has said what it has to say

    def attach(self, channel: Channel) -> None:
        """A hub's program has begun; its UARTs are closed."""
        self._channel = channel
        self._uart = None
        channel.handle("uart.open", self._open)
        channel.handle("uart.close", self._close)
        channel.handle("uart.write", self._write)

    def detach(self) -> None:
        """The hub's chip has stopped."""
        self._channel = None
        self._uart = None

    def send(self, data: bytes) -> None:
        """To the hub, as fast as the line carries it."""
        for at in range(0, len(data), _PIECE_BYTES):
            piece = data[at : at + _PIECE_BYTES]
            self._later(False, len(piece), partial(self._deliver, piece))

    def _open(self, uart: int, tx: int, rx: int, baud: int) -> None:
        if (tx, rx) == (self._wiring.tx, self._wiring.rx):
            self._uart = uart
            self._hub_baud = baud
        elif uart == self._uart:
            self._uart = None

    def _close(self, uart: int) -> None:
        if uart == self._uart:
            self._uart = None

    def _write(self, uart: int, data: bytes) -> None:
        if uart != self._uart:
            return
        self.up_bytes += len(data)
        heard = self._heard(data)
        self._later(True, len(data), lambda: self._receive(heard))

    def _deliver(self, data: bytes) -> None:
        if self._channel is None or self._uart is None:
            return
        self.down_bytes += len(data)
        self._channel.event("uart.data", self._uart, self._heard(data))

    def _heard(self, data: bytes) -> bytes:
        if self._hub_baud == self.baud:
            return data
        return self._dice.randbytes(max(1, len(data) * 3 // 4))

    def _later(self, to_modem: bool, count: int, act: Callable[[], None]) -> None:
        begin_us = max(self._clock.now_us(), self._free_us[to_modem])
        baud = self._hub_baud if to_modem else self.baud
        self._free_us[to_modem] = begin_us + count * _CHARACTER_BITS * _US // baud
        self._clock.call_at(self._free_us[to_modem], act)
