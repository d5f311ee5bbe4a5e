"""What a sensor sends on the connection it has, and what the ledger learns of it.

One indication at a time, the queued ones (answers of control points) before readings. What a
notification carried is only sure while the connection lasts a little longer.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from bumble import hci

from varde_simulator.air.indications import STATUS_CONFIRMED
from varde_simulator.air.station import Station
from varde_simulator.sensors.gatt_table import GattTable
from varde_simulator.sensors.ledger import Ledger, Notification, Reading

ATT_HEADER_BYTES = 3
# The air's own delay, and the host's and the controller's turns at both ends.
_MARGIN_US = 20_000
_LEAST_SUPERVISION_S = 3.0  # if the connection does not say: NimBLE asks for 2.56 s

Done = Callable[[bool], None]


class Outbox:
    """`on_sent(confirmed)` is called when an indication is over, after its own `done`."""

    def __init__(self, station: Station, table: GattTable, ledger: Ledger, on_sent: Done) -> None:
        self.connection: Any = None
        self._station = station
        self._table = table
        self._ledger = ledger
        self._on_sent = on_sent
        self._queue: deque[tuple[int, bytes, Done, Reading | None]] = deque()

    @property
    def is_busy(self) -> bool:
        """An indication waits for its confirmation."""
        connection = self.connection
        return connection is not None and self._station.indications.is_open(connection.handle)

    @property
    def supervision_s(self) -> float:
        """How long this connection may be silent before it is over."""
        timeout_ms = getattr(self.connection.parameters, "supervision_timeout", 0) or 0
        return max(_LEAST_SUPERVISION_S, float(timeout_ms) / 1000)

    def indicate(
        self,
        uuid: int,
        value: bytes,
        done: Done = lambda _confirmed: None,
        reading: Reading | None = None,
    ) -> None:
        """Sends it as soon as those before are confirmed; `done(confirmed)` when it is over. With
        a reading it is one, and the ledger says so."""
        if self.connection is None:
            done(False)
            return
        self._queue.append((uuid, value, done, reading))
        # Not before the response to the write that asked for it.
        asyncio.get_running_loop().call_soon(self._send_if_free)

    def send_queued(self) -> bool:
        """Whether there was one."""
        if not self._queue:
            return False
        uuid, value, done, reading = self._queue.popleft()
        if reading is not None:
            self._mark(reading)
        self._send(uuid, value, done)
        return True

    def indicate_reading(self, reading: Reading, confirmed: Callable[[Reading], None]) -> None:
        """Its confirmation makes it the host's."""

        def done(is_good: bool) -> None:
            if is_good:
                if reading.confirmed_us is None:
                    reading.confirmed_us = _now_us()
                confirmed(reading)

        self._mark(reading)
        self._send(reading.characteristic, reading.value, done)

    def notify_reading(self, reading: Reading) -> None:
        """A stored record that travels without a confirmation of its own."""
        self._mark(reading)
        if reading.carried_us is None:
            reading.carried_us = _now_us()
        self.notify(reading.characteristic, reading.value)

    def notify_live(self, uuid: int, value: bytes) -> None:
        """A value that is not kept."""
        sent = self.notify(uuid, value)
        self._ledger.notifications.append(Notification(uuid, sent, _now_us()))

    def notify(self, uuid: int, value: bytes) -> bytes:
        """What of it went out."""
        sent = self._cut(value)
        pdu = b"\x1b" + self._table.handle(uuid).to_bytes(2, "little") + sent
        self._station.send_att(self.connection.handle, pdu)
        return sent

    def disconnected(self, reason: int) -> None:
        """What may not have arrived is unmarked; what was queued is over."""
        margin_us = _MARGIN_US + 2 * self._station.air.latency_us
        if reason == hci.HCI_CONNECTION_TIMEOUT_ERROR:
            margin_us += round(self.supervision_s * 1e6)
        self._ledger.connection_ended(_now_us() - margin_us)
        self.connection = None
        queue, self._queue = self._queue, deque()
        for _, _, done, _ in queue:
            done(False)

    def _send_if_free(self) -> None:
        if self.connection is not None and not self.is_busy:
            self.send_queued()

    def _send(self, uuid: int, value: bytes, done: Done) -> None:
        connection = self.connection

        def ended(status: int) -> None:
            is_good = status == STATUS_CONFIRMED
            done(is_good)
            self._on_sent(is_good)

        handle = self._table.handle(uuid)
        self._station.indications.send(connection.handle, handle, self._cut(value), ended)

    def _mark(self, reading: Reading) -> None:
        reading.sent_us.append(_now_us())
        sent = self._cut(reading.value)
        reading.cut_to = len(sent) if len(sent) < len(reading.value) else None

    def _cut(self, value: bytes) -> bytes:
        """What of `value` fits the MTU of this connection; the rest is lost, as on the device."""
        return bytes(value[: self.connection.att_mtu - ATT_HEADER_BYTES])


def _now_us() -> int:
    return round(asyncio.get_running_loop().time() * 1e6)
