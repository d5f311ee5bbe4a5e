"""The application's side of a board's serial port: bytes to and from the hub's interpreter.

Two pipes that outlive the interpreter, as the chip's driver outlives a soft reset. What the
interpreter prints leaves at the line's pace, so that a loop of prints cannot fill the host with
seconds of text that a Ctrl-C would come after; a full pipe holds the interpreter up, as a full
UART does. What the host sends and nobody reads is kept to the pipe's size, the rest is lost.

Ctrl-C (`simulator/micropython/_console.py`): the interrupt character is decided on as it arrives,
by a word of the board's page. Code that takes no notice of it for a while, in a loop without waits
or prints, is ended by force: to the flash a power cut. The board then begins anew at the prompt.
"""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Callable
from pathlib import Path

from varde_simulator.board_page import BoardPage
from varde_simulator.clock import VirtualClock

# About what a UART at 921600 baud carries.
BYTES_PER_S = 92_000
CHUNK_BYTES = 512  # at once, between two pauses
PIPE_BYTES = 4096  # printed and not yet sent; the smallest pipe there is
INPUT_BYTES = 64 * 1024  # sent and not yet read; what a pipe holds
MAX_QUEUED_BYTES = 64 * 1024  # of text that the boot ROM repeats for nobody
MAX_LINE_BYTES = 65536

# How long busy code may leave a Ctrl-C unheard: of its own work, so that a slow machine does no
# harm, and in all. Signing, the longest work of a hub, takes about a second.
BUSY_LIMIT_S = 2.0
LIMIT_S = 10.0
LOOK_EVERY_US = 250_000

Output = Callable[[bytes], None]


