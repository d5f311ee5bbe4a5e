"""The prompt of the board: boot.py, main.py, then a REPL, as the chip's `mp_task` runs them.

Friendly and raw, raw paste, soft reset, as MicroPython's `shared/runtime/pyexec.c` has them. As
there, Ctrl-C interrupts whatever runs here, boot.py and main.py included, and gets that meaning
anew with each piece of code: `micropython.kbd_intr(-1)` holds until that piece ends. Code compiles
with Ctrl-C off. All of a board's code runs in one namespace.

How to begin says the world, in letters of VARDE_CONSOLE:

    b  boot.py runs
    m  main.py runs, unless boot.py failed
    r  the prompt is the raw one (a soft reset keeps it)
    i  the code before was ended by force, after a Ctrl-C that it did not hear: say so
"""

import gc
import io
import sys

import _air
import _console
from _console import raw_out, stdin, tell_phase

import micropython

_EXIT_SOFT_RESET = micropython.const(65)
_EXIT_SOFT_RESET_RAW = micropython.const(67)
BOOT, MAIN, FRIENDLY, RAW = 1, 2, 3, 4  # phases (`BoardPage`)

CTRL_A, CTRL_B, CTRL_C, CTRL_D, CTRL_E = b"\x01\x02\x03\x04\x05"
_RAW_CONTROLS = b"\x01\x02\x03\x04"
_PASTE_CONTROLS = b"\x03\x04"
_END = b"\x04"
_WINDOW_BYTES = micropython.const(128)  # of a raw paste; MICROPY_REPL_STDIN_BUFFER_MAX / 2
# Of one piece of code at the prompt. The chip has none but its heap; it must not fill ours.
SOURCE_BYTES = micropython.const(160 * 1024)
_PIECE_BYTES = micropython.const(4096)
_OWN_FOLDER = b'  File "' + __file__.rpartition("/")[0].encode()

names = {"__name__": "__main__"}
_is_raw = False


def run(letters, tell_end):
    """Never comes back. `tell_end(how)` once main.py has ended."""
    global _is_raw
    sys.modules["machine"].soft_reset = sys.exit  # by the way out of every piece of code
    _is_raw = "r" in letters
    went_well = "b" not in letters or run_file("boot.py", BOOT)
    if "m" in letters and went_well:
        tell_end("ended" if run_file("main.py", MAIN) else "failed")
    if "i" in letters:
        _say_interrupted()
    while True:
        _is_raw = _raw() if _is_raw else _repl_friendly.talk()


def soft_reset():
    """A fresh interpreter, with the same kind of prompt. Input outlives it, in the driver."""
    raw_out.write(b"MPY: soft reboot\r\n")
    _air.call("console.unread", stdin.rest())
    sys.modules["machine"]._exit(_EXIT_SOFT_RESET_RAW if _is_raw else _EXIT_SOFT_RESET)


def run_file(path, phase):
    """True if it ended well, or is not there."""
    source = Source()
    try:
        with open(path, "rb") as file:
            source.add(file.read())
    except OSError:
        return True
    return execute(source, phase, name=path)


class Source:
    """The text of one piece of code, as it comes in."""

    def __init__(self):
        self.clear()

    def clear(self):
        self._pieces = []
        self._last = bytearray()
        self.size = 0
        self.error = None  # instead of a text

    def add(self, data):
        self.size += len(data)
        if self.size > SOURCE_BYTES:
            self._pieces, self._last = [], bytearray()
            self.error = MemoryError("more than %d bytes of code" % SOURCE_BYTES)
            return
        self._last += data
        if len(self._last) >= _PIECE_BYTES:
            self._pieces.append(bytes(self._last))
            self._last = bytearray()
            gc.collect()  # or the pieces lie all over the heap, with no room for the whole

    def take(self):
        """Once; it is not kept, as on the chip the compiler reads what comes."""
        if self.error is not None:
            raise self.error
        pieces, self._pieces = self._pieces, []
        pieces.append(bytes(self._last))
        self._last = bytearray()
        return b"".join(pieces) if len(pieces) > 1 else pieces[0]


def execute(source, phase, kind="exec", name="<stdin>"):
    """Compile and run; True if it ended well. A raw prompt marks the ends of output and error."""
    tell_phase(phase)
    marks = _END if phase == RAW else b""
    error = None
    try:
        code = compile(source.take(), name, kind)
        gc.collect()
        _console.kbd_intr(_console.CTRL_C)
        if _console.is_awaited(phase):
            _air.call("console.moment")
        exec(code, names)  # noqa: S102  it is the board's program
        _console.check()
    except SystemExit:
        _console.kbd_intr(-1)
        raw_out.write(marks + marks)
        soft_reset()
    except BaseException as raised:  # noqa: BLE001  whatever it is: shown, and on we go
        error = raised
    code = None
    _console.kbd_intr(-1)
    _console.forget()
    raw_out.write(marks)
    if error is not None:
        _show(error)
    raw_out.write(marks)
    tell_phase(0)
    return error is None


def _show(error):
    """Without our own lines: on the chip these are C."""
    text = io.BytesIO()
    try:
        _console.print_exception(error, text)
        lines = text.getvalue().split(b"\n")
        _console.stdout.write(b"\n".join(x for x in lines if not x.startswith(_OWN_FOLDER)))
    except Exception:  # noqa: BLE001  no memory, or an exception that cannot be printed
        raw_out.write(type(error).__name__.encode() + b"\r\n")


def _say_interrupted():
    marks = _END if _is_raw else b""
    text = "KeyboardInterrupt: (the simulated board had to be restarted for it)\r\n"
    raw_out.write(marks + text.encode() + marks)


# The raw prompt


def _raw():
    """Until the friendly one is asked for."""
    raw_out.write(b"raw REPL; CTRL-B to exit\r\n>")
    source = Source()
    while True:
        piece = stdin.piece(_WINDOW_BYTES, _RAW_CONTROLS)
        first = piece[0]
        if first == CTRL_A:
            _begin_again(source)
        elif first == CTRL_B:
            raw_out.write(b"\r\n")
            return False
        elif first == CTRL_C:
            source.clear()
        elif first == CTRL_D:
            raw_out.write(b"OK")
            if source.size == 0:
                raw_out.write(b"\r\n")
                soft_reset()
            _run(source)
        else:
            source.add(piece)


def _begin_again(source):
    """Ctrl-A: after Ctrl-E and a letter it asks for another way of input."""
    asked = source.take() if source.size == 2 else b""
    source.clear()
    if asked == b"\x05A":
        raw_out.write(b"R\x01" + bytes((_WINDOW_BYTES & 0xFF, _WINDOW_BYTES >> 8)) + b"\x01")
        _paste(source)
        _run(source)
    elif asked[:1] == b"\x05":
        raw_out.write(b"R\x00>")
    else:
        raw_out.write(b"raw REPL; CTRL-B to exit\r\n>")


def _paste(source):
    """Any byte but two is text; each window used up is answered with a credit for one more."""
    room = _WINDOW_BYTES
    while True:
        piece = stdin.piece(room, _PASTE_CONTROLS)
        if piece[0] in _PASTE_CONTROLS:
            break
        source.add(piece)
        room -= len(piece)
        if room == 0:
            raw_out.write(b"\x01")
            room = _WINDOW_BYTES
    raw_out.write(_END)
    if piece[0] == CTRL_C:
        source.error = KeyboardInterrupt()


def _run(source):
    execute(source, RAW)
    source.clear()
    raw_out.write(b">")


import _repl_friendly  # noqa: E402  it needs the names above
