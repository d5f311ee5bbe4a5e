"""The hub side of the channel to the world: calls out, events in.

The unix VM has no lock round its bytecode: two threads run at once, and a scheduled callback may
interrupt the main thread at any bytecode. What follows from that:

- One reader thread decodes frames; handlers run only in `_drain`, which the scheduler runs on the
  main thread, so handlers and main code never overlap.
- Main code takes no lock that `_drain` wants. Sending takes none at all: a frame is one write.
- Tables shared between the threads have their size from the start (a growing dict would move
  under the other thread's feet): waiting calls live in `_SLOTS` numbered places.
- The scheduler's queue has four places and others use it too, so one callback drains all.

Only the main thread may call into this module; hub firmware has no other.
"""

import gc
import uos as os
import struct
import sys

import _frames
import _thread
import micropython
import usocket as socket
import utime
from errno import ENODEV, ENOMEM

VERSION = 1  # of ops and events together; the world refuses another one at hello
SCAN_RESULT = "ble.scan_result"  # the only event that may be dropped: an advert comes again
MAX_QUEUED_SCAN_RESULTS = 64  # about 12 kB of heap; a hub asleep for long keeps the newest
READER_STACK_BYTES = 48 * 1024  # the reader only decodes; the default of 4 kB would be too small

_SLOTS = 16  # calls under way at once: one, plus one a nested handler; the rest is reserve
_MEMORY_TRIES = 2000  # 1 ms apart: how long the reader waits for the main thread to free memory
_EXIT_TRIES = 500  # 1 ms apart: how long exit waits for a world that hangs
_EXIT_SETTLE_MS = 10  # a thread that is still unwinding when the VM frees its heap crashes it


class _State:
    """What both threads see. Every attribute exists from the start (see above)."""

    def __init__(self):
        self.socket = None
        self.gone = False  # the world has closed the channel; stays so until connect()
        self.closing = False
        self.reader_done = True
        self.queue = []  # decoded events, guarded by queue_lock
        self.queue_lock = _thread.allocate_lock()
        self.queued_scans = 0
        self.scheduled = False
        self.received = 0  # frames, each counted after its events are in the queue
        self.dropped_scans = 0
        self.slots = [None] * _SLOTS
        self.generation = 0
        self.bell_out = None
        self.bell_in = None


class _Waiter:
    def __init__(self, call_id):
        self.call_id = call_id
        self.lock = _thread.allocate_lock()
        self.lock.acquire()
        self.reply = None


_state = _State()
_handlers = {}  # main thread only
_head = bytearray(_frames.HEADER_BYTES)
_body = bytearray(_frames.MAX_FRAME_BYTES)
_body_view = memoryview(_body)


def connect():
    """Joins the world named by VARDE_AIR. Raises OSError(ENODEV) if there is none."""
    if _state.socket is not None and not _state.gone:
        return
    path = os.getenv("VARDE_AIR")
    if not path:
        raise OSError(ENODEV)
    try:
        stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        stream.connect(_unix_address(path.encode()))
    except OSError:
        raise OSError(ENODEV)
    _start(stream)
    call("air.hello", os.getenv("VARDE_NODE") or "", VERSION)


def is_connected():
    return _state.socket is not None and not _state.gone


def call(op, *args):
    """Asks the world and returns its reply. Raises OSError or ValueError as the world says, and
    OSError(ENODEV) if the world is gone."""
    waiter = _send_request(op, args)
    waiter.lock.acquire()
    return _take_reply(waiter)


def post(op, *args):
    """Tells the world something; nothing comes back. Silent if the world is gone."""
    if is_connected():
        _send(_frames.encode(_frames.POST, 0, (op,) + args))


def on(event, handler):
    """`handler(*args)` runs on the main thread for each such event; what it returns is the answer
    where the world asked for one. None removes the handler."""
    _handlers[event] = handler


def frames_seen():
    """Frames from the world whose every consequence has happened here, or -1 while some event
    still waits. The world compares it with what it sent before it lets time leap."""
    received = _state.received  # read before the queue: the reader counts after it queues
    return -1 if _state.queue else received


def dropped_scan_results():
    return _state.dropped_scans


def bell():
    """A socket that becomes readable whenever events have come in: put it into a poll set, since
    callbacks do not run while the VM is inside a system wait. `hush()` after waking."""
    if _state.bell_in is None:
        _state.bell_in, _state.bell_out = _socket_pair()
    return _state.bell_in


def hush():
    """Takes the bell's rings, so that the next poll waits again."""
    try:
        _state.bell_in.recv(64)
    except OSError:
        pass


def close():
    """Leaves the world: afterwards the reader thread has ended."""
    if not is_connected():
        return _join()
    _state.closing = True
    try:
        waiter = _send_request("air.bye", ())
    except OSError:
        return _join()
    for _ in range(_EXIT_TRIES):
        if waiter.reply is not None or _state.gone:
            break
        utime.sleep_ms(1)
    _state.slots[waiter.call_id % _SLOTS] = None
    _join()


# Calls


def _send_request(op, args):
    if not is_connected():
        raise OSError(ENODEV)
    waiter = _new_waiter()
    try:
        _send(_frames.encode(_frames.REQUEST, waiter.call_id, (op,) + args))
    except OSError:
        _state.slots[waiter.call_id % _SLOTS] = None
        raise OSError(ENODEV)
    if _state.gone:  # the reader may have woken the waiters just before this one stood there
        waiter.reply = (_frames.REPLY_ERRNO, ENODEV)
        if waiter.lock.locked():
            waiter.lock.release()
    return waiter


