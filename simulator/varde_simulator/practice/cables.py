"""Boards on the cables of a practice bench, and the file that says where they are now."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from varde_simulator.board_stand import BoardStand
from varde_simulator.practice.hand import Hand, HandError, Seen

PRESSED_S = 1.0  # a finger on BOOT, while the other presses RESET
LONG_PRESS_S = 6
_IN = (Hand("unplug"), Hand("into-loader"), Hand("press"), Hand("press-long"))
_OUT = (Hand("plug"), Hand("plug-into-loader"))
COLOURS = (
    (b"\xff\xff\xff", "white"), (b"\xff\xff\0", "yellow"), (b"\xff\0\xff", "violet"),
    (b"\0\xff\xff", "turquoise"), (b"\xff\0\0", "red"), (b"\0\xff\0", "green"),
    (b"\0\0\xff", "blue"),
)  # fmt: skip
"""Names of lights, those of several colours first."""


class Cables:
    """The boards of a stand as things on the bench: `board-1`, and so on."""

    def __init__(self, stand: BoardStand, ports: Path) -> None:
        self.stand = stand
        self.ports = ports
        self._deeds: dict[str, Callable[[int], Awaitable[None]]] = {
            "plug": lambda number: stand.say(f"plug {number}"),
            "plug-into-loader": self._plug_into_loader,
            "unplug": lambda number: stand.say(f"unplug {number}"),
            "into-loader": self._into_loader,
            "press": lambda number: stand.say(f"press {number}"),
            "press-long": lambda number: stand.say(f"press {number} {LONG_PRESS_S}"),
        }

    @property
    def seen(self) -> list[Seen]:
        """All of them."""
        return [self._seen(number) for number in self.stand.cables]

    def _seen(self, number: int) -> Seen:
        usb = self.stand.cables[number]
        if not usb.is_plugged:
            return Seen(_label(number), "board", lies="unplugged", hands=_OUT)
        lies = "loader" if usb.is_in_loader else "plugged"
        return Seen(_label(number), "board", self._light(number), lies, hands=_IN)

    def _light(self, number: int) -> str:
        """The name of what shines, "" for none."""
        signals = self.stand.world.boards[f"bench-{number}"].signals
        lit = bytes(255 if each else 0 for each in signals.light[:3])
        return next((name for colours, name in COLOURS if colours == lit), "")

    async def say(self, word: str, label: str, _rest: str) -> None:
        """Raises HandError, WordError."""
        digits = label.removeprefix("board-")
        if word not in self._deeds or not digits.isdecimal():
            raise HandError(f"{word} {label}: with a board a hand can {', '.join(self._deeds)}")
        await self._deeds[word](int(digits))
        self.write_ports()

    def write_ports(self) -> None:
        """As the operating system has them: the names there are now."""
        part = self.ports.with_suffix(".part")
        lines = [f"{usb.pty}\n" for usb in self.stand.cables.values() if usb.pty]
        part.write_text("".join(lines), encoding="utf-8")
        os.replace(part, self.ports)

    async def _into_loader(self, number: int) -> None:
        """Hold BOOT, press RESET, let go."""
        await self.stand.say(f"boot {number} down")
        await self.stand.say(f"reset {number}")
        await asyncio.sleep(PRESSED_S)
        await self.stand.say(f"boot {number} up")

    async def _plug_into_loader(self, number: int) -> None:
        """Hold BOOT while the cable goes in."""
        await self.stand.say(f"boot {number} down")
        await self.stand.say(f"plug {number}")
        await asyncio.sleep(PRESSED_S)
        await self.stand.say(f"boot {number} up")


def _label(number: int) -> str:
    return f"board-{number}"
