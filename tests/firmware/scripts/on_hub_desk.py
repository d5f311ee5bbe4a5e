"""The hub's chip on a desk: runs a script of the bench, or a start, on the flash in VARDE_FLASH.

    on_hub_desk.py run SCRIPT [NAME=EXPRESSION ...]    as mpremote does, in the prompt's names
    on_hub_desk.py start                               boot.py and main.py; says how that ended

NVS and partitions are the simulator's stand-ins on the flash; radios, watchdog and random numbers
are played here, and say so in `asked`, which is printed last. A cut is armed with VARDE_CUT.
"""

import sys

import _mapping
import uos as os

import micropython

asked = []


class Module:
    def __init__(self, **names):
        for name, value in names.items():
            setattr(self, name, value)


class Radio:
    def __init__(self, *_):
        pass

    def active(self, wanted=None):
        if wanted is not None:
            asked.append(type(self).__name__ + " " + str(int(wanted)))
            Radio.is_on = wanted
        return Radio.is_on and not os.getenv("RADIO_BROKEN")


class WLAN(Radio):
    pass


class BLE(Radio):
    pass


class WDT:
    def __init__(self, timeout):
        assert timeout == 60_000

    def feed(self):
        pass


_exit = _mapping.libc.func("v", "_exit", "i")


def reset():
    """Nothing comes after it, as on the chip."""
    print("desk: reset")
    _exit(0)


def urandom(count):
    asked.append("urandom")
    number = int(os.getenv("DESK_RANDOM") or "1")
    return bytes([number]) * count


class Os:
    """The interpreter's own, but for the random numbers."""

    urandom = staticmethod(urandom)

    def __getattr__(self, name):
        return getattr(os, name)


def text_of(path):
    with open(path) as file:
        return file.read()


def mount():
    import vfs  # noqa: PLC0415  (after what needs the host's files)

    flash = sys.modules["esp32"].Partition("vfs")
    vfs.umount("/")
    try:
        vfs.mount(vfs.VfsLfs2(flash, progsize=32, readsize=32, lookahead=32), "/")
        return True
    except OSError:
        # As the chip's _boot.py and inisetup.py: a blank first block is formatted, other than
        # that somebody must press Ctrl-C, and there is a prompt without a file system.
        block = bytearray(4096)
        flash.readblocks(0, block)
        if block == b"\xff" * 4096:
            vfs.VfsLfs2.mkfs(flash, progsize=32, readsize=32, lookahead=32)
            vfs.mount(vfs.VfsLfs2(flash, progsize=32, readsize=32, lookahead=32), "/")
            with open("boot.py", "w") as file:
                file.write("# as MicroPython makes it\n")
            return True
        return False


def start():
    """Run a start; return the word for how it ends, if not by a reset."""
    names = {"__name__": "__main__"}
    for path in ("boot.py", "main.py"):
        try:
            text = text_of(path)
        except OSError:
            continue
        try:
            exec(compile(text, path, "exec"), names)
        except BaseException as error:  # noqa: BLE001  (the chip shows it and goes to its prompt)
            sys.print_exception(error)
            return "prompt"
    return "prompt"


def main():
    import esp32  # noqa: F401, PLC0415  (the stand-in, while the host's files are there)

    cause = int(os.getenv("DESK_CAUSE") or "1")
    sys.modules["machine"] = Module(
        WDT=WDT, reset=reset, SOFT_RESET=5, reset_cause=lambda: cause,
        unique_id=lambda: bytes(6),
    )  # fmt: skip
    sys.modules["network"] = Module(WLAN=WLAN, STA_IF=0)
    sys.modules["bluetooth"] = Module(BLE=BLE)
    micropython.kbd_intr(-1)
    script = text_of(sys.argv[2]) if sys.argv[1] == "run" else ""
    has_files = mount()
    sys.path[:] = ["", ".frozen", "/lib"]
    sys.modules["os"] = Os()
    if sys.argv[1] == "start":
        print("desk:", start() if has_files else "prompt")
        return
    names = {"__name__": "__main__"}
    for each in sys.argv[3:]:
        exec(each, names)
    exec(compile(script, "script", "exec"), names)
    print("desk:", asked)


main()
