"""The friendly prompt: a line is edited, and run when it is whole. After MicroPython's
`shared/readline/readline.c` and `py/repl.c`, without completion by Tab.
"""

import builtins
import sys

import _repl
from _console import raw_out, stdin
from _repl import CTRL_A, CTRL_B, CTRL_C, CTRL_D, CTRL_E

_BANNER = "MicroPython %s; simulated board with ESP32S3\r\n" % sys.version.split("MicroPython ")[1]
_HELP = b'Type "help()" for more information.\r\n'
_PASTE = b"\r\npaste mode; Ctrl-C to cancel, Ctrl-D to finish\r\n=== "
_LINE_BYTES = 1024  # of one line; more is not taken, where the chip would fill its heap
_HISTORY = 8  # lines; MICROPY_READLINE_HISTORY_SIZE
_BLOCKS = (
    b"if ", b"while ", b"for ", b"try:", b"with ", b"def ", b"class ", b"@", b"async ",
)  # fmt: skip

_history = []


def talk():
    """Until the raw prompt is asked for (True) or this one anew (False)."""
    raw_out.write(b"\r\n" + _BANNER.encode() + _HELP)
    builtins.input = ask
    builtins.__repl_print__ = _print_result
    source = _repl.Source()
    while True:
        text, end = edit(b">>> ")
        if not text and end == CTRL_A:
            raw_out.write(b"\r\n")
            return True
        if not text and end == CTRL_B:
            raw_out.write(b"\r\n")
            return False
        if not text and end == CTRL_D:
            raw_out.write(b"\r\n")
            _repl.soft_reset()
        elif not text and end == CTRL_E:
            _paste(source)
        elif end == CTRL_C:
            raw_out.write(b"\r\n")
        elif text:
            _run_line(text, source)
        source.clear()


def ask(prompt=""):
    """`input()`."""
    text, end = edit(prompt.encode())
    if end == CTRL_C:
        raise KeyboardInterrupt
    if end == CTRL_D and not text:
        raise EOFError
    return str(text, "utf-8")


def _print_result(value):
    """What a line of one expression gives."""
    if value is not None:
        print(repr(value))
        builtins._ = value


def _run_line(text, source):
    """With the lines that belong to it."""
    source.add(text)
    block = _Block(text)
    while source.error is None and block.goes_on(text):
        text, end = edit(b"... ", b" " * _indent(text))
        if end == CTRL_C:
            raw_out.write(b"\r\n")
            return
        source.add(b"\n" + text)
        if end == CTRL_D:
            break
    _repl.execute(source, _repl.FRIENDLY, "single")


class _Block:
    """Lines that are one piece of code (`mp_repl_continue_with_input`)."""

    def __init__(self, first):
        self._is_compound = any(first.startswith(word) for word in _BLOCKS)
        self._quote = b""  # that is open
        self._depth = 0  # of brackets

    def goes_on(self, line):
        """Whether more lines belong to it, after this one."""
        self._look_through(line)
        if len(self._quote) == 3 or self._depth > 0 or line.endswith(b"\\"):
            return True
        self._quote = b""
        return self._is_compound and bool(line.strip())

    def _look_through(self, line):
        at = 0
        while at < len(line):
            byte = line[at : at + 1]
            quote = self._quote
            if quote:
                if byte == b"\\":
                    at += 1
                elif line[at : at + len(quote)] == quote:
                    at += len(quote) - 1
                    self._quote = b""
            elif byte == b"#":
                return
            elif byte in (b"'", b'"'):
                self._quote = byte * 3 if line[at : at + 3] == byte * 3 else byte
                at += len(self._quote) - 1
            elif byte in b"([{":
                self._depth += 1
            elif byte in b")]}":
                self._depth -= 1
            at += 1


def _indent(line):
    """Spaces that the next line begins with."""
    depth = len(line) - len(line.lstrip())
    return depth + 4 if line.rstrip().endswith(b":") else depth


