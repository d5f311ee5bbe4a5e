"""`network`: the station interface, whose state the world keeps. Status codes as on the ESP32.
PPP is in `_ppp`."""

import time

import _air
import uos as os

STA_IF = 0
AP_IF = 1

STAT_IDLE = 1000
STAT_CONNECTING = 1001
STAT_GOT_IP = 1010
STAT_NO_AP_FOUND = 201
STAT_WRONG_PASSWORD = 202
STAT_BEACON_TIMEOUT = 200
STAT_ASSOC_FAIL = 203
STAT_HANDSHAKE_TIMEOUT = 204

_SCAN_MS = 2000  # an active scan of 13 channels blocks for about as long

_names = {"hostname": "varde", "country": "NO"}


def hostname(name=None):
    return _setting("hostname", name)


def country(code=None):
    return _setting("country", code)


def _setting(key, value):
    if value is not None:
        _names[key] = value
    return _names[key]


def __getattr__(name):
    if name != "PPP":
        raise AttributeError(name)
    # Few programs use it, and the heap is the board's.
    if os.getenv("VARDE_MODEM") == "1.26":
        import _ppp_1_26 as ppp  # noqa: PLC0415
    else:
        import _ppp as ppp  # noqa: PLC0415
    return ppp.PPP


class WLAN:
    IF_STA = STA_IF
    IF_AP = AP_IF
    PM_NONE = 0
    PM_PERFORMANCE = 1
    PM_POWERSAVE = 2

    def __init__(self, interface_id=STA_IF):
        if interface_id != STA_IF:
            raise ValueError("the virtual board has no access point")
        self._config = {}

    def active(self, wanted=None):
        return _air.call("wifi.active", None if wanted is None else bool(wanted))

    def connect(self, ssid=None, key=None, bssid=None):
        _air.call("wifi.connect", ssid, key or "")

    def disconnect(self):
        _air.call("wifi.disconnect")

    def isconnected(self):
        return _air.call("wifi.status") == STAT_GOT_IP

    def status(self, what=None):
        if what == "rssi":
            return _air.call("wifi.rssi")
        return _air.call("wifi.status")

    def scan(self):
        """[(ssid, bssid, channel, RSSI, security, hidden), ...]"""
        time.sleep_ms(_SCAN_MS)
        return [tuple(row) for row in _air.call("wifi.scan")]

    def ifconfig(self, wanted=None):
        return tuple(_air.call("wifi.ifconfig"))

    def ipconfig(self, what):
        address, mask = self.ifconfig()[:2]
        return (address, mask) if what == "addr4" else None

    def config(self, what=None, **settings):
        if what is None:
            self._config.update(settings)
            return None
        if what == "mac":
            return _air.call("board.mac")
        if what in self._config:
            return self._config[what]
        raise ValueError("unknown config param")
