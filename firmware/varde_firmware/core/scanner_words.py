"""What the scanner hears (events) and says (actions). Sensors are named by their index."""

from varde_protocols.value import Value


class SwitchOn(Value):
    """Begin."""


class ScanEnded(Value):
    """The scan has run its length, or something stopped it."""


class Sighted(Value):
    """A configured sensor (by index) advertises."""

    FIELDS = ("index",)
    index: int


class SetUp(Value):
    """The session of this sensor has subscribed."""

    FIELDS = ("index",)
    index: int


class ValueCame(Value):
    """The session of this sensor has received something."""

    FIELDS = ("index",)
    index: int


class SessionEnded(Value):
    """The session of this sensor is over."""

    FIELDS = ("index", "outcome")
    index: int
    outcome: str


class RoomChanged(Value):
    """The journal has room for a session, or no more."""

    FIELDS = ("has_room",)
    has_room: bool


class RadioFailed(Value):
    """A radio call raised, or the radio lost an event."""


class StartScan(Value):
    """Scan for `duration_ms`."""

    FIELDS = ("duration_ms",)
    duration_ms: int


class StopScan(Value):
    """Stop scanning."""


class OpenSession(Value):
    """Make a session with this sensor and begin it."""

    FIELDS = ("index",)
    index: int


class StopSession(Value):
    """Tell the session of this sensor to stop."""

    FIELDS = ("index",)
    index: int


class StopSessions(Value):
    """Tell every session that is open to stop."""


class Mute(Value):
    """Do not report this sensor's advertisements."""

    FIELDS = ("index",)
    index: int


class Unmute(Value):
    """Report this sensor's advertisements again."""

    FIELDS = ("index",)
    index: int


class RestartRadio(Value):
    """Switch the radio off and on."""


class GiveUp(Value):
    """The radio is beyond our means: the hub should be reset."""
