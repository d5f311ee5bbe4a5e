"""Runs first at every start, and says whether this one may end at a prompt.

MicroPython goes to its prompt when Ctrl-C or a fault ends boot.py or main.py (its shared/runtime/
pyexec.c and ports/esp32/main.c). So on a locked hub Ctrl-C is a byte like any other from the first
statement on, and a fault starts the board again.

NVS, namespace `varde`; docs/firmware.md says who writes it:

    locked   i32  1: no prompt
    open     i32  1: a prompt for this one start, which a signed request has asked for

A soft reset is no start: nothing of ours makes one, so whoever makes it has the prompt already,
and keeps it until the chip starts again. (mpremote makes one whenever it connects.)

The file /wiping stands while a wipe is under way: such a hub runs nothing and waits at its prompt.
`lock` is for main.py: "free", "open" or "locked".
"""


def hush():
    """Take Ctrl-C for data from here on; one that came before is forgotten.

    main.py calls this first: MicroPython gives Ctrl-C its meaning back before each file it runs.
    No jump stands before `kbd_intr`, as at jumps the interpreter looks for what was pressed.
    """
    while True:
        try:
            micropython.kbd_intr(-1)
            time.sleep_ms(1)  # raises what was pressed before the line above
            return
        except KeyboardInterrupt:  # noqa: PERF203
            pass


def state_of_lock():
    """Return the word for `lock`, and take back the permission that it has used."""
    if "wiping" in os.listdir("/"):
        return "open"
    nvs = esp32.NVS("varde")
    if not number(nvs, "locked"):
        return "free"
    if machine.reset_cause() == machine.SOFT_RESET:
        return "open"
    if not number(nvs, "open"):
        return "locked"
    nvs.set_i32("open", 0)
    nvs.commit()  # before anything else: a cut leaves the hub locked
    return "locked" if number(nvs, "open") else "open"


def number(nvs, key):
    """Return a number of NVS, 0 if it is not there."""
    try:
        return nvs.get_i32(key)
    except OSError as error:
        if error.args[0] != -0x1102:  # ESP_ERR_NVS_NOT_FOUND
            raise
        return 0


try:
    import time

    import micropython

    hush()
    import os

    import esp32
    import machine

    lock = state_of_lock()
    if lock != "locked":
        micropython.kbd_intr(3)
except BaseException:  # noqa: BLE001  (whatever it is: no prompt)
    import machine

    machine.reset()
