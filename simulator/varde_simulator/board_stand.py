"""Bare boards on USB cables, as on a technician's table, and the words that move them.

    stand = BoardStand(world, folder, surroundings, tell)
    await stand.put(BoardPlan(1))        await stand.say("unplug 1")

What happens is told as *news*, one dict an event, as by `sensor_stand`.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from varde_simulator.board import VirtualBoard
from varde_simulator.board_signals import PRESS_S
from varde_simulator.host_programs import COLLECTOR_NAME, NTP_NAME
from varde_simulator.modem.settings import Settings
from varde_simulator.sensor_stand import ALL, News, Tell, WordError
from varde_simulator.usb import chips
from varde_simulator.usb.usb_board import UsbBoard
from varde_simulator.world import World

COUNTERFEIT_BYTES = 4 * chips.MIB  # what is in a flash that says it is larger

REGISTER_S = (5.0, 8.0)  # a table stands by a window, and somebody waits at it


@dataclass(frozen=True)
class BoardPlan:
    """One board. `psram_bytes` None: its kind's. A counterfeit has less flash than it says."""

    number: int
    kind: chips.Chip = chips.ESP32_S3
    psram_bytes: int | None = None
    is_counterfeit: bool = False
    has_modem: bool = False

    @property
    def node(self) -> str:
        """Its name in the world; the chip's address follows from it."""
        return f"bench-{self.number}"


@dataclass(frozen=True)
class Surroundings:
    """What a hub finds beyond its radio: names as its config says them, and where these lead.
    `collector` None: nobody is there."""

    collector: tuple[str, int] | None = None
    collector_name: str = COLLECTOR_NAME
    ntp_name: str = NTP_NAME


class BoardStand:
    """The boards by number. `tell(news)` hears of everything."""

    def __init__(self, world: World, around: Surroundings, tell: Tell) -> None:
        self.world = world
        self.around = around
        self.tell = tell
        self.cables: dict[int, UsbBoard] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._words: dict[str, Callable[[int, str], Awaitable[None]]] = {
            "plug": self._plug,
            "unplug": self._unplug,
            "cut": self._cut,
            "boot": self._boot,
            "reset": self._reset,
            "press": self._press,
        }

    @property
    def words(self) -> tuple[str, ...]:
        """All that `say` knows."""
        return tuple(self._words)

    async def put(self, plan: BoardPlan) -> None:
        """One more board; plugged in."""
        board = self.world.add_bare_board(plan.node, plan.kind)
        if plan.has_modem:
            board.fit_modem(Settings(register_s=REGISTER_S))
        await board.links.start(self.around.collector_name, self.around.ntp_name)
        if self.around.collector is not None:
            board.links.set_collector(*self.around.collector)
        usb = UsbBoard(
            board,
            self.world.folder,
            plan.kind,
            psram_bytes=plan.psram_bytes,
            claimed_flash_bytes=plan.kind.flash_bytes if plan.is_counterfeit else None,
            real_flash_bytes=COUNTERFEIT_BYTES if plan.is_counterfeit else None,
        )
        self.cables[plan.number] = usb
        self._listen(plan.number, usb, board)
        await self._plug(plan.number)

    def _listen(self, number: int, usb: UsbBoard, board: VirtualBoard) -> None:
        log = board.flash.with_suffix(".log")

        def keep(line: str) -> None:
            with log.open("a", encoding="utf-8") as file:
                file.write(line + "\n")

        def lose_power() -> None:  # in the application; the port goes, too
            task = asyncio.ensure_future(self._cut(number))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        board.on_console = keep
        board.on_note = lambda text: self._report(number, "note", text=text)
        board.on_cut = lose_power
        usb.on_cut = lambda: self._report(number, "cut")

    async def close(self) -> None:
        """All unplugged for good."""
        await asyncio.gather(*self._tasks)
        for usb in self.cables.values():
            await usb.close()

    # Words

    async def say(self, line: str) -> None:
        """`word number [more]`, or `all` for the number. Raises WordError if it is not known."""
        word, _, rest = line.strip().partition(" ")
        who, _, more = rest.strip().partition(" ")
        if word not in self._words:
            raise WordError(f"no word {word!r}; there are {', '.join(self.words)}")
        for number in self._numbers(who):
            await self._words[word](number, more.strip())

    def _numbers(self, who: str) -> list[int]:
        if who == ALL:
            return list(self.cables)
        with contextlib.suppress(ValueError):
            if int(who) in self.cables:
                return [int(who)]
        known = ", ".join(map(str, self.cables))
        raise WordError(f"no board {who!r}; there are {known}, and {ALL}")

    async def _plug(self, number: int, more: str = "") -> None:
        if more not in {"", "elsewhere"}:
            raise WordError(f"plug {number} {more}: the only word here is elsewhere")
        usb = self.cables[number]
        await usb.plug(elsewhere=bool(more))
        mac = usb.mac.hex(":")
        kind = usb.kind.name
        self._report(number, "board", port=usb.port, pty=usb.pty, mac=mac, kind=kind)

    async def _unplug(self, number: int, _more: str) -> None:
        await self.cables[number].unplug()
        self._report(number, "unplugged")

    async def _cut(self, number: int, more: str = "") -> None:
        """In the n-th flash operation from now, whoever does it, half done; now without n."""
        if not more:
            await self.cables[number].unplug()
            self._report(number, "cut")
            return
        if not more.isdecimal() or int(more) < 1:
            raise WordError(f"cut {number} {more}: say in which flash operation, from 1")
        self.cables[number].cut_after_flash_operations(int(more))
        self.world.boards[BoardPlan(number).node].arm_cut(int(more), 0.5)

    async def _boot(self, number: int, more: str) -> None:
        if more not in {"down", "up"}:
            raise WordError(f"boot {number} {more}: the button goes down or up")
        self.cables[number].hold_boot_button(more == "down")

    async def _reset(self, number: int, _more: str) -> None:
        self.cables[number].press_reset()

    async def _press(self, number: int, more: str) -> None:
        """The button of a hub that runs, for so many seconds: a press silences a reminder, one
        of five seconds asks for test readings."""
        if more and not more.isdecimal():
            raise WordError(f"press {number} {more}: say for how many seconds")
        signals = self.world.boards[BoardPlan(number).node].signals
        signals.press_button(float(more) if more else PRESS_S)

    def _report(self, number: int, event: str, **more: object) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        news: News = {"time": now, "event": event, "board": number, **more}
        self.tell(news)
