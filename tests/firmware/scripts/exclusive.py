"""Work for the journal, from main code, from scheduled callbacks and from another thread."""

# ruff: noqa: SIM105, PT017  (MicroPython runs this)

import _thread
import time

import micropython
from varde_firmware.ports import exclusive

one = exclusive.Exclusive(False)
busy = [False]
nested = [0]
done = {"main": 0, "handler": 0, "thread": 0}


def work(who):
    """Takes long, and would notice company."""
    if busy[0]:
        nested[0] += 1
    busy[0] = True
    total = 0
    for i in range(300):
        total += i
    busy[0] = False
    done[who] += 1
    return total


def handler(_):
    """As a radio's, on the main thread, wherever main code stands."""
    one.run_in_handler(work, "handler")


def again(limit):
    """Schedules the handler at every chance."""
    try:
        micropython.schedule(handler, None)
    except RuntimeError:
        pass


# Results and exceptions come back to whoever asked.
assert one.run(work, "main") == 44850


def fails():
    raise ValueError("as asked")


for run in (one.run, one.run_in_handler):
    try:
        run(fails)
        raise SystemExit("no exception")
    except ValueError as error:
        assert str(error) == "as asked"

# A full scheduler queue is waited for.
for _ in range(4):
    again(None)
assert one.run(work, "main") == 44850
assert done["handler"] >= 4, done

# Handlers come in the middle of main code; their work and main code's never meet.
stop = [False]


def radio():
    while not stop[0]:
        again(None)
        time.sleep_us(20)


_thread.start_new_thread(radio, ())
until_ms = time.ticks_add(time.ticks_ms(), 10_000)


def in_time():
    return time.ticks_diff(until_ms, time.ticks_ms()) > 0


while done["handler"] < 500 and in_time():
    one.run(work, "main")
assert done["handler"] >= 500, done
assert nested[0] == 0, nested
# The same without the port: they do meet, so this test would notice.
while nested[0] == 0 and in_time():
    work("main")
stop[0] = True
assert nested[0] > 0, done
nested[0] = 0

# A handler with a thread of its own: its work goes to the worker, and never meets main code's.
threaded = exclusive.Exclusive(True)
over = _thread.allocate_lock()
over.acquire()
seen = []


def other_thread():
    for _ in range(100):
        threaded.run_in_handler(work, "thread")
    try:
        threaded.run_in_handler(fails)
    except ValueError as error:
        seen.append(str(error))
    over.release()


_thread.start_new_thread(other_thread, ())
for _ in range(100):
    threaded.run(work, "main")
while not over.acquire(0):
    time.sleep_ms(1)
over.release()
assert nested[0] == 0, nested
assert done["thread"] == 100, done
assert seen == ["as asked"], seen
print("ok")
