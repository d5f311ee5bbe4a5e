"""Ground truth of one sensor: which bytes it measured, sent, saw confirmed.

A reading is *made* when it was measured, *offered* once it went on the air, *carried* when it has
reached a host's radio for sure: confirmed, or sent on a connection that went on for longer than
the air needs. What a hub makes of a carried reading is the hub's business; the others stay with
the sensor, or were never meant to be kept.
"""

from dataclasses import dataclass, field


@dataclass
class Reading:
    """One stored reading. Times are virtual microseconds of the world's loop.

    `value` is what the sensor holds, faults included. `user` and `sequence` are the sensor's own
    (sequence numbers count from 1 for each user).
    """

    number: int
    characteristic: int
    value: bytes
    measured_us: int
    sent_us: list[int] = field(default_factory=list)
    confirmed_us: int | None = None
    overwritten: bool = False  # the sensor's own memory was full; nobody else's fault
    user: int = 0
    sequence: int = 0
    deleted_us: int | None = None  # by a host, or with the batteries
    cut_to: int | None = None  # it never fitted the MTU: so many bytes went out
    carried_us: int | None = None

    @property
    def sent(self) -> int:
        """How often it went over the air."""
        return len(self.sent_us)

    @property
    def is_confirmed(self) -> bool:
        return self.confirmed_us is not None

    @property
    def is_carried(self) -> bool:
        """It has surely reached a host's radio."""
        return self.is_confirmed or self.carried_us is not None

    @property
    def as_sent(self) -> bytes:
        """What of it fitted the MTU."""
        return self.value if self.cut_to is None else self.value[: self.cut_to]

    @property
    def is_stored(self) -> bool:
        """It still stands in the sensor's memory, if that one keeps what was confirmed."""
        return not self.overwritten and self.deleted_us is None


@dataclass
class Notification:
    """One value sent without asking for a confirmation; `carried` is False if the connection was
    lost before the value was surely on the other side."""

    characteristic: int
    value: bytes
    sent_us: int
    carried: bool = True


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
        """What no host has confirmed and the sensor still keeps."""
        return [r for r in self.readings if not r.is_confirmed and r.is_stored]

    @property
    def stored(self) -> list[Reading]:
        """What stands in the memory of a sensor that keeps confirmed readings."""
        return [reading for reading in self.readings if reading.is_stored]

    @property
    def offered(self) -> list[Reading]:
        return [reading for reading in self.readings if reading.sent_us]

    @property
    def carried(self) -> list[tuple[int, bytes]]:
        """(characteristic, value) of all that surely reached a host's radio, each as often as it
        was measured. These must all be at the receiver, once."""
        stored = [(r.characteristic, r.as_sent) for r in self.readings if r.is_carried]
        return stored + [(n.characteristic, n.value) for n in self.notifications if n.carried]

    def add(
        self, characteristic: int, value: bytes, now_us: int, user: int = 0, sequence: int = 0
    ) -> Reading:
        number = len(self.readings)
        reading = Reading(
            number, characteristic, bytes(value), now_us, user=user, sequence=sequence
        )
        self.readings.append(reading)
        return reading

    def next_sequence(self, user: int = 0) -> int:
        """Of the next reading of this user."""
        return max((r.sequence for r in self.readings if r.user == user), default=0) + 1

    def make_room(self, user: int, most: int, keeps_confirmed: bool) -> None:
        """The oldest goes. A sensor that deletes what was confirmed counts only the rest."""
        kept = self.stored if keeps_confirmed else self.held
        of_user = [reading for reading in kept if reading.user == user]
        for reading in of_user[: max(0, len(of_user) - most)]:
            reading.overwritten = True

    def forget(self) -> None:
        """A sensor without a memory has lost what nobody fetched in time."""
        for reading in self.held:
            reading.overwritten = True

    def connection_ended(self, since_us: int) -> None:
        """What was sent after `since_us` without a confirmation may not have arrived."""
        for notification in reversed(self.notifications):
            if notification.sent_us < since_us:
                break
            notification.carried = False
        for reading in self.readings:
            if reading.carried_us is not None and reading.carried_us >= since_us:
                reading.carried_us = None
