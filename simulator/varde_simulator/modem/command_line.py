"""The line discipline of AT commands (ITU-T V.250): echo, one line at a time, answers in order."""

import re
from collections.abc import Callable
from dataclasses import dataclass

MAX_LINE_BYTES = 512  # longer ones are an error
ANSWER_S = 0.02

TEST, READ, SET, DO = "=?", "?", "=", ""
_BASIC = re.compile(r"&?[A-Z](\d*)(=\d+|\?)?")
_EXTENDED = re.compile(r"([+*^$][A-Z][A-Z0-9]*)(=\?|\?|=)?(.*)", re.DOTALL)


@dataclass(frozen=True)
class Command:
    """One of a line: `name` in upper case with its prefix, `form` one of four, `text` after it."""

    name: str
    form: str
    text: str


class CommandError(Exception):
    """Answered as `+CME ERROR: <code>`, or as ERROR without a code."""

    def __init__(self, code: int | None = None) -> None:
        super().__init__(code)
        self.code = code


class NoAnswer(Exception):  # noqa: N818  no error: the command answers for itself, later
    """No OK for this line."""


def parse(line: str) -> list[Command]:
    """The commands after AT; raises CommandError."""
    if len(line) >= MAX_LINE_BYTES - 2:
        raise CommandError
    rest = line
    commands: list[Command] = []
    while rest := rest.lstrip(" ;"):
        if rest[0].upper() == "D":
            return [*commands, Command("D", DO, rest[1:])]
        if rest[0] in "+*^$":
            part, rest = _until_semicolon(rest)
            found = _EXTENDED.fullmatch(part[:1] + _upper_name(part[1:]))
            if found is None:
                raise CommandError
            commands.append(Command(found[1], found[2] or DO, found[3].strip()))
            continue
        basic = _BASIC.match(rest.upper())
        if basic is None:
            raise CommandError
        name = basic[0].rstrip("0123456789?=")
        commands.append(Command(name, DO, basic[0][len(name) :]))
        rest = rest[len(basic[0]) :]
    return commands


def _until_semicolon(text: str) -> tuple[str, str]:
    quoted = False
    for at, letter in enumerate(text):
        if letter == '"':
            quoted = not quoted
        elif letter == ";" and not quoted:
            return text[:at], text[at + 1 :]
    return text, ""


def _upper_name(text: str) -> str:
    end = next((at for at, letter in enumerate(text) if letter in "=?"), len(text))
    return text[:end].upper() + text[end:]


class CommandLine:
    """`execute(command)` gives the lines of its answer, or raises. `say(text)` speaks to the hub,
    `later(seconds, act)` waits."""

    def __init__(
        self,
        execute: Callable[[Command], list[str]],
        say: Callable[[str], None],
        later: Callable[[float, Callable[[], None]], None],
    ) -> None:
        self.echo = True
        self.error_form = 2  # AT+CMEE
        self.on_line: Callable[[], None] = lambda: None  # one has been answered
        self._execute = execute
        self._say = say
        self._later = later
        self._line = bytearray()
        self._waiting: list[str] = []
        self._is_busy = False

    def reset(self) -> None:
        """As after power-on."""
        self.echo, self.error_form = True, 2
        self._line.clear()
        self._waiting.clear()
        self._is_busy = False

    def receive(self, data: bytes) -> None:
        """Bytes in command mode; a carriage return ends a line."""
        if self.echo:
            self._say(data.decode("latin-1"))
        for byte in data:
            if byte == 0x0D:
                self._waiting.append(self._line.decode("latin-1"))
                self._line.clear()
            elif byte == 0x08:
                del self._line[-1:]
            elif byte != 0x0A and len(self._line) <= MAX_LINE_BYTES:
                self._line.append(byte)
        self._next()

    def _next(self) -> None:
        while self._waiting and not self._is_busy:
            line = self._waiting.pop(0)
            start = line.upper().find("AT")  # noise before it is skipped, as modems do
            if start >= 0:
                self._begin(line[start + 2 :])

    def _begin(self, line: str) -> None:
        self._is_busy = True
        try:
            commands = parse(line)
        except CommandError:
            self._later(ANSWER_S, lambda: self._end("ERROR"))
            return
        self._later(ANSWER_S, lambda: self._run(commands))

    def _run(self, commands: list[Command]) -> None:
        try:
            for command in commands:
                for text in self._execute(command):
                    self._say(f"\r\n{text}\r\n")
        except NoAnswer:
            self._end(None)
        except CommandError as error:
            self._end(error_text(error.code, self.error_form))
        else:
            self._end("OK")

    def _end(self, result: str | None) -> None:
        self._is_busy = False
        if result is not None:
            self._say(f"\r\n{result}\r\n")
        self.on_line()
        self._next()


# 3GPP TS 27.007, 9.2.
ERRORS = {
    3: "operation not allowed", 4: "operation not supported", 10: "SIM not inserted",
    11: "SIM PIN required", 12: "SIM PUK required", 13: "SIM failure", 14: "SIM busy",
    16: "incorrect password", 30: "no network service", 50: "Incorrect parameters",
    100: "unknown", 148: "unspecified GPRS error",
}  # fmt: skip


def error_text(code: int | None, form: int) -> str:
    """The final result code of a failed command, as AT+CMEE has set it."""
    if code is None or form == 0:
        return "ERROR"
    return f"+CME ERROR: {code if form == 1 else ERRORS[code]}"
