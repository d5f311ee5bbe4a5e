"""One connection to one sensor, from the advertisement to the last value.

The states, and what each waits for:

    IDLE             Begin
    CONNECTING       the controller to catch the next advertisement and connect
    TUNING           the MTU exchange, if the service's values may pass 20 bytes; refused is fine
    FINDING_SERVICE  the one configured service (some sensors switch off when a host looks at all)
    FINDING_VALUES   the characteristics of that service
    FINDING_SWITCHES the CCCD (0x2902) of each wanted characteristic, one after the other
    SUBSCRIBING      the answers to the CCCD writes, one after the other
    RECEIVING        values; ends after a quiet time, or when the sensor goes
    CLOSING          the disconnection we asked for
    CLOSED           nothing: a session is used once

Values may arrive from the first CCCD write on. They are kept by the radio's handler, through the
map that `Listen` sets up *before* any CCCD is written; the session only hears `ValueKept`.

How the connection ends tells whether the sensor got our last confirmation. Hung up by us and
answered at once: all before that was acknowledged, packet by packet. Hung up by the sensor: it had
what it waited for. Not answered, or broken before we hung up: in doubt. The stack does not say
which it was, but a link that breaks with a value is reported a supervision timeout after it.

0x0002 asks for indications, 0x0001 for notifications (Core 5.4, Vol 3, Part G, 3.3.3.3). Where a
characteristic offers both we take indications: those are confirmed, so they can be durable first.
"""

from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.value import Value

from . import decider
from . import sensor_words as words

if TYPE_CHECKING:
    from typing import List, Optional, Tuple

    from .decider import Outcome

IDLE = "idle"
CONNECTING = "connecting"
TUNING = "tuning"
FINDING_SERVICE = "finding-service"
FINDING_VALUES = "finding-values"
FINDING_SWITCHES = "finding-switches"
SUBSCRIBING = "subscribing"
RECEIVING = "receiving"
CLOSING = "closing"
CLOSED = "closed"

# A scale advertises for some seconds only, but at slow intervals when it saves its battery.
CONNECT_MS = const(10_000)
# The port's own limit is CONNECT_MS; without word from it by then, the radio itself is in doubt.
CONNECT_GRACE_MS = const(3_000)
# A refused MTU exchange is not reported by the stack, so silence is an answer as well.
TUNING_MS = const(2_000)
# The values of these never pass the 20 bytes that need no MTU exchange, with every optional field
# present: HTS 13, BLS 19, WSS 15, PLX 20. A round trip less is a sensor less that switches off.
SHORT_VALUES = (0x1809, 0x1810, 0x181D, 0x1822)
# ATT allows 30 s for a response; a sensor that needs 10 s has gone or is stuck.
STAGE_MS = const(10_000)
# Nobody else is heard or set up meanwhile, so one that dawdles at every stage gets no more in all.
SET_UP_MS = const(20_000)
# A cuff may be connected while it still measures, which takes up to a minute.
FIRST_VALUE_MS = const(60_000)
# Stored readings come tens of milliseconds apart; a second of silence ends a transfer, and is
# sooner than the 2 s after which sensors of this kind hang up or start advertising again.
QUIET_MS = const(1_000)
# Continuous values (PLX 2A5F) come about once a second, so silence takes longer to be sure of.
STREAM_QUIET_MS = const(5_000)
# A disconnection takes at most the supervision timeout, 6 s as we ask for it.
CLOSE_MS = const(8_000)

# A sensor that is there answers within some connection intervals of 30 to 50 ms. If it is not, we
# hear it when the supervision timeout ends: 2.56 s as NimBLE asks for it, of which QUIET_MS have
# passed, and before that the 0.3 s that keeping the value may take.
PROMPT_MS = const(800)
# So long after its last value a disconnection is the supervision timeout's, and not the sensor's.
LOST_FROM_MS = const(2_200)
LOST_TO_MS = const(2_800)

CCCD = const(0x2902)
PROPERTY_NOTIFY = const(0x10)
PROPERTY_INDICATE = const(0x20)
ASK_NOTIFY = b"\x01\x00"
ASK_INDICATE = b"\x02\x00"


