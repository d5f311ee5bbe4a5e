"""The Bluetooth radio as a central: `bluetooth.BLE` behind the interface `ports.Radio`.

What comes of the calls is told by events, see `radio_handler`.
"""

import errno

import bluetooth

from varde_protocols import assigned, hub_config
from varde_protocols._compat import TYPE_CHECKING, const

from . import radio_handler

if TYPE_CHECKING:
    from typing import Any

    from . import Inbox, Keeper, Listener, Matcher, NowMs, Ring, Secrets

# Numbers of modbluetooth.
_IO_KEYBOARD = const(2)  # the sensor shows a passkey, the config knows it
_IO_NONE = const(3)

# 90 % of the time on the air: a sensor that advertises for two seconds is heard, and WiFi, which
# shares the antenna, still gets its turn between two windows.
SCAN_INTERVAL_US = const(60_000)
SCAN_WINDOW_US = const(54_000)
# The largest that fits one radio packet with data length extension (Core 5.4, Vol 6, Part B, 2.4).
MTU_BYTES = const(247)


class BleRadio:
    """See `ports.Radio`. `matcher`, `ring` and `secrets` are used in the handler, `keeper` too."""

    def __init__(self, matcher: "Matcher", ring: "Ring", keeper: "Keeper", secrets: "Secrets",
                 now_ms: "NowMs") -> None:  # fmt: skip
        self._ble = bluetooth.BLE()
        self._handler = radio_handler.RadioHandler(
            self._ble, matcher, ring, keeper, secrets, now_ms
        )

    @property
    def dropped(self) -> int:
        """Values lost: no room in the ring, or longer than a value may be."""
        return self._handler.dropped

    def switch_on(self, inbox: "Inbox") -> None:
        """Start the radio; `inbox` takes the events, in handler context. May raise OSError."""
        self._handler.inbox = inbox
        self._ble.irq(self._handler.handle)
        self._ble.active(True)
        self._ble.config(mtu=MTU_BYTES)

    def switch_off(self) -> None:
        """Stop the radio and forget its connections."""
        self._ble.active(False)
        self._handler.listeners.clear()

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
        try:
            self._ble.gap_pair(connection)
        except OSError as error:
            if error.errno != errno.EALREADY:  # the sensor has asked first; "secured" will come
                raise

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
        self._handler.listeners[connection << 16 | value_handle] = listener

    def forget(self, connection: int) -> None:
        """Drop the listeners of a connection."""
        listeners = self._handler.listeners
        for key in [key for key in listeners if key >> 16 == connection]:
            del listeners[key]


def _uuid(number: int) -> "Any":
    """Return the stack's UUID of a number of `assigned`."""
    raw = assigned.raw(number)
    return bluetooth.UUID(number if len(raw) == 2 else raw)
