"""What a driver asks of its session, one step after the other.

A driver is a generator. It yields steps and gets their results; the session performs them, each
within its time limit, and ends when the generator ends or raises `EndedError`. A step says in
which state the session waits for it, what it asks of the shell and how long that may take.
Besides, a driver may yield every action of `sensor_words` that has no answer (Listen, Tell,
ClockRead, KeepRead, a write without response, Ready); its result is None.

Before `Ready` nobody else is set up or heard, and only then may a driver discover: the stack looks
things up for one connection at a time.
"""

from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.value import Value

from . import sensor_words as words

if TYPE_CHECKING:
    from typing import Any, Callable, Generator, List, Optional, Set, Tuple

    from varde_protocols.hub_config import Sensor

    Procedure = Generator[Value, Any, None]

TUNING = "tuning"
FINDING_SERVICE = "finding-service"
FINDING_CHARACTERISTICS = "finding-characteristics"
FINDING_SWITCH = "finding-switch"
READING = "reading"
WRITING = "writing"
ENCRYPTING = "encrypting"
WAITING = "waiting"
AWAITING_CONTROL = "awaiting-control"
AWAITING_VALUE = "awaiting-value"
FLUSHING = "flushing"
RECEIVING = "receiving"

CCCD = const(0x2902)
# ATT allows 30 s for a response; a sensor that needs 10 s has gone or is stuck.
STAGE_MS = const(10_000)
# Where the link breaks, the stack ends the request, and at once after that the connection.
GONE_MS = const(1_000)
# Once may be the link, thrice is the sensor.
MOST_FLIGHTS = const(3)
# Characteristics of a service: sixteen is many, and a peer may name thousands.
MOST_FOUND = const(64)
# A refused MTU exchange is not reported by the stack, so silence is an answer as well.
TUNING_MS = const(2_000)
# The Security Manager's own limit (Core 5.4, Vol 3, Part H, 3.4); not counted as set-up.
PAIR_MS = const(30_000)
# The journal takes some ten values a second, and the ring holds 136.
FLUSH_MS = const(30_000)


class EndedError(Exception):
    """Ends the session with this outcome of `sensor_words`."""

    def __init__(self, outcome: str) -> None:
        super().__init__(outcome)
        self.outcome = outcome


class Facts:
    """What the hub knows of a sensor, kept by the shell from one session to the next."""

    def __init__(
        self, sensor: "Sensor", utc_at: "Optional[Callable[[int], Optional[int]]]" = None
    ) -> None:
        self.sensor = sensor
        self.address = b""
        self.now_ms = 0  # uptime, set before each step
        self.utc_at = utc_at  # from uptime to Unix time, both in ms; None while it is not known
        self.has_bond = False  # the hub holds a key for it, not set aside
        self.is_encrypted = False  # this session's link, as much as the config wants
        self.is_listening = False  # in this session, at `handles`
        self.is_bond_aside = False  # it did not know our key
        self.refusals = 0  # times in a row that it went away while we encrypted
        self.handles: "List[Tuple[int, int, int]]" = []  # last time: handle, service, number
        self.lacks: "Set[int]" = set()  # services that it does not have, or not for us
        self.looking_at = 0  # a service that the values do not need, until they are subscribed
        self.flights = 0  # sessions in a row that ended there
        self.zone_ms = 0  # ahead of UTC, as its clock showed last
        self.battery_ms: "Optional[int]" = None  # when its battery was looked at
        self.last_number: "Optional[int]" = None  # sequence number of the newest stored record
        self.last_count = 0  # how many were stored then

    def begin(self) -> None:
        """A session begins: what was known of the last link holds no more.

        There are sensors that hang up on a host that looks at too much: the values come first.
        """
        if self.looking_at:
            self.flights += 1
            if self.flights >= MOST_FLIGHTS:
                self.lacks.add(self.looking_at)
        self.looking_at = 0
        self.is_encrypted = False
        self.is_listening = False

    def meet(self, address: bytes, handles: "List[Tuple[int, int, int]]") -> None:
        """It has another address now, so it may be another: what was found then may not hold.

        That is one that is known by its name, exchanged for its like; or it hides its address.
        """
        self.address = address
        self.handles = handles
        self.lacks = set()
        self.battery_ms = None
        self.last_number = None

    def utc_ms(self) -> "Optional[int]":
        """Return Unix time in ms, None if the hub does not know it."""
        return None if self.utc_at is None else self.utc_at(self.now_ms)


