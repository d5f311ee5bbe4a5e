"""A connection as the air sees it: two directions, and whether the ends hear each other.

By default what is sent arrives `latency_us` later. With `Air.follows_intervals` data travels at
connection events: every connection interval from the moment the connection was made, so many PDUs
as fit between two events; a peripheral with latency sleeps through events until it has something
to send (Core 5.4, Vol 6, Part B, 4.5.1).

The first data of a connection waits for its first event, an interval after the request that made
it (4.5.3), and where a station asks for it, until its host has dealt with the new connection.

A PDU that is lost is sent again at the next event; when nothing got through for the supervision
timeout, both ends give up (4.5.2).
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from bumble import hci

if TYPE_CHECKING:
    from varde_simulator.air.controller import VirtualController
    from varde_simulator.air.link import Air

INTERVAL_UNIT_US = 1_250
SUPERVISION_UNIT_US = 10_000
MIN_INTERVAL, MAX_INTERVAL = 6, 3200  # 7.5 ms to 4 s
MIN_SUPERVISION, MAX_SUPERVISION = 10, 3200  # 100 ms to 32 s
MAX_LATENCY = 499
# 251 bytes at 1 Mbit/s one way, an empty packet the other way, and the spaces between (Core 5.4,
# Vol 6, Part B, 2.1 and 4.1): 2120 + 150 + 80 + 150 us.
EXCHANGE_US = 2_500
# Events until new parameters count, so that the peripheral has surely heard of them (5.1.1), and
# until a connection without a sign of the peer is given up (4.5.2).
INSTANT_EVENTS = 6
ESTABLISHMENT_EVENTS = 6


class Terms(NamedTuple):
    """Parameters of a connection, in the specification's units."""

    interval: int
    latency: int
    supervision_timeout: int

    @property
    def interval_us(self) -> int:
        return self.interval * INTERVAL_UNIT_US

    @property
    def supervision_s(self) -> float:
        return self.supervision_timeout * SUPERVISION_UNIT_US / 1e6


def are_legal(interval_min: int, interval_max: int, latency: int, timeout: int) -> bool:
    """Whether a controller takes these (Core 5.4, Vol 4, Part E, 7.8.18)."""
    shortest_timeout_us = 2 * (1 + latency) * interval_max * INTERVAL_UNIT_US
    return (
        MIN_INTERVAL <= interval_min <= interval_max <= MAX_INTERVAL
        and 0 <= latency <= MAX_LATENCY
        and MIN_SUPERVISION <= timeout <= MAX_SUPERVISION
        and timeout * SUPERVISION_UNIT_US > shortest_timeout_us
    )


class Pair:
    """`is_established` is False for a connection of which only the central knows."""

    def __init__(
        self,
        air: "Air",
        central: "VirtualController",
        peripheral: "VirtualController",
        terms: Terms,
    ) -> None:
        self.air = air
        self.ends = (central, peripheral)
        self.terms = terms
        self.is_established = True
        self.started_s = asyncio.get_running_loop().time()
        self.to_peripheral = Direction(self, peripheral)
        self.to_central = Direction(self, central)
        self.to_peripheral.reverse = self.to_central
        self.to_central.reverse = self.to_peripheral
        self._ends_open = 2
        self._supervision: asyncio.TimerHandle | None = None
        self._lost_since_s: float | None = None

    @property
    def is_audible(self) -> bool:
        central, peripheral = self.ends
        return self.is_established and self.air.heard_dbm(central, peripheral) is not None

    def check(self) -> None:
        if self.is_audible:
            if self._supervision is not None:
                self._supervision.cancel()
                self._supervision = None
            self.to_peripheral.resume()
            self.to_central.resume()
        elif self._supervision is None and self.is_established and self._ends_open:
            loop = asyncio.get_running_loop()
            self._supervision = loop.call_later(self.terms.supervision_s, self.time_out)

    def fail_to_establish(self) -> None:
        """The central alone believes in it, for six intervals."""
        self.is_established = False
        self._ends_open = 1
        loop = asyncio.get_running_loop()
        delay_s = ESTABLISHMENT_EVENTS * self.terms.interval_us / 1e6
        self._supervision = loop.call_later(delay_s, self._give_up)

    def _give_up(self) -> None:
        self.to_peripheral.drop()
        self.to_central.end(hci.HCI_ErrorCode.CONNECTION_FAILED_TO_BE_ESTABLISHED_ERROR)

    def update(self, terms: Terms) -> None:
        """The central's controller sets new terms; both hosts hear when they count."""
        self.to_peripheral.send(self._plan_update, terms)

    def _plan_update(self, terms: Terms) -> None:
        if self.air.follows_intervals:
            delay_s = INSTANT_EVENTS * self.terms.interval_us / 1e6
            asyncio.get_running_loop().call_later(delay_s, self._apply_update, terms)
        else:
            self._apply_update(terms)

    def _apply_update(self, terms: Terms) -> None:
        self.terms = terms
        self.started_s = asyncio.get_running_loop().time()
        for direction in (self.to_peripheral, self.to_central):
            direction.receiver.report_update(direction.connection, terms)

    def end(self) -> None:
        """One end has closed; what is under way to the other still arrives."""
        self._ends_open -= 1
        if self._ends_open == 0 and self._supervision is not None:
            self._supervision.cancel()

    def time_out(self) -> None:
        """Nothing was heard for the supervision timeout."""
        self._supervision = None
        for direction in (self.to_peripheral, self.to_central):
            direction.end(hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR)

    def is_lost(self, sender: "VirtualController", receiver: "VirtualController") -> bool:
        """Whether interference takes this event's first PDU; too long of it is a timeout."""
        loses = self.air.loses_data
        if loses is None or not loses(sender, receiver):
            self._lost_since_s = None
            return False
        now_s = asyncio.get_running_loop().time()
        if self._lost_since_s is None:
            self._lost_since_s = now_s
        elif now_s - self._lost_since_s >= self.terms.supervision_s:
            self.time_out()
        return True


