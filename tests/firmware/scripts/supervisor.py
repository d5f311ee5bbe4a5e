"""The supervisor with slots in a folder (first argument) and applications that we write."""

import os
import sys

import esp32
import machine

import choice
import main
from varde_firmware.core import update_record
from varde_protocols import update_words as words

HOME = sys.argv[1]
choice.SLOTS = (HOME + "/a", HOME + "/b")
main.BACKOFF_FIRST_MS = 1
counters, slots = esp32.counters, esp32.slots
for name in list(sys.modules):
    if name.startswith("varde_firmware"):
        del sys.modules[name]  # the slots have their own


class Store:
    def load(self):
        return esp32.blobs.get("update", b"")

    def save(self, data):
        esp32.blobs["update"] = data


def record():
    return update_record.load(Store())


def put(**fields):
    """The record as an application would have left it."""
    esp32.blobs.pop("update", None)
    update_record.save(Store(), record().changed(**fields))


HARDWARE = """
import machine

class Board:
    def show(self, rgb):
        machine.shown.append(rgb)
        if len(machine.shown) == 4:
            raise KeyboardInterrupt

class Hardware:
    def __init__(self, is_locked):
        self.is_locked = is_locked

    def make_board(self, name):
        assert name == "generic"
        return Board()
"""


def write(slot, body):
    """An application whose `app.run` is `body`."""
    folder = choice.SLOTS[slot]
    for name in ("", "/varde_firmware", "/varde_firmware/ports", "/varde_firmware/shell"):
        try:  # noqa: SIM105  (no contextlib here)
            os.mkdir(folder + name)
        except OSError:
            pass
    files = {
        "/varde_firmware/load_order.py": "def load(): pass\n",
        "/varde_firmware/ports/assembly.py": HARDWARE,
        "/varde_firmware/shell/app.py": "def run(ports, on_healthy):\n    " + body + "\n",
    }
    for name, text in files.items():
        with open(folder + name, "w") as file:
            file.write(text)


def boot(lock="free"):
    """One start, until the reset."""
    before = list(sys.path)
    try:
        main.start(lock)
        raise AssertionError("the supervisor came back")
    except machine.Reset:
        pass
    sys.path[:] = before
    for name in list(sys.modules):
        if name.startswith("varde_firmware"):
            del sys.modules[name]
    sys.modules["choice"] = choice


# An exception is told and counted, and the wait is fed.
write(0, "raise OSError(5)")
boot()
assert counters == {"crashes": 1}, counters
assert machine.fed[0] == 1
boot()
assert counters["crashes"] == 2, counters
assert not esp32.blobs  # nothing was ever updated, so nothing is written
assert slots["asked"] == ["keep", "keep"], slots

# Telling may fail as well, for want of heap; the board starts again all the same.
say, main.sys = main.sys, None
try:
    main.run("/a", main.Counters())
    raise SystemExit("a fault within the fault was swallowed too early")
except AttributeError:
    pass
works, main.run = main.run, lambda *_: 1 // 0
main.sys = say
boot()
main.run = works

# Without a whole spare slot crashes change nothing but their count.
for _ in range(12):
    boot()
assert counters["crashes"] == 14, counters

# Health ends the counting.
write(0, "on_healthy(); raise ValueError('later')")
boot()
assert counters["crashes"] == 1, counters

# A trial that does not prove itself gets three starts, each counted before it, and no more.
PARTS = update_record.APPLICATION | update_record.CONFIG
write(0, "on_healthy(); raise ValueError('later')")
write(1, "raise RuntimeError('bad')")
put(state=words.TRIAL, parts=PARTS, new_release=7, new_assignment=12, release=6)
for start in (1, 2, 3):
    boot()
    assert (record().state, record().starts) == (words.TRIAL, start), record()
    assert counters["crashes"] == start + 1
boot()
back = record()
assert (back.state, back.reason, back.is_told) == (words.RETURNED, words.NO_START, 0), back
assert (back.slot, back.release, back.assignment, back.parts) == (0, 6, 0, PARTS), back
assert counters["crashes"] == 1, counters  # by the application in /a, which was healthy before
boot()
assert record() == back

# An application that cannot even be loaded is no different.
with open(choice.SLOTS[1] + "/varde_firmware/shell/app.py", "w") as file:
    file.write("def run(:\n")
put(state=words.TRIAL, parts=PARTS)
for start in (1, 2, 3):
    boot()
    assert record().starts == start
boot()
assert record().state == words.RETURNED

# What the application has seen goes before what the supervisor thinks.
put(state=words.TRIAL, parts=PARTS, starts=3, reason=words.SELF_TEST)
boot()
assert record().reason == words.SELF_TEST

# A trial that has confirmed itself stays.
write(1, "on_healthy(); raise ValueError('later')")
put(state=words.TRIAL, parts=PARTS, new_release=7)
boot()
update_record.save(Store(), record().confirmed())
boot()
assert (record().slot, record().state) == (1, words.CONFIRMED)

# On trial there is nobody to wait for the bench.
write(1, "pass")
put(state=words.TRIAL, parts=update_record.APPLICATION)
boot()
assert machine.shown == []
assert record().starts == 1

# Its time ends, whatever it does.
choice.TRIAL_MS = 20
WAITS = """import asyncio
    async def wait():
        await asyncio.sleep_ms(60_000)
    asyncio.run(wait())"""
