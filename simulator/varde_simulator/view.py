"""What people see while a scenario plays: a live view at a terminal, plain lines elsewhere."""

import json
import time
from collections import deque
from pathlib import Path
from typing import Protocol

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from varde_simulator.board import VirtualBoard
from varde_simulator.play import Outcome, Play
from varde_simulator.sensors.virtual_sensor import VirtualSensor

REFRESH_PER_S = 6  # smooth enough; each drawing takes some milliseconds from the world
TIMELINE_LINES = 12
_COLOURS = {"power": "red", "wifi": "yellow", "internet": "yellow", "collector": "magenta",
            "hub": "cyan", "site": "green", "time server": "yellow"}  # fmt: skip


# Every count of the sum in words. All that must be 0 comes last.
WORDS = {
    "measured": "readings the sensors made and could hand over",
    "not_offered": "made while no hub listened or the sensor was full: gone",
    "journaled": "seen durable in the hub's flash",
    "delivered": "opened by the receiver, signature good",
    "repeats": "sent twice by a sensor, shown once",
    "asked": "read by the hub itself, such as a battery's level",
    "timeless": "delivered without a time: that boot never learned it",
    "in_hand": "samples of a stream that a power cut caught unwritten",
    "given_up": "samples of a stream that a full journal let go, and named",
    "lost": "measured, and nobody has it any more",
    "unnamed": "numbers gone from the hub that nobody names",
    "under_way": "not delivered yet, still in sensor or hub",
    "duplicates": "delivered more often than measured",
    "altered": "delivered with other bytes or signature",
    "untimely": "delivered with a wrong time",
    "undated": "delivered without a time",
    "mistaken": "two measurements taken for one",
}
_NEVER_WRONG = (
    "measured", "not_offered", "journaled", "delivered", "repeats", "asked", "timeless",
    "in_hand",
)  # fmt: skip


class View(Protocol):
    """`tell` takes what happens; between start and stop it may draw as it likes."""

    def start(self, play: Play) -> None: ...

    def tell(self, who: str, what: str) -> None: ...

    def stop(self) -> None: ...


class PlainView:
    """One line each, with the virtual time; for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._play: Play | None = None

    def start(self, play: Play) -> None:
        """Lines are stamped with this play's clock."""
        self._play = play

    def tell(self, who: str, what: str) -> None:
        """One line."""
        stamp = local_time(self._play) if self._play is not None else ""
        self._console.print(f"{stamp}  {who:<12} {what}", highlight=False, markup=False)

    def stop(self) -> None:
        """Nothing is left to do."""


class QuietView:
    """Shows nothing."""

    def start(self, play: Play) -> None:
        """Nothing."""

    def tell(self, who: str, what: str) -> None:
        """Nothing."""

    def stop(self) -> None:
        """Nothing."""


