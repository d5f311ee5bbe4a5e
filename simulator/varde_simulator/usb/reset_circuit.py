"""The two transistors between a serial bridge and a chip, and the strapping pin IO0.

A decider: `handle(event, now_us)` gives what happens to the chip, `deadline_us` says when it wants
`Expired`. DTR and RTS as the host asserts them:

    DTR RTS   EN     IO0
    0   0     high   high
    1   1     high   high
    0   1     low    high     held in reset
    1   0     high   low      asks for download

Between "reset" and "IO0 low" esptool's classic sequence passes through (1, 1), which lets EN rise
with IO0 high for 50 ms and more. Real boards survive that by the capacitor on EN, and because USB
is quicker than a network. Here EN rising opens a window: IO0 low at any moment in it boots the
loader at once, and only its end boots the application. 40 ms was too short for RFC 2217, 60 ms
enough.
"""

from dataclasses import dataclass

WINDOW_US = 150_000

# States
OFF = "off"  # no power
HELD = "held"  # EN is low
WINDOW = "window"  # EN has risen: not yet decided what boots
APPLICATION = "application"
LOADER = "loader"

# Actions
HOLD = "hold"
START_APPLICATION = "start application"
START_LOADER = "start loader"


@dataclass(frozen=True)
class Power:
    """Comes or goes."""

    is_on: bool


@dataclass(frozen=True)
class Lines:
    """Both, whichever changed."""

    dtr: bool
    rts: bool


@dataclass(frozen=True)
class Buttons:
    """Both, whichever changed: boot pulls IO0 low, reset pulls EN low."""

    boot: bool
    reset: bool


@dataclass(frozen=True)
class ChipReset:
    """The chip resets itself: EN stays high. `asks_download`: its program has set the bit that
    makes the ROM wait for one (RTC_CNTL_FORCE_DOWNLOAD_BOOT), as `machine.bootloader()` does."""

    asks_download: bool = False


@dataclass(frozen=True)
class Expired:
    """`deadline_us` has come."""


Event = Power | Lines | Buttons | ChipReset | Expired


def pins(lines: Lines, buttons: Buttons) -> tuple[bool, bool]:
    """(EN is high, IO0 is high)"""
    is_enabled = not (lines.rts and not lines.dtr) and not buttons.reset
    asks_download = (lines.dtr and not lines.rts) or buttons.boot
    return is_enabled, not asks_download


class ResetCircuit:
    """`state` is one of the five above."""

    def __init__(self, window_us: int = WINDOW_US) -> None:
        self.state = OFF
        self.deadline_us: int | None = None
        self.lines = Lines(False, False)
        self.buttons = Buttons(False, False)
        self._window_us = window_us

    def handle(self, event: Event, now_us: int) -> list[str]:
        """What happens to the chip: at most one of the actions above. Power itself is none."""
        if isinstance(event, Lines):
            self.lines = event
        elif isinstance(event, Buttons):
            self.buttons = event
        elif isinstance(event, Power) and event.is_on != (self.state != OFF):
            self.state, self.deadline_us = HELD if event.is_on else OFF, None
        if self.state == OFF:
            return []
        is_enabled, is_io0_high = pins(self.lines, self.buttons)
        if not is_enabled:
            return self._enter(HELD, HOLD) if self.state != HELD else []
        if isinstance(event, ChipReset):
            return self._rise(is_io0_high and not event.asks_download, now_us)
        if self.state == HELD:
            return self._rise(is_io0_high, now_us)
        if self.state == WINDOW:
            return self._decide(is_io0_high, now_us)
        return []

    def _rise(self, is_io0_high: bool, now_us: int) -> list[str]:
        if not is_io0_high:
            return self._enter(LOADER, START_LOADER)
        self.state = WINDOW
        self.deadline_us = now_us + self._window_us
        return []

    def _decide(self, is_io0_high: bool, now_us: int) -> list[str]:
        if not is_io0_high:
            return self._enter(LOADER, START_LOADER)
        if self.deadline_us is not None and now_us >= self.deadline_us:
            return self._enter(APPLICATION, START_APPLICATION)
        return []

    def _enter(self, state: str, action: str) -> list[str]:
        self.state = state
        self.deadline_us = None
        return [action]
