"""What the one light shows.

The first line of the table whose fact holds decides. Colours are dim (a bedroom at night) and
differ in brightness as well, for those who do not tell red from green. A reminder goes on and off,
which nothing else does while the hub runs.
"""

from varde_protocols._compat import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Optional, Tuple

FAULT = "fault"  # the journal is full or the radio fails: measurements may be missed
SENSOR_WORKING = "sensor-working"  # do not put the sensor away yet
REMINDER = "reminder"  # somebody is asked to measure (core/reminders.py)
REMINDER_PAUSE = "reminder-pause"
STARTING = "starting"  # or testing
NOT_ENROLLED = "not-enrolled"  # the collector takes nothing from this hub: call whoever runs it
NO_LINK = "no-link"  # measurements are kept, and wait
OK = "ok"

RGB = {
    FAULT: (48, 0, 0),
    SENSOR_WORKING: (0, 0, 48),
    REMINDER: (0, 32, 32),
    REMINDER_PAUSE: (0, 0, 0),
    STARTING: (12, 12, 12),
    NOT_ENROLLED: (20, 0, 20),
    NO_LINK: (24, 12, 0),
    OK: (0, 6, 0),
}


class Facts:
    """What the tasks know; each sets its own."""

    def __init__(self) -> None:
        self.has_fault = False
        self.sessions = 0  # sensors connected
        self.reminder: "Optional[str]" = None  # REMINDER, REMINDER_PAUSE
        self.scanning = False  # the radio has been started
        self.is_testing = False  # test readings are made
        self.is_enrolled = True  # the collector has not said otherwise
        self.link_up = False  # the last exchange was acknowledged, and the link still stands

    def state(self) -> str:
        """Return the word for what holds now, most urgent first."""
        if self.has_fault:
            return FAULT
        if self.sessions:
            return SENSOR_WORKING
        if self.reminder is not None:
            return self.reminder
        if not self.scanning or self.is_testing:
            return STARTING
        if not self.is_enrolled:
            return NOT_ENROLLED
        return OK if self.link_up else NO_LINK

    def rgb(self) -> "Tuple[int, int, int]":
        """Return the colour for the light, 0..255 each."""
        return RGB[self.state()]
