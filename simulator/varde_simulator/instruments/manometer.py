"""A reference manometer's side of the cable: lines in, lines out.

SCPI-1999 as the handheld ones have it, IEEE 488.2 common commands, one error queue. An unknown
command is an error in the queue and no answer, so a program that waits for one learns patience.
"""

import random
from collections import deque
from collections.abc import Callable

MAX_LINE_BYTES = 128
MMHG_PER_KPA = 7.500616827
IDENTITY = "VARDE,VIRTUAL-MANOMETER,SIM0001,1.0"
CONVERSION_S = 0.2
"""How long one value takes: five a second."""

FAULTS = ("silent", "garbled", "digit", "range", "kpa", "error", "deaf-to-unit")
"""silent: answers nothing. garbled: broken characters in each third answer. digit: each seventh
value lacks its first digit. range: says overflow. kpa: somebody chose kPa at the panel.
error: an error waits in the queue. deaf-to-unit: does not change its unit when told to."""

_QUEUE_LENGTH = 10
_UNDEFINED = '-113,"Undefined header"'
_OVERRANGE = "9.9E37"


class VirtualManometer:
    """`pressure()` is the true one in mmHg; `error` what it adds; noise in mmHg."""

    def __init__(
        self,
        pressure: Callable[[], float],
        *,
        error: float = 0.0,
        noise: float = 0.02,
        seed: int = 1,
    ) -> None:
        self.faults: set[str] = set()
        self.answers = 0
        self.unit = "MMHG"
        self._pressure = pressure
        self._error = error
        self._noise = noise
        self._random = random.Random(seed)  # noqa: S311  replayable, not secret
        self._queue: deque[str] = deque()
        self._queries = {
            "*IDN?": lambda: IDENTITY,
            "MEAS:PRES?": self._value,
            "MEASURE:PRESSURE?": self._value,
            "UNIT:PRES?": lambda: self.unit,
            "UNIT:PRESSURE?": lambda: self.unit,
            "SYST:ERR?": self._next_error,
            "SYSTEM:ERROR?": self._next_error,
        }

    def put_fault(self, name: str) -> None:
        """Begin a fault of FAULTS."""
        self.faults.add(name)
        if name == "kpa":
            self.unit = "KPA"
        if name == "error":
            self._queue.append('-315,"Configuration memory lost"')

    def heal(self) -> None:
        """End all faults; the unit stays what somebody chose."""
        self.faults.clear()
        self._queue.clear()

    def measures(self, line: bytes) -> bool:
        """Whether the answer takes CONVERSION_S."""
        return line.strip().upper().startswith(b"MEAS")

    def answer(self, line: bytes) -> bytes:
        """Bytes that answer one line, empty for a command."""
        text = line.decode("ascii", errors="replace").strip().upper()
        if not text or "silent" in self.faults:
            return b""
        query = self._queries.get(text)
        if query is None:
            self._command(text)
            return b""
        self.answers += 1
        return self._sent(query(), measured=query == self._value)

    def _sent(self, answer: str, *, measured: bool) -> bytes:
        if measured and "digit" in self.faults and self.answers % 7 == 0:
            answer = answer[:1] + answer[2:]
        if "garbled" in self.faults and self.answers % 3 == 0:
            answer = answer[:2] + "\x8f" + answer[3:]
        return answer.encode("latin-1") + b"\r\n"

    def _command(self, text: str) -> None:
        name, _, value = text.partition(" ")
        if name == "*CLS":
            self._queue.clear()
            if "error" in self.faults:
                self.put_fault("error")
        elif name in ("UNIT:PRES", "UNIT:PRESSURE") and value in ("MMHG", "KPA"):
            if "deaf-to-unit" not in self.faults:
                self.unit = value
        elif len(self._queue) < _QUEUE_LENGTH:
            self._queue.append(_UNDEFINED)

    def _value(self) -> str:
        if "range" in self.faults:
            return _OVERRANGE
        mmhg = self._pressure() + self._error + self._random.gauss(0, self._noise)
        return f"{mmhg:+.2f}" if self.unit == "MMHG" else f"{mmhg / MMHG_PER_KPA:+.4f}"

    def _next_error(self) -> str:
        return self._queue.popleft() if self._queue else '0,"No error"'
