"""The Bluetooth radio as a central: `bluetooth.BLE` behind the interface `ports.Radio`.

There is one IRQ handler. It copies, marks and leaves, with one exception: an indication is kept
(sealed, signed, journaled) before the handler returns, because the stack confirms it then, and a
sensor may delete what is confirmed. Where keeping fails, the handler hangs up at once: on a link
that is going down the confirmation is not sent, and the sensor will offer the value again.

Events are posted as tuples `(name, connection, ...)`; the names are listed in `ports.Radio`. The
views that the stack hands to the handler are valid only until it returns.
"""

import errno

import bluetooth

from varde_protocols import assigned, hub_config
from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Tuple

    from . import Keeper, Listener, Matcher, Ring

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
_IRQ_GATTC_WRITE_DONE = const(17)
_IRQ_GATTC_NOTIFY = const(18)
_IRQ_GATTC_INDICATE = const(19)
_IRQ_MTU_EXCHANGED = const(21)

_IO_KEYBOARD = const(2)  # the sensor shows a passkey, the config knows it
_IO_NONE = const(3)

# 90 % of the time on the air: a sensor that advertises for two seconds is heard, and WiFi, which
# shares the antenna, still gets its turn between two windows.
SCAN_INTERVAL_US = const(60_000)
SCAN_WINDOW_US = const(54_000)
# The largest that fits one radio packet with data length extension (Core 5.4, Vol 6, Part B, 2.4).
MTU_BYTES = const(247)
# The longest attribute value (Core 5.4, Vol 3, Part F, 3.2.9): more is no value.
MAX_VALUE_BYTES = const(512)
# Made before it is needed.
_FAULT_WITHOUT_HEAP = ("fault", "MemoryError", "")


