"""Which hub interpreter runs the boards, and what it is."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STAND_INS = ROOT / "simulator" / "micropython"
START_SCRIPT = STAND_INS / "_board.py"
CACHED = ROOT / ".cache" / "micropython" / "micropython"

# What the whole application has to run in; an ESP32 with PSRAM has more, one without about half.
HEAP = "512k"

_ASK = (
    "import sys; v = sys.implementation; "
    "print('%d.%d.%d' % v[1][:3], 64 if sys.maxsize > 2**31 else 32, (v._mpy >> 10) & 15)"
)
_ASK_TIMEOUT_S = 10


class NoInterpreterError(Exception):
    """There is no MicroPython to run hubs with."""


@dataclass(frozen=True)
class Interpreter:
    """A MicroPython unix port. `native_architecture` is the number that .mpy files carry."""

    path: Path
    version: str
    word_bits: int
    native_architecture: int

    def __str__(self) -> str:
        return f"MicroPython {self.version}, {self.word_bits} bit, {self.path}"


def find() -> Interpreter:
    """VARDE_MICROPYTHON, else what `make setup` put into the cache, else the PATH."""
    on_path = shutil.which("micropython")
    named = os.environ.get("VARDE_MICROPYTHON")
    candidates = [named] if named else [str(CACHED), on_path]
    for candidate in candidates:
        if candidate and Path(candidate).exists():
            return _ask(Path(candidate))
    raise NoInterpreterError("no MicroPython found; run `make setup` or set VARDE_MICROPYTHON")


def _ask(path: Path) -> Interpreter:
    try:
        answer = subprocess.run(
            [path, "-c", _ASK], capture_output=True, text=True, timeout=_ASK_TIMEOUT_S, check=True
        ).stdout
        version, word_bits, architecture = answer.split()
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise NoInterpreterError(f"{path} does not run as MicroPython: {error}") from error
    return Interpreter(path, version, int(word_bits), int(architecture))
