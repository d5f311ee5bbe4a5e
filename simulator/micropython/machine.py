"""`machine` of the board: resets, watchdog, RTC, pins. What the world must know it is told."""

import struct
import time

import _air
import _certificate_time
import _clock
import _flash
import _mapping
import uos as os

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5

# How a VM's process ends says what the board does next (`varde_simulator/hub_process.py`).
_EXIT_HARD_RESET = 64
_EXIT_SOFT_RESET = 65
_EXIT_DEEP_SLEEP = 66
_EXIT_BOOTLOADER = 68

# Byte offsets in the always-on page.
_WATCHDOG_TIMEOUT = 20
_WATCHDOG_FED = 24
_RTC_BASE = 32

_exit = _mapping.libc.func("v", "_exit", "i")


def reset():
    _exit(_EXIT_HARD_RESET)


def soft_reset():
    _exit(_EXIT_SOFT_RESET)


def bootloader(timeout=0):
    _exit(_EXIT_BOOTLOADER)


def deepsleep(time_ms=0):
    _air.call("board.sleep", time_ms)
    _exit(_EXIT_DEEP_SLEEP)


def lightsleep(time_ms=0):
    time.sleep_ms(time_ms)


def idle():
    time.sleep_ms(1)


def reset_cause():
    return int(os.getenv("VARDE_RESET_CAUSE") or PWRON_RESET)


def unique_id():
    return _air.call("board.mac")


def freq(hz=None):
    return 240000000


def disable_irq():
    return 0


def enable_irq(state):
    pass


class WDT:
    """Bites in virtual time; cannot be stopped, as on the chip."""

    def __init__(self, id=0, timeout=5000):
        self._timeout_ms = timeout
        self.feed()
        struct.pack_into("<I", _flash.page, _WATCHDOG_TIMEOUT, timeout)
        _air.post("board.watchdog", timeout)

    def feed(self):
        fed_ms = (_clock.now_us() // 1000) & 0xFFFFFFFF
        struct.pack_into("<I", _flash.page, _WATCHDOG_FED, fed_ms)


class RTC:
    def datetime(self, fields=None):
        """(year, month, day, weekday, hours, minutes, seconds, microseconds)"""
        if fields is None:
            now_us = time.rtc_us()
            date = time.gmtime(now_us // 1000000)
            return date[:3] + (date[6],) + date[3:6] + (now_us % 1000000,)
        seconds = time.mktime(fields[:3] + fields[4:7])
        _set_rtc_base(seconds * 1000000 + fields[7] - _clock.now_us())
        return None

    init = datetime


def _set_rtc_base(base_us):
    time.rtc_base_us = base_us
    struct.pack_into("<q", _flash.page, _RTC_BASE, base_us)
    _certificate_time.set_time(time.time() + time.EPOCH_S)


class Pin:
    IN = 1
    OUT = 3
    OPEN_DRAIN = 7
    PULL_UP = 2
    PULL_DOWN = 1
    IRQ_RISING = 1
    IRQ_FALLING = 2

    _inputs = {}  # what the world holds a pin at; a pull-up's 1 if it does not

    def __init__(self, id, mode=-1, pull=-1, value=None):
        self._id = id
        self._value = 0
        self._handler = None
        self.init(mode, pull, value)

    def init(self, mode=-1, pull=-1, value=None):
        if mode == Pin.IN and pull == Pin.PULL_UP:
            self._value = 1
        if value is not None:
            self._value = int(bool(value))
        if value is not None or mode == Pin.OUT:
            _air.post("board.pin", self._id, self._value)  # an output drives its line at once

    def value(self, level=None):
        if level is None:
            return Pin._inputs.get(self._id, self._value)
        level = int(bool(level))
        if level != self._value:
            self._value = level
            _air.post("board.pin", self._id, level)
        return None

    __call__ = value

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    def irq(self, handler=None, trigger=IRQ_RISING | IRQ_FALLING):
        self._handler = handler
        self._trigger = trigger
        _handlers[self._id] = self


_handlers = {}


def __getattr__(name):  # few programs use these, and the heap is the board's
    if name == "UART":
        import _uart  # noqa: PLC0415

        return _uart.UART
    if name == "PWM":
        import _pwm  # noqa: PLC0415

        return _pwm.PWM
    raise AttributeError(name)


def _on_input(pin, level):
    Pin._inputs[pin] = level
    listener = _handlers.get(pin)
    edge = Pin.IRQ_RISING if level else Pin.IRQ_FALLING
    if listener is not None and listener._handler is not None and listener._trigger & edge:
        listener._handler(listener)


def _start():
    time.rtc_base_us = struct.unpack_from("<q", _flash.page, _RTC_BASE)[0]
    _certificate_time.set_time(time.time() + time.EPOCH_S)
    _air.on("board.input", _on_input)


_start()
