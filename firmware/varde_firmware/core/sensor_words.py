"""What a sensor session hears (events), says (actions) and comes to (outcomes).

Handles and UUIDs are 16-bit numbers as in the Attribute Protocol (Core 5.4, Vol 3, Part F, 3.2).
"""

from varde_protocols.value import Value

# Outcomes: why the session is over.
DONE = "done"  # values came, then silence, or the sensor left after at least one value
NO_VALUES = "no-values"
NO_CONNECTION = "no-connection"
NO_SERVICE = "no-service"
NO_CHARACTERISTIC = "no-characteristic"  # none of the configured, or none that sends
NO_SWITCH = "no-cccd"
REFUSED = "refused"  # a CCCD write was answered with an error
LOST = "lost"  # the link broke before any value
TIMED_OUT = "timed-out"
STOPPED = "stopped"  # by us: no room in the journal
RADIO_DEAF = "radio-deaf"  # the radio did not say what became of our request
RADIO_FAILED = "radio-failed"


class Begin(Value):
    """Start; the sensor was heard just now."""


class Connected(Value):
    """The link is up."""


class Disconnected(Value):
    """The link is gone, or the attempt to make it failed."""


class MtuSet(Value):
    """The MTU exchange is over, whatever it gave."""


class ServiceFound(Value):
    """A service of the wanted UUID, with the handles of its attributes."""

    FIELDS = ("start_handle", "end_handle")
    start_handle: int
    end_handle: int


class CharacteristicFound(Value):
    """One characteristic of the service; `uuid` is its 16-bit UUID, 0 if it has none."""

    FIELDS = ("end_handle", "value_handle", "properties", "uuid")
    end_handle: int
    value_handle: int
    properties: int
    uuid: int


class DescriptorFound(Value):
    """One attribute after a characteristic's value."""

    FIELDS = ("handle", "uuid")
    handle: int
    uuid: int


class StageDone(Value):
    """A discovery or a write is over; status 0 is success."""

    FIELDS = ("status",)
    status: int


class ValueKept(Value):
    """The handler has kept more values of this session; `total` since its start."""

    FIELDS = ("total",)
    total: int


class Stop(Value):
    """End it: there is no room for more values, or the radio is about to be restarted."""

    FIELDS = ("outcome",)
    outcome: str


class Connect(Value):
    """Connect to the sensor within `timeout_ms`."""

    FIELDS = ("timeout_ms",)
    timeout_ms: int


class CancelConnect(Value):
    """Give up connecting."""


class ExchangeMtu(Value):
    """Offer our MTU."""


class DiscoverService(Value):
    """Find the service of this 16-bit UUID."""

    FIELDS = ("uuid",)
    uuid: int


class DiscoverCharacteristics(Value):
    """Find the characteristics between two handles."""

    FIELDS = ("start_handle", "end_handle")
    start_handle: int
    end_handle: int


class DiscoverDescriptors(Value):
    """Find what follows a value handle."""

    FIELDS = ("value_handle", "end_handle")
    value_handle: int
    end_handle: int


class Listen(Value):
    """From now on, values of `value_handle` are this characteristic's."""

    FIELDS = ("value_handle", "characteristic")
    value_handle: int
    characteristic: int


class WriteSwitch(Value):
    """Write a CCCD and ask for the answer."""

    FIELDS = ("handle", "data")
    handle: int
    data: bytes


class Ready(Value):
    """All is subscribed: the scanner may go on."""


class Disconnect(Value):
    """End the link."""


class Finish(Value):
    """The session is over; `is_sure`: the sensor has got the confirmation of its last value."""

    FIELDS = ("outcome", "values", "is_sure")
    outcome: str
    values: int
    is_sure: bool
