"""What a sensor session hears (events), says (actions) and comes to (outcomes).

Handles are 16-bit numbers as in the Attribute Protocol (Core 5.4, Vol 3, Part F, 3.2); services
and characteristics are numbers of `varde_protocols.assigned`: the 16-bit UUID, or a number of its
table. A status is 0 for success, 256 + the ATT error where the sensor answered with one
(Core 5.4, Vol 3, Part F, 3.4.1.1), anything else where the stack or the link failed.
"""

from varde_protocols._compat import TYPE_CHECKING
from varde_protocols.value import Value

if TYPE_CHECKING:
    from typing import List, Tuple

# Outcomes: why the session is over.
DONE = "done"  # values came, then silence, or the sensor left after at least one value
NO_VALUES = "no-values"
NO_CONNECTION = "no-connection"
NO_SERVICE = "no-service"
NO_CHARACTERISTIC = "no-characteristic"  # none of the configured, or none that sends
NO_SWITCH = "no-cccd"
REFUSED = "refused"  # it answers with an error, or is another model than the config says
BOND_LOST = "bond-lost"  # it does not know our key any more
PAIRING_FAILED = "pairing-failed"
LOST = "lost"  # the link broke before any value
TIMED_OUT = "timed-out"
STOPPED = "stopped"  # by us: no room in the journal
RADIO_DEAF = "radio-deaf"  # the radio did not say what became of our request
RADIO_FAILED = "radio-failed"

# Statuses (Core 5.4, Vol 3, Part F, 3.4.1.1).
ATT_ERROR = 0x100
NOT_AUTHENTICATED = 0x105
NOT_ENCRYPTED = 0x10F
IGNORED_FIELDS = 0x180  # of a clock: success enough (Current Time Service 1.1, 3.1)

# Passkey actions as modbluetooth numbers them.
PASSKEY_ENTER = 2  # type in what the sensor shows
PASSKEY_SHOW = 3  # make one up: the sensor's user types it in
PASSKEY_COMPARE = 4

# Events


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
    """One characteristic of the service; `uuid` is its number, 0 if it has none."""

    FIELDS = ("end_handle", "value_handle", "properties", "uuid")
    end_handle: int
    value_handle: int
    properties: int
    uuid: int


class DescriptorFound(Value):
    """One attribute after a characteristic's value; 0 if it has no number."""

    FIELDS = ("handle", "uuid")
    handle: int
    uuid: int


class StageDone(Value):
    """A discovery or a write is over."""

    FIELDS = ("status",)
    status: int


class ReadDone(Value):
    """A read is over; `value` is empty unless `status` is 0."""

    FIELDS = ("status", "value")
    status: int
    value: bytes


class Secured(Value):
    """The link's security has changed, or the attempt has failed (then `encrypted` is false)."""

    FIELDS = ("encrypted", "authenticated", "bonded")
    encrypted: bool
    authenticated: bool
    bonded: bool


class PasskeyAsked(Value):
    """Pairing wants a passkey; `number` is the one to compare, if that is the action."""

    FIELDS = ("action", "number")
    action: int
    number: int


class Control(Value):
    """A value of a handle that `ListenControl` named."""

    FIELDS = ("value_handle", "value")
    value_handle: int
    value: bytes


class ValueKept(Value):
    """The handler has kept more values of this session; `total` since its start."""

    FIELDS = ("total",)
    total: int


class Flushed(Value):
    """All values until `Flush` are in the journal, but for those `lost`; `value` is the last."""

    FIELDS = ("lost", "value")
    lost: int
    value: bytes


class Stop(Value):
    """End it: there is no room for more values, or the radio is about to be restarted."""

    FIELDS = ("outcome",)
    outcome: str


# Actions


class Connect(Value):
    """Connect to the sensor within `timeout_ms`."""

    FIELDS = ("timeout_ms",)
    timeout_ms: int


class CancelConnect(Value):
    """Give up connecting."""


class ExchangeMtu(Value):
    """Offer our MTU."""


class Pair(Value):
    """Encrypt with the key that we hold, or pair; `Secured` follows."""


class SetBondAside(Value):
    """The sensor does not know the key that we hold: `Pair` shall make another.

    The old one is not used, and not forgotten either, until there is a new one. So a sensor that
    is not in its pairing mode refuses, and nothing is lost.
    """


class RestoreBond(Value):
    """No other was made: use the key set aside again."""


class GivePasskey(Value):
    """Answer `PasskeyAsked`."""

    FIELDS = ("action", "passkey")
    action: int
    passkey: int


class DiscoverService(Value):
    """Find the service of this number."""

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
    """From now on, values of `value_handle` are readings of this characteristic."""

    FIELDS = ("value_handle", "service", "characteristic")
    value_handle: int
    service: int
    characteristic: int


class ListenControl(Value):
    """From now on, values of `value_handle` come here as `Control`, and are not journaled."""

    FIELDS = ("value_handle",)
    value_handle: int


class KeepHandles(Value):
    """Know them also after a restart: a list of (handle, service, characteristic)."""

    FIELDS = ("handles",)
    handles: "List[Tuple[int, int, int]]"


class Unlisten(Value):
    """The handles listened to until now are no longer what they were."""


class ReadHandle(Value):
    """Read a value; `ReadDone` follows."""

    FIELDS = ("handle",)
    handle: int


class WriteHandle(Value):
    """Write a value; with a response `StageDone` follows, without one nothing does."""

    FIELDS = ("handle", "data", "with_response")
    handle: int
    data: bytes
    with_response: bool


class KeepRead(Value):
    """Journal a value that was read (a battery's level) as a reading."""

    FIELDS = ("service", "characteristic", "value")
    service: int
    characteristic: int
    value: bytes


class ClockRead(Value):
    """Journal the sensor's clock (records.CLOCK_READ, _BEFORE, _AFTER)."""

    FIELDS = ("characteristic", "value", "occasion")
    characteristic: int
    value: bytes
    occasion: int


class Tell(Value):
    """Journal an event of `records` with the sensor's slot as its detail."""

    FIELDS = ("code",)
    code: int


class Flush(Value):
    """Journal what waits in the ring; `Flushed` follows when all of it is durable."""


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