class SensorSession(decider.Decider):
    """Decides one session; feed it the radio's events, perform its actions in order."""

    MOVES = {
        (IDLE, words.Begin): "_begin",
        (CONNECTING, words.Connected): "_connected",
        (CONNECTING, words.Disconnected): "_not_connected",
        (CONNECTING, words.Stop): "_stop_connecting",
        (CONNECTING, decider.Expired): "_no_word_from_radio",
        (TUNING, words.MtuSet): "_tuned",
        (TUNING, decider.Expired): "_tuned",
        (FINDING_SERVICE, words.ServiceFound): "_service_found",
        (FINDING_SERVICE, words.StageDone): "_services_done",
        (FINDING_SERVICE, decider.Expired): "_stage_over",
        (FINDING_VALUES, words.CharacteristicFound): "_characteristic_found",
        (FINDING_VALUES, words.StageDone): "_characteristics_done",
        (FINDING_VALUES, decider.Expired): "_stage_over",
        (FINDING_SWITCHES, words.DescriptorFound): "_descriptor_found",
        (FINDING_SWITCHES, words.StageDone): "_descriptors_done",
        (FINDING_SWITCHES, decider.Expired): "_stage_over",
        (SUBSCRIBING, words.StageDone): "_switched",
        (SUBSCRIBING, words.ValueKept): "_early_value",
        (SUBSCRIBING, decider.Expired): "_stage_over",
        (RECEIVING, words.ValueKept): "_value",
        (RECEIVING, decider.Expired): "_quiet",
        (RECEIVING, words.Disconnected): "_left",
        (CLOSING, words.Disconnected): "_hung_up",
        (CLOSING, words.ValueKept): "_late_value",
        (CLOSING, words.Stop): "_too_late",
        (CLOSING, decider.Expired): "_never_hung_up",
    }
    for _state in (
        TUNING,
        FINDING_SERVICE,
        FINDING_VALUES,
        FINDING_SWITCHES,
        SUBSCRIBING,
    ):
        MOVES[(_state, words.Disconnected)] = "_link_lost"
        MOVES[(_state, words.Stop)] = "_stop"
    MOVES[(RECEIVING, words.Stop)] = "_stop"
    # The peer may exchange the MTU whenever it likes; discoveries end after we have hung up.
    for _state in (
        FINDING_SERVICE,
        FINDING_VALUES,
        FINDING_SWITCHES,
        SUBSCRIBING,
        RECEIVING,
        CLOSING,
    ):
        MOVES[(_state, words.MtuSet)] = "_too_late"
    for _event in (words.ServiceFound, words.CharacteristicFound, words.DescriptorFound):
        MOVES[(CLOSING, _event)] = "_too_late"
    MOVES[(CLOSING, words.StageDone)] = "_too_late"
    MOVES[(RECEIVING, words.StageDone)] = "_too_late"

    def __init__(self, service: int, characteristics: "List[int]") -> None:
        super().__init__(IDLE)
        self.values = 0
        self._service = service
        self._wanted = characteristics
        self._outcome = words.NO_VALUES
        self._value_ms = 0  # when the last value was heard of
        self._prompt_until_ms = 0  # an answer to our hanging up is prompt until then
        self._range: "Optional[Tuple[int, int]]" = None
        self._found: "List[words.CharacteristicFound]" = []
        self._switches: "List[int]" = []  # CCCD handles, in the order of _found
        self._switch = 0  # the CCCD of the characteristic being looked at, 0 until seen
        self._next = 0  # index into _found of the one being looked at or switched on
        self._set_up_by_ms = 0

    def _begin(self, _event: Value, now_ms: int) -> "Outcome":
        return CONNECTING, now_ms + CONNECT_MS + CONNECT_GRACE_MS, [words.Connect(CONNECT_MS)]

    def _no_word_from_radio(self, _event: Value, _now_ms: int) -> "Outcome":
        return self._closed(words.RADIO_DEAF, [words.CancelConnect()])

    def _not_connected(self, _event: Value, _now_ms: int) -> "Outcome":
        return self._closed(words.NO_CONNECTION, [])

    def _stop_connecting(self, event: words.Stop, _now_ms: int) -> "Outcome":
        return self._closed(event.outcome, [words.CancelConnect()])

    def _stage_until_ms(self, now_ms: int) -> int:
        return min(now_ms + STAGE_MS, self._set_up_by_ms)

    def _connected(self, event: Value, now_ms: int) -> "Outcome":
        self._set_up_by_ms = now_ms + SET_UP_MS
        if self._service in SHORT_VALUES:
            return self._tuned(event, now_ms)
        return TUNING, now_ms + TUNING_MS, [words.ExchangeMtu()]

    def _tuned(self, _event: Value, now_ms: int) -> "Outcome":
        until_ms = self._stage_until_ms(now_ms)
        return FINDING_SERVICE, until_ms, [words.DiscoverService(self._service)]

    def _service_found(self, event: words.ServiceFound, _now_ms: int) -> "Outcome":
        if self._range is None:  # a second instance of the service is none of ours
            self._range = (event.start_handle, event.end_handle)
        return self.state, self.deadline_ms, []

    def _services_done(self, _event: words.StageDone, now_ms: int) -> "Outcome":
        if self._range is None:
            return self._closing(words.NO_SERVICE, now_ms)
        until_ms = self._stage_until_ms(now_ms)
        return FINDING_VALUES, until_ms, [words.DiscoverCharacteristics(*self._range)]

    def _characteristic_found(self, event: words.CharacteristicFound, _now_ms: int) -> "Outcome":
        sends = event.properties & (PROPERTY_NOTIFY | PROPERTY_INDICATE)
        if sends and event.uuid in self._wanted:
            self._found.append(event)
        return self.state, self.deadline_ms, []

    def _characteristics_done(self, _event: words.StageDone, now_ms: int) -> "Outcome":
        if not self._found:
            return self._closing(words.NO_CHARACTERISTIC, now_ms)
        return self._look(now_ms)

    def _look(self, now_ms: int) -> "Outcome":
        self._switch = 0
        found = self._found[self._next]
        if found.end_handle <= found.value_handle:  # NimBLE refuses to look in nothing
            return self._closing(words.NO_SWITCH, now_ms)
        look = words.DiscoverDescriptors(found.value_handle, found.end_handle)
        return FINDING_SWITCHES, self._stage_until_ms(now_ms), [look]

    def _descriptor_found(self, event: words.DescriptorFound, _now_ms: int) -> "Outcome":
        if event.uuid == CCCD and not self._switch:
            self._switch = event.handle
        return self.state, self.deadline_ms, []

    def _descriptors_done(self, _event: words.StageDone, now_ms: int) -> "Outcome":
        if not self._switch:
            return self._closing(words.NO_SWITCH, now_ms)
        self._switches.append(self._switch)
        self._next += 1
        if self._next < len(self._found):
            return self._look(now_ms)
        self._next = 0
        listen: "List[Value]" = [words.Listen(c.value_handle, c.uuid) for c in self._found]
        return SUBSCRIBING, self._stage_until_ms(now_ms), listen + [self._switch_on()]

    def _switch_on(self) -> Value:
        indicates = self._found[self._next].properties & PROPERTY_INDICATE
        data = ASK_INDICATE if indicates else ASK_NOTIFY
        return words.WriteSwitch(self._switches[self._next], data)

    def _switched(self, event: words.StageDone, now_ms: int) -> "Outcome":
        if event.status:
            return self._closing(words.REFUSED, now_ms)
        self._next += 1
        if self._next < len(self._found):
            return SUBSCRIBING, self._stage_until_ms(now_ms), [self._switch_on()]
        wait_ms = self._quiet_ms() if self.values else FIRST_VALUE_MS
        return RECEIVING, now_ms + wait_ms, [words.Ready()]

    def _quiet_ms(self) -> int:
        for found in self._found:
            if not found.properties & PROPERTY_INDICATE:
                return STREAM_QUIET_MS
        return QUIET_MS

    def _early_value(self, event: words.ValueKept, now_ms: int) -> "Outcome":
        self.values = event.total
        self._value_ms = now_ms
        return self.state, self.deadline_ms, []

    def _late_value(self, event: words.ValueKept, now_ms: int) -> "Outcome":
        self._prompt_until_ms = now_ms - 1  # hanging up may have overtaken its confirmation
        return self._early_value(event, now_ms)

    def _value(self, event: words.ValueKept, now_ms: int) -> "Outcome":
        self._early_value(event, now_ms)
        return RECEIVING, now_ms + self._quiet_ms(), []

    def _quiet(self, _event: Value, now_ms: int) -> "Outcome":
        return self._closing(words.DONE if self.values else words.NO_VALUES, now_ms)

    def _stage_over(self, _event: Value, now_ms: int) -> "Outcome":
        return self._closing(words.TIMED_OUT, now_ms)

    def _stop(self, event: words.Stop, now_ms: int) -> "Outcome":
        return self._closing(event.outcome, now_ms)

    def _link_lost(self, _event: Value, _now_ms: int) -> "Outcome":
        return self._closed(words.DONE if self.values else words.LOST, [])

    def _left(self, _event: Value, now_ms: int) -> "Outcome":
        outcome = words.DONE if self.values else words.NO_VALUES
        return self._closed(outcome, [], not self._is_lost(now_ms))

    def _is_lost(self, now_ms: int) -> bool:
        return LOST_FROM_MS <= now_ms - self._value_ms <= LOST_TO_MS

    def _closing(self, outcome: str, now_ms: int) -> "Outcome":
        self._outcome = outcome
        self._prompt_until_ms = now_ms + PROMPT_MS
        return CLOSING, now_ms + CLOSE_MS, [words.Disconnect()]

    def _hung_up(self, _event: Value, now_ms: int) -> "Outcome":
        # if the link had gone before we hung up, that is prompt, too
        is_sure = now_ms <= self._prompt_until_ms and not self._is_lost(now_ms)
        return self._closed(self._outcome, [], is_sure)

    def _never_hung_up(self, _event: Value, _now_ms: int) -> "Outcome":
        return self._closed(words.RADIO_DEAF, [])

    def _closed(self, outcome: str, actions: "List[Value]", is_sure: bool = False) -> "Outcome":
        return CLOSED, None, actions + [words.Finish(outcome, self.values, is_sure)]

    def _too_late(self, _event: Value, _now_ms: int) -> "Outcome":
        return self.state, self.deadline_ms, []
