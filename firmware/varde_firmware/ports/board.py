"""The chip and the board around it: clock, watchdog, light, button, reset.

What differs between boards is data, in `boards/<name>.py`: `MODEM` are pins and levels of a modem,
or None; `LIGHT` is ("ws2812", pin) for a chain of one, ("led", pin, active level) for a plain one,
or None; `BUTTON` pulls its pin low, or is None.
"""

import time

import machine

from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Any, Callable, Tuple

WATCHDOG_MS = const(60_000)
_S_1970_TO_2000 = 946_684_800


class Board:
    """See `ports.Board`."""

    def __init__(self, name: str) -> None:
        """Raises ImportError if there is no file for this board."""
        pins = __import__("boards." + name, None, None, ("LIGHT",))
        self.modem_pins: "Any" = pins.MODEM
        self._light = _light(pins.LIGHT)
        self._button: "Any" = None
        if pins.BUTTON is not None:
            self._button = machine.Pin(pins.BUTTON, machine.Pin.IN, machine.Pin.PULL_UP)
        self._watchdog: "Any" = None

    @staticmethod
    def reset_cause() -> int:
        """Return 1 power-on, 2 hard, 3 watchdog, 5 soft, as the event boot wants it."""
        return int(machine.reset_cause())

    @staticmethod
    def set_rtc_ms(utc_ms: int) -> None:
        """Set the clock by which TLS judges certificates."""
        # Ports count from 1970 or from 2000; year 0 of this one tells which.
        epoch_s = _S_1970_TO_2000 if time.gmtime(0)[0] == 2000 else 0
        year, month, day, hour, minute, second, weekday, _ = time.gmtime(utc_ms // 1000 - epoch_s)[
            :8
        ]
        machine.RTC().datetime(
            (year, month, day, weekday, hour, minute, second, utc_ms % 1000 * 1000)
        )

    @staticmethod
    def rtc_ms() -> int:
        """Return the clock, Unix ms; 2000-01-01 after power-on."""
        epoch_s = _S_1970_TO_2000 if time.gmtime(0)[0] == 2000 else 0
        return (int(time.time()) + epoch_s) * 1000

    def start_watchdog(self) -> None:
        """From now on the hub restarts unless it is fed; there is no way back."""
        self._watchdog = machine.WDT(timeout=WATCHDOG_MS)

    def feed_watchdog(self) -> None:
        if self._watchdog is not None:
            self._watchdog.feed()

    def listen(self, on_press: "Callable[[Any], None]") -> None:
        """Call this, in a handler, whenever the button goes down."""
        if self._button is not None:
            self._button.irq(handler=on_press, trigger=machine.Pin.IRQ_FALLING)

    def is_pressed(self) -> bool:
        """The button is down; only on a board that has one."""
        return not self._button.value()

    def show(self, rgb: "Tuple[int, int, int]") -> None:
        """Set the light."""
        self._light(rgb)


def _light(pins: "Any") -> "Any":
    if pins is None:
        return _dark
    pin = machine.Pin(pins[1], machine.Pin.OUT)
    if pins[0] == "ws2812":
        import neopixel  # type: ignore[import-not-found]  # noqa: PLC0415  (where there is one)

        chain = neopixel.NeoPixel(pin, 1)

        def show_colour(rgb: "Tuple[int, int, int]") -> None:
            chain[0] = rgb
            chain.write()

        return show_colour
    active = pins[2]

    def show_plain(rgb: "Tuple[int, int, int]") -> None:
        # One LED, one bit: on means that somebody should look or wait.
        pin.value(active if rgb[0] or rgb[2] else 1 - active)

    return show_plain


def _dark(_rgb: "Tuple[int, int, int]") -> None:
    """A board without a light."""