write(1, WAITS)
put(state=words.TRIAL, parts=update_record.APPLICATION)
boot()
assert (record().state, record().reason) == (words.RETURNED, words.NO_EXCHANGE), record()
choice.TRIAL_MS = 600_000

# A long row of crashes outside a trial takes the spare, once, and tells of what it gave up.
write(0, "raise RuntimeError('bad')")
write(1, "raise RuntimeError('bad, too')")
counters["crashes"] = choice.CRASHES - 1
put(is_spare_whole=1, release=6, spare_release=5)
boot()
assert (record().slot, counters["crashes"]) == (0, choice.CRASHES)
boot()
taken = record()
assert (taken.slot, taken.release, taken.new_release, taken.is_told) == (1, 5, 6, 0), taken
assert (taken.state, taken.reason) == (words.RETURNED, words.NO_START), taken
for _ in range(choice.CRASHES + 2):
    boot()
assert record() == taken

# Without a record, or with any bytes for one, what is there starts.
for data in (b"", b"x" * 48, bytes(48), b"\1" + b"\xff" * 47, bytes(47), bytes(60)):
    esp32.blobs["update"] = data
    counters["crashes"] = 0
    boot()
    assert counters["crashes"] == 1

# One that is lost is written anew if it says more than nothing does: else the next update would be
# put where the application runs.
esp32.blobs.clear()
counters["crashes"] = 0
both, choice.SLOTS = choice.SLOTS, (HOME + "/none", HOME + "/b")
boot()
assert (record().slot, record().is_spare_whole) == (1, 0), record()
choice.SLOTS = (HOME + "/a", HOME + "/none")
esp32.blobs.clear()
boot()
assert not esp32.blobs
choice.SLOTS = both
boot()
assert (record().slot, record().is_spare_whole) == (0, 1), record()

# A slot in force that is not there gives way to the one that is.
both, choice.SLOTS = choice.SLOTS, (HOME + "/a", HOME + "/none")
put(slot=1, release=6, is_spare_whole=1)
boot()
assert (record().slot, record().release, record().is_spare_whole) == (0, 0, 0), record()
choice.SLOTS = (HOME + "/none", HOME + "/nowhere")
put(slot=1)
boot()
assert record().slot == 1
choice.SLOTS = both

# Interpreter: kept outside of a trial, left to the bootloader while that goes back by itself.
INTERPRETER = update_record.INTERPRETER
slots["asked"].clear()
put(state=words.TRIAL, parts=INTERPRETER)
boot()
assert slots["asked"] == [1], slots  # armed; what should have started did not
boot()
assert slots["asked"] == [1, 1], slots
boot()
assert slots["asked"] == [1, 1, "keep"], slots  # the third time it is given up
assert (record().state, record().interpreter) == (words.RETURNED, 0)
slots.update({"running": 1, "pending": True, "boot": 1})
boot()
assert slots["asked"] == [1, 1, "keep"], slots
slots["pending"] = False
boot()
assert slots["asked"] == [1, 1, "keep", 0], slots
boot()  # the bootloader has been told and does not: then what runs is what there is
assert record().interpreter == 1
slots["running"] = slots["boot"] = 0
slots["valid"][1] = False
put(state=words.TRIAL, parts=INTERPRETER)
boot()  # an image that is not whole
assert (record().state, record().interpreter) == (words.RETURNED, 0)
slots.update({"running": 1, "boot": 1, "valid": [False, True]})
put(interpreter=0)
boot()
assert record().interpreter == 1
slots.update({"running": -0x10, "boot": -0x10})  # a table with one interpreter only
boot()
put(state=words.TRIAL, parts=PARTS, starts=1)
boot()
assert record().starts == 2
slots.update({"running": 0, "boot": 0, "valid": [True, True]})
esp32.blobs.clear()

# A free hub ends at the prompt for who presses Ctrl-C, an opened one at once, a locked one never.
write(1, "raise KeyboardInterrupt")
put(slot=1)
try:
    main.start("free")
    raise SystemExit("Ctrl-C ended nothing")
except KeyboardInterrupt:
    pass
before = dict(counters)
main.start("open")
assert counters == before, counters  # it has not even chosen a slot
put(slot=1)
for fault in ("KeyboardInterrupt", "SystemExit", "MemoryError", "OSError(5)"):
    write(1, "raise " + fault)
    boot("locked")
works, choice.Choice = choice.Choice, lambda counters: 1 // 0
boot("locked")
choice.Choice = works

# One that returns has nothing to run by: it waits, blinking, without a watchdog.
main.BLINK_MS = 1
write(1, "on_healthy()")
machine.fed[0] = 0
counters["crashes"] = 0
put(slot=1)
try:  # noqa: SIM105  (no contextlib here)
    boot()
except KeyboardInterrupt:
    pass
assert machine.shown == list(main.BLINK) * 2, machine.shown
assert machine.fed[0] == 0
assert counters["crashes"] == 0, counters

assert [main.backoff_ms(n) for n in (0, 1, 3)] == [1, 2, 8]
main.BACKOFF_FIRST_MS = 1_000
assert main.backoff_ms(500) == main.BACKOFF_MOST_MS
print("ok")