def _paste(source):
    raw_out.write(_PASTE)
    while True:
        piece = stdin.piece(1, b"\x03\x04")
        if piece[0] in (CTRL_C, CTRL_D):
            break
        source.add(b"\n" if piece == b"\r" else piece)
        raw_out.write(b"\r\n=== " if piece == b"\r" else piece)
    raw_out.write(b"\r\n")
    if piece[0] == CTRL_D:
        _repl.execute(source, _repl.FRIENDLY)


# One line


class _Line:
    """What stands on the terminal after the prompt, and the cursor in it."""

    def __init__(self, prompt, text):
        self.prompt = prompt
        self.text = text
        self.at = len(text)
        self._back = len(_history)  # which line of the history it shows
        raw_out.write(prompt + text)

    def put(self, data):
        data = data[: _LINE_BYTES - len(self.text)]
        self._replace(self.at, self.at, data)

    def delete(self, start, end):
        if 0 <= start < end <= len(self.text):
            self._replace(start, end, b"")

    def move(self, at):
        at = max(0, min(at, len(self.text)))
        if at < self.at:
            raw_out.write(b"\x1b[%dD" % (self.at - at))
        elif at > self.at:
            raw_out.write(b"\x1b[%dC" % (at - self.at))
        self.at = at

    def recall(self, step):
        back = self._back + step
        if 0 <= back <= len(_history):
            self._back = back
            text = _history[back] if back < len(_history) else b""
            self._replace(0, len(self.text), text)

    def _replace(self, start, end, data):
        """Draws from `start` on; the cursor ends behind the new part."""
        rest = self.text[end:]
        self.text = self.text[:start] + data + rest
        if start == end == self.at and not rest:
            raw_out.write(data)
            self.at += len(data)
            return
        self.move(start)
        raw_out.write(data + rest + b"\x1b[K")
        self.at = len(self.text)
        self.move(start + len(data))


def edit(prompt, text=b""):
    """(the line, the control byte that ended it, or 13)"""
    line = _Line(prompt, text)
    while True:
        piece = stdin.piece(64, _CONTROLS)
        byte = piece[0]
        if byte not in _CONTROLS:
            line.put(piece)
        elif byte in (13, CTRL_C) or (CTRL_A <= byte <= CTRL_E and not line.text):
            break
        elif byte in _KEYS:
            _KEYS[byte](line)
        elif byte == 27:
            _escape(line)
    if byte == 13:
        raw_out.write(b"\r\n")
        _remember(line.text)
    return line.text, byte


def _remember(text):
    if text.strip() and (not _history or _history[-1] != text):
        _history.append(text)
        del _history[:-_HISTORY]


def _escape(line):
    """Cursor keys and such: ESC [ letter, ESC [ number ~, ESC O letter."""
    kind = stdin.take(1)
    if kind not in (b"[", b"O"):
        return
    code = stdin.take(1)
    while code[-1:] < b"@" and len(code) < 8:
        code += stdin.take(1)
    action = _SEQUENCES.get(code)
    if action is not None:
        action(line)


_CONTROLS = bytes(range(32)) + b"\x7f"
_KEYS = {
    CTRL_A: lambda line: line.move(0),
    CTRL_B: lambda line: line.move(line.at - 1),
    CTRL_D: lambda line: line.delete(line.at, line.at + 1),
    CTRL_E: lambda line: line.move(len(line.text)),
    6: lambda line: line.move(line.at + 1),
    8: lambda line: line.delete(line.at - 1, line.at),
    9: lambda line: line.put(b"    "),
    11: lambda line: line.delete(line.at, len(line.text)),
    14: lambda line: line.recall(1),
    16: lambda line: line.recall(-1),
    21: lambda line: line.delete(0, line.at),
    127: lambda line: line.delete(line.at - 1, line.at),
}
_SEQUENCES = {
    b"A": _KEYS[16],
    b"B": _KEYS[14],
    b"C": _KEYS[6],
    b"D": _KEYS[CTRL_B],
    b"H": _KEYS[CTRL_A],
    b"F": _KEYS[CTRL_E],
    b"1~": _KEYS[CTRL_A],
    b"4~": _KEYS[CTRL_E],
    b"3~": _KEYS[CTRL_D],
}