class Step(Value):
    """Has an answer to wait for, in STATE, for `limit_ms` at most."""

    STATE = WAITING
    IS_SET_UP = True  # counts as set-up until the driver is ready
    limit_ms: int = STAGE_MS

    def actions(self) -> "List[Value]":
        """Return what the shell is asked for."""
        return []

    def no_result(self) -> "Any":
        """Return the result as long as nothing was found."""
        return None

    def found(self, result: "Any", _event: "Any") -> "Any":
        """Return the result when the radio has found one more thing."""
        return result

    def done(self, _event: "Any", result: "Any") -> "Any":
        """Return the result when the radio has done."""
        return result


class TimedStep(Step):
    """Brings its own limit, and ends well when that is over."""

    FIELDS: "Tuple[str, ...]" = ("limit_ms",)
    IS_SET_UP = False


class ExchangeMtu(Step):
    """Offer our MTU. No result; a sensor that does not answer is one that refuses."""

    STATE = TUNING
    limit_ms = TUNING_MS

    def actions(self) -> "List[Value]":
        return [words.ExchangeMtu()]


class FindService(Step):
    """Result: (start handle, end handle) of its first instance, or None."""

    STATE = FINDING_SERVICE
    FIELDS = ("number",)
    number: int

    def actions(self) -> "List[Value]":
        return [words.DiscoverService(self.number)]

    def found(self, result: "Any", event: "Any") -> "Any":
        if result is not None:  # a second instance of the service is none of ours
            return result
        return event.start_handle, event.end_handle


class FindCharacteristics(Step):
    """Result: list of CharacteristicFound, of those that have a number."""

    STATE = FINDING_CHARACTERISTICS
    FIELDS = ("start_handle", "end_handle")
    start_handle: int
    end_handle: int

    def actions(self) -> "List[Value]":
        return [words.DiscoverCharacteristics(self.start_handle, self.end_handle)]

    def no_result(self) -> "Any":
        return []

    def found(self, result: "Any", event: "Any") -> "Any":
        is_inside = self.start_handle <= event.value_handle <= self.end_handle
        if is_inside and event.uuid and len(result) < MOST_FOUND:
            result.append(event)
        return result


class FindSwitch(Step):
    """Result: the handle of the CCCD of a characteristic, 0 if it has none."""

    STATE = FINDING_SWITCH
    FIELDS = ("value_handle", "end_handle")
    value_handle: int
    end_handle: int

    def actions(self) -> "List[Value]":
        return [words.DiscoverDescriptors(self.value_handle, self.end_handle)]

    def no_result(self) -> "Any":
        return 0

    def found(self, result: "Any", event: "Any") -> "Any":
        # a peer may name any handle; a CCCD elsewhere would switch on what nobody listens to
        is_ours = event.uuid == CCCD and self.value_handle < event.handle <= self.end_handle
        return result or (event.handle if is_ours else 0)


class Read(Step):
    """Result: (status, value)."""

    STATE = READING
    FIELDS = ("handle",)
    handle: int

    def actions(self) -> "List[Value]":
        return [words.ReadHandle(self.handle)]

    def done(self, event: "Any", _result: "Any") -> "Any":
        return event.status, event.value


class Write(Step):
    """With a response; result: status. Without one, yield the action WriteHandle instead."""

    STATE = WRITING
    FIELDS = ("handle", "data")
    handle: int
    data: bytes

    def actions(self) -> "List[Value]":
        return [words.WriteHandle(self.handle, self.data, True)]

    def done(self, event: "Any", _result: "Any") -> "Any":
        return event.status


class Encrypt(Step):
    """Use our key, or pair. No result; if that fails, it ends the session."""

    STATE = ENCRYPTING
    limit_ms = PAIR_MS
    IS_SET_UP = False

    def actions(self) -> "List[Value]":
        return [words.Pair()]


class Wait(TimedStep):
    """Let time pass. No result."""


class AwaitControl(TimedStep):
    """Result: the next value of a handle that is listened to as control, None after `limit_ms`.

    Readings that come meanwhile begin the time anew.
    """

    STATE = AWAITING_CONTROL
    FIELDS = ("value_handle", "limit_ms")
    value_handle: int


class AwaitValue(TimedStep):
    """Result: True when a reading comes, False after `limit_ms`."""

    STATE = AWAITING_VALUE

    def no_result(self) -> "Any":
        return False


class Receive(Step):
    """Readings, the first within `first_ms`, until it is quiet. No result.

    The scanner goes on, as after `Ready`.
    """

    STATE = RECEIVING
    FIELDS = ("first_ms", "quiet_ms")
    first_ms: int
    quiet_ms: int


class Flush(Step):
    """All readings so far are durable. Result: (how many could not be kept, the last one)."""

    STATE = FLUSHING
    limit_ms = FLUSH_MS
    IS_SET_UP = False

    def actions(self) -> "List[Value]":
        return [words.Flush()]
