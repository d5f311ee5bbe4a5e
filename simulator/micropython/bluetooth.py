"""MicroPython's `bluetooth`, served by the world's radio: what an ESP32 with NimBLE offers.

Every call is a request that the world answers from its own state; what takes time is reported to
the handler given to `irq`. The handler runs on the main thread by the scheduler, never nested, and
its return value goes back where the stack waits for it (a read request, an indication that is
confirmed only then). Secrets of pairings are the program's to keep: `_IRQ_GET_SECRET` and
`_IRQ_SET_SECRET` ask and tell. This module offers no more than an ESP32 can do.
"""

import sys
from _uuid import UUID

import _air
import _ble_identity
import uos as os

if os.getenv("VARDE_BLE_L2CAP"):  # the ESP32 build has none, so a hub must do without
    from _l2cap import Channels as _Channels
else:
    _Channels = object

FLAG_READ = 0x0002
FLAG_WRITE_NO_RESPONSE = 0x0004
FLAG_WRITE = 0x0008
FLAG_NOTIFY = 0x0010
FLAG_INDICATE = 0x0020

_IRQ_SCAN_RESULT = 5
_DEFAULT_ADVERTISE_US = 500_000
# NimBLE's "background scan": one moment in a hundred. Programs that want to find something ask
# for more.
_DEFAULT_SCAN_INTERVAL_US = 1_280_000
_DEFAULT_SCAN_WINDOW_US = 11_250
_DEFAULT_CONNECT_MS = 2_000

# Where in an event's arguments the address and the data are. The handler gets views that are
# valid only while it runs: the bytes are overwritten afterwards, as a real stack reuses them, so
# that code that keeps a view fails here and not in the field.
_VIEWS = {
    1: (2,), 2: (2,), 5: (1, 4), 7: (2,), 8: (2,), 15: (2,), 18: (2,), 19: (2,),
    29: (2,), 30: (1, 2),
}  # fmt: skip
_UUIDS = {9: 3, 11: 4, 13: 2}
_STALE = 0xA5

_SECURITY_KEYS = ("bond", "mitm", "le_secure", "io")

_handler = None


class BLE(_Channels):
    """The one radio of this hub."""

    _instance = None

    def __new__(cls):
        if cls._instance is None:
            cls._instance = object.__new__(cls)
        return cls._instance

    def active(self, wanted=None):
        if wanted is None:
            return _air.is_connected() and _air.call("ble.is_active")
        if wanted:
            _air.connect()
        if _air.is_connected() and _air.call("ble.active", bool(wanted)):
            _ble_identity.load(_on_irq)
        return bool(wanted)

    def irq(self, handler):
        global _handler
        if handler is not None and not callable(handler):
            raise ValueError("invalid handler")
        _handler = handler

    def config(self, *names, **values):
        if not values:
            if len(names) != 1:
                raise TypeError("must query one param")
            return _config_get(names[0])
        if names:
            raise TypeError("can't specify pos and kw args")
        for name, value in values.items():
            _config_set(name, value)
        return None

    # GAP

    def gap_advertise(
        self, interval_us=_DEFAULT_ADVERTISE_US, adv_data=None, *, resp_data=None, connectable=True
    ):
        if interval_us is None:
            return _call("ble.advertise_stop")
        return _call(
            "ble.advertise", interval_us, _data(adv_data), _data(resp_data), bool(connectable)
        )

    def gap_scan(
        self,
        duration_ms=0,
        interval_us=_DEFAULT_SCAN_INTERVAL_US,
        window_us=_DEFAULT_SCAN_WINDOW_US,
        active=False,
    ):
        if duration_ms is None:
            return _call("ble.scan_stop")
        return _call("ble.scan", duration_ms, interval_us, window_us, bool(active))

    def gap_connect(
        self,
        addr_type,
        addr=None,
        scan_duration_ms=_DEFAULT_CONNECT_MS,
        min_conn_interval_us=0,
        max_conn_interval_us=0,
    ):
        if addr_type is None:
            return _call("ble.connect_cancel")
        if len(addr) != 6:
            raise ValueError("invalid addr")
        return _call(
            "ble.connect",
            addr_type,
            bytes(addr),
            scan_duration_ms or 0,
            min_conn_interval_us or 0,
            max_conn_interval_us or 0,
        )

    def gap_disconnect(self, conn_handle):
        return _call("ble.disconnect", conn_handle)

    def gap_pair(self, conn_handle):
        return _call("ble.pair", conn_handle)

    def gap_passkey(self, conn_handle, action, passkey):
        return _call("ble.passkey", conn_handle, action, int(passkey))

    # GATT client

    def gattc_discover_services(self, conn_handle, uuid=None):
        return _call("ble.gattc_discover_services", conn_handle, _uuid(uuid))

    def gattc_discover_characteristics(self, conn_handle, start_handle, end_handle, uuid=None):
        return _call(
            "ble.gattc_discover_characteristics",
            conn_handle,
            start_handle,
            end_handle,
            _uuid(uuid),
        )

    def gattc_discover_descriptors(self, conn_handle, start_handle, end_handle):
        return _call("ble.gattc_discover_descriptors", conn_handle, start_handle, end_handle)

    def gattc_read(self, conn_handle, value_handle):
        return _call("ble.gattc_read", conn_handle, value_handle)

    def gattc_write(self, conn_handle, value_handle, data, mode=0):
        return _call("ble.gattc_write", conn_handle, value_handle, _data(data), mode)

    def gattc_exchange_mtu(self, conn_handle):
        return _call("ble.gattc_exchange_mtu", conn_handle)

    # GATT server

    def gatts_register_services(self, services):
        handles = _call("ble.gatts_register_services", [_service(*item) for item in services])
        return tuple(tuple(of_service) for of_service in handles)

    def gatts_read(self, value_handle):
        return _call("ble.gatts_read", value_handle)

    def gatts_write(self, value_handle, data, send_update=False):
        data = _data(data)
        _call("ble.gatts_write", value_handle, data, bool(send_update))
        return len(data)

    def gatts_notify(self, conn_handle, value_handle, data=None):
        return _call("ble.gatts_notify", conn_handle, value_handle, _data(data))

    def gatts_indicate(self, conn_handle, value_handle, data=None):
        return _call("ble.gatts_indicate", conn_handle, value_handle, _data(data))

    def gatts_set_buffer(self, value_handle, length, append=False):
        return _call("ble.gatts_set_buffer", value_handle, length, bool(append))


