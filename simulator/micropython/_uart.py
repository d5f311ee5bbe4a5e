"""`machine.UART` as on the ESP32: the world knows what its pins are soldered to."""

import _air
import _clock

_STREAM_POLL = 3
_STREAM_POLL_RD = 1
_STREAM_POLL_WR = 4
_FIFO_BYTES = 128  # the chip's own, before the driver's buffer
_PIECE_BYTES = 1024  # of a write; a frame carries about 4000
_CHARACTER_BITS = 10

_open = {}  # number: UART


class UART:
    INV_TX = 32
    INV_RX = 4
    INV_RTS = 64
    INV_CTS = 8
    RTS = 1
    CTS = 2
    IRQ_RX = 1 << 0
    IRQ_RXIDLE = 1 << 12
    IRQ_BREAK = 1 << 7

    def __init__(self, id, *args, **settings):
        if not 1 <= id <= 2:
            raise ValueError("UART(%d) does not exist" % id)
        self._id = id
        self._pins = {"tx": 10 if id == 1 else 17, "rx": 9 if id == 1 else 16}
        self._baud = 115200
        self._capacity = 256 + _FIFO_BYTES
        self._timeout_ms = 0
        self._received = bytearray()
        self._handler = None
        self._wanted = 1
        self._poller = _clock.Poller()
        self._poller.register(_Waiting(self), 1)
        self.lost_bytes = 0  # not on the chip: what the buffer had no room for
        self.taker = None  # not on the chip: PPP takes the bytes as they come
        self.init(*args, **settings)

    def init(self, baudrate=0, bits=8, parity=None, stop=1, **settings):
        for name in ("tx", "rx"):
            if name in settings:
                pin = settings[name]
                self._pins[name] = pin if isinstance(pin, int) else pin._id
        if baudrate:
            self._baud = baudrate
        if "rxbuf" in settings:
            self._capacity = settings["rxbuf"] + _FIFO_BYTES
            self._received = bytearray()  # the driver is installed anew
        self._timeout_ms = settings.get("timeout", 0)
        _open[self._id] = self
        _air.on("uart.data", _on_data)
        _air.post("uart.open", self._id, self._pins["tx"], self._pins["rx"], self._baud)

    def deinit(self):
        if _open.pop(self._id, None) is not None:
            _air.post("uart.close", self._id)
        self._received = bytearray()

    # A stream

    def any(self):
        return len(self._received)

    def read(self, count=-1):
        if count == 0:
            return b""
        self._wait(1 if count < 0 else count)
        return self._take(len(self._received) if count < 0 else count) or None

    def readinto(self, buffer, count=-1):
        wanted = len(buffer) if count < 0 else min(count, len(buffer))
        self._wait(wanted)
        data = self._take(wanted)
        buffer[: len(data)] = data
        return len(data) or None

    def readline(self):
        """Up to a line feed; less if nothing more comes within the timeout."""
        looked = 0
        while True:
            end = self._received.find(b"\n", looked)
            if end >= 0:
                return self._take(end + 1)
            looked = len(self._received)
            if not self._wait(looked + 1):
                return self._take(looked) or None

    def write(self, data):
        view = memoryview(data)
        if self._id in _open:
            for at in range(0, len(view), _PIECE_BYTES):
                _air.post("uart.write", self._id, view[at : at + _PIECE_BYTES])
        return len(view)

    def ioctl(self, request, argument):
        if request != _STREAM_POLL:
            return -22
        happened = argument & _STREAM_POLL_WR
        if self._received:
            happened |= argument & _STREAM_POLL_RD
        return happened

    def flush(self):
        pass

    def txdone(self):
        return True

    def sendbreak(self):
        pass

    def irq(self, handler=None, trigger=0, hard=False):
        if hard:
            raise ValueError("hard IRQ is not supported")
        self._handler = handler if trigger else None

    def _wait(self, count):
        """Whether so many bytes are here, after the timeout at the latest."""
        end_ms = _clock.ticks_add(_clock.ticks_ms(), self._timeout_ms)
        self._wanted = count
        while len(self._received) < count:
            left_ms = _clock.ticks_diff(end_ms, _clock.ticks_ms())
            if left_ms <= 0:
                return False
            self._poller.poll(left_ms)
        return True

    def _take(self, count):
        data = bytes(self._received[:count])
        self._received = self._received[count:]
        return data

    def _put(self, data):
        if self.taker is not None:
            self.taker(data)
            return
        room = self._capacity - len(self._received)
        self.lost_bytes += max(0, len(data) - room)
        self._received += data[: max(0, room)]
        if self._handler is not None:
            self._handler(self)


class _Waiting:
    """Ready when there is as much as a read wants."""

    def __init__(self, uart):
        self._uart = uart

    def ioctl(self, request, argument):
        return int(len(self._uart._received) >= self._uart._wanted)


def _on_data(number, data):
    uart = _open.get(number)
    if uart is not None:
        uart._put(data)
