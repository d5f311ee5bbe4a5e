"""`network.PPP` as the ESP32 port has it from MicroPython 1.26 on (pull request 17138): closing
does not block, `status` tells, and the names of before go on."""

import _air
import _ppp
from _clock import ticks_diff, ticks_ms

_CLOSING_MS = 12000  # lwIP asks the peer twice, six seconds apart, and then lets go
_EPERM = 1
_LOST = 5  # PPPERR_CONNECT
_INACTIVE, _ACTIVE, _CONNECTING, _CONNECTED = 0, 1, 3, 4


class PPP(_ppp.PPP):
    SEC_NONE = 0
    SEC_PAP = 1
    SEC_CHAP = 2

    def __init__(self, stream):
        super().__init__(stream)
        self._closing_ms = None
        self._was_connected = False

    def active(self, wanted=None):
        self._look()
        if wanted and not self._is_active:
            self._is_active = True
        elif wanted is not None and not wanted:
            self.disconnect()
        return self._is_active

    def connect(self, *, security=-1, user=None, key=None, **before):
        self.active(True)
        super().connect(
            authmode=before.get("authmode", 0) if security == -1 else security,
            username=before.get("username") if user is None else user,
            password=before.get("password") if key is None else key,
        )

    def disconnect(self):
        if self._is_running and self._closing_ms is None:
            self._closing_ms = ticks_ms()
            self._is_closed = False
            self._send(b"term-req")

    def isconnected(self):
        self._look()
        return self._is_connected

    def status(self):
        self._look()
        if self._is_connected:
            return _CONNECTED
        if self._is_running:
            return -_LOST if self._was_connected else _CONNECTING
        return _ACTIVE if self._is_active else _INACTIVE

    def poll(self):
        self._look()
        return 0 if self._is_running else -_EPERM

    def config(self, what=None, **settings):
        if what == "stream":
            return self._stream
        if "stream" in settings:
            raise NotImplementedError("the stand-in keeps its stream")
        return super().config(what)

    def _take(self, frame):
        super()._take(frame)
        self._was_connected = self._was_connected or self._is_connected
        self._look()

    def _look(self):
        """The end of a connection that was closed: by the peer's word, or by lwIP's patience."""
        begun_ms = self._closing_ms
        if begun_ms is None:
            return
        if self._is_closed or ticks_diff(ticks_ms(), begun_ms) > _CLOSING_MS:
            self._closing_ms = None
            self._stream.taker = None
            self._is_active = self._is_running = self._is_connected = self._was_connected = False
            self._address = "0.0.0.0"  # noqa: S104  what PPP shows, no socket
            _air.post("ppp.gone")