class Direction:
    """PDUs on their way to one end of a connection."""

    reverse: "Direction"
    sender_address: hci.Address
    connection: Any  # the receiver's

    def __init__(self, pair: Pair, receiver: "VirtualController") -> None:
        self.pair = pair
        self.receiver = receiver
        self._queue: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        self._event: asyncio.TimerHandle | None = None
        self._first_event_s: float | None = None  # until the first data is planned
        self._is_held = False

    def open(self) -> None:
        """The receiver's host is told of the connection; from now on data is planned."""
        self.send(self.receiver.report_connection, self.connection, *self.pair.terms)
        self._wait_for_first_event()

    def hold(self) -> Callable[[], None]:
        """Nothing arrives until the returned function was called."""
        self._is_held = True
        return self.release

    def release(self) -> None:
        if self._is_held:
            self._is_held = False
            self._wait_for_first_event()
            self.resume()

    def _wait_for_first_event(self) -> None:
        now_s = asyncio.get_running_loop().time()
        self._first_event_s = now_s + self.pair.terms.interval_us / 1e6

    def send(self, deliver: Callable[..., object], *args: Any) -> None:
        self._queue.append((deliver, args))
        self.pair.air.pdus_in_flight += 1
        self.resume()

    def resume(self) -> None:
        if self._queue and self._event is None and not self._is_held:
            air = self.pair.air
            delay_s = self._next_event_s() if air.follows_intervals else air.latency_us / 1e6
            if self._first_event_s is not None:
                now_s = asyncio.get_running_loop().time()
                delay_s = max(delay_s, self._first_event_s - now_s)
                self._first_event_s = None
            self._event = asyncio.get_running_loop().call_later(delay_s, self._connection_event)

    def drop(self) -> None:
        self.pair.air.pdus_in_flight -= len(self._queue)
        self._queue.clear()

    def end(self, reason: int) -> None:
        """The receiver's controller tells its host that the connection is over."""
        self.drop()
        self.receiver.on_le_disconnected(self.connection, reason)

    def _next_event_s(self) -> float:
        pair = self.pair
        interval_us = pair.terms.interval_us
        if self is pair.to_peripheral:
            interval_us *= 1 + pair.terms.latency
        since_us = round((asyncio.get_running_loop().time() - pair.started_s) * 1e6)
        return (interval_us - since_us % interval_us) / 1e6

    def _try_again(self) -> None:
        if self._queue:  # else that was one loss too many
            delay_s = self.pair.terms.interval_us / 1e6
            self._event = asyncio.get_running_loop().call_later(delay_s, self._connection_event)

    def _connection_event(self) -> None:
        self._event = None
        pair = self.pair
        if not pair.is_audible:
            return pair.check()
        if pair.air.loses_data is not None and pair.is_lost(self.reverse.receiver, self.receiver):
            return self._try_again()
        count = len(self._queue)  # what these set in motion waits for the next event
        if pair.air.follows_intervals:
            count = min(count, max(1, pair.terms.interval_us // EXCHANGE_US))
        for _ in range(count):
            if not self._queue:
                break  # the connection ended with the one before
            deliver, args = self._queue.popleft()
            pair.air.pdus_in_flight -= 1
            deliver(*args)
        return self.resume()
