"""The one handler of the Bluetooth stack's events: it copies, marks and leaves.

It allocates nothing, so that no crowd of strangers on the air can fill the heap or start a
collection in the middle of main code: numbers and names go into the inbox's slots, bytes are
copied one by one (a slice, a tuple or a number beyond 30 bits would be allocated), UUIDs are
compared in a buffer made beforehand. Two exceptions: an indication is kept (sealed, signed,
journaled) before the handler returns, because the stack confirms it then, and a sensor may delete
what is confirmed; and a bond's key is in flash before the stack is told that it is stored. Where
keeping fails, the handler hangs up at once: on a link that is going down the confirmation is not
sent, and the sensor will offer the value again.

The views that the stack hands to the handler are valid only until it returns.
"""

import struct
import time

from varde_protocols import assigned
from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Tuple

    from . import Buffer, Inbox, Keeper, Listener, Matcher, NowMs, Ring, Secrets

# Numbers of modbluetooth.
_IRQ_SCAN_RESULT = const(5)
_IRQ_SCAN_DONE = const(6)
_IRQ_PERIPHERAL_CONNECT = const(7)
_IRQ_PERIPHERAL_DISCONNECT = const(8)
_IRQ_GATTC_SERVICE_RESULT = const(9)
_IRQ_GATTC_SERVICE_DONE = const(10)
_IRQ_GATTC_CHARACTERISTIC_RESULT = const(11)
_IRQ_GATTC_CHARACTERISTIC_DONE = const(12)
_IRQ_GATTC_DESCRIPTOR_RESULT = const(13)
_IRQ_GATTC_DESCRIPTOR_DONE = const(14)
_IRQ_GATTC_READ_RESULT = const(15)
_IRQ_GATTC_READ_DONE = const(16)
_IRQ_GATTC_WRITE_DONE = const(17)
_IRQ_GATTC_NOTIFY = const(18)
_IRQ_GATTC_INDICATE = const(19)
_IRQ_MTU_EXCHANGED = const(21)
_IRQ_ENCRYPTION_UPDATE = const(28)
_IRQ_GET_SECRET = const(29)
_IRQ_SET_SECRET = const(30)
_IRQ_PASSKEY_ACTION = const(31)

# The longest attribute value (Core 5.4, Vol 3, Part F, 3.2.9): more is no value.
MAX_VALUE_BYTES = const(512)
# The longest answer of a control point or clock that we ask for has 10 bytes.
MAX_CONTROL_BYTES = const(64)
# So many of them wait for the session, which awaits one at a time; of the others, none.
MAX_WAITING = const(4)
_SENSORS_SECRET = const(2)  # a kind of secret: the other side's keys
_ADDRESS_BYTES = const(7)