# Configuration


_gap_name = b"ESP32"  # where there is no world to keep it


def _config_get(name):
    if name == "mac":
        kind, address = _call("ble.mac")
        return kind, address
    if name == "gap_name":
        return _call("ble.config", name) if _has_world() else _gap_name
    if name == "mtu":
        return _call("ble.config", name)
    raise ValueError("unknown config param")  # rxbuf too: the ESP32 build has no ring buffer


def _config_set(name, value):
    global _gap_name
    if name == "gap_name":
        _gap_name = _data(value)
        if _has_world():
            _call("ble.set_gap_name", _gap_name)
    elif name == "mtu":
        _call("ble.set_mtu", value)
    elif name == "addr_mode":
        _call("ble.set_addr_mode", value)
    elif name in _SECURITY_KEYS:
        if _has_world():
            _call("ble.security", name, int(value))
    else:
        raise ValueError("unknown config param")


def _has_world():
    try:
        _air.connect()
    except OSError:
        return False
    return True


# Calls


def _call(op, *args):
    return _air.call(op, *args)


def _data(data):
    if data is None:
        return None
    return data.encode() if isinstance(data, str) else bytes(data)


def _uuid(uuid):
    if uuid is None:
        return None
    if not isinstance(uuid, UUID):
        raise TypeError("UUID")
    return bytes(uuid)


def _service(uuid, characteristics):
    if not isinstance(uuid, UUID):
        raise ValueError("invalid service UUID")  # noqa: TRY004  as the original
    return [bytes(uuid), [_characteristic(item) for item in characteristics]]


def _characteristic(item):
    if len(item) < 2 or len(item) > 3:
        raise ValueError("invalid characteristic tuple")
    if not isinstance(item[0], UUID):
        raise ValueError("invalid characteristic UUID")  # noqa: TRY004
    descriptors = []
    for uuid, flags in item[2] if len(item) == 3 else ():
        if not isinstance(uuid, UUID):
            raise ValueError("invalid descriptor UUID")  # noqa: TRY004
        descriptors.append([bytes(uuid), flags])
    return [bytes(item[0]), item[1], descriptors]


# Events


def _on_irq(number, *args):
    global _handler
    if _handler is None:
        return None
    args = list(args)
    lent = []
    for index in _VIEWS.get(number, ()):
        if args[index] is None:  # a secret asked for by its index, or to be deleted
            continue
        lent.append(bytearray(args[index]))
        args[index] = memoryview(lent[-1])
    if number in _UUIDS:
        args[_UUIDS[number]] = UUID(args[_UUIDS[number]])
    try:
        return _handler(number, tuple(args))
    except Exception as error:  # noqa: BLE001  the stack's own rule: say so and drop the handler
        _handler = None
        sys.stderr.write("Unhandled exception in IRQ callback handler\n")
        sys.print_exception(error, sys.stderr)
        return None
    finally:
        for buffer in lent:
            for index in range(len(buffer)):
                buffer[index] = _STALE


def _on_scan_result(*args):
    _on_irq(_IRQ_SCAN_RESULT, *args)


_air.on("ble.irq", _on_irq)
_air.on(_air.SCAN_RESULT, _on_scan_result)
