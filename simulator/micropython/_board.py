"""Starts the board: what the boot ROM and MicroPython's own `_boot` do before boot.py runs.

Run by the world as the VM's main program. It loads the stand-ins, takes the host's files away,
mounts the flash's `vfs` partition as the root, and runs boot.py and main.py in one namespace, as
the chip does. When main.py has ended the board stays on and idle, as at the chip's prompt; one
with a console (VARDE_CONSOLE) has that prompt (`_repl`).
"""

import gc
import sys

import _mapping
import uos as os

_PR_SET_PDEATHSIG = 1
_KILL = 9
_STAND_INS = ("select", "time", "socket", "esp32", "machine", "network", "neopixel", "bluetooth")
_OF_A_MODEM = ("_uart", "_ppp")  # only then, as the heap they take is the board's
_LITTLEFS = {"progsize": 32, "readsize": 32, "lookahead": 32}
_DATA = 1  # Partition.TYPE_DATA


def _start():
    # If the world dies, so does the board (Linux; elsewhere the world's end must do it).
    try:
        _mapping.libc.func("i", "prctl", "il")(_PR_SET_PDEATHSIG, _KILL)
    except OSError:
        pass
    import _air  # noqa: PLC0415  not before the board is tied to the world's life

    _air.connect()
    port = os.getenv("VARDE_MODEM")  # the MicroPython whose PPP is stood in for
    newer = ("_ppp_1_26",) if port == "1.26" else ()
    for name in _STAND_INS + (_OF_A_MODEM + newer if port else ()):
        __import__(name)
    if os.getenv("VARDE_BUZZER"):
        import _pwm  # noqa: F401, PLC0415
    if os.getenv("VARDE_CONSOLE") is not None:  # only then, as above
        import _console  # noqa: PLC0415

        _console.start()
        import _repl  # noqa: F401, PLC0415
    _mount()
    gc.collect()
    _air.call("board.started", gc.mem_alloc(), sys.modules["_certificate_time"].works)
    return _air


def _mount():
    import vfs  # noqa: PLC0415  after the stand-ins

    found = sys.modules["esp32"].Partition.find(_DATA, label="vfs")
    file_system = None
    try:
        file_system = found and vfs.VfsLfs2(found[0], **_LITTLEFS)
    except OSError:
        import _inisetup  # noqa: PLC0415  while the host's files are there

        file_system = _inisetup.file_system(found[0], _LITTLEFS)
    vfs.umount("/")
    if file_system:
        vfs.mount(file_system, "/")
    sys.path[:] = ["", ".frozen", "/lib"]


def _run(path, names):
    """Returns how it ended, or None if there is no such file."""
    try:
        with open(path) as file:
            source = file.read()
    except OSError:
        return None
    try:
        program = compile(source, path, "exec")
        del source  # on the chip the compiler reads the file, and no text stays in the heap
        exec(program, names)  # noqa: S102  it is the board's program
    except SystemExit:
        sys.modules["machine"].soft_reset()
    except BaseException as error:  # noqa: BLE001  the chip shows it and goes to its prompt
        sys.print_exception(error)
        return "%s: %s" % (type(error).__name__, error)
    return "ended"


def _main():
    air = _start()
    letters = os.getenv("VARDE_CONSOLE")
    if letters is not None:
        sys.modules["_repl"].run(letters, lambda how: air.post("board.ended", how))
    names = {"__name__": "__main__"}
    _run("boot.py", names)
    air.post("board.ended", _run("main.py", names) or "no main.py")
    while True:
        sys.modules["time"].sleep_ms(3600000)


_main()
