"""Virtual time that leaps: days of a home pass in seconds, and every timeout keeps its meaning.

Virtual microseconds are CLOCK_MONOTONIC microseconds plus an offset, so that time runs at its
natural pace while anybody is working. When nobody is (every hub waits, no byte is on its way), the
world *leaps*: the offset grows until now is the earliest deadline of anybody, and goes on from
there. The world's asyncio loop lives in this time: ``loop.time()``, ``asyncio.sleep`` and the
timers of libraries such as Bumble count virtual seconds without knowing it.

When the loop has nothing to do, its selector asks every *gate* how long the world has to be silent
before a leap is safe. A gate is a callable without arguments that answers in real seconds:
0 = at once, a number = only after that much silence, NEVER = not now.

The *clock file* tells the time to the other processes (hub VMs and host programs). Little-endian,
24 bytes: u32 sequence (odd while being written), u32 rate (1000000, reserved), i64 offset_us
(virtual minus CLOCK_MONOTONIC), i64 utc_minus_virtual_us. Only the world writes it.
"""

import asyncio
import contextlib
import mmap
import selectors
import struct
import time
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

NEVER = float("inf")
US_PER_S = 1_000_000
CLOCK_FILE = struct.Struct("<IIqq")

# The offset moves in whole milliseconds, so that a hub can add it to its own millisecond ticks
# with small integers only and still agree with its microsecond ticks.
LEAP_STEP_US = 1_000

# While a gate is shut the selector looks again this often: gates also open by real time alone.
GATE_RECHECK_S = 0.001

Gate = Callable[[], float]
Result = TypeVar("Result")


class ClockFile:
    """Writer of the clock file: one mmap, one seqlock."""

    def __init__(self, path: Path) -> None:
        path.write_bytes(bytes(CLOCK_FILE.size))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), CLOCK_FILE.size)
        self.path = path
        self.sequence = 0

    def write(self, offset_us: int, utc_minus_virtual_us: int) -> None:
        """Publish; a reader that saw an odd or a changed sequence reads again."""
        struct.pack_into("<I", self._map, 0, (self.sequence + 1) & 0xFFFFFFFF)
        struct.pack_into("<Iqq", self._map, 4, US_PER_S, offset_us, utc_minus_virtual_us)
        self.sequence = (self.sequence + 2) & 0xFFFFFFFF
        struct.pack_into("<I", self._map, 0, self.sequence)

    def close(self) -> None:
        """Unmap; the file stays."""
        self._map.close()


class VirtualClock:
    """The world's time. Starts at virtual 0, which is ``start_utc``."""

    def __init__(self, path: Path, start_utc: datetime) -> None:
        self._file = ClockFile(path)
        self.path = path
        self._offset_us = -(_monotonic_us() // LEAP_STEP_US) * LEAP_STEP_US
        self._utc_minus_virtual_us = int(start_utc.timestamp() * US_PER_S)
        self._gates: dict[Gate, str] = {}
        self._busy: dict[object, str] = {}
        self.leaps = 0
        self._publish()

    def now_us(self) -> int:
        """Virtual microseconds since the world began."""
        return _monotonic_us() + self._offset_us

    def utc_ms(self) -> int:
        """Unix milliseconds of virtual UTC: the truth that hubs and collectors try to know."""
        return (self.now_us() + self._utc_minus_virtual_us) // 1000

    def utc(self) -> datetime:
        """Virtual UTC as a datetime."""
        return datetime.fromtimestamp(self.utc_ms() / 1000, UTC)

    def call_at(self, at_us: int, call: Callable[..., object], *args: Any) -> asyncio.TimerHandle:
        """Call when virtual time is at_us; on the world's loop."""
        return asyncio.get_running_loop().call_at(at_us / US_PER_S, call, *args)

    def call_later(
        self, delay_us: int, call: Callable[..., object], *args: Any
    ) -> asyncio.TimerHandle:
        """Call in delay_us of virtual time."""
        return self.call_at(self.now_us() + delay_us, call, *args)

    async def sleep_until(self, at_us: int) -> None:
        """Wait until virtual time is at_us."""
        await asyncio.sleep(max(0, at_us - self.now_us()) / US_PER_S)

    def add_gate(self, gate: Gate, name: str) -> None:
        """Let a part of the world have its say before each leap."""
        self._gates[gate] = name

    def remove_gate(self, gate: Gate) -> None:
        """The part is gone."""
        self._gates.pop(gate, None)

    @contextlib.contextmanager
    def busy(self, why: str) -> Iterator[None]:
        """Hold time at its natural pace, as while a host program starts."""
        token = object()
        self._busy[token] = why
        try:
            yield
        finally:
            del self._busy[token]

    def silence_needed_s(self) -> float:
        """Real seconds without any event that make a leap safe; NEVER if it is not."""
        if self._busy:
            return NEVER
        longest = 0.0
        for gate in self._gates:
            longest = max(longest, gate())
            if longest == NEVER:
                break
        return longest

    def blocked_by(self) -> list[str]:
        """Who keeps time from leaping now: for people who wonder why a scenario is slow."""
        shut = [name for gate, name in self._gates.items() if gate() == NEVER]
        return list(self._busy.values()) + shut

    def leap(self, by_s: float) -> None:
        """Move time on by at least by_s; only the selector calls this."""
        steps = -int(-by_s * US_PER_S // LEAP_STEP_US)
        self._offset_us += max(1, steps) * LEAP_STEP_US
        self.leaps += 1
        self._publish()

    def close(self) -> None:
        """Stop publishing."""
        self._file.close()

    def _publish(self) -> None:
        self._file.write(self._offset_us, self._utc_minus_virtual_us)


class LeapingSelector(selectors.DefaultSelector):
    """Waits as any selector does, and leaps instead when the world allows it."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> Any:
        """Ready file objects; an empty list also after a leap (the loop then runs its timers)."""
        ready = super().select(0)
        if ready or timeout is None or timeout <= 0:
            return ready if ready or timeout is not None else super().select(None)
        silence_s = self._clock.silence_needed_s()
        if silence_s == NEVER:
            return super().select(min(timeout, GATE_RECHECK_S))
        if silence_s > 0:
            ready = super().select(min(timeout, silence_s))
            if ready or timeout <= silence_s:
                return ready
            timeout -= silence_s
        self._clock.leap(timeout)
        return []


class _SteadyLoop(asyncio.SelectorEventLoop):
    """An asyncio loop that counts virtual seconds and never leaps."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        super().__init__()

    def time(self) -> float:
        """Virtual seconds."""
        return self._clock.now_us() / US_PER_S


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An asyncio loop that lives in virtual time."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        super().__init__(LeapingSelector(clock))

    def time(self) -> float:
        """Virtual seconds."""
        return self._clock.now_us() / US_PER_S


def run(clock: VirtualClock, main: Coroutine[Any, Any, Result]) -> Result:
    """As asyncio.run, in the clock's time."""
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(clock)) as runner:
        return runner.run(main)


def run_steadily(clock: VirtualClock, main: Coroutine[Any, Any, Result]) -> Result:
    """As `run`, at time's natural pace throughout: for a world that people and their tools use."""
    with asyncio.Runner(loop_factory=lambda: _SteadyLoop(clock)) as runner:
        return runner.run(main)


def _monotonic_us() -> int:
    return time.monotonic_ns() // 1000
