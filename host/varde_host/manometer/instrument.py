"""The manometer on its port: asks, waits, and says what is wrong with the way or the instrument.

A lost or garbled answer is asked for again, a few times; an answer is never guessed. The unit is
asked before and after every pressure that is kept, because a person can change it at the panel.
"""

from __future__ import annotations

import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TypeVar

import serial  # type: ignore[import-untyped]  # pyserial has no types

from varde_host import errors

from . import scpi, stability

_Answer = TypeVar("_Answer")

BAUD = 9_600
ANSWER_S = 2.0
"""A handheld manometer measures for up to a second before it answers."""
TRIES = 3
PATIENCE_MS = 120_000
"""A cuff that leaks past the limit never stands still; whoever waits longer has a fault."""

_FAILURES = (serial.SerialException, OSError, termios.error)
"""What pyserial lets through when a cable is pulled."""

_RANGE = (Decimal(-50), Decimal(400))
"""mmHg that a cuff's pressure can be: what is outside is another unit or a garbled line."""


class Manometer:
    """Made by `opened`. `identity` is what it said at the beginning."""

    identity: scpi.Identity

    def __init__(self, port: str, line: serial.Serial, now_ms: Callable[[], int]) -> None:
        self.port = port
        self._line = line
        self._now_ms = now_ms

    def start(self) -> None:
        """Ask who it is, and see to it that it shows mmHg.

        Raises WorldFailed `manometer-silent`, `-garbled`, `-gone`, `-error`, `-unit`.
        """
        self._tell(scpi.CLEAR)
        self.identity = self._ask(scpi.IDENTITY, scpi.identity)
        if not scpi.is_mmhg(self._ask(scpi.UNIT, scpi.unit)):
            self._tell(scpi.SET_MMHG)
        self.prove_unit()
        number, text = self._ask(scpi.ERROR, scpi.error)
        if number:
            raise errors.WorldFailed("manometer-error", self.port, said=f"{number} {text}")

    def prove_unit(self) -> None:
        """Raise WorldFailed `manometer-unit` unless it shows mmHg."""
        name = self._ask(scpi.UNIT, scpi.unit)
        if not scpi.is_mmhg(name):
            raise errors.WorldFailed("manometer-unit", self.port, unit=name)

    def sample(self) -> stability.Sample:
        """Return the pressure now. Raises WorldFailed as `start`, and `manometer-range`."""
        value = self._ask(scpi.PRESSURE, scpi.pressure)
        if not _RANGE[0] <= value <= _RANGE[1]:
            raise errors.WorldFailed("manometer-range", self.port, said=f"{value}")
        return stability.Sample(self._now_ms(), value)

    def samples(self) -> Iterator[stability.Sample]:
        """Give samples for ever, as fast as the instrument has them."""
        while True:
            yield self.sample()

    def still(
        self, nominal: Decimal, near: Decimal, on_sample: Callable[[stability.Sample], None]
    ) -> stability.Still | None:
        """Wait until the pressure stands still near a nominal one; None if it never does.

        Raises WorldFailed as `sample`.
        """
        watch, first_ms = stability.Stability(), self._now_ms()
        self.prove_unit()
        for sample in self.samples():
            on_sample(sample)
            found = watch.take(sample.at_ms, sample.value)
            if found is not None and abs(found.value - nominal) <= near:
                self.prove_unit()
                return found
            if not 0 <= sample.at_ms - first_ms <= PATIENCE_MS:
                return None  # also where the clock was set back: nobody waits a day for it
        raise AssertionError  # samples do not end

    def _ask(self, query: str, read: Callable[[str], _Answer]) -> _Answer:
        """Ask until an answer can be read, at most TRIES times."""
        failure = scpi.AnswerError("silent", "")
        for _ in range(TRIES):
            self._tell(query)
            raw = self._received()
            try:
                if raw:
                    return read(scpi.line(raw))
            except scpi.AnswerError as error:
                failure = error
        raise self._unanswered(failure)

    def _tell(self, command: str) -> None:
        with self._translated():
            self._line.reset_input_buffer()  # a late answer is the answer to something else
            self._line.write(command.encode() + scpi.END)

    def _received(self) -> bytes:
        with self._translated():
            return bytes(self._line.read_until(scpi.END, scpi.MAX_ANSWER_BYTES))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except _FAILURES as error:
            said = scpi.shown(str(error))
            raise errors.WorldFailed("manometer-gone", self.port, said=said) from error

    def _unanswered(self, failure: scpi.AnswerError) -> errors.WorldFailed:
        if failure.code == "unit":
            return errors.WorldFailed("manometer-unit", self.port, unit=failure.said)
        if failure.code == "range":
            return errors.WorldFailed("manometer-range", self.port, said=failure.said)
        if failure.said:
            return errors.WorldFailed("manometer-garbled", self.port, said=failure.said)
        return errors.WorldFailed("manometer-silent", self.port)


@contextmanager
def opened(port: str, now_ms: Callable[[], int]) -> Iterator[Manometer]:
    """Give the manometer on a port, asked who it is. Raises WorldFailed `manometer-...`."""
    try:
        line = serial.serial_for_url(
            port, BAUD, timeout=ANSWER_S, write_timeout=ANSWER_S, exclusive=True
        )
    except (*_FAILURES, ValueError) as error:
        if "exclusively lock" in str(error):
            raise errors.WorldFailed("manometer-busy", port) from error
        said = scpi.shown(str(error))
        raise errors.WorldFailed("manometer-gone", port, said=said) from error
    with line:
        found = Manometer(port, line, now_ms)
        found.start()
        yield found
