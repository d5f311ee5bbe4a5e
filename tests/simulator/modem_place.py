"""A board with a modem that runs a test's program, and an echoing collector: what tests share."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from simulator.board_place import Place, play
from varde_simulator.board import VirtualBoard
from varde_simulator.modem.settings import Settings
from varde_simulator.modem.virtual_modem import VirtualModem

HOST, NTP = "collector.example", "ntp.example"

# A question to the collector, over whichever interface is the way out.
ASKING = """
import network, socket, time

def ask(text, timeout_s=20):
    try:
        info = socket.getaddrinfo("collector.example", 443)[0]
        raw = socket.socket(info[0], info[1], info[2])
        raw.connect(info[-1])
        return raw, talk(raw, text, timeout_s)
    except OSError as error:
        return None, error.errno

def talk(raw, text, timeout_s=20):
    import select
    poll = select.poll()
    poll.register(raw, select.POLLIN)
    try:
        raw.send(text)
        if not poll.poll(timeout_s * 1000):
            return "silence"
        return raw.recv(100) or "closed"
    except OSError as error:
        return error.errno
"""

# What programs of a modem begin with: the pins and the UART, an AT command, PPP.
# `at` gives the answer's lines without the echo.
PRELUDE = (
    ASKING
    + """
import machine
key = machine.Pin(18, machine.Pin.OUT, value=0)
reset = machine.Pin(17, machine.Pin.OUT, value=1)
dtr = machine.Pin(9, machine.Pin.OUT, value=0)
uart = machine.UART(1, 115200, tx=11, rx=10, rxbuf=2048, timeout=0)

def press(pin, level, ms):
    pin.value(level)
    time.sleep_ms(ms)
    pin.value(1 - level)

def until(wanted, timeout_ms):
    end, line, lines = time.ticks_add(time.ticks_ms(), timeout_ms), b"", []
    while time.ticks_diff(end, time.ticks_ms()) > 0:
        part = uart.readline()
        if part is None:
            time.sleep_ms(20)
            continue
        line += part
        if line.endswith(b"\\n"):
            text, line = "".join(chr(byte) for byte in line.strip() if byte < 128), b""
            if text and not text.startswith("AT"):
                lines.append(text)
            if text.startswith(wanted):
                return lines
    return lines + ["timeout"]

FINAL = ("OK", "ERROR", "+CME ERROR", "NO CARRIER", "CONNECT")

def at(command, timeout_ms=3000):
    uart.read()
    uart.write(command + "\\r")
    return until(FINAL, timeout_ms)

def start():
    press(key, 1, 500)
    return until("+CPIN", 30000)

def register(timeout_ms=90000):
    end = time.ticks_add(time.ticks_ms(), timeout_ms)
    while time.ticks_diff(end, time.ticks_ms()) > 0:
        answer = at("AT+CEREG?")
        if answer and answer[0][-1] in "135":
            return answer[0]
        time.sleep_ms(1000)
    return answer

def ppp(timeout_ms=20000):
    link = network.PPP(uart)
    link.active(True)
    link.connect()
    end = time.ticks_add(time.ticks_ms(), timeout_ms)
    while not link.isconnected() and time.ticks_diff(end, time.ticks_ms()) > 0:
        time.sleep_ms(100)
    return link

def dial(timeout_ms=20000):
    print(at("ATD*99#", 10000))
    return ppp(timeout_ms)

"""
)


class ModemPlace:
    """The place, its board, perhaps with a modem, and the collector's port."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.board: VirtualBoard | None = None
        self._server: asyncio.Server | None = None

    def close(self) -> None:
        """The collector goes."""
        if self._server is not None:
            self._server.close()

    @property
    def modem(self) -> VirtualModem:
        """The board's."""
        assert self.board is not None
        assert self.board.modem is not None
        return self.board.modem

    async def fit(self, program: str, settings: Settings | None) -> None:
        """A board that runs it, without power yet; settings: with a modem."""
        world = self.place.world
        files = {"main.py": program.encode()}
        self.board = world.add_board("hub-1", files, 64 * 1024)
        self.board.on_console = self.place._on_console
        self.board.on_note = self.place.notes.append
        if settings is not None:
            self.board.fit_modem(settings)
        await self.board.links.start(HOST, NTP)
        self._server = await asyncio.start_server(_echo, "127.0.0.1", 0)
        self.board.links.set_collector(*self._server.sockets[0].getsockname())

    async def on(self) -> None:
        """Power."""
        assert self.board is not None
        await self.board.power_on()


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
    writer.close()


def with_modem(
    folder: Path,
    program: str,
    act: Callable[[ModemPlace], Awaitable[None]],
    prepare: Callable[[VirtualModem], None] = lambda _modem: None,
    **settings: object,
) -> list[str]:
    """Run `program` after the prelude beside `act`; what it printed until `act` ended. `prepare`
    has the modem before the power comes."""

    async def story(modem_place: ModemPlace) -> None:
        prepare(modem_place.modem)
        await modem_place.on()
        await act(modem_place)

    return _play(folder, PRELUDE + program, story, Settings(**settings))  # type: ignore[arg-type]


def with_wifi(
    folder: Path, program: str, act: Callable[[ModemPlace], Awaitable[None]]
) -> list[str]:
    """As `with_modem`, without one; `act` makes the networks and switches on."""
    return _play(folder, ASKING + program, act, None)


def _play(
    folder: Path,
    program: str,
    act: Callable[[ModemPlace], Awaitable[None]],
    settings: Settings | None,
) -> list[str]:
    async def story(place: Place) -> None:
        modem_place = ModemPlace(place)
        await modem_place.fit(program, settings)
        try:
            await act(modem_place)
        finally:
            modem_place.close()

    return play(folder, story).lines


READY = "start(); at('ATE0'); register()\n"


async def to_the_end(place: ModemPlace) -> None:
    """Until the program says so."""
    await place.place.until("end")


def run(
    folder: Path,
    program: str,
    *faults: tuple[str, dict[str, float]],
    after: Callable[[ModemPlace], Awaitable[None]] = to_the_end,
    **settings: object,
) -> list[str]:
    """The lines of a program; faults are in force before the power comes."""

    def prepare(modem: VirtualModem) -> None:
        for name, parameters in faults:
            modem.fault(name, **parameters)

    lines = with_modem(folder, program + "\nprint('end')\n", after, prepare, **settings)
    assert lines[-1] == "end", lines
    return lines[:-1]
