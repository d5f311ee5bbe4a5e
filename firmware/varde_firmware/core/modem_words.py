"""What `core.modem` hears and says."""

from varde_protocols._compat import const
from varde_protocols.value import Value

# What is remembered of the PIN of the config.
PIN_UNTRIED = const(0)
PIN_TRYING = const(1)  # it is being sent
PIN_REFUSED = const(2)

# Verbs of Use.
OPEN = const(0)
CLOSE = const(1)
START_PPP = const(2)
STOP_PPP = const(3)  # then Stopped
ESCAPE = const(4)  # from data to commands: +++ between two silences

# Pins of Press.
NOTHING = const(0)
KEY = const(1)
RESET = const(2)


class SwitchOn(Value):
    """Make a call stand."""


class HangUp(Value):
    """End the call."""


class SwitchOff(Value):
    """End all."""


class Answered(Value):
    """What came of the last Send, as at_talk.Answer."""

    FIELDS = ("result", "code", "text")
    result: int
    code: int
    text: str


class PppUp(Value):
    """PPP has an address."""


class PppDown(Value):
    """It has none any more, or what it has leads nowhere."""


class Stopped(Value):
    """PPP is closed, as far as it can be."""


class Send(Value):
    """Send a command and hand in its answer, SILENT after so long."""

    FIELDS = ("command", "timeout_ms")
    command: str
    timeout_ms: int


class Press(Value):
    """Hold a pin for so long; NOTHING: only wait."""

    FIELDS = ("pin", "hold_ms")
    pin: int
    hold_ms: int


class Use(Value):
    """Do this with the line to the modem."""

    FIELDS = ("verb",)
    verb: int


class Remember(Value):
    """Keep over power cuts what became of the PIN, before anything else is done."""

    FIELDS = ("pin_state",)
    pin_state: int


class TimeTold(Value):
    """The operator's clock, just read."""

    FIELDS = ("utc_ms",)
    utc_ms: int


class Troubled(Value):
    """Worth an event (records.MODEM_...); it goes on."""

    FIELDS = ("reason",)
    reason: int


class GaveUp(Value):
    """There will be no call (records.MODEM_...); it is switched off."""

    FIELDS = ("reason",)
    reason: int
