"""Ground truth of one sensor: which bytes it measured, sent, saw confirmed."""

from dataclasses import dataclass, field


@dataclass
class Reading:
    """One stored reading. Times are virtual microseconds of the world's loop."""

    number: int
    characteristic: int
    value: bytes
    measured_us: int
    sent_us: list[int] = field(default_factory=list)
    confirmed_us: int | None = None
    overwritten: bool = False  # the sensor's own memory was full; nobody else's fault

    @property
    def sent(self) -> int:
        """How often it went over the air."""
        return len(self.sent_us)

    @property
    def is_confirmed(self) -> bool:
        return self.confirmed_us is not None


@dataclass(frozen=True)
class Notification:
    """One value sent without asking for a confirmation."""

    characteristic: int
    value: bytes
    sent_us: int


@dataclass
class Ledger:
    """All that happened, in order. What is sent more than once is still one reading."""

    readings: list[Reading] = field(default_factory=list)
    notifications: list[Notification] = field(default_factory=list)
    connections: int = 0
    bursts: int = 0
    live_values_missed: int = 0  # measured while nobody was subscribed: gone, as on the device

    @property
    def confirmed(self) -> list[Reading]:
        return [reading for reading in self.readings if reading.is_confirmed]

    @property
    def held(self) -> list[Reading]:
        """What the sensor still keeps."""
        return [r for r in self.readings if not r.is_confirmed and not r.overwritten]

    def add(self, characteristic: int, value: bytes, now_us: int) -> Reading:
        reading = Reading(len(self.readings), characteristic, bytes(value), now_us)
        self.readings.append(reading)
        return reading
