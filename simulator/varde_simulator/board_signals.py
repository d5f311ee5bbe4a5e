"""What people see, hear and press on a board: its light, its buzzer, its button.

    board.signals.fit_buzzer()          before it has power: its firmware then has `machine.PWM`
    board.signals.press_button()        at any moment; press_button(6) holds it for six seconds
    board.signals.tones, .lights        what there was, newest last
"""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from varde_simulator.air.channel import Channel
from varde_simulator.clock import VirtualClock

BUTTON_PIN = 0  # BOOT on every ESP32-S3 kit
PRESS_S = 0.15
BLINK_US = 3_000_000
KEPT = 5_000  # of each: some hours of a light that goes on and off every second


class Tone(NamedTuple):
    """A tone that began at this virtual time."""

    now_us: int
    pin: int
    frequency_hz: int


class Light(NamedTuple):
    """The light as it became at this virtual time: bytes of red, green, blue."""

    now_us: int
    colours: bytes


class BoardSignals:
    """One board's; `channel()` is the way to its chip, None while none runs."""

    def __init__(self, clock: VirtualClock, channel: Callable[[], Channel | None]) -> None:
        self._clock = clock
        self._channel = channel
        self._has_buzzer = False
        self.light = b""  # red, green, blue
        self.is_sounding = False
        self.tones: deque[Tone] = deque(maxlen=KEPT)
        self.lights: deque[Light] = deque(maxlen=KEPT)

    def fit_buzzer(self) -> None:
        """Solder one on; which pin is the board file's to say."""
        self._has_buzzer = True

    def press_button(self, seconds: float = PRESS_S, pin: int = BUTTON_PIN) -> None:
        """Down for so long, and up."""
        self._set_input(pin, 0)
        self._clock.call_later(int(seconds * 1_000_000), lambda: self._set_input(pin, 1))

    def _set_input(self, pin: int, level: int) -> None:
        channel = self._channel()
        if channel is not None:
            channel.event("board.input", pin, level)

    @property
    def blinks(self) -> bool:
        """The light goes on and off these seconds, as for a reminder."""
        since_us = self._clock.now_us() - BLINK_US
        return sum(light.now_us >= since_us for light in list(self.lights)[-2:]) == 2

    @property
    def environment(self) -> dict[str, str]:
        """What the chip's process has to know."""
        return {"VARDE_BUZZER": "1"} if self._has_buzzer else {}

    @property
    def ops(self) -> dict[str, Callable[..., object]]:
        """What the chip tells."""
        return {"board.light": self._on_light, "board.tone": self._on_tone}

    def _on_tone(self, pin: int, frequency_hz: int, duty_u16: int) -> None:
        if duty_u16 and not self.is_sounding:
            self.tones.append(Tone(self._clock.now_us(), pin, frequency_hz))
        self.is_sounding = duty_u16 > 0

    def _on_light(self, colours: bytes) -> None:
        self.light = colours
        self.lights.append(Light(self._clock.now_us(), colours))
