"""What a model does that its data cannot say. A new model is often a `Model` and nothing here.

A subclass takes its sensor, hangs its own answers on characteristics (`sensor.table.when_read`,
`when_written`, `when_subscribed`) and overrides the moments that it lives otherwise. Parts that
several models share: `sensor_clock` with `time_service`, `record_access`, `user_data`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from varde_simulator.sensors import encoding
from varde_simulator.sensors.ledger import Reading
from varde_simulator.sensors.model import ALL, ASKED

if TYPE_CHECKING:
    from varde_simulator.sensors.virtual_sensor import VirtualSensor

Values = list[tuple[int, bytes]]


class Behaviour:
    """The plain sensor. Every method is a moment of its life. `measures`: numbers that it gives
    values for besides its characteristics, such as advertised data."""

    measures: tuple[int, ...] = ()

    def __init__(self, sensor: "VirtualSensor") -> None:
        self.sensor = sensor

    # What people do with it

    def button_pressed(self) -> None:
        """Its button, short: it advertises."""
        self.sensor.wake()

    def button_held(self) -> None:
        """Its button, long: it pairs for a while."""
        self.sensor.begin_pairing()
        self.sensor.wake()

    def user_entered(self, code: int) -> None:
        """Somebody has made a user with this consent code, by the sensor's own keys."""

    def batteries_changed(self) -> None:
        """New batteries are in; bond and clock have gone or stayed as the model says."""

    # What it says

    def advertisement(self) -> tuple[bytes, bytes]:
        """What it advertises now, and its scan response."""
        return self.sensor.model.advertising_data()

    def encode(self, meaning: Any, user: int) -> Values:
        """A measurement (`meaning.py`) as this model's values; stamped with its own clock."""
        clock = self.sensor.clock
        return encoding.encode(meaning, clock.stamp() if clock else b"", user)

    def sequence(self, _characteristic: int, _value: bytes, user: int) -> int:
        """The number of a new record; a model whose values hold one reads it from there."""
        return self.sensor.ledger.next_sequence(user)

    def capacity(self) -> int:
        """How many readings of one user its memory holds now."""
        return self.sensor.model.max_stored or 1

    # What happens to it

    def connected(self) -> None:
        """A host has connected; nothing is subscribed yet."""

    def secured(self) -> None:
        """The connection is encrypted now."""

    def disconnected(self) -> None:
        """The host has gone."""

    def measured(self, readings: Sequence[Reading]) -> None:
        """A measurement has ended; these stand in its memory now."""

    def confirmed(self, reading: Reading) -> None:
        """A host has confirmed this reading."""

    def idle(self) -> None:
        """Nothing has moved for `idle_s`."""
        self.sensor.hang_up()

    def next_reading(self) -> Reading | None:
        """What to indicate next to a host that subscribed; None: nothing."""
        sensor = self.sensor
        if sensor.model.sends == ASKED:
            return None
        everything = sensor.model.sends == ALL
        for reading in sensor.ledger.stored if everything else sensor.ledger.held:
            once = everything and reading.number in sensor.sent_now
            if sensor.table.indicates(reading.characteristic) and not once:
                return reading
        return None