class CollectorLog:
    """Counts what the collector's own log says; read on as it grows."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._at = 0
        self.exchanges = 0
        self.records = 0

    def read(self) -> None:
        """Take in what has been added."""
        if not self._file.exists():
            return
        with self._file.open("rb") as log:
            log.seek(self._at)
            for line in log:
                if not line.endswith(b"\n"):
                    break
                self._at += len(line)
                self._count(line)

    def _count(self, line: bytes) -> None:
        try:
            entry = json.loads(line)
        except ValueError:
            return
        if entry.get("event") == "exchange":
            self.exchanges += 1
            self.records += int(entry.get("acknowledged", 0))


class LiveView:
    """Sensors, hub, link, collector, a timeline, and the clock that leaps."""

    def __init__(self, console: Console) -> None:
        self._timeline: deque[tuple[str, str, str]] = deque(maxlen=TIMELINE_LINES)
        self._play: Play | None = None
        self._log: CollectorLog | None = None
        self._started_s = time.monotonic()
        self._live = Live(
            console=console, refresh_per_second=REFRESH_PER_S, get_renderable=self._render
        )

    def start(self, play: Play) -> None:
        """Draw this play from now on."""
        self._play = play
        self._log = CollectorLog(play.stage.host.log)
        self._live.start()

    def tell(self, who: str, what: str) -> None:
        """Onto the timeline."""
        stamp = local_time(self._play) if self._play is not None else ""
        self._timeline.append((stamp, who, what))

    def stop(self) -> None:
        """The last drawing stays."""
        self._live.stop()

    def _render(self) -> RenderableType:
        play = self._play
        if play is None or self._log is None:
            return Text("...")
        self._log.read()
        panels = [Panel(_sensors(play), title="sensors", width=44)]
        if play.board is not None:
            panels.append(Panel(_hub(play, play.board), title="hub", width=34))
            panels.append(Panel(_link(play.board), title="link", width=28))
        panels.append(Panel(_collector(play, self._log), title="collector", width=28))
        lines = Text()
        for stamp, who, what in self._timeline:
            lines.append(f"{stamp}  ", style="dim")
            lines.append(f"{who:<12} ", style=_COLOURS.get(who, "blue"))
            lines.append(f"{what}\n")
        return Group(self._clock(play), Columns(panels), Panel(lines, title="timeline"))

    def _clock(self, play: Play) -> RenderableType:
        line = Table.grid(padding=(0, 2))
        done_us = max(0, play.clock.now_us() - play.began_us)
        end_us = play.story.end_us + play.story.settle_min * 60_000_000
        bar = ProgressBar(total=end_us, completed=min(done_us, end_us), width=40)
        real_s = f"{time.monotonic() - self._started_s:.0f} s real"
        line.add_row(Text(local_time(play), style="bold"), bar, Text(real_s, style="dim"))
        return line


def sum_table(outcome: Outcome) -> RenderableType:
    """The sum, one count a line with its words; for 80 columns."""
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right")
    table.add_column()
    table.add_column(style="dim")
    counts = outcome.sum.as_json()
    may_be = {"undated"} if outcome.undated_allowed else set()
    may_be |= {"given_up"} if outcome.given_up_allowed else set()
    for name, words in WORDS.items():
        allowed = name in _NEVER_WRONG or name in may_be
        style = "bold red" if counts[name] and not allowed else "bold"
        table.add_row(Text(str(counts[name]), style), name.replace("_", " "), words)
    return table


def near(path: Path) -> str:
    """As short as it can be said from here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def local_time(play: Play | None) -> str:
    """The home's clock: day and time."""
    if play is None:
        return ""
    utc = play.clock.utc()
    local = utc.astimezone(play.story.zone)
    return local.strftime("%a %d %b %H:%M:%S")


def _sensors(play: Play) -> Table:
    table = _grid("sensor", "made", "held", "now")
    for name, sensor in list(play.sensors.items()):
        ledger = sensor.ledger
        made = len(ledger.readings) + len(ledger.notifications)
        table.add_row(name, str(made), str(len(ledger.held)), _now(sensor))
    return table


def _now(sensor: VirtualSensor) -> str:
    if sensor.is_connected:
        return "connected"
    return "advertises" if sensor.is_advertising else "asleep"


def _hub(play: Play, board: VirtualBoard) -> Table:
    counts = board.page.flash
    journaled = len(play.watch.readings) if play.watch is not None else 0
    signals = board.signals
    light = signals.light.hex(" ") or "dark"
    light += ", blinks" * signals.blinks + ", a tone" * signals.is_sounding
    power = "on" if board.is_on else "[red]off[/red]"
    return _pairs(
        ("power", f"{power}, boot {board.boots}, {play.cuts} cuts"),
        ("journaled", f"{journaled} readings"),
        ("flash", f"{counts.programs} writes, {counts.erases} erases"),
        ("light", light),
    )


def _link(board: VirtualBoard) -> Table:
    network = board.network
    wifi = "joined" if board.wifi.is_connected else "[yellow]none[/yellow]"
    line = network.state if network.state == "up" else f"[yellow]{network.state}[/yellow]"
    return _pairs(
        ("wifi", wifi),
        ("internet", line),
        ("up", f"{network.traffic.up_bytes / 1000:.1f} kB"),
        ("down", f"{network.traffic.down_bytes / 1000:.1f} kB"),
    )


def _collector(play: Play, log: CollectorLog) -> Table:
    state = "listens" if play.stage.host.collector_is_up else "[red]away[/red]"
    return _pairs(
        ("state", state),
        ("exchanges", str(log.exchanges)),
        ("records", f"{log.records} acked"),
        ("restarts", str(play.stage.host.restarts)),
    )


def _grid(*columns: str) -> Table:
    table = Table.grid(padding=(0, 1))
    for column in columns:
        table.add_column(column)
    table.add_row(*(Text(column, style="dim") for column in columns))
    return table


def _pairs(*pairs: tuple[str, str]) -> Table:
    table = Table.grid(padding=(0, 1))
    for name, value in pairs:
        table.add_row(Text(name, style="dim"), value)
    return table
