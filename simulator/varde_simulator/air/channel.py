"""The world's end of the channel to one hub.

Two rules of order live here, because programs depend on them (`docs/radio.md`):

1. Events of one turn of the event loop travel in one frame. A result and its "done" reach the
   hub together, as they do when one interrupt delivers both.
2. After an event's answer has been taken in, one turn passes before the next frame is looked at.
   What the answer set in motion (a confirmation, a response) leaves before what the hub asks next.

A request is answered from the world's own state. What takes time is started, and reported by an
event; so a hub's call never waits for another hub.
"""

import asyncio
import errno
import inspect
import struct
from collections.abc import Awaitable, Callable

from varde_simulator.air import frames

VERSION = 1  # of ops and events; must be the VM's
MAX_UNSENT_BYTES = 1 << 20  # a hub that stands still this long gets no more scan results
SCAN_RESULT = "ble.scan_result"
_HEADER = struct.Struct("<HBH")

Value = None | bool | int | str | bytes | list["Value"]
OpHandler = Callable[..., object]


class ChannelClosed(Exception):  # noqa: N818  a state of the world, not a mistake
    """The hub's process has gone; nothing more will come of what was asked of it."""


class Channel(asyncio.Protocol):
    """One hub's connection. `handle` registers ops, `event` reports, `ask` reports and waits.

    Give it to `loop.create_unix_server` by a factory; `on_hello` runs once the hub has said who it
    is (`.node`) and before that is answered, so all ops can be registered there.
    """

    def __init__(self, on_hello: Callable[["Channel"], None] | None = None) -> None:
        self.node = ""
        self.frames_sent = 0  # of them all; the hub's idle report names the same count
        self.dropped_scan_results = 0
        self.on_close: list[Callable[[], None]] = []
        self.on_frame: Callable[[], None] | None = None  # the hub moved: not idle any more
        self.is_open = False
        self._is_known = False  # has said hello
        self._on_hello = on_hello
        self._handlers: dict[str, OpHandler] = {}
        self._transport: asyncio.Transport | None = None
        self._inbox = bytearray()
        self._paused = False
        self._pending: list[list[object]] = []
        self._flush_planned = False
        self._asked: dict[int, asyncio.Future[object]] = {}
        self._next_ask = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def handle(self, op: str, handler: OpHandler) -> None:
        """`handler(*args)` serves `op`; it returns the result or an awaitable of it, and raises
        OSError(errno) or ValueError(text) to have that raised in the hub."""
        self._handlers[op] = handler

    def event(self, name: str, *args: object) -> None:
        """Reports `name` to the hub with this turn's batch."""
        self._queue([name, 0, *args])

    async def ask(self, name: str, *args: object) -> object:
        """Reports and waits for what the hub's handler returns. Raises ChannelClosed."""
        return await self.ask_now(name, *args)

    def ask_now(self, name: str, *args: object) -> asyncio.Future[object]:
        """As `ask`, but the event is in this turn's batch already when this returns."""
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        if not self.is_open:
            future.set_exception(ChannelClosed(self.node))
            return future
        self._next_ask = self._next_ask % 0xFFFF + 1
        self._asked[self._next_ask] = future
        self._queue([name, self._next_ask, *args])
        return future

    @property
    def questions_open(self) -> int:
        """Events whose answer is still out."""
        return len(self._asked)

    @property
    def has_unsent_events(self) -> bool:
        return bool(self._pending)

    def close(self) -> None:
        """Hangs up: the hub sees its world end."""
        if self._transport is not None:
            self.flush()
            self._transport.close()

    def flush(self) -> None:
        """Sends this turn's events now."""
        self._flush_planned = False
        pending, self._pending = self._pending, []
        batch: list[object] = []
        room = frames.MAX_FRAME_BYTES - frames.HEADER_BYTES
        for event in pending:
            size = frames.encoded_bytes(event)
            if size > room and batch:
                self._send(frames.BATCH, 0, batch)
                batch, room = [], frames.MAX_FRAME_BYTES - frames.HEADER_BYTES
            batch.append(event)
            room -= size
        if batch:
            self._send(frames.BATCH, 0, batch)

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.is_open = True
        self.handle("air.hello", self._hello)
        self.handle("air.bye", lambda: None)

    def data_received(self, data: bytes) -> None:
        self._inbox += data
        if not self._paused:
            self._take_frames()

    def connection_lost(self, _error: Exception | None) -> None:
        self.is_open = False
        asked, self._asked = self._asked, {}
        for future in asked.values():
            if not future.done():
                future.set_exception(ChannelClosed(self.node))
                future.exception()  # nobody may be waiting any more; that is no error
        self._pending.clear()
        for task in self._tasks:
            task.cancel()
        for callback in self.on_close:
            callback()

    # Frames in

    def _take_frames(self) -> None:
        """Serves whole frames; stops for a turn after an answer (rule 2)."""
        self._paused = False
        while len(self._inbox) >= frames.HEADER_BYTES and not self._paused and self.is_open:
            length, kind, frame_id = _HEADER.unpack_from(self._inbox)
            end = frames.LENGTH_BYTES + length
            if length > frames.MAX_FRAME_BYTES or kind not in (
                frames.REQUEST,
                frames.ANSWER,
                frames.POST,
            ):
                return self._hang_up()
            if len(self._inbox) < end:
                return None
            body = bytes(self._inbox[frames.HEADER_BYTES : end])
            del self._inbox[:end]
            try:
                values = frames.decode(memoryview(body))
            except (frames.FrameError, UnicodeDecodeError, IndexError):
                return self._hang_up()
            self._serve(kind, frame_id, values)
        return None

    def _hang_up(self) -> None:
        """A hub that sends no frames of ours is broken; its world ends, loudly for its test."""
        assert self._transport is not None
        self._transport.abort()

    def _serve(self, kind: int, frame_id: int, values: list[object]) -> None:
        if self.on_frame is not None:
            self.on_frame()
        if kind == frames.ANSWER:
            future = self._asked.pop(frame_id, None)
            if future is not None and not future.done():
                future.set_result(values[0] if values else None)
            self._paused = True
            asyncio.get_running_loop().call_soon(self._take_frames)
            return
        op = values[0] if values else None
        handler = self._handlers.get(op) if isinstance(op, str) else None
        if handler is None:
            outcome: tuple[int, object] = (frames.REPLY_VALUE_ERROR, f"no such op: {op}")
        else:
            outcome = _guarded(handler, values[1:])
        status, result = outcome
        if kind != frames.REQUEST:
            return
        if status == frames.REPLY_OK and inspect.isawaitable(result):
            task = asyncio.ensure_future(self._reply_later(frame_id, result))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            self._reply(frame_id, status, result)

    async def _reply_later(self, frame_id: int, result: Awaitable[object]) -> None:
        try:
            self._reply(frame_id, frames.REPLY_OK, await result)
        except OSError as error:
            self._reply(frame_id, frames.REPLY_ERRNO, error.args[0])
        except ValueError as error:
            self._reply(frame_id, frames.REPLY_VALUE_ERROR, str(error))
        except Exception as error:  # noqa: BLE001  loud, and the hub does not wait for ever
            self._hang_up()
            context = {"message": f"an op of {self.node}", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)

    def _hello(self, node: str, version: int) -> None:
        if self._is_known:
            raise ValueError("said hello before")
        if version != VERSION:
            raise ValueError(f"world speaks version {VERSION}, hub {version}")
        self.node = node
        self._is_known = True
        if self._on_hello is not None:
            self._on_hello(self)

    # Frames out

    def _queue(self, event: list[object]) -> None:
        if not self.is_open:
            return
        assert self._transport is not None
        if event[0] == SCAN_RESULT and (
            self._transport.get_write_buffer_size() > MAX_UNSENT_BYTES
        ):
            self.dropped_scan_results += 1
            return
        self._pending.append(event)
        if not self._flush_planned:
            self._flush_planned = True
            asyncio.get_running_loop().call_soon(self.flush)

    def _reply(self, frame_id: int, status: int, result: object) -> None:
        self.flush()
        try:
            self._send(frames.REPLY, frame_id, [status, result])
        except frames.FrameTooLongError:
            self._send(frames.REPLY, frame_id, [frames.REPLY_ERRNO, errno.ENOMEM])

    def _send(self, kind: int, frame_id: int, values: list[object]) -> None:
        if self.is_open and self._transport is not None:
            self.frames_sent += 1
            self._transport.write(bytes(frames.encode(kind, frame_id, values)))


def _guarded(handler: OpHandler, args: list[object]) -> tuple[int, object]:
    try:
        return frames.REPLY_OK, handler(*args)
    except OSError as error:
        return frames.REPLY_ERRNO, error.args[0]
    except ValueError as error:
        return frames.REPLY_VALUE_ERROR, str(error)