class Console:
    """`on_output(data)`: what the host sees. `on_line(text)`: the same in lines, for logs.
    `on_deaf()`: the code that runs is to be ended by force. `on_moment()`: what the board's page
    awaits is there, and the interpreter stands still meanwhile. `bytes_per_s`: the line's pace."""

    def __init__(self, clock: VirtualClock, page: BoardPage, wake: Callable[[], None]) -> None:
        self.on_output: Output = lambda _data: None
        self.on_line: Callable[[str], None] = lambda _text: None
        self.on_deaf: Callable[[], None] = lambda: None
        self.on_moment: Callable[[], None] = lambda: None
        self.bytes_per_s = BYTES_PER_S
        self.lost_bytes = 0  # sent by the host, and no room for them
        self._clock = clock
        self._page = page
        self._wake = wake
        self._input, self._to_application = os.pipe()
        self._from_application, self._output = os.pipe()
        for end in (self._input, self._to_application, self._from_application):
            os.set_blocking(end, False)
        if hasattr(fcntl, "F_SETPIPE_SZ"):  # Linux
            fcntl.fcntl(self._output, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._queued = bytearray()  # goes before what is in the pipe
        self._line = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._process_id = 0
        self._is_listening = False
        self._is_open = True

    # The host's side

    def write(self, data: bytes) -> None:
        """Bytes from the host. Never blocks; what there is no room for is lost."""
        if not self._is_open:
            return
        interrupt = self._page.interrupt_character
        if interrupt is not None and interrupt in data:
            data = data.replace(bytes((interrupt,)), b"")
            self._interrupt()
        written = 0
        if data:
            with contextlib.suppress(BlockingIOError):
                written = os.write(self._to_application, data)
        self.lost_bytes += len(data) - written
        self._wake()

    def drop_output(self) -> None:
        """Forget what is printed and not yet sent."""
        self._queued.clear()
        if self._is_open:
            _drain(self._from_application)

    # The board's side

    @property
    def streams(self) -> tuple[int, int]:
        """(stdin, stdout) of the interpreter."""
        return self._input, self._output

    def say(self, text: bytes) -> None:
        """What the chip itself prints: boot ROM and bootloader."""
        self._keep_printed()
        room = MAX_QUEUED_BYTES - len(self._queued)
        self._queued += text[: max(0, room)]
        if self._timer is None and self._is_open:
            self._pump()

    def unread(self, data: bytes) -> None:
        """The interpreter took these bytes and ends in a soft reset: they are the next one's."""
        with contextlib.suppress(BlockingIOError):
            data += os.read(self._input, INPUT_BYTES)
        with contextlib.suppress(BlockingIOError):
            os.write(self._to_application, data)

    def start(self, process_id: int) -> None:
        """An interpreter runs."""
        self._process_id = process_id
        self._listen()

    def stop(self) -> None:
        """It has ended, by its own doing or a soft reset's: what it printed is still sent."""
        self._process_id = 0
        self._stop_watch()

    def reset(self) -> None:
        """The chip was reset: what was in its buffers is gone."""
        self._stop_watch()
        if self._is_open:
            _drain(self._input)

    def close(self) -> None:
        """Off for good."""
        if not self._is_open:
            return
        self._is_open = False
        self._stop_watch()
        if self._timer is not None:
            self._timer.cancel()
        if self._is_listening:
            asyncio.get_running_loop().remove_reader(self._from_application)
        for end in (*self.streams, self._to_application, self._from_application):
            os.close(end)

    # Output, paced

    def _listen(self) -> None:
        if self._timer is None and not self._is_listening and self._is_open:
            self._is_listening = True
            asyncio.get_running_loop().add_reader(self._from_application, self._pump)

    def _pump(self) -> None:
        """Send one chunk; look again when the line is free."""
        loop = asyncio.get_running_loop()
        if not self._is_open:
            return
        if self._is_listening:
            self._is_listening = False
            loop.remove_reader(self._from_application)
        self._timer = None
        data = self._take()
        if not data:
            self._listen()
            return
        self._timer = loop.call_later(len(data) / self.bytes_per_s, self._pump)
        self._tell_lines(data)
        self.on_output(data)

    def _take(self) -> bytes:
        if self._queued:
            data = bytes(self._queued[:CHUNK_BYTES])
            del self._queued[:CHUNK_BYTES]
            return data
        with contextlib.suppress(BlockingIOError):
            return os.read(self._from_application, CHUNK_BYTES)
        return b""

    def _keep_printed(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._queued += os.read(self._from_application, PIPE_BYTES)

    def _tell_lines(self, data: bytes) -> None:
        *lines, rest = (bytes(self._line) + data).split(b"\n")
        self._line = bytearray(rest[-MAX_LINE_BYTES:])
        for line in lines:
            self.on_line(line.decode("utf-8", "replace").rstrip("\r"))

    # Ctrl-C

    def _interrupt(self) -> None:
        self._page.interrupt()
        if self._watch is None and self._process_id:
            now_us = self._clock.now_us()
            self._look_later(self._process_id, now_us, _worked_s(self._process_id))

    def _look_later(self, process_id: int, since_us: int, worked_s: float | None) -> None:
        def look() -> None:
            self._watch = None
            if self._process_id != process_id or not self._page.is_interrupted:
                return
            waited_s = (self._clock.now_us() - since_us) / 1e6
            now_worked_s = _worked_s(process_id)
            if worked_s is None or now_worked_s is None:
                busy_s = waited_s
            else:
                busy_s = now_worked_s - worked_s
            if busy_s >= BUSY_LIMIT_S or waited_s >= LIMIT_S:
                self.on_deaf()
            else:
                self._look_later(process_id, since_us, worked_s)

        self._watch = self._clock.call_later(LOOK_EVERY_US, look)

    def _stop_watch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None


def _worked_s(process_id: int) -> float | None:
    """Seconds of processor time; None where the machine does not say (proc(5), `stat`)."""
    try:
        text = Path(f"/proc/{process_id}/stat").read_text(encoding="ascii", errors="replace")
        fields = text.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None


def _drain(end: int) -> None:
    with contextlib.suppress(BlockingIOError):
        while os.read(end, PIPE_BYTES):
            pass
