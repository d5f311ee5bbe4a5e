"""The supervisor with slots in a folder (first argument) and applications that we write."""

import os
import sys

import esp32
import machine

import main

HOME = sys.argv[1]
main.SLOTS = (HOME + "/a", HOME + "/b")
main.BACKOFF_FIRST_MS = 1
counters = esp32.counters


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
    folder = main.SLOTS[slot]
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


# An exception is told and counted, and the wait is fed.
write(0, "raise OSError(5)")
boot()
assert counters == {"trials": 1, "crashes": 1}, counters
assert machine.fed[0] == 1
boot()
assert counters["crashes"] == 2, counters

# Telling may fail as well, for want of heap; the board starts again all the same.
say, main.sys = main.sys, None
try:
    main.run("/a", main.Counters())
    raise SystemExit("a fault within the fault was swallowed too early")
except AttributeError:
    pass
works, main.run = main.run, lambda slot, counters: 1 // 0
main.sys = say
boot()
main.run = works

# Without another slot, trials change nothing but their count.
for _ in range(8):
    boot()
assert counters["trials"] == main.TRIALS + 1, counters
assert counters.get("slot", 0) == 0

# Health ends the counting.
write(0, "on_healthy(); raise ValueError('later')")
boot()
assert (counters["trials"], counters["crashes"]) == (0, 1), counters

# A slot that does not prove healthy gives way to one that holds an application.
write(0, "raise RuntimeError('bad')")
write(1, "on_healthy(); raise ValueError('later')")
for _ in range(main.TRIALS):
    boot()
    assert counters.get("slot", 0) == 0, counters
boot()
assert (counters["slot"], counters["trials"], counters["crashes"]) == (1, 0, 1), counters

# An application that cannot even be loaded is no different.
with open(main.SLOTS[1] + "/varde_firmware/shell/app.py", "w") as file:
    file.write("def run(:\n")
boot()
assert counters["crashes"] == 2

# A free hub ends at the prompt for who presses Ctrl-C, an opened one at once, a locked one never.
write(1, "raise KeyboardInterrupt")
try:
    main.start("free")
    raise SystemExit("Ctrl-C ended nothing")
except KeyboardInterrupt:
    pass
before = dict(counters)
main.start("open")
assert counters == before, counters  # it has not even chosen a slot
counters.update({"slot": 1, "trials": 0})
for fault in ("KeyboardInterrupt", "SystemExit", "MemoryError", "OSError(5)"):
    write(1, "raise " + fault)
    boot("locked")
works, main.choose_slot = main.choose_slot, lambda counters: 1 // 0
boot("locked")
main.choose_slot = works

# One that returns has nothing to run by: it waits, blinking, without a watchdog.
main.BLINK_MS = 1
write(1, "on_healthy()")
machine.fed[0] = 0
counters.update({"slot": 1, "trials": 0, "crashes": 0})
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
