"""The supervisor: runs the application that choice.py chooses; restarts the board when it ends.

Both lie beside the slots and are not updated with them, so they are small and know little. NVS,
namespace `varde`:

    crashes  i32  ends by an exception since the application was last healthy
    board    blob name of its file of pins, while no assignment says it

After an exception the board restarts, later and later, and the console says why each time: a
fault is never silent and never a tight loop.

boot.py has said in `lock` whether the console is "free" (Ctrl-C ends all this at the prompt),
"locked" (nothing does: see `start`; while no application runs, waiting means listening for a
signed request) or "open" (a prompt, and nothing else, until the next reset).
"""

try:
    hush()  # boot.py's, in the same names: not even the imports may end at a prompt
except NameError:
    pass  # not started by boot.py: imported by a test

import asyncio
import sys
import time

import esp32
import machine

import micropython

BACKOFF_FIRST_MS = 1_000
BACKOFF_MOST_MS = 300_000
BLINK_MS = 1_000
BLINK = ((12, 12, 12), (0, 0, 0))  # no other state of the light goes on and off
WATCHDOG_MS = 60_000
STEP_MS = 10_000  # how often it is fed while waiting


class Counters:
    """The supervisor's numbers in NVS."""

    def __init__(self):
        self._nvs = esp32.NVS("varde")

    def get(self, key):
        try:
            return self._nvs.get_i32(key)
        except OSError:  # not there yet
            return 0

    def set(self, key, number):
        if self.get(key) != number:
            self._nvs.set_i32(key, number)
            self._nvs.commit()

    def board(self):
        """Return which board the bench said that this is; the assignment says it, too."""
        name = bytearray(32)
        try:
            return name[: self._nvs.get_blob("board", name)].decode()
        except OSError:
            return "generic"


def backoff_ms(crashes):
    """1 s, 2 s, 4 s ... 5 minutes."""
    return min(BACKOFF_FIRST_MS << min(crashes, 9), BACKOFF_MOST_MS)


def wait_fed(duration_ms, listener=None):
    """Wait, feeding the watchdog that the application may have started, and listening."""
    watchdog = machine.WDT(timeout=WATCHDOG_MS)
    end_ms = time.ticks_add(time.ticks_ms(), duration_ms)
    while duration_ms > 0:
        watchdog.feed()
        step_ms = min(duration_ms, STEP_MS)
        if listener is None or not listener.listen(step_ms):
            time.sleep_ms(step_ms)
        duration_ms = time.ticks_diff(end_ms, time.ticks_ms())


def wait_for_bench(show, listener):
    """Blink and listen; the bench ends this, and takes its time: no watchdog."""
    while True:
        for rgb in BLINK:
            show(rgb)
            if listener is None or not listener.listen(BLINK_MS):
                time.sleep_ms(BLINK_MS)


def make_listener():
    """Return who listens at the console while no application runs; None if that fails, too."""
    try:
        from varde_firmware.ports import console, identity_store  # noqa: PLC0415
        from varde_firmware.shell import clock, identity, service_task  # noqa: PLC0415

        seed = identity_store.IdentityStore().seed()
        hub_id = identity.Identity(seed, 0).hub_id
        return service_task.ServiceTask(console.Console(), hub_id, None, clock.Clock())
    except BaseException as error:  # noqa: BLE001  (the restart must come, whatever this is)
        print("varde: nobody listens:", type(error).__name__, error)
        return None


def supervise(is_locked):
    """Run the application; return only when it has ended, been told of and waited for."""
    import choice  # noqa: PLC0415  (needed once)

    counters = Counters()
    chosen = choice.Choice(counters)
    slot, is_trial = chosen.slot, chosen.is_trial
    sys.path.insert(0, slot)
    if is_trial:
        machine.WDT(timeout=WATCHDOG_MS)  # the application feeds it, or this start is over
        asyncio.create_task(chosen.end_trial())  # noqa: RUF006  (the loop keeps it)
    del choice, chosen, sys.modules["choice"]
    run(slot, counters, is_locked, is_trial)


def run(slot, counters, is_locked=False, is_trial=False):
    """Run the application until it ends; tell, count and wait then."""
    try:
        # Only now is the slot on the path, and a broken application must not stop us here.
        from varde_firmware import load_order  # noqa: PLC0415

        load_order.load()
        del load_order  # it has forgotten itself, and so must we
        from varde_firmware.ports import assembly  # noqa: PLC0415
        from varde_firmware.shell import app  # noqa: PLC0415

        ports = assembly.Hardware(is_locked)
        app.run(ports, lambda: counters.set("crashes", 0))
        if is_trial:
            raise RuntimeError("on trial, and nothing to run by")  # noqa: TRY301
        listener = make_listener() if is_locked else None
        wait_for_bench(ports.make_board(counters.board()).show, listener)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  (whatever it is: say it, count it, restart)
        reason = type(error).__name__
        sys.print_exception(error)
    crashes = counters.get("crashes")
    counters.set("crashes", crashes + 1)
    print(
        "varde: stopped: %s (%s), restart %d in %d ms"
        % (reason, slot, crashes + 1, backoff_ms(crashes))
    )
    wait_fed(backoff_ms(crashes), make_listener() if is_locked else None)


def start(lock):
    """Do what this start is for. On a locked hub nothing but a reset ends it."""
    if lock == "open":
        print("varde: open until the next reset")
        return
    try:
        if lock == "free":
            micropython.kbd_intr(3)
        supervise(lock == "locked")
    except KeyboardInterrupt:
        if lock != "locked":
            raise  # somebody at the console wants the REPL
    except BaseException as error:  # noqa: BLE001  (telling of a fault failed, for want of heap)
        print("varde:", type(error).__name__)
        time.sleep_ms(BACKOFF_FIRST_MS)
    machine.reset()


if __name__ == "__main__":
    start(lock)  # noqa: F821  (boot.py's)