class BleRadio:
    """See `ports.Radio`. `matcher` and `ring` are used in the handler, `keeper` through it."""

    def __init__(self, matcher: "Matcher", ring: "Ring", keeper: "Keeper",
                 now_ms: "Callable[[], int]") -> None:  # fmt: skip
        self._ble = bluetooth.BLE()
        self._matcher = matcher
        self._ring = ring
        self._keeper = keeper
        self._now_ms = now_ms
        self._listeners: "Dict[int, Listener]" = {}
        self._post: "Callable[[Tuple[Any, ...]], None]" = print
        self.dropped = 0  # values that could not be kept: no room in the ring, or far too long

    def switch_on(self, post: "Callable[[Tuple[Any, ...]], None]") -> None:
        """Start the radio; `post` takes the events, in handler context. May raise OSError."""
        self._post = post
        self._ble.irq(self._irq)
        self._ble.active(True)
        self._ble.config(mtu=MTU_BYTES)

    def switch_off(self) -> None:
        """Stop the radio and forget its connections."""
        self._ble.active(False)
        self._listeners.clear()

    def scan(self, duration_ms: int) -> None:
        """Scan actively: the names of some sensors are only in the scan response."""
        try:
            self._ble.gap_scan(duration_ms, SCAN_INTERVAL_US, SCAN_WINDOW_US, True)
        except OSError as error:
            if error.errno != errno.EALREADY:  # a scan runs: that is what was asked for
                raise

    def stop_scan(self) -> None:
        self._ble.gap_scan(None)

    def connect(self, address: bytes, timeout_ms: int) -> None:
        """Connect to an address of 7 bytes: type, then most significant byte first."""
        self._ble.gap_connect(address[0], address[1:], timeout_ms)

    def cancel_connect(self) -> None:
        self._ble.gap_connect(None)

    def disconnect(self, connection: int) -> bool:
        """Hang up; False if there is nothing to hang up."""
        return bool(self._ble.gap_disconnect(connection))

    def exchange_mtu(self, connection: int) -> None:
        self._ble.gattc_exchange_mtu(connection)

    def demand(self, bond: int) -> None:
        """Say what the next pairing shall be; the stack has one setting for all connections."""
        is_authenticated = bond == hub_config.BOND_AUTHENTICATED
        self._ble.config(
            bond=bond != hub_config.BOND_NONE,
            mitm=is_authenticated,
            le_secure=True,
            io=_IO_KEYBOARD if is_authenticated else _IO_NONE,
        )

    def pair(self, connection: int) -> None:
        self._ble.gap_pair(connection)

    def give_passkey(self, connection: int, action: int, passkey: int) -> None:
        self._ble.gap_passkey(connection, action, passkey)

    def read(self, connection: int, handle: int) -> None:
        self._ble.gattc_read(connection, handle)

    def discover_service(self, connection: int, number: int) -> None:
        self._ble.gattc_discover_services(connection, _uuid(number))

    def discover_characteristics(self, connection: int, start: int, end: int) -> None:
        self._ble.gattc_discover_characteristics(connection, start, end)

    def discover_descriptors(self, connection: int, start: int, end: int) -> None:
        self._ble.gattc_discover_descriptors(connection, start, end)

    def write(
        self, connection: int, handle: int, data: bytes, with_response: bool = True
    ) -> None:
        self._ble.gattc_write(connection, handle, data, 1 if with_response else 0)

    def listen(self, connection: int, value_handle: int, listener: "Listener") -> None:
        """From now on, values of this handle belong to `listener`."""
        self._listeners[connection << 16 | value_handle] = listener

    def listener(self, connection: int, value_handle: int) -> "Listener | None":
        """Return who listens to this handle."""
        return self._listeners.get(connection << 16 | value_handle)

    def forget(self, connection: int) -> None:
        """Drop the listeners of a connection."""
        for key in [key for key in self._listeners if key >> 16 == connection]:
            del self._listeners[key]

    def _irq(self, event: int, data: "Tuple[Any, ...]") -> None:
        try:
            if event == _IRQ_SCAN_RESULT:
                self._advertised(data)
            elif event == _IRQ_GATTC_INDICATE:
                self._indicated(data[0], data[1], data[2])
            elif event == _IRQ_GATTC_NOTIFY:
                self._notified(data[0], data[1], data[2])
            else:
                self._happened(event, data)
        except Exception as error:  # noqa: BLE001  (one that escapes removes the handler)
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        try:
            self._post(("fault", type(error).__name__, str(error)))
        except MemoryError:
            self._post(_FAULT_WITHOUT_HEAP)

    def _advertised(self, data: "Tuple[Any, ...]") -> None:
        address_type, address, adv_type, _rssi_dbm, payload = data
        index = self._matcher.match(address_type, address, adv_type, payload)
        if index >= 0:
            self._matcher.told(index)
            self._post(("sighted", index, bytes((address_type,)) + bytes(address)))

    def _indicated(self, connection: int, handle: int, raw_value: memoryview) -> None:
        listener = self._listeners.get(connection << 16 | handle)
        if listener is None:
            return
        if len(raw_value) > MAX_VALUE_BYTES:
            self.dropped += 1
        elif not self._is_kept(connection, listener, raw_value):
            self._post(("not_kept", connection))
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
        listener = self._listeners.get(connection << 16 | handle)
        if listener is None:
            return
        if len(raw_value) > MAX_VALUE_BYTES or not self._ring.put(
            listener.number, self._now_ms(), raw_value
        ):
            listener.lost += 1
            self.dropped += 1
        self._count(connection, listener)

    def _count(self, connection: int, listener: "Listener") -> None:
        """Tell the session once, however many values come before it looks."""
        listener.total += 1
        if not listener.is_told:
            listener.is_told = True
            self._post(("value", connection, listener))

    def _happened(self, event: int, data: "Tuple[Any, ...]") -> None:
        if event == _IRQ_SCAN_DONE:
            self._post(("scan_done",))
        elif event == _IRQ_PERIPHERAL_CONNECT:
            self._post(("connected", data[0], bytes((data[1],)) + bytes(data[2])))
        elif event == _IRQ_PERIPHERAL_DISCONNECT:
            self._post(("disconnected", data[0]))
        elif event == _IRQ_GATTC_SERVICE_RESULT:
            self._post(("service", data[0], data[1], data[2]))
        elif event == _IRQ_GATTC_CHARACTERISTIC_RESULT:
            self._post(("characteristic", data[0], data[1], data[2], data[3], _uuid16(data[4])))
        elif event == _IRQ_GATTC_DESCRIPTOR_RESULT:
            self._post(("descriptor", data[0], data[1], _uuid16(data[2])))
        elif event == _IRQ_GATTC_WRITE_DONE:
            self._post(("stage_done", data[0], data[2]))
        elif event in (_IRQ_GATTC_SERVICE_DONE, _IRQ_GATTC_CHARACTERISTIC_DONE,
                       _IRQ_GATTC_DESCRIPTOR_DONE):  # fmt: skip
            self._post(("stage_done", data[0], data[1]))
        elif event == _IRQ_MTU_EXCHANGED:
            self._post(("mtu", data[0]))


def _uuid(number: int) -> "Any":
    """Return the stack's UUID of a number of `assigned`."""
    raw = assigned.raw(number)
    return bluetooth.UUID(number if len(raw) == 2 else raw)


def _uuid16(uuid: "Any") -> int:
    """Return a 16-bit UUID as a number, any other as 0."""
    raw = bytes(uuid)
    return raw[0] | raw[1] << 8 if len(raw) == 2 else 0
