"""The hub side of the channel to the world: calls out, events in.

The unix VM has no lock round its bytecode: two threads run at once, and a scheduled callback may
interrupt the main thread at any bytecode. What follows from that:

- One reader thread (`_air_reader`) decodes frames; handlers run only in `_drain`, which the
  scheduler runs on the main thread, so handlers and main code never overlap.
- Main code takes no lock that `_drain` wants. Sending takes none at all: a frame is one write.
- Tables shared between the threads have their size from the start (a growing dict would move
  under the other thread's feet): waiting calls live in `SLOTS` numbered places.
- The scheduler's queue has four places and others use it too, so one callback drains all.
- A call's consequence must not be seen before its return, however long the machine looks
  elsewhere between reply and return. So `_drain` comes back later while a call is under way, and
  after `call` has counted itself out there is no jump left on the way to its caller's next line:
  MicroPython looks for callbacks at jumps only.

Only the main thread may call into this module; hub firmware has no other.
"""

import struct
import sys
from errno import ENODEV, ENOMEM

import _air_reader
import _frames
import uos as os
import usocket as socket
import utime
from _air_reader import SCAN_RESULT, SLOTS, Waiter, state

import micropython

VERSION = 1  # of ops and events together; the world refuses another one at hello

_EXIT_TRIES = 500  # 1 ms apart: how long exit waits for a world that hangs
_EXIT_SETTLE_MS = 10  # a thread that is still unwinding when the VM frees its heap crashes it

_handlers = {}  # main thread only


def connect():
    """Joins the world named by VARDE_AIR. Raises OSError(ENODEV) if there is none."""
    if is_connected():
        return
    if state.socket is not None:
        _join()  # of the world that has gone
    path = os.getenv("VARDE_AIR")
    if not path:
        raise OSError(ENODEV)
    try:
        stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        stream.connect(_unix_address(path.encode()))
    except OSError:
        raise OSError(ENODEV)
    _air_reader.start(stream)
    call("air.hello", os.getenv("VARDE_NODE") or "", VERSION)


def is_connected():
    return state.socket is not None and not state.gone


def call(op, *args):
    """Asks the world and returns its reply. Raises OSError or ValueError as the world says, and
    OSError: ENODEV if the world is gone, ENOMEM for more than a frame carries; TypeError for what
    no frame carries."""
    state.calls += 1
    waiter = None
    try:
        waiter = _new_waiter()
        _send_request(waiter, op, args)
        waiter.lock.acquire()
        result = _take_reply(waiter)
    except BaseException:
        if waiter is not None:
            state.slots[waiter.call_id % SLOTS] = None
        state.calls -= 1
        raise
    state.calls -= 1
    return result


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
    received = state.received  # read before the queue: the reader counts after it queues
    return -1 if state.queue else received


def dropped_scan_results():
    return state.dropped_scans


def bell():
    """A socket that becomes readable whenever events have come in: put it into a poll set, since
    callbacks do not run while the VM is inside a system wait. `hush()` after waking."""
    if state.bell_in is None:
        state.bell_in, state.bell_out = _socket_pair()
    return state.bell_in


def hush():
    """Takes the bell's rings, so that the next poll waits again."""
    try:
        state.bell_in.recv(64)
    except OSError:
        pass


def close():
    """Leaves the world: afterwards the reader thread has ended."""
    if is_connected():
        _say_bye()
    _join()


# Calls


def _send_request(waiter, op, args):
    if not is_connected():
        raise OSError(ENODEV)
    try:
        frame = _frames.encode(_frames.REQUEST, waiter.call_id, (op,) + args)
    except _frames.FrameTooLongError:
        raise OSError(ENOMEM)
    except _frames.FrameError as error:
        raise TypeError(str(error))
    try:
        _send(frame)
    except OSError:
        raise OSError(ENODEV)
    if state.gone:  # the reader may have woken the waiters just before this one stood there
        waiter.reply = (_frames.REPLY_ERRNO, ENODEV)
        if waiter.lock.locked():
            waiter.lock.release()


def _new_waiter():
    # A callback that interrupts between look and take has given its place back before it returns.
    for place in range(SLOTS):
        if state.slots[place] is None:
            state.generation = (state.generation + 1) & 0xFFF
            waiter = Waiter(state.generation * SLOTS + place)
            state.slots[place] = waiter
            return waiter
    raise OSError(ENOMEM)


def _take_reply(waiter):
    state.slots[waiter.call_id % SLOTS] = None
    status, result = waiter.reply
    if status == _frames.REPLY_ERRNO:
        raise OSError(result)
    if status == _frames.REPLY_VALUE_ERROR:
        raise ValueError(result)
    return result


def _send(frame):
    # A signal of the collector may cut a long write short; the rest follows.
    sent = state.socket.send(frame)
    while sent < len(frame):
        sent += state.socket.send(memoryview(frame)[sent:])


# On the main thread, by the scheduler


def _drain(_):
    if state.calls and _comes_again():
        return
    state.scheduled = False  # first: what is queued from here on schedules anew
    while True:
        with state.queue_lock:
            if not state.queue:
                return
            event = state.queue.pop(0)
            if event[0] == SCAN_RESULT:
                state.queued_scans -= 1
        _handle(event)


def _comes_again():
    try:
        micropython.schedule(state.drain, None)
    except RuntimeError:  # others filled the queue: then now, or never
        return False
    return True


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


def _say_bye():
    """The reader thread ends with the reply to this; or with the channel."""
    state.closing = True
    waiter = _new_waiter()
    try:
        _send_request(waiter, "air.bye", ())
    except OSError:
        state.slots[waiter.call_id % SLOTS] = None
        return
    for _ in range(_EXIT_TRIES):
        if waiter.reply is not None or state.gone:
            break
        utime.sleep_ms(1)
    state.slots[waiter.call_id % SLOTS] = None


def _join():
    for _ in range(_EXIT_TRIES):
        if state.reader_done:
            break
        utime.sleep_ms(1)
    if state.socket is not None:
        utime.sleep_ms(_EXIT_SETTLE_MS)
        state.socket.close()
        state.socket = None


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


state.drain = _drain
_earlier_exit = sys.atexit(_at_exit)