def _new_waiter():
    # A callback that interrupts between look and take has given its place back before it returns.
    for place in range(_SLOTS):
        if _state.slots[place] is None:
            _state.generation = (_state.generation + 1) & 0xFFF
            waiter = _Waiter(_state.generation * _SLOTS + place)
            _state.slots[place] = waiter
            return waiter
    raise OSError(ENOMEM)


def _take_reply(waiter):
    _state.slots[waiter.call_id % _SLOTS] = None
    status, result = waiter.reply
    if status == _frames.REPLY_ERRNO:
        raise OSError(result)
    if status == _frames.REPLY_VALUE_ERROR:
        raise ValueError(result)
    return result


def _send(frame):
    # A signal of the collector may cut a long write short; the rest follows.
    sent = _state.socket.send(frame)
    while sent < len(frame):
        sent += _state.socket.send(memoryview(frame)[sent:])


# The reader thread


def _start(stream):
    _state.socket = stream
    _state.gone = False
    _state.closing = False
    _state.reader_done = False
    _state.received = 0
    _thread.stack_size(READER_STACK_BYTES)
    _thread.start_new_thread(_reader, ())
    _thread.stack_size(0)


def _reader():
    try:
        while _read_frame():
            pass
    except (OSError, MemoryError, _frames.FrameError):
        pass
    _state.gone = True
    for waiter in _state.slots:
        if waiter is not None and waiter.reply is None:
            waiter.reply = (_frames.REPLY_ERRNO, ENODEV)
            waiter.lock.release()
    _ring()
    _state.reader_done = True


def _read_frame():
    """False at the end of the channel."""
    if _state.socket.readinto(_head) != _frames.HEADER_BYTES:
        return False
    length, kind, frame_id = struct.unpack("<HBH", _head)
    length -= _frames.HEADER_BYTES - _frames.LENGTH_BYTES
    if length > len(_body):
        return False
    if length and _state.socket.readinto(_body, length) != length:
        return False
    if kind == _frames.REPLY:
        return _deliver_reply(frame_id, length)
    _queue_batch(length)
    return True


def _deliver_reply(call_id, length):
    waiter = _state.slots[call_id % _SLOTS]
    if waiter is not None and waiter.call_id == call_id:
        waiter.reply = (_decode_next(0, length)[0], _decode_next(1, length)[0])
    _state.received += 1
    if waiter is not None and waiter.call_id == call_id:
        waiter.lock.release()
    return not _state.closing


def _queue_batch(length):
    """All events of a frame reach the queue together: programs wait for several at once."""
    batch = []
    at = 0
    while at < length:
        event, at = _decode_at(at, length)
        batch.append(event)
    with _state.queue_lock:
        for event in batch:
            _queue_event(event)
    _state.received += 1
    _schedule_drain()
    _ring()


def _queue_event(event):
    if event[0] == SCAN_RESULT:
        if _state.queued_scans >= MAX_QUEUED_SCAN_RESULTS:
            _drop_oldest_scan()
        _state.queued_scans += 1
    _state.queue.append(event)


def _drop_oldest_scan():
    queue = _state.queue
    for index in range(len(queue)):
        if queue[index][0] == SCAN_RESULT:
            queue.pop(index)
            _state.queued_scans -= 1
            _state.dropped_scans += 1
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
        except MemoryError:
            with _state.queue_lock:
                _drop_oldest_scan()
            gc.collect()
            utime.sleep_ms(1)
    raise MemoryError


def _schedule_drain():
    if _state.scheduled:
        return
    _state.scheduled = True
    while True:
        try:
            return micropython.schedule(_drain, None)
        except (RuntimeError, MemoryError):
            utime.sleep_ms(1)


def _ring():
    if _state.bell_out is not None:
        try:
            _state.bell_out.send(b"!")
        except OSError:
            pass  # full of rings that nobody took: it rings already


# On the main thread, by the scheduler


def _drain(_):
    _state.scheduled = False  # first: what is queued from here on schedules anew
    while True:
        with _state.queue_lock:
            if not _state.queue:
                return
            event = _state.queue.pop(0)
            if event[0] == SCAN_RESULT:
                _state.queued_scans -= 1
        _handle(event)


def _handle(event):
    handler = _handlers.get(event[0])
    answer = None
    if handler is not None:
        try:
            answer = handler(*event[2:])
        except Exception as error:  # noqa: BLE001  as the scheduler itself would: show and go on
            sys.print_exception(error)
    if event[1] and is_connected():
        try:
            _send(_frames.encode(_frames.ANSWER, event[1], (answer,)))
        except OSError:
            pass  # the world went meanwhile; the reader says so to everybody


# The ends


def _join():
    for _ in range(_EXIT_TRIES):
        if _state.reader_done:
            break
        utime.sleep_ms(1)
    if _state.socket is not None:
        utime.sleep_ms(_EXIT_SETTLE_MS)
        _state.socket.close()
        _state.socket = None


def _at_exit():
    close()
    if _earlier_exit is not None:
        _earlier_exit()


def _unix_address(path):
    return struct.pack("<H", socket.AF_UNIX) + path + b"\0"


def _socket_pair():
    address = struct.pack("<H", socket.AF_UNIX) + b"\0varde-bell-" + os.urandom(8)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(address)
    listener.listen(1)
    near = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    near.connect(address)
    far, _ = listener.accept()
    listener.close()
    near.setblocking(False)
    far.setblocking(False)
    return far, near


_earlier_exit = sys.atexit(_at_exit)
