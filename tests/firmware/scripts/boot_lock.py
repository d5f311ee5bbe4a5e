"""boot.py with a chip that we play: each state that it may find, each call that may fail."""

import os as native_os
import sys

BOOT = sys.argv[1]
NOT_FOUND = -0x1102


class Reset(BaseException):
    pass


class Chip:
    """`fails` is the call that raises, `presses` how often Ctrl-C came before it was shut."""

    def __init__(self, numbers=(), files=(), cause=1, fails=None, presses=0):
        self.numbers = dict(numbers)
        self.files = list(files)
        self.cause = cause
        self.fails = fails
        self.presses = presses
        self.asked = []

    def call(self, name, *values):
        self.asked.append((name,) + values)  # noqa: RUF005  (no stars in here)
        if name == self.fails:
            raise OSError(-0x1101)


chip = None


class Nvs:
    def __init__(self, namespace):
        assert namespace == "varde"
        chip.call("NVS")

    def get_i32(self, key):
        chip.call("get", key)
        if key not in chip.numbers:
            raise OSError(NOT_FOUND)
        return chip.numbers[key]

    def set_i32(self, key, number):
        chip.call("set", key, number)
        chip.numbers[key] = number

    def commit(self):
        chip.call("commit")


class Module:
    def __init__(self, **names):
        for name, value in names.items():
            setattr(self, name, value)


def sleep_ms(_duration_ms):
    if chip.presses:
        chip.presses -= 1
        raise KeyboardInterrupt


def listdir(path):
    chip.call("listdir", path)
    return chip.files


def reset():
    raise Reset


def reset_cause():
    chip.call("cause")
    return chip.cause


modules = {
    "micropython": Module(kbd_intr=lambda character: chip.call("kbd_intr", character)),
    "time": Module(sleep_ms=sleep_ms),
    "os": Module(listdir=listdir),
    "esp32": Module(NVS=Nvs),
    "machine": Module(reset=reset, reset_cause=reset_cause, SOFT_RESET=5),
}
with open(BOOT) as file:
    program = compile(file.read(), "boot.py", "exec")


def start(**state):
    """The word of this start, "reset" if it was one; and what was asked of the chip."""
    global chip  # noqa: PLW0603
    chip = Chip(**state)
    kept = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    names = {"__name__": "__main__"}
    try:
        exec(program, names)
        word = names["lock"]
    except Reset:
        word = "reset"
    finally:
        for name, module in kept.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
    assert chip.asked[0] == ("kbd_intr", -1), chip.asked
    assert chip.presses == 0  # what was pressed has been raised, and not left for later
    heard = [asked[1] for asked in chip.asked if asked[0] == "kbd_intr"]
    # Ctrl-C has its meaning again for who may have the prompt, and for nobody else.
    assert (heard[-1] == 3) == (word in ("free", "open")), (word, heard)
    assert 3 not in heard[:-1], heard
    return word


LOCKED = {"locked": 1}
OPENED = {"locked": 1, "open": 1}

assert start() == "free"
assert start(numbers={"locked": 0, "open": 1}) == "free"
assert start(numbers=LOCKED) == "locked"
assert start(numbers={"locked": 1, "open": 0}) == "locked"
assert start(numbers=OPENED) == "open"
assert chip.numbers == {"locked": 1, "open": 0}
assert chip.asked.index(("commit",)) < len(chip.asked) - 1
assert start(numbers=chip.numbers) == "locked"
for cause in (1, 2, 3, 4):
    assert start(numbers=LOCKED, cause=cause) == "locked"
assert start(numbers=LOCKED, cause=5) == "open"  # only somebody at a prompt makes one
assert start(files=["boot.py", "wiping"], numbers=LOCKED) == "open"
assert start(files=["wiping"], fails="NVS") == "open"  # NVS may be gone already

# Whatever fails, there is no prompt: not even on a hub that is not locked, since who knows?
for numbers in ({}, LOCKED, OPENED):
    for call in ("NVS", "get", "listdir"):
        assert start(numbers=numbers, fails=call) == "reset", (numbers, call)
for call in ("set", "commit"):
    assert start(numbers=OPENED, fails=call) == "reset", call
assert start(numbers=LOCKED, fails="cause") == "reset"

# A permission that cannot be taken back is none.
kept = Nvs.set_i32
Nvs.set_i32 = lambda self, key, number: None
assert start(numbers=OPENED) == "locked"
Nvs.set_i32 = kept

# Pressed before the first statement, once and again: forgotten on all of them.
for presses in (1, 2, 50):
    assert start(numbers=LOCKED, presses=presses) == "locked"
    assert start(presses=presses) == "free"
assert native_os is not modules["os"]
print("ok")
