"""The hub's end of the channel to a world, in CPython: calls out, events in.

What `simulator/micropython/_air.py` is to a hub VM, on an event loop instead of a reader thread.
The format is `air/frames.py`, the rules are in `docs/radio.md`.
"""

import asyncio
import errno
import struct
from collections.abc import Callable

from varde_simulator.air import channel, frames

# The world answers from its own state (rule 1 of the channel): longer means that it hangs.
CALL_TIMEOUT_S = 20.0
_HEADER = struct.Struct("<HBH")
_MAX_ID = 0xFFFF

OnEvent = Callable[[str, list[object]], object]


class ChannelClient(asyncio.Protocol):
    """`await join(...)`, then `await call(...)`. `on_event(name, arguments)` gets every event, in
    order; what it returns is the answer where the world asked for one. `on_gone()` is called once
    if the world ends first."""

    def __init__(self, on_event: OnEvent, on_gone: Callable[[], None]) -> None:
        self._on_event = on_event
        self._on_gone = on_gone
        self._transport: asyncio.Transport | None = None
        self._inbox = bytearray()
        self._waiting: dict[int, asyncio.Future[object]] = {}
        self._last_id = 0
        self._leaving = False

    @property
    def is_open(self) -> bool:
        return self._transport is not None

    async def call(self, op: str, *args: object) -> object:
        """Asks the world; its reply. Raises OSError (ENODEV: it has gone, ETIMEDOUT: it hangs) or
        ValueError, as the world says."""
        if self._transport is None:
            raise OSError(errno.ENODEV, "the world has gone")
        frame_id = self._free_id()
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._waiting[frame_id] = future
        self._transport.write(bytes(frames.encode(frames.REQUEST, frame_id, [op, *args])))
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                return await future
        except TimeoutError:
            raise OSError(errno.ETIMEDOUT, f"no reply to {op}") from None
        finally:
            self._waiting.pop(frame_id, None)

    def leave(self) -> None:
        """Hangs up; the radio is off the air from one moment to the next."""
        self._leaving = True
        if self._transport is not None:
            self._transport.close()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport = None
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(OSError(errno.ENODEV, "the world has gone"))
        if not self._leaving:
            self._on_gone()

    def data_received(self, data: bytes) -> None:
        self._inbox += data
        while len(self._inbox) >= frames.HEADER_BYTES:
            length, kind, frame_id = _HEADER.unpack_from(self._inbox)
            end = frames.LENGTH_BYTES + length
            if len(self._inbox) < end:
                return
            body = bytes(self._inbox[frames.HEADER_BYTES : end])
            del self._inbox[:end]
            try:
                self._take(kind, frame_id, frames.decode(memoryview(body)))
            except frames.FrameError:  # not a world of ours at the other end
                assert self._transport is not None
                self._transport.abort()
                return

    def _take(self, kind: int, frame_id: int, values: list[object]) -> None:
        if kind == frames.REPLY and len(values) == 2:
            future = self._waiting.get(frame_id)
            if future is not None and not future.done():
                _settle(future, *values)
        elif kind == frames.BATCH:
            for event in values:
                if isinstance(event, list):
                    self._handle(*event)

    def _handle(self, name: str, ask_id: int, *args: object) -> None:
        answer = None
        try:
            answer = self._on_event(name, list(args))
        except Exception as error:  # noqa: BLE001  the program's callback: shown, and on it goes
            context = {"message": f"in a callback of {name}", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)
        if ask_id and self._transport is not None:
            self._transport.write(bytes(frames.encode(frames.ANSWER, ask_id, [answer])))

    def _free_id(self) -> int:
        while True:
            self._last_id = self._last_id % _MAX_ID + 1
            if self._last_id not in self._waiting:
                return self._last_id


def _settle(future: "asyncio.Future[object]", status: object, result: object) -> None:
    if status == frames.REPLY_ERRNO and isinstance(result, int):
        future.set_exception(OSError(result, errno.errorcode.get(abs(result), "error")))
    elif status == frames.REPLY_VALUE_ERROR:
        future.set_exception(ValueError(result))
    else:
        future.set_result(result)


async def join(
    path: str, node: str, on_event: OnEvent, on_gone: Callable[[], None]
) -> ChannelClient:
    """Joins the world that serves `path` as `node`. Raises OSError if there is none."""
    loop = asyncio.get_running_loop()
    _, client = await loop.create_unix_connection(lambda: ChannelClient(on_event, on_gone), path)
    try:
        await client.call("air.hello", node, channel.VERSION)
    except ValueError as refusal:
        client.leave()
        raise OSError(errno.EPROTO, str(refusal)) from refusal
    return client
