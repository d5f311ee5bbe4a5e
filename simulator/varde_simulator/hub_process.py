"""One interpreter process of a board: how it is started, and what its end says:

    64  machine.reset()           starts again, reset cause "hard"
    65  soft reset                starts again, reset cause "soft"
    66  deep sleep                starts again after the time asked for
    67  soft reset, raw prompt    as 65; boot.py runs, main.py does not
    68  machine.bootloader()      the board's `on_bootloader()` decides; without one as 64
    killed, by us                 power cut or watchdog, as we know
    killed, not by us             the armed power cut: the flash did it in its n-th operation
    anything else                 the interpreter crashed: noted, starts again as after a panic
"""

import asyncio
import functools
import os

from varde_simulator import interpreter
from varde_simulator.usb.console import Console

POWER_ON, HARD_RESET, WATCHDOG_RESET, DEEP_SLEEP_RESET, SOFT_RESET = 1, 2, 3, 4, 5
EXIT_CAUSES = {
    64: HARD_RESET, 65: SOFT_RESET, 66: DEEP_SLEEP_RESET, 67: SOFT_RESET, 68: HARD_RESET,
}  # fmt: skip
EXIT_DEEP_SLEEP, EXIT_SOFT_RESET_RAW, EXIT_BOOTLOADER = 66, 67, 68

CONSOLE_LINE_LIMIT = 65536


async def start(
    vm: interpreter.Interpreter, environment: dict[str, str], console: Console | None
) -> asyncio.subprocess.Process:
    """Without a console its output comes by `.stdout`, and its input is silent."""
    stdin, stdout = (_silence(), asyncio.subprocess.PIPE) if console is None else console.streams
    process = await asyncio.create_subprocess_exec(
        str(vm.path),
        "-X",
        f"heapsize={interpreter.HEAP}",
        str(interpreter.START_SCRIPT),
        stdin=stdin,
        stdout=stdout,
        stderr=asyncio.subprocess.STDOUT,
        limit=CONSOLE_LINE_LIMIT,
        env=environment,
    )
    if console is not None:
        console.start(process.pid)
    return process


@functools.cache
def _silence() -> int:
    """What boards without a cable read: never a byte, never an end."""
    return os.pipe()[0]
