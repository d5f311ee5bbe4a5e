"""Oximeters that store nothing, and those that send what they see again and again.

A measurement's live values are what stands on the display; each stays until the next, or until it
is clear that the finger is out. Without a finger the frames go on and say so; then, after the
model's `idle_s`, the device switches its radio off.
"""

from typing import TYPE_CHECKING

from varde_simulator.sensors.behaviour import Behaviour, Values
from varde_simulator.sensors.meaning import Meaning, Oxygen, OxygenNow

if TYPE_CHECKING:
    from varde_simulator.sensors.virtual_sensor import VirtualSensor

HOLD_S = 2.5  # live values come once a second

Shown = Oxygen | OxygenNow


class Finger(Behaviour):
    """Knows what it sees; tells nobody by itself."""

    def __init__(self, sensor: "VirtualSensor") -> None:
        super().__init__(sensor)
        self.shown: Shown | None = None  # None: no finger

    def encode(self, meaning: Meaning, user: int) -> Values:
        """Nothing goes out at once and nothing is stored: it stands on the display from now on."""
        if not isinstance(meaning, Oxygen | OxygenNow):
            return super().encode(meaning, user)
        self.finger_in(meaning)
        return []

    def finger_in(self, shown: Shown) -> None:
        self.shown = shown
        self.sensor.later("finger out", HOLD_S, self.finger_out)

    def finger_out(self) -> None:
        self.shown = None


class FingerStream(Finger):
    """`characteristic` sends `frame(what is shown)` every `period_s`."""

    characteristic = 0
    period_s = 1.0

    def __init__(self, sensor: "VirtualSensor") -> None:
        super().__init__(sensor)
        sensor.table.when_subscribed[self.characteristic] = self._subscribed

    def frame(self, shown: Shown | None) -> bytes:
        """The next value; None: no finger."""
        raise NotImplementedError

    def secured(self) -> None:
        """A bonded host's subscription is in force again."""
        self._subscribed(self.sensor.table.notifies(self.characteristic), False)

    def disconnected(self) -> None:
        self.sensor.cancel("stream")

    def _subscribed(self, notify: bool, _indicate: bool) -> None:
        if notify:
            self.sensor.later("stream", self.period_s, self._send)
        else:
            self.sensor.cancel("stream")

    def _send(self) -> None:
        sensor = self.sensor
        if sensor.connection is None:
            return
        value = self.frame(self.shown)
        if self.shown is not None:
            sensor.send_live(self.characteristic, value)
        else:
            sensor.outbox.notify_live(self.characteristic, value)  # nothing that keeps it awake
        sensor.later("stream", self.period_s, self._send)
