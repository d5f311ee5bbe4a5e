"""Power key and reset line: what presses of them do (SIM7670G and A7670 hardware design)."""

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from varde_simulator.modem.virtual_modem import VirtualModem

PRESS_ON_S = 0.05  # from off; LilyGO's examples press for 100 ms
PRESS_OFF_S = 2.5  # LilyGO's examples: 3 s
OFF_S = 1.5  # it says good-bye to the network
RESET_S = 2.0
_HANG_HELPS_NOT = "modem: power key pressed, and it hangs"


class Power:
    """On or off, and which of the two lines are held now."""

    def __init__(self, modem: "VirtualModem") -> None:
        self.is_on = False
        self.presses = 0
        self._modem = modem
        self._held: dict[int, asyncio.TimerHandle | None] = {}

    def pin(self, number: int, level: int) -> None:
        """The hub drives one."""
        wiring = self._modem.wiring
        if number == wiring.power_key:
            self._hold(number, level == wiring.power_key_pressed)
        elif number == wiring.reset:
            self._hold(number, level == wiring.reset_pressed)

    def release_pins(self) -> None:
        """The hub's chip drives nothing any more."""
        for number in tuple(self._held):
            self._hold(number, False)

    def lose_supply(self) -> None:
        """At once, whatever it was doing."""
        self.is_on = False
        self._modem.stop()

    def switch_off(self) -> None:
        """By its own program: key or command."""
        self._modem.stop()
        self._modem.later(OFF_S, self._is_off)

    def restart(self) -> None:
        """By reset or by command."""
        self.is_on = True
        self._modem.boot()

    def _is_off(self) -> None:
        self.is_on = False
        self._modem.stop()
        self._modem.on_note("modem: off")

    def _hold(self, number: int, is_held: bool) -> None:
        if not is_held:
            timer = self._held.pop(number, None)
            if timer is not None:
                timer.cancel()
            return
        if number in self._held:
            return
        clock = self._modem.clock
        if number == self._modem.wiring.reset:
            self._held[number] = clock.call_later(round(RESET_S * 1e6), self._reset)
        else:
            press_s = PRESS_OFF_S if self.is_on else PRESS_ON_S
            self._held[number] = clock.call_later(round(press_s * 1e6), self._pressed)

    def _pressed(self) -> None:
        self._held[self._modem.wiring.power_key] = None
        self.presses += 1
        if "power-key-ignored" in self._modem.faults:
            return
        if self._modem.is_hung:
            self._modem.on_note(_HANG_HELPS_NOT)
        elif self.is_on:
            self.switch_off()
        else:
            self.restart()

    def _reset(self) -> None:
        self._held[self._modem.wiring.reset] = None
        if self.is_on:
            self.restart()
