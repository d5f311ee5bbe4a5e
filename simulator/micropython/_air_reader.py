"""The thread that reads what the world sends: it decodes, queues, schedules, and no more.

Why it is written as it is stands in `_air`, which owns the other side of everything here.
"""

import _thread
import gc
import struct
from errno import ENODEV

import _frames
import utime

import micropython

SCAN_RESULT = "ble.scan_result"  # the only event that may be dropped: an advert comes again
MAX_QUEUED_SCAN_RESULTS = 64  # about 12 kB of heap; a hub asleep for long keeps the newest
READER_STACK_BYTES = 48 * 1024  # the reader only decodes; the default of 4 kB would be too small
SLOTS = 16  # calls under way at once: one, plus one a nested handler; the rest is reserve

_MEMORY_TRIES = 2000  # 1 ms apart: how long the reader waits for the main thread to free memory


class State:
    """What both threads see. Every attribute exists from the start (see `_air`)."""

    def __init__(self):
        self.socket = None
        self.gone = False  # the world has closed the channel; stays so until connect()
        self.closing = False
        self.reader_done = True
        self.queue = []  # decoded events, guarded by queue_lock
        self.queue_lock = _thread.allocate_lock()
        self.queued_scans = 0
        self.scheduled = False
        self.calls = 0  # of the main thread, under way
        self.drain = None  # runs on the main thread and takes the queue
        self.received = 0  # frames, each counted after its events are in the queue
        self.dropped_scans = 0
        self.slots = [None] * SLOTS
        self.generation = 0
        self.bell_out = None
        self.bell_in = None


class Waiter:
    """A call under way: the reader sets `reply` and opens the lock."""

    def __init__(self, call_id):
        self.call_id = call_id
        self.lock = _thread.allocate_lock()
        self.lock.acquire()
        self.reply = None


state = State()
_head = bytearray(_frames.HEADER_BYTES)
_body = bytearray(_frames.MAX_FRAME_BYTES)
_body_view = memoryview(_body)


def start(stream):
    state.socket = stream
    state.gone = False
    state.closing = False
    state.reader_done = False
    state.received = 0
    _thread.stack_size(READER_STACK_BYTES)
    _thread.start_new_thread(_reader, ())
    _thread.stack_size(0)


def _reader():
    try:
        while _read_frame():
            pass
    except (OSError, MemoryError, _frames.FrameError):
        pass
    state.gone = True
    for waiter in state.slots:
        if waiter is not None and waiter.reply is None:
            waiter.reply = (_frames.REPLY_ERRNO, ENODEV)
            waiter.lock.release()
    ring()
    state.reader_done = True


def _read_frame():
    """False at the end of the channel."""
    if state.socket.readinto(_head) != _frames.HEADER_BYTES:
        return False
    length, kind, frame_id = struct.unpack("<HBH", _head)
    length -= _frames.HEADER_BYTES - _frames.LENGTH_BYTES
    if length > len(_body):
        return False
    if length and state.socket.readinto(_body, length) != length:
        return False
    if kind == _frames.REPLY:
        return _deliver_reply(frame_id, length)
    _queue_batch(length)
    return True


def _deliver_reply(call_id, length):
    waiter = state.slots[call_id % SLOTS]
    if waiter is not None and waiter.call_id == call_id:
        waiter.reply = (_decode_next(0, length)[0], _decode_next(1, length)[0])
    state.received += 1
    if waiter is not None and waiter.call_id == call_id:
        waiter.lock.release()
    return not state.closing


def _queue_batch(length):
    """All events of a frame reach the queue together: programs wait for several at once."""
    batch = []
    at = 0
    while at < length:
        event, at = _decode_at(at, length)
        batch.append(event)
    with state.queue_lock:
        for event in batch:
            _queue_event(event)
    state.received += 1
    _schedule_drain()
    ring()


def _queue_event(event):
    if event[0] == SCAN_RESULT:
        if state.queued_scans >= MAX_QUEUED_SCAN_RESULTS:
            _drop_oldest_scan()
        state.queued_scans += 1
    state.queue.append(event)


def _drop_oldest_scan():
    queue = state.queue
    for index in range(len(queue)):
        if queue[index][0] == SCAN_RESULT:
            queue.pop(index)
            state.queued_scans -= 1
            state.dropped_scans += 1
            return


def _decode_next(index, length):
    """The index-th value of a short frame (a reply has two)."""
    at = 0
    for _ in range(index):
        _, at = _decode_at(at, length)
    return _decode_at(at, length)


def _decode_at(at, length):
    # Out of memory is the main thread's doing and mostly passes: wait, never lose an event.
    for _ in range(_MEMORY_TRIES):
        try:
            return _frames.decode_value(_body_view[:length], at, 0)
        except MemoryError:  # noqa: PERF203  this loop waits
            with state.queue_lock:
                _drop_oldest_scan()
            gc.collect()
            utime.sleep_ms(1)
    raise MemoryError


def _schedule_drain():
    if state.scheduled:
        return
    state.scheduled = True
    while True:
        try:
            micropython.schedule(state.drain, None)
            return
        except (RuntimeError, MemoryError):  # noqa: PERF203  this loop waits
            utime.sleep_ms(1)


def ring():
    if state.bell_out is not None:
        try:
            state.bell_out.send(b"!")
        except OSError:
            pass  # full of rings that nobody took: it rings already
