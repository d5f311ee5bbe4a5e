"""The same serial port as a pseudo terminal: no reset lines, but quick, and a device to open.

Who has the other end open is asked of the kernel: POLLHUP says that nobody has, and then nothing
is written, so that no client finds what the board said to another. In packet mode (TIOCPKT) the
kernel also tells when a client throws away what it has not read; then the queue goes too.

The kernel gives the number of a terminal that is gone to the next that anybody opens, and a tool
that waits for a lost port would go on with whoever has it now. So the port is published under a
name of its own, a link that is there while the device is, as udev makes them for USB.
"""

import asyncio
import contextlib
import fcntl
import os
import select
import struct
import termios
import tty
from collections import deque
from collections.abc import Callable
from pathlib import Path

READ_BYTES = 65536
# As for the socket: what a host does not fetch is lost.
MAX_QUEUED_BYTES = 1024 * 1024
PIECE_BYTES = 4096


class PtyLink:
    """`start` and `stop`; `on_data`, `on_purge`, `on_room` as for the RFC 2217 link. `path`: what
    tools open, `folder`/`name`.tty, "" while stopped."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = ""
        self.on_data: Callable[[bytes], None] = lambda _data: None
        self.on_purge: Callable[[], None] = lambda: None
        self.on_room: Callable[[], None] = lambda: None
        self.lost_bytes = 0
        self.queued_bytes = 0
        self._folder = folder.absolute()  # tools run elsewhere
        self._name = name
        self._moves = 0
        self._device = ""  # the kernel's name for it: good while `_file` is open
        self._queue: deque[bytes] = deque()
        self._file = -1
        self._events: select.epoll | None = None
        self._poll = select.poll()
        self._has_spoken = False  # since somebody opened it
        self._is_writer = False

    def start(self, elsewhere: bool = False) -> None:
        """A new device, under the name of last time or another if `elsewhere`; none where the
        kernel is not Linux's."""
        if not hasattr(select, "epoll"):
            return
        self._file, other_end = os.openpty()
        tty.setraw(other_end)
        self._device = os.ttyname(other_end)
        os.close(other_end)
        self._publish(elsewhere)
        os.set_blocking(self._file, False)
        fcntl.ioctl(self._file, termios.TIOCPKT, struct.pack("i", 1))
        self._poll.register(self._file, 0)
        # Edges, since "hung up" is a level that would never let the loop sleep.
        self._events = select.epoll()
        self._events.register(self._file, select.EPOLLIN | select.EPOLLET)
        asyncio.get_running_loop().add_reader(self._events.fileno(), self._on_event)

    def _publish(self, elsewhere: bool) -> None:
        self._moves += elsewhere
        place = self._folder / f"{self._name}{f'-{self._moves}' if self._moves else ''}.tty"
        place.unlink(missing_ok=True)  # a world that was killed has left its own
        place.symlink_to(self._device)
        self.path = str(place)

    def stop(self) -> None:
        """The device is gone, its name first; who has it open reads the end."""
        if self._events is None:
            return
        Path(self.path).unlink(missing_ok=True)
        self._stop_writer()
        asyncio.get_running_loop().remove_reader(self._events.fileno())
        self._events.close()
        self._events = None
        self._poll.unregister(self._file)
        os.close(self._file)
        self._file, self._device, self.path = -1, "", ""
        self.purge()

    @property
    def is_open(self) -> bool:
        """Somebody has the device open."""
        return self._events is not None and not self._poll.poll(0)

    def send(self, data: bytes) -> None:
        """To whoever has it open; lost otherwise."""
        if not self.is_open:
            self.purge()
        elif self.queued_bytes + len(data) > MAX_QUEUED_BYTES:
            self.lost_bytes += len(data)
        else:
            self._has_spoken = True
            self.queued_bytes += len(data)
            for at in range(0, len(data), PIECE_BYTES):
                self._queue.append(data[at : at + PIECE_BYTES])
            self._write()

    def purge(self) -> None:
        """Forget what is queued."""
        self._queue.clear()
        self.queued_bytes = 0

    def _write(self) -> None:
        if not self.is_open:
            self.purge()
        while self._queue:
            piece = self._queue.popleft()
            try:
                count = os.write(self._file, piece)
            except BlockingIOError:
                count = 0
            self.queued_bytes -= count
            if count < len(piece):
                self._queue.appendleft(piece[count:])
                self._start_writer()
                return
        self._stop_writer()

    def _on_writable(self) -> None:
        self._write()
        if not self._queue:
            self.on_room()

    def _start_writer(self) -> None:
        if not self._is_writer:
            self._is_writer = True
            asyncio.get_running_loop().add_writer(self._file, self._on_writable)

    def _stop_writer(self) -> None:
        if self._is_writer:
            self._is_writer = False
            asyncio.get_running_loop().remove_writer(self._file)

    def _on_event(self) -> None:
        assert self._events is not None
        self._events.poll(0)
        with contextlib.suppress(BlockingIOError):
            while self._events is not None and self._read_packet():
                pass

    def _read_packet(self) -> bool:
        """False if nobody is there (any more)."""
        try:
            packet = os.read(self._file, READ_BYTES)
        except BlockingIOError:
            raise
        except OSError:  # EIO: the last one has closed it
            self._on_closed()
            return False
        if packet[0] & termios.TIOCPKT_FLUSHREAD:
            self.purge()
            self.on_purge()
        elif len(packet) > 1:
            self._has_spoken = True
            self.on_data(packet[1:])
        return True

    def _on_closed(self) -> None:
        """What the last client did not read is not for the next."""
        self.purge()
        if not self._has_spoken:
            return
        self._has_spoken = False
        other_end = os.open(self._device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        termios.tcflush(other_end, termios.TCIOFLUSH)
        os.close(other_end)