class RadioHandler:
    """Give `handle` to the stack once `inbox` is set. `listeners` is by connection and handle."""

    def __init__(self, ble: "Any", matcher: "Matcher", ring: "Ring", keeper: "Keeper",
                 secrets: "Secrets", now_ms: "NowMs") -> None:  # fmt: skip
        self._ble = ble
        self._matcher = matcher
        self._ring = ring
        self._keeper = keeper
        self._secrets = secrets
        self._now_ms = now_ms
        self._address = bytearray(_ADDRESS_BYTES)
        self._uuid = bytearray(16)
        self._numbers, self._raw_uuids = _vendor_uuids()
        self.inbox: "Inbox" = None  # type: ignore[assignment]
        self.listeners: "Dict[int, Listener]" = {}
        self.dropped = 0  # values that could not be kept: no room in the ring, or far too long

    def handle(self, event: int, data: "Tuple[Any, ...]") -> "Any":
        """Take one event of the stack. What it returns matters for secrets only."""
        try:
            if event == _IRQ_SCAN_RESULT:
                self._advertised(data[0], data[1], data[2], data[3], data[4])
            elif event == _IRQ_GATTC_INDICATE:
                self._indicated(data[0], data[1], data[2])
            elif event == _IRQ_GATTC_NOTIFY:
                self._notified(data[0], data[1], data[2])
            elif event == _IRQ_GET_SECRET:
                return self._secrets.get(data[0], data[1], data[2])
            elif event == _IRQ_SET_SECRET:
                return self._secret(data[0], data[1], data[2])
            else:
                self._happened(event, data)
        except Exception as error:  # noqa: BLE001  (one that escapes removes the handler)
            self._failed(error)
        return None

    def _failed(self, error: Exception) -> None:
        text = ""
        try:
            text = str(error)
        except MemoryError:
            pass
        self.inbox.put("fault", type(error).__name__, text)

    def _advertised(
        self, address_type: int, address: "Buffer", adv_type: int, rssi_dbm: int, data: "Buffer"
    ) -> None:
        matcher = self._matcher
        index = matcher.match(address_type, address, adv_type, data)
        if index >= 0:
            matcher.told(index)
            self.inbox.put_bytes(self._whole(address_type, address), "sighted", index, rssi_dbm)
        elif matcher.is_value:
            self._advertised_value(data)

    def _advertised_value(self, data: "Buffer") -> None:
        """A measurement in the advertisement itself, which no connection will bring."""
        found = self._matcher.values
        listener = found.listener
        ticks_ms: int = time.ticks_ms()  # type: ignore[attr-defined]
        if self._ring.put_part(listener.number, ticks_ms, data, found.start, found.end):
            self._matcher.took_value(data)  # else its repetition gets another chance
            listener.total += 1
            if not listener.is_told:
                listener.is_told = True
                self.inbox.put("advert", listener)

    def _whole(self, address_type: int, address: "Buffer") -> bytearray:
        """The address as 7 bytes, in a buffer that is used again."""
        whole = self._address
        whole[0] = address_type
        for i in range(6):
            whole[i + 1] = address[i]
        return whole

    def _measuring(
        self, connection: int, handle: int, raw_value: memoryview
    ) -> "Optional[Listener]":
        """Who waits for a measurement, or None; a control point's value is passed on here."""
        listener = self.listeners.get(connection << 16 | handle)
        if listener is None or not listener.is_control:
            return listener
        self._controlled(connection, handle, listener, raw_value)
        return None

    def _indicated(self, connection: int, handle: int, raw_value: memoryview) -> None:
        listener = self._measuring(connection, handle, raw_value)
        if listener is None:
            return
        if len(raw_value) > MAX_VALUE_BYTES:
            listener.lost += 1
            self.dropped += 1
        elif not self._is_kept(connection, listener, raw_value):
            self.inbox.put("not_kept", connection)
            return
        self._count(connection, listener)

    def _is_kept(self, connection: int, listener: "Listener", raw_value: memoryview) -> bool:
        """Keep an indication, or hang up, whatever kept it from being kept."""
        is_kept = False
        try:
            is_kept = self._keeper.keep(listener, self._now_ms(), bytes(raw_value))
        finally:
            if not is_kept:
                self._ble.gap_disconnect(connection)
        return is_kept

    def _notified(self, connection: int, handle: int, raw_value: memoryview) -> None:
        listener = self._measuring(connection, handle, raw_value)
        if listener is None:
            return
        ticks_ms: int = time.ticks_ms()  # type: ignore[attr-defined]
        if len(raw_value) > MAX_VALUE_BYTES or not self._ring.put(
            listener.number, ticks_ms, raw_value
        ):
            listener.lost += 1
            self.dropped += 1
        self._count(connection, listener)

    def _controlled(
        self, connection: int, handle: int, listener: "Listener", raw_value: memoryview
    ) -> None:
        """Pass it on, but what nobody waits for: a sensor's chatter must not fill the inbox."""
        waiting = listener.total - listener.taken
        if waiting < MAX_WAITING and len(raw_value) <= MAX_CONTROL_BYTES:
            listener.total += 1
            self.inbox.put_bytes(raw_value, "control", connection, handle, listener)

    def _count(self, connection: int, listener: "Listener") -> None:
        """Tell the session once, however many values come before it looks."""
        listener.total += 1
        if not listener.is_told:
            listener.is_told = True
            self.inbox.put("value", connection, listener)

    def _secret(self, kind: int, key: "Buffer", value: "Optional[Buffer]") -> bool:
        """Store or remove one; the stack goes on when it is durable."""
        is_stored = self._secrets.set(kind, key, value)
        if not is_stored and value and kind == _SENSORS_SECRET:
            for i in range(6):
                self._address[6 - i] = key[i + 1]
            self._address[0] = key[0]
            self.inbox.put_bytes(self._address, "bond_refused")
        return is_stored

    def _happened(self, event: int, data: "Tuple[Any, ...]") -> None:
        inbox = self.inbox
        if event == _IRQ_SCAN_DONE:
            inbox.put("scan_done")
        elif event == _IRQ_PERIPHERAL_CONNECT:
            inbox.put_bytes(self._whole(data[1], data[2]), "connected", data[0])
        elif event == _IRQ_PERIPHERAL_DISCONNECT:
            inbox.put("disconnected", data[0])
        elif event == _IRQ_MTU_EXCHANGED:
            inbox.put("mtu", data[0])
        elif event == _IRQ_ENCRYPTION_UPDATE:
            inbox.put("secured", data[0], int(data[1]), int(data[2]), int(data[3]))
        elif event == _IRQ_PASSKEY_ACTION:
            inbox.put("passkey_asked", data[0], data[1], data[2] or 0)
        else:
            self._answered(event, data)

    def _answered(self, event: int, data: "Tuple[Any, ...]") -> None:
        """To a request of ours."""
        inbox = self.inbox
        if event == _IRQ_GATTC_SERVICE_RESULT:
            inbox.put("service", data[0], data[1], data[2])
        elif event == _IRQ_GATTC_CHARACTERISTIC_RESULT:
            number = self._number(data[4])
            inbox.put("characteristic", data[0], data[1], data[2], data[3], number)
        elif event == _IRQ_GATTC_DESCRIPTOR_RESULT:
            inbox.put("descriptor", data[0], data[1], self._number(data[2]))
        elif event == _IRQ_GATTC_READ_RESULT:
            inbox.put_bytes(data[2], "read", data[0], data[1], 0)
        elif event == _IRQ_GATTC_READ_DONE:
            if data[2]:  # else the result has told
                inbox.put_bytes(b"", "read", data[0], data[1], data[2])
        elif event == _IRQ_GATTC_WRITE_DONE:
            inbox.put("stage_done", data[0], data[2])
        elif event in (_IRQ_GATTC_SERVICE_DONE, _IRQ_GATTC_CHARACTERISTIC_DONE,
                       _IRQ_GATTC_DESCRIPTOR_DONE):  # fmt: skip
            inbox.put("stage_done", data[0], data[1])

    def _number(self, uuid: "Any") -> int:
        """Return the number of a UUID (see `assigned`), 0 for one that has none."""
        raw = self._uuid
        struct.pack_into("16s", raw, 0, uuid)  # as `uuid` is a buffer; 2 bytes are filled up
        for i in range(2, 16):
            if raw[i]:
                break
        else:
            return raw[0] | raw[1] << 8
        for i in range(len(self._numbers)):
            if self._raw_uuids[i] == raw:
                return self._numbers[i]
        return 0


def _vendor_uuids() -> "Tuple[List[int], List[bytes]]":
    """Numbers with 128-bit UUIDs, and these."""
    numbers = []
    for number in assigned.NUMBERS:
        try:
            assigned.raw(number)
        except KeyError:  # advertised data has none
            continue
        numbers.append(number)
    return numbers, [assigned.raw(number) for number in numbers]
