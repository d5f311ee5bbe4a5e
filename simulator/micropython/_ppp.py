"""`network.PPP` as the ESP32 port has it in MicroPython 1.25, with its pitfalls.

What goes over the serial line is a mock of LCP and IPCP, not PPP: frames of text between two `~`,
`conf-req`, `conf-ack`, `term-req`, `term-ack`. The bytes of sockets go the world's own way
(`varde_simulator/modem/data_call.py`).
"""

import sys
import time

import _air

_EALREADY = 114
_CLOSE_MS = 4000  # PPP_CLOSE_TIMEOUT_MS of ports/esp32/network_ppp.c
_CLOSE_LOOK_MS = 50  # 10 there; the fewer wake-ups, the faster time leaps
_FLAG = b"~"
_MAX_FRAME_BYTES = 512
_UNASSIGNED = "0.0.0.0"  # noqa: S104  what PPP shows, no socket
_PEER, _DNS, _MASK = "10.64.64.64", "10.64.64.53", "255.255.255.255"


class PPP:
    AUTH_NONE = 0
    AUTH_PAP = 1
    AUTH_CHAP = 2

    def __init__(self, stream):
        for name in ("read", "write"):
            if not hasattr(stream, name):
                raise OSError("stream operation not supported")
        self._stream = stream
        self._is_active = False
        self._was_active = False
        self._is_running = False
        self._is_connected = False
        self._is_closed = False
        self._address = _UNASSIGNED
        self._pending = b""
        self._login = b""

    def active(self, wanted=None):
        if wanted is None or bool(wanted) == self._is_active:
            return self._is_active
        if wanted:
            if self._was_active:
                _freeze()  # micropython issues 15157, 4766: an object is good for one connection
            self._is_active = self._was_active = True
        else:
            self._close()
        return self._is_active

    def connect(self, *, authmode=AUTH_NONE, username=None, password=None):
        if not self._is_active:
            raise OSError("must be active")
        if self._is_running:
            raise OSError(_EALREADY)
        if authmode not in (self.AUTH_NONE, self.AUTH_PAP, self.AUTH_CHAP):
            raise ValueError("invalid auth")
        self._login = b""
        if authmode != self.AUTH_NONE:
            self._login = b" %d %s %s" % (authmode, _hex(username), _hex(password))
        self._is_running = True
        _air.post("ppp.default")  # before there is a connection: micropython issue 6541
        waiting = self._stream.read()
        if hasattr(self._stream, "taker"):
            self._stream.taker = self._receive
        self._send(b"conf-req" + self._login)
        if waiting:
            self._receive(waiting)

    def isconnected(self):
        return self._is_connected

    def status(self):
        return None  # not implemented in this port, micropython issue 4708

    def ifconfig(self, wanted=None):
        if wanted is not None:
            return None
        if not self._is_active:
            return (None, None, None, None)
        is_up = self._address != _UNASSIGNED
        peer, dns = (_PEER, _DNS) if is_up else (_UNASSIGNED, _UNASSIGNED)
        return (self._address, peer, _MASK, dns)  # in this order: the gateway is the second

    def ipconfig(self, what):
        if not self._is_active:
            raise ValueError("PPP not active")
        if what == "addr4":
            return (self._address, _MASK)
        if what == "gw4":
            return _PEER if self._address != _UNASSIGNED else _UNASSIGNED
        raise ValueError("unexpected key")

    def config(self, what=None, **settings):
        if what is None:
            return None
        if what == "ifname":
            return "pp1" if self._is_active else None
        raise ValueError("unknown config param")

    def _close(self):
        """Blocks for up to four seconds when the modem does not answer, micropython issue 4708."""
        if self._is_running:
            self._is_closed = False
            self._send(b"term-req")
            begun = time.ticks_ms()
            while not self._is_closed and time.ticks_diff(time.ticks_ms(), begun) < _CLOSE_MS:
                time.sleep_ms(_CLOSE_LOOK_MS)
        if hasattr(self._stream, "taker"):
            self._stream.taker = None
        self._is_active = self._is_running = self._is_connected = False
        self._address = _UNASSIGNED
        _air.post("ppp.gone")

    def _send(self, text):
        self._stream.write(_FLAG + b"mock " + text + _FLAG)

    def _receive(self, data):
        self._pending += data
        while True:
            start = self._pending.find(_FLAG)
            end = self._pending.find(_FLAG, start + 1)
            if start < 0 or end < 0:
                self._pending = self._pending[-_MAX_FRAME_BYTES:]
                return
            frame = self._pending[start + 1 : end]
            self._pending = self._pending[end + (1 if frame.startswith(b"mock ") else 0) :]
            self._take(frame)

    def _take(self, frame):
        words = frame.split(b" ")
        if len(words) < 2 or words[0] != b"mock":
            if not self._is_connected and frame.startswith(b"\xff}#\xc0!"):
                self._send(b"conf-req" + self._login)  # the peer still negotiates: say it again
            return
        if words[1] == b"conf-ack" and not self._is_connected:
            self._address = str(words[2], "ascii")
            self._is_connected = True
            _air.post("ppp.up")
        elif words[1] == b"term-req":
            self._send(b"term-ack")
            self._is_connected = False
            self._address = _UNASSIGNED
            _air.post("ppp.down")
        elif words[1] == b"term-ack":
            self._is_closed = True


def _hex(text):
    if not isinstance(text, str):
        raise TypeError("can't convert to str")
    return b"".join(b"%02x" % byte for byte in text.encode()) or b"-"


def _freeze():
    sys.stderr.write("PPP: active(True) again on the same object: this board hangs here\n")
    while True:
        time.sleep_ms(1000)
